/* Direct convolution on maps: register tiles of pixels by output channels over an offset table, so that one kernel serves
 * every stride, dilation, kernel size, phase of a data gradient, and plain pictures of one or three channels. Every output
 * is one chain of multiply-adds in the order of k; bits depend neither on threads nor on the vectors' width.
 *
 * The driver is math/mapconv.c. An "input" k is one tap of one channel: it lies offset[k] floats from where output pixel
 * (0,0) stands, and moves `down` and `right` floats as the output pixel moves one down or right. */
#pragma once
#include "math/map.h"

typedef struct {
    const float *x;
    size_t image; /* floats from one image to the next */
    ptrdiff_t down, right;
    const ptrdiff_t *offset;
    int K;
} DirectInput;

/* Packed weights [ceil(O/32)][K][32]; the last pair of blocks is only 16 wide when ceil(O/16) is odd; lanes past O are zero. */
size_t direct_filter_floats(int O, int K);

/* y[image][o][i][j] = sum over k of x[k at (i,j)] * w[k][o], over y's rows and cols; raw. Runs in the calling thread. */
void direct_product(const MapRegion *y, const DirectInput *x, const float *w, int images, int O);
/* The same for few outputs (O <= 4), whose vectors run along k instead: for maps, whose offsets come in runs of 16
 * neighbours (K a multiple of 16, the lanes past the last channel zero). w [O][K]. y is plain: y->pixel is the distance of
 * pixels, y->block that of channels. Sums are 16 chains, folded in one fixed order. */
void direct_narrow(const MapRegion *y, const DirectInput *x, const float *w, int images, int O);
/* dw [as packed] += sum over images and pixels of x[k at (i,j)] * dy[image][o][i][j]; dw is zeroed by the caller first. dy
 * is read through a MapRegion. */
void direct_outer(float *dw, const DirectInput *x, const MapRegion *dy, int images, int O);
