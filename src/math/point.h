/* Functions of one number that models of others use beside the activations of math/act.h, with their slopes.
 * exp, log and tanh come from base/elem.h: the same bits on every machine. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* Of x with constants a and b; the slope of what has steps is 0. */
typedef enum {
    POINT_ABS,
    POINT_RECIPROCAL,
    POINT_LOG,
    POINT_POW, /* x^a; of a negative x for whole a alone, else NaN */
    POINT_ERF,
    POINT_SIN,
    POINT_COS,
    POINT_ELU,          /* x > 0 ? b x : b a (exp(x) - 1) */
    POINT_SOFTSIGN,     /* x / (1 + |x|) */
    POINT_HARD_SIGMOID, /* a x + b, cut to 0 .. 1 */
    POINT_CLIP,         /* to a .. b */
    POINT_FLOOR,
    POINT_CEIL,
    POINT_ROUND, /* halves to even */
    POINT_SIGN,
    POINT_KINDS
} PointKind;

void point_forward(float *y, const float *x, size_t n, PointKind kind, float a, float b, Pool *pool);
/* dx = or += dy * dy/dx, from x and y. */
void point_backward(float *dx, const float *dy, const float *x, const float *y, size_t n, PointKind kind,
                    float a, float b, bool accumulate, Pool *pool);
/* The oracle. */
double point_naive(double x, PointKind kind, double a, double b);
