/* A map as a picture: every point shows what it stands for, framed in its class's colour. */
#pragma once
#include "inspect/atlas.h"

/* xy (a->n, 2): a layout of the atlas, class_name (classes). side: pixels, at least 200. Real pictures have a
 * thin frame, generated ones a thick one. Written as a PNG. */
bool map_picture(const char *path, const Atlas *a, const float *xy, char *const *class_name, int classes,
                 int side, Err *err);
