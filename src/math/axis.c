/* Plain loops with the inner axis innermost, so that it runs in vectors. */
#include "math/axis.h"
#include "math/kernels/lanes.h"
#include <string.h>

/* ---- Gathering --------------------------------------------------------------------------------------------
 */

typedef struct {
    float *y;
    const float *x, *index, *weight;
    const Axis *a;
    int O, T;
} Gather;

static size_t place(const Axis *a, float index)
{
    if (!(index > 0)) return 0;
    return index < (float)a->along ? (size_t)index : a->along - 1;
}

static void gather_one(void *ctx, int outer, int worker)
{
    const Gather *g = ctx;
    size_t inner = g->a->inner;
    const float *x = g->x + (size_t)outer * g->a->along * inner;
    float *y = g->y + (size_t)outer * (size_t)g->O * inner;
    (void)worker;
    for (int o = 0; o < g->O; o++, y += inner)
        for (int t = 0; t < g->T; t++) {
            const float *from = x + place(g->a, g->index[o * g->T + t]) * inner;
            float w = g->weight[o * g->T + t];
            for (size_t i = 0; i < inner; i++) y[i] = t ? y[i] + w * from[i] : w * from[i];
        }
}

void gather_forward(float *y, const float *x, const float *index, const float *weight, const Axis *a, int O,
                    int T, Pool *pool)
{
    Gather g = {y, x, index, weight, a, O, T};
    pool_run(pool, (int)a->outer, gather_one, &g);
}

void gather_backward(float *dx, const float *dy, const float *index, const float *weight, const Axis *a,
                     int O, int T)
{
    for (size_t outer = 0; outer < a->outer; outer++, dx += a->along * a->inner)
        for (int o = 0; o < O; o++, dy += a->inner)
            for (int t = 0; t < T; t++) {
                float *to = dx + place(a, index[o * T + t]) * a->inner, w = weight[o * T + t];
                for (size_t i = 0; i < a->inner; i++) to[i] += w * dy[i];
            }
}

/* ---- Reducing ---------------------------------------------------------------------------------------------
 */

typedef struct {
    float *y;
    const float *x;
    const Axis *a;
    ReduceKind kind;
} Reduce;

static void combine(float *y, const float *x, size_t n, ReduceKind kind)
{
    if (kind == REDUCE_MAX)
        for (size_t i = 0; i < n; i++) y[i] = x[i] > y[i] ? x[i] : y[i];
    else if (kind == REDUCE_MIN)
        for (size_t i = 0; i < n; i++) y[i] = x[i] < y[i] ? x[i] : y[i];
    else
        for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void reduce_one(void *ctx, int outer, int worker)
{
    const Reduce *r = ctx;
    size_t inner = r->a->inner, along = r->a->along;
    const float *x = r->x + (size_t)outer * along * inner;
    float *y = r->y + (size_t)outer * inner;
    (void)worker;
    if (inner == 1 && (r->kind == REDUCE_SUM || r->kind == REDUCE_MEAN)) {
        double sum = lanes()->sum(x, along);
        *y = (float)(r->kind == REDUCE_MEAN ? sum / (double)along : sum);
        return;
    }
    memcpy(y, x, inner * sizeof *y);
    for (size_t k = 1; k < along; k++) combine(y, x + k * inner, inner, r->kind);
    for (size_t i = 0; r->kind == REDUCE_MEAN && i < inner; i++) y[i] /= (float)along;
}

void reduce_forward(float *y, const float *x, const Axis *a, ReduceKind kind, Pool *pool)
{
    Reduce r = {y, x, a, kind};
    pool_run(pool, (int)a->outer, reduce_one, &r);
}

/* The first place of the largest or smallest of one column. */
static size_t best(const float *x, const Axis *a, ReduceKind kind)
{
    size_t at = 0;
    for (size_t k = 1; k < a->along; k++) {
        float here = x[k * a->inner], there = x[at * a->inner];
        if (kind == REDUCE_MAX ? here > there : here < there) at = k;
    }
    return at;
}

void reduce_backward(float *dx, const float *dy, const float *x, const Axis *a, ReduceKind kind)
{
    float share = kind == REDUCE_MEAN ? 1 / (float)a->along : 1;
    for (size_t outer = 0; outer < a->outer; outer++, dy += a->inner) {
        size_t at = outer * a->along * a->inner;
        for (size_t i = 0; i < a->inner; i++)
            if (kind == REDUCE_MAX || kind == REDUCE_MIN)
                dx[at + i + best(x + at + i, a, kind) * a->inner] += dy[i];
            else
                for (size_t k = 0; k < a->along; k++) dx[at + k * a->inner + i] += share * dy[i];
    }
}

/* ---- Channels ---------------------------------------------------------------------------------------------
 */

typedef struct {
    float *y;
    const float *x, *scale, *offset;
    size_t wrap[2]; /* of scale and offset: they begin anew after so many */
    size_t P;
    const Lanes *l;
} Affine;

static void affine_one(void *ctx, int plane, int worker)
{
    const Affine *j = ctx;
    size_t nc = (size_t)plane;
    (void)worker;
    j->l->scale(j->y + nc * j->P, j->x + nc * j->P, j->P, j->scale ? j->scale[nc % j->wrap[0]] : 1,
                j->offset ? j->offset[nc % j->wrap[1]] : 0);
}

static size_t wrap(bool per_image, int N, int C)
{
    return (size_t)(per_image ? N * C : C);
}

void affine_forward(float *y, const float *x, const float *scale, const float *offset,
                    const bool per_image[2], int N, int C, int P, Pool *pool)
{
    Affine j = {y,         x,      scale, offset, {wrap(per_image[0], N, C), wrap(per_image[1], N, C)},
                (size_t)P, lanes()};
    pool_run(pool, N * C, affine_one, &j);
}

void affine_backward(float *dx, float *dscale, float *doffset, const float *dy, const float *x,
                     const float *scale, const bool per_image[2], int N, int C, int P, bool accumulate)
{
    const Lanes *l = lanes();
    size_t ws = wrap(per_image[0], N, C), wo = wrap(per_image[1], N, C), n = (size_t)P;
    for (size_t nc = 0; nc < (size_t)N * (size_t)C; nc++, dy += n) {
        if (dscale) dscale[nc % ws] += (float)l->dot(dy, x + nc * n, n);
        if (doffset) doffset[nc % wo] += (float)l->sum(dy, n);
        if (dx && accumulate)
            l->axpy(dx + nc * n, dy, n, scale ? scale[nc % ws] : 1);
        else if (dx)
            l->scale(dx + nc * n, dy, n, scale ? scale[nc % ws] : 1, 0);
    }
}
