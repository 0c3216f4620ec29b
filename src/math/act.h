/* Activations and elementwise arithmetic. Backwards of activations work from the output y, so x need not be kept.
 * No libm: exp, tanh and sigmoid come from base/elem.h, the same bits on every ISA. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* Order equals net/net.h ActKind (asserted there). y = gain * f(x); alpha: leaky slope. y may be x. */
enum { MATH_RELU, MATH_LEAKY, MATH_TANH, MATH_SIGMOID, MATH_SOFTPLUS, MATH_EXP, MATH_SQRT };
void act_forward(float *y, const float *x, size_t n, int kind, float alpha, float gain, Pool *pool);
/* dx = or += dy * dy/dx, from y. dx may be dy when not accumulating. */
void act_backward(float *dx, const float *dy, const float *y, size_t n, int kind, float alpha, float gain,
                  bool accumulate, Pool *pool);
void act_forward_naive(float *y, const float *x, size_t n, int kind, float alpha, float gain);

/* y = x * alpha + beta;  y += alpha * x */
void vec_scale(float *y, const float *x, size_t n, float alpha, float beta, Pool *pool);
void vec_axpy(float *y, const float *x, size_t n, float alpha, Pool *pool);
double vec_dot(const float *a, const float *b, size_t n);     /* fixed order, double */
bool vec_finite(const float *x, size_t n);

/* Broadcasting as in NumPy over up to 6 dimensions, outermost first; stride 0 where an operand repeats. */
typedef struct {
    int rank;
    int dim[6];
    size_t stride_a[6], stride_b[6]; /* in elements */
} Broadcast;
/* Fills from two shapes; false when they do not match. out_dim receives the result's shape (rank = max). */
bool broadcast_make(Broadcast *b, int *out_dim, int *out_rank, const int *a_dim, int a_rank, const int *b_dim,
                    int b_rank);
void broadcast_add(float *y, const float *a, const float *b, const Broadcast *s, Pool *pool);
void broadcast_mul(float *y, const float *a, const float *b, const Broadcast *s, Pool *pool);
/* Gradient of operand a (which = 0) or b (1): sums dy (add) or dy * other (mul; `other` non-NULL) over what repeats.
 * Adds into d. */
void broadcast_reduce(float *d, const float *dy, const float *other, const Broadcast *s, int which);
