/* Optimiser steps, cut into fixed pieces, and the learning-rate schedule. */
#include "math/optim.h"
#include "base/elem.h"
#include "math/kernels/lanes.h"
#include "math/piece.h"
#include <math.h>

typedef struct {
    float *w, *m, *v;
    const float *g;
    size_t n;
    float lr, momentum, decay;
    AdamRates rates;
    const Lanes *l;
} Job;

static void sgd_piece(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t at = piece_at(index);
    (void)worker;
    j->l->sgd(j->w + at, j->m + at, j->g + at, piece_length(j->n, index), j->lr, j->momentum, j->decay);
}

void sgd_step(float *w, float *m, const float *g, size_t n, float lr, float momentum, float decay, Pool *pool)
{
    Job j = {.w = w, .m = m, .g = g, .n = n, .lr = lr, .momentum = momentum, .decay = decay, .l = lanes()};
    pool_run(pool, piece_count(n), sgd_piece, &j);
}

static double power(double x, long n)
{
    double y = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1) y *= x;
    return y;
}

static void adam_piece(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t at = piece_at(index);
    (void)worker;
    j->l->adam(j->w + at, j->m + at, j->v + at, j->g + at, piece_length(j->n, index), &j->rates);
}

void adam_step(float *w, float *m, float *v, const float *g, size_t n, float lr, float beta1, float beta2,
               float eps, float decay, long t, Pool *pool)
{
    Job j = {.w = w, .m = m, .v = v, .g = g, .n = n, .l = lanes()};
    double fix1 = 1 / (1 - power(beta1, t)), fix2 = 1 / sqrt(1 - power(beta2, t));
    j.rates = (AdamRates){lr, beta1, beta2, eps, decay, (float)fix1, (float)fix2};
    pool_run(pool, piece_count(n), adam_piece, &j);
}

static void ema_piece(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t at = piece_at(index);
    (void)worker;
    j->l->row_blend(j->w + at, j->w + at, j->g + at, piece_length(j->n, index), j->decay, 1 - j->decay);
}

void ema_step(float *to, const float *from, size_t n, float decay, Pool *pool)
{
    Job j = {.w = to, .g = from, .n = n, .decay = decay, .l = lanes()};
    pool_run(pool, piece_count(n), ema_piece, &j);
}

float schedule_cosine(long step, long total, long warm, float base, float floor)
{
    float sine, cosine;
    if (step < warm) return base * (float)(step + 1) / (float)warm;
    if (step >= total) return floor;
    elem_sincos(&sine, &cosine, 0.5f * (float)(step - warm) / (float)(total - warm));
    return floor + (base - floor) * 0.5f * (1 + cosine);
}
