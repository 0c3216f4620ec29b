/* Winograd for 4x4 convolutions of stride 2 on maps. The pixels of the input fall into four phases, (row % 2,
 * col % 2), and each phase meets its own 2x2 taps with stride 1: F(4x4,2x2) makes 25 multiplications of 64,
 * F(3x3,2x2) 16 of 36. All three directions share the tiles of results; the data gradient is the exact
 * transpose of the product. Sums are one chain per output in the order of phases and channels; bits depend
 * neither on threads nor on the vectors' width.
 *
 * The driver is math/mapconv.c: it stages inputs and finishes results. */
#pragma once
#include "math/map.h"
#include <stdbool.h>

/* w (O,C,4,4) as taps [ceil(to/32)][4][from][4][32], phase by phase, `from` O and `to` C with flip (for the
 * data gradient), else C and O; the last pair of blocks is only 16 wide when ceil(to/16) is odd. */
size_t strided_filter_floats(int to, int from);
void strided_filter(float *packed, const float *w, int O, int C, bool flip, Pool *pool);

/* Rows and columns of the tiles for so many results, 3 or 4; whether enough is saved. */
int strided_tile(int rows, int cols);
bool strided_pays(int rows, int cols);

typedef struct {
    int O, C, rows, cols; /* rows and cols of results */
    int top, left;        /* zeros before the picture */
} StridedShape;

/* y = the raw convolution of staged x of C channels, whose pixel (2i,2j) is the top left one under the filter
 * for the result (i,j); it has rows and cols for whole tiles. y may be a band of s->rows. Only the blocks
 * `first` (even) to first + blocks - 1 of y's are made. Runs in the calling thread, as all but packing. */
void strided_product(const MapRegion *y, const Staged *x, const float *packed, const StridedShape *s,
                     int first, int blocks, float *scratch);
/* dx = the raw gradient of the picture that the results came from. dy is staged from its pixel (0,0) on, zero
 * past the picture, up to whole tiles. */
void strided_back(const MapRegion *dx, const Staged *dy, const float *packed, const StridedShape *s,
                  float *scratch);
/* Adds to du (taps as above, not flipped; strided_filter_floats(O, C), zeroed by the caller first) over all
 * images of x and dy, staged as above. */
void strided_outer(float *du, const Staged *x, const Staged *dy, const StridedShape *s, float *scratch);
/* dw (O,C,4,4) += du[0] + du[1] + ... du[n-1], in this order; du[i] starts i*stride floats after du. */
void strided_unfilter(float *dw, const float *du, int n, size_t stride, int O, int C, Pool *pool);

/* Floats of scratch for each of them on so many images. */
size_t strided_scratch(const StridedShape *s, int images);
/* Images of so many results that fill one chunk of tiles; at least 1. */
int strided_images(int rows, int cols);
