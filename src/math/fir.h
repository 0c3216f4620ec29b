/* Filtering planes with a small kernel after stuffing zeros between their pixels: StyleGAN's blur and its
 * upsampling (upfirdn, Karras et al. 2019), with its gradient. A pixel is `lanes` floats side by side: 1 of
 * plain planes, 16 of maps (math/map.h). */
#pragma once
#include "base/pool.h"
#include <stddef.h>

typedef struct {
    int planes, lanes; /* x (planes, H, W, lanes) -> y (planes, OH, OW, lanes) */
    int H, W, up;      /* up: every pixel is followed by up - 1 zeros, to the right and below */
    int KH, KW;
    int top, left, bottom, right; /* zeros around */
    int OH, OW;                   /* fir_shape fills them */
} Fir;

/* False when there is no result. */
bool fir_shape(Fir *f);
/* y[i,j] = sum over a, b of kernel[KH-1-a, KW-1-b] * stuffed[i + a - top, j + b - left]. */
void fir_forward(float *y, const float *x, const float *kernel, const Fir *f, Pool *pool);
/* dx = or += the transpose of it on dy. */
void fir_backward(float *dx, const float *dy, const float *kernel, const Fir *f, bool add, Pool *pool);
/* The oracle: the sum as it stands there. */
void fir_naive(float *y, const float *x, const float *kernel, const Fir *f);
