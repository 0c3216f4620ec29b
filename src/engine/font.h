/* Inside engine/: the bitmap font of plots and sheets. */
#pragma once
#include <stdint.h>

extern const uint8_t font_glyph[95][10];
