/* Maps (math/map.h) in other sizes and beside each other: upsampling, pooling, concatenation. Backwards
 * overwrite dx, or add to it with `add`. Bits depend neither on threads nor on AVX2 against AVX-512. */
#pragma once
#include "math/map.h"
#include "math/resample.h"

/* x (N,C,H,W) -> y (N,C,2H,2W): nearest, or (smooth) bilinear with half-pixel centres and edges clamped. */
void map_grow(float *y, const float *x, int N, int C, int H, int W, bool smooth, Pool *pool);
void map_grow_backward(float *dx, const float *dy, int N, int C, int H, int W, bool smooth, bool add,
                       Pool *pool);
/* As avgpool_forward; s->M is not read. */
void map_mean(float *y, const float *x, int N, int C, const PoolShape *s, Pool *pool);
void map_mean_backward(float *dx, const float *dy, int N, int C, const PoolShape *s, bool add, Pool *pool);

/* The channels of x[0], x[1] ... x[parts-1] one after another in y, and the gradients: dx[i] may be NULL,
 * add[i] is its own. */
void map_concat(float *y, const float *const *x, const int *C, int parts, int N, int P, Pool *pool);
void map_concat_backward(float *const *dx, const bool *add, const float *dy, const int *C, int parts, int N,
                         int P, Pool *pool);
