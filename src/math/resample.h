/* Changing the size of feature maps, pooling and moving axes, each with its gradient; x (M,H,W) with M = N*C planes. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* mode 0: nearest; 1: bilinear with half-pixel centres (align_corners=False), edges clamped. */
void upsample_forward(float *y, const float *x, int M, int H, int W, int scale, int mode, Pool *pool);
void upsample_backward(float *dx, const float *dy, int M, int H, int W, int scale, int mode, bool accumulate, Pool *pool);

typedef struct {
    int M, H, W, kh, kw, sh, sw, pt, pl, pb, pr, OH, OW;
} PoolShape;
bool pool_shape(PoolShape *s); /* fills OH, OW */
/* Average counts only pixels inside the picture when padded (count_include_pad = false). */
void avgpool_forward(float *y, const float *x, const PoolShape *s, Pool *pool);
void avgpool_backward(float *dx, const float *dy, const PoolShape *s, bool accumulate, Pool *pool);
void maxpool_forward(float *y, const float *x, const PoolShape *s, Pool *pool);
/* The first of equal maxima gets the gradient. */
void maxpool_backward(float *dx, const float *dy, const float *x, const PoolShape *s, bool accumulate, Pool *pool);
/* y (M) = scale * sum over P of x (M,P). Fixed order. */
void reduce_planes(float *y, const float *x, int M, int P, float scale);
void reduce_planes_backward(float *dx, const float *dy, int M, int P, float scale, bool accumulate);
/* y = x with axes permuted; rank <= 6. backward is the inverse permutation. */
void transpose_forward(float *y, const float *x, const int *dim, const int *perm, int rank, bool accumulate);
/* y[n, c, p] = x[n, c, p] + strength * noise[n, p]; x (N,C,P). dstrength += ; dx is dy (the caller adds). */
void noise_forward(float *y, const float *x, const float *noise, float strength, int N, int C, int P, Pool *pool);
double noise_backward(const float *dy, const float *noise, int N, int C, int P);
