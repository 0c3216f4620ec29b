/* Winograd's F(4x4,3x3) on maps with its products made on the matrix unit (AMX), as precise as float32 though
 * the unit only knows bfloat16: a float32 is the sum of three bfloat16, the upper, middle and lower eight
 * bits of its mantissa, and a*b = a0 b0 + (a0 b1 + a1 b0) + (a0 b2 + a1 b1 + a2 b0) + what is less than
 * float32 holds (Henry, Tang & Heinecke 2019, "Leveraging the bfloat16 artificial intelligence datatype for
 * higher-precision computations"). Six products in bfloat16 take half the time of one in float32, and 32
 * channels are summed before they are rounded.
 *
 * For training: the bits are not those of math/winograd.h, depend on no thread and no batch, and
 * numbers below 1e-33 may count as zero. Only where split_here(). */
#pragma once
#include "math/map.h"

bool split_here(void);

/* w (O,C,3,3), transformed and split, 6 bytes a number; flip as in math/winograd.h. */
size_t split_filter_floats(int O, int C, bool flip);
void split_filter(float *u, const float *w, int O, int C, bool flip, Pool *pool);

/* y = the raw convolution, exactly as winograd_product says. */
void split_product(const MapRegion *y, const Staged *x, const float *u, int to, int from, int first,
                   int blocks, float *scratch);
/* Floats of scratch for `tiles` tiles of 4x4 results. */
size_t split_scratch(int tiles, int O, int C);
/* Images of so many results that fill one chunk of tiles; at least 1. */
int split_images(int rows, int cols, int O, int C);
