/* Words inside a plot's picture, in the bitmap font of engine/plot.h (whose Plot is another). */
#pragma once
#include "data/image.h"

int words_width(const char *text, int scale);
int words_height(int scale);
void words_draw(Image *im, int x, int y, const char *text, const uint8_t rgb[3], int scale);
