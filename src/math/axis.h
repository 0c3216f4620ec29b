/* Work along one run of axes of x (outer, along, inner): weighted gathering, which is every resampling, flip,
 * step and padding, and reductions; each with its gradient. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

typedef struct {
    size_t outer, along, inner;
} Axis;

/* y (outer, O, inner): y[o] = sum over t of weight[o][t] * x[index[o][t]]; index and weight (O, T). An index
 * outside is taken for the nearest one inside. */
void gather_forward(float *y, const float *x, const float *index, const float *weight, const Axis *a, int O,
                    int T, Pool *pool);
/* Adds into dx. */
void gather_backward(float *dx, const float *dy, const float *index, const float *weight, const Axis *a,
                     int O, int T);

typedef enum { REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX, REDUCE_MIN, REDUCE_KINDS } ReduceKind;
/* y (outer, inner), in the order of `along`. */
void reduce_forward(float *y, const float *x, const Axis *a, ReduceKind kind, Pool *pool);
/* Adds into dx; of equal largest or smallest ones the first gets the gradient. */
void reduce_backward(float *dx, const float *dy, const float *x, const Axis *a, ReduceKind kind);

/* y = x * scale + offset for each channel; x (N,C,P); scale and offset (C), or (N,C) where per_image says so;
 * NULL: 1 and 0. */
void affine_forward(float *y, const float *x, const float *scale, const float *offset,
                    const bool per_image[2], int N, int C, int P, Pool *pool);
/* Each may be NULL; dx = or +=, the others +=. */
void affine_backward(float *dx, float *dscale, float *doffset, const float *dy, const float *x,
                     const float *scale, const bool per_image[2], int N, int C, int P, bool accumulate);
