/* Activations, vectors and broadcasting, over the inner loops of kernels/lanes. */
#include "math/act.h"
#include "base/elem.h"
#include "math/kernels/lanes.h"
#include "math/piece.h"
#include <math.h>

typedef struct {
    float *y;
    const float *a, *b;
    size_t n;
    int kind;
    float alpha, gain;
    bool accumulate;
    const Lanes *l;
} Job;

static void forward_piece(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t at = piece_at(index);
    (void)worker;
    j->l->act(j->y + at, j->a + at, piece_length(j->n, index), j->kind, j->alpha, j->gain);
}

void act_forward(float *y, const float *x, size_t n, int kind, float alpha, float gain, Pool *pool)
{
    Job j = {.y = y, .a = x, .n = n, .kind = kind, .alpha = alpha, .gain = gain, .l = lanes()};
    pool_run(pool, piece_count(n), forward_piece, &j);
}

static void backward_piece(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t at = piece_at(index);
    (void)worker;
    j->l->act_grad(j->y + at, j->a + at, j->b + at, piece_length(j->n, index), j->kind, j->alpha, j->gain,
                   j->accumulate);
}

void act_backward(float *dx, const float *dy, const float *y, size_t n, int kind, float alpha, float gain,
                  bool accumulate, Pool *pool)
{
    Job j = {dx, dy, y, n, kind, alpha, gain, accumulate, lanes()};
    pool_run(pool, piece_count(n), backward_piece, &j);
}

static double act_value(double x, int kind, double alpha)
{
    switch (kind) {
    case MATH_RELU:
        return x > 0 ? x : 0;
    case MATH_LEAKY:
        return x > 0 ? x : alpha * x;
    case MATH_TANH:
        return tanh(x);
    case MATH_SIGMOID:
        return 1 / (1 + exp(-x));
    case MATH_SOFTPLUS:
        return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    case MATH_EXP:
        return exp(x);
    default:
        return sqrt(x);
    }
}

void act_forward_naive(float *y, const float *x, size_t n, int kind, float alpha, float gain)
{
    for (size_t i = 0; i < n; i++) y[i] = (float)(gain * act_value(x[i], kind, alpha));
}

static void scale_piece(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t at = piece_at(index);
    (void)worker;
    j->l->scale(j->y + at, j->a + at, piece_length(j->n, index), j->alpha, j->gain);
}

void vec_scale(float *y, const float *x, size_t n, float alpha, float beta, Pool *pool)
{
    Job j = {.y = y, .a = x, .n = n, .alpha = alpha, .gain = beta, .l = lanes()};
    pool_run(pool, piece_count(n), scale_piece, &j);
}

static void axpy_piece(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t at = piece_at(index);
    (void)worker;
    j->l->axpy(j->y + at, j->a + at, piece_length(j->n, index), j->alpha);
}

void vec_axpy(float *y, const float *x, size_t n, float alpha, Pool *pool)
{
    Job j = {.y = y, .a = x, .n = n, .alpha = alpha, .l = lanes()};
    pool_run(pool, piece_count(n), axpy_piece, &j);
}

double vec_dot(const float *a, const float *b, size_t n)
{
    double sum[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) sum[k] += (double)a[i + k] * b[i + k];
    for (; i < n; i++) sum[0] += (double)a[i] * b[i];
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

bool vec_finite(const float *x, size_t n)
{
    return lanes()->finite(x, n);
}
