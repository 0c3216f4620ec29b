/* Winograd's minimal filtering F(4x4,3x3) (Lavin & Gray 2016) for 3x3 convolutions of stride 1 on maps: four
 * times fewer multiplications in all three directions. Sums over channels are one chain per output in the
 * order of the channels; bits depend neither on threads nor on the vectors' width.
 *
 * The driver is math/mapconv.c: it stages inputs and finishes results. Here a 6x6 patch d becomes V = B'dB, a
 * filter g U = GgG', and the 4x4 results are A'[sum over channels of U*V]A, where every of the 36 places is a
 * matrix product. */
#pragma once
#include "math/map.h"

/* w (O,C,3,3) as winograd_product reads it: U [ceil(O/32)][36][C][32] where that stays in the cache, else the
 * taps [ceil(O/32)][C][9][32], from which the product makes U as it goes (a fourth of the memory's traffic);
 * the last pair of blocks is only 16 wide when ceil(O/16) is odd. flip: for the data gradient, a convolution
 * from the O channels of dy to the C of dx with the taps turned round: O and C change places. */
size_t winograd_filter_floats(int O, int C, bool flip);
void winograd_filter(float *u, const float *w, int O, int C, bool flip, Pool *pool);

/* y = the raw convolution of a staged input of `from` channels to `to` channels. x has rows and cols
 * of at least 4*ceil(size/4)+2, and its pixel (i,j) is the top left one under the filter for the result
 * (i,j). y's rows and cols may be anything; y is written nowhere else. Only the blocks `first` (even) to
 * first + blocks - 1 of the results are made. Runs in the calling thread. */
void winograd_product(const MapRegion *y, const Staged *x, const float *u, int to, int from, int first,
                      int blocks, float *scratch);
/* Floats of scratch for both functions on `tiles` tiles of 4x4 results, images * ceil(rows/4) * ceil(cols/4).
 */
size_t winograd_scratch(int tiles, int O, int C);

/* Images of so many results that fill one chunk of tiles, for which filters are transformed once; at least 1.
 */
int winograd_images(int rows, int cols);

/* The weight gradient: adds to du (taps as above, not flipped; winograd_gradient_floats of it, zeroed by the
 * caller first) over all images. x as above; dy's pixel (i,j) is the gradient of the result (i,j), for as
 * many results as rows x cols rounded up to fours, zero past the picture. Runs in the calling thread. */
size_t winograd_gradient_floats(int O, int C);
void winograd_outer(float *du, const Staged *x, const Staged *dy, int rows, int cols, int O, int C,
                    float *scratch);
/* dw (O,C,3,3) += du[0] + du[1] + ... du[n-1], in this order; du[i] starts i*stride floats after du. */
void winograd_unfilter(float *dw, const float *du, int n, size_t stride, int O, int C, Pool *pool);
