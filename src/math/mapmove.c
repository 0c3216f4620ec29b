/* Maps in other sizes and beside each other: a piece of work is one block of one image, or for concatenation
 * one image. */
#include "math/mapmove.h"
#include "math/isa.h"
#include "math/kernels/mapmove.h"
#include <string.h>

static const MoveKernels *kernels(void)
{
    return ISA_SET(move);
}

typedef struct {
    float *to;
    const float *from;
    size_t to_plane, from_plane; /* floats of one block of one image */
    MapWindow window;
    bool smooth, add;
    const MoveKernels *k;
} Job;

/* ---- Upsampling ------------------------------------------------------------------------------------------
 */

static void grow_plane(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    (void)worker;
    j->k->grow(j->to + (size_t)index * j->to_plane, j->from + (size_t)index * j->from_plane, j->window.H,
               j->window.W, j->smooth);
}

static void shrink_plane(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    (void)worker;
    j->k->shrink(j->to + (size_t)index * j->to_plane, j->from + (size_t)index * j->from_plane, j->window.H,
                 j->window.W, j->smooth, j->add);
}

void map_grow(float *y, const float *x, int N, int C, int H, int W, bool smooth, Pool *pool)
{
    size_t plane = (size_t)H * (size_t)W * MAP_LANES;
    Job j = {.to = y,
             .from = x,
             .to_plane = 4 * plane,
             .from_plane = plane,
             .window = {.H = H, .W = W},
             .smooth = smooth,
             .k = kernels()};
    pool_run(pool, N * map_blocks(C), grow_plane, &j);
}

void map_grow_backward(float *dx, const float *dy, int N, int C, int H, int W, bool smooth, bool add,
                       Pool *pool)
{
    size_t plane = (size_t)H * (size_t)W * MAP_LANES;
    Job j = {.to = dx,
             .from = dy,
             .to_plane = plane,
             .from_plane = 4 * plane,
             .window = {.H = H, .W = W},
             .smooth = smooth,
             .add = add,
             .k = kernels()};
    pool_run(pool, N * map_blocks(C), shrink_plane, &j);
}

/* ---- Pooling ---------------------------------------------------------------------------------------------
 */

static Job pooling(const PoolShape *s)
{
    return (Job){.window = {.H = s->H,
                            .W = s->W,
                            .kh = s->kh,
                            .kw = s->kw,
                            .sh = s->sh,
                            .sw = s->sw,
                            .pt = s->pt,
                            .pl = s->pl,
                            .OH = s->OH,
                            .OW = s->OW},
                 .k = kernels()};
}

static void mean_plane(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    (void)worker;
    j->k->mean(j->to + (size_t)index * j->to_plane, j->from + (size_t)index * j->from_plane, &j->window);
}

static void mean_back_plane(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    float *dx = j->to + (size_t)index * j->to_plane;
    (void)worker;
    if (!j->add) memset(dx, 0, j->to_plane * sizeof *dx);
    j->k->mean_back(dx, j->from + (size_t)index * j->from_plane, &j->window);
}

void map_mean(float *y, const float *x, int N, int C, const PoolShape *s, Pool *pool)
{
    Job j = pooling(s);
    j.to = y, j.from = x;
    j.to_plane = (size_t)s->OH * (size_t)s->OW * MAP_LANES,
    j.from_plane = (size_t)s->H * (size_t)s->W * MAP_LANES;
    pool_run(pool, N * map_blocks(C), mean_plane, &j);
}

void map_mean_backward(float *dx, const float *dy, int N, int C, const PoolShape *s, bool add, Pool *pool)
{
    Job j = pooling(s);
    j.to = dx, j.from = dy, j.add = add;
    j.from_plane = (size_t)s->OH * (size_t)s->OW * MAP_LANES,
    j.to_plane = (size_t)s->H * (size_t)s->W * MAP_LANES;
    pool_run(pool, N * map_blocks(C), mean_back_plane, &j);
}

/* ---- Concatenation ---------------------------------------------------------------------------------------
 */

typedef struct {
    float *y, *const *dx;
    const float *dy, *const *x;
    const bool *add;
    const int *C;
    int parts, all;
    size_t P;
    const MoveKernels *k;
} Concat;

/* Part i of an image, whose channels begin at channel `first` of y. */
static void put_part(const Concat *j, float *y, const float *x, int C, int first)
{
    int lane = first % MAP_LANES, end = map_blocks(j->all);
    size_t plane = j->P * MAP_LANES;
    for (int b = 0, to = first / MAP_LANES; b < map_blocks(C); b++, to++) {
        float *spill = lane && to + 1 < end ? y + (size_t)(to + 1) * plane : NULL;
        j->k->put(y + (size_t)to * plane, spill, x + (size_t)b * plane, j->P, lane);
    }
}

static void take_part(const Concat *j, float *dx, const float *dy, int C, int first, bool add)
{
    int lane = first % MAP_LANES, end = map_blocks(j->all);
    size_t plane = j->P * MAP_LANES;
    for (int b = 0, from = first / MAP_LANES; b < map_blocks(C); b++, from++) {
        int left = C - b * MAP_LANES;
        const float *next = lane && from + 1 < end ? dy + (size_t)(from + 1) * plane : NULL;
        j->k->take(dx + (size_t)b * plane, dy + (size_t)from * plane, next, j->P, lane,
                   left < MAP_LANES ? left : MAP_LANES, add);
    }
}

static void concat_image(void *ctx, int n, int worker)
{
    const Concat *j = ctx;
    size_t whole = map_count(1, j->all, (int)j->P);
    (void)worker;
    for (int i = 0, first = 0; i < j->parts; first += j->C[i++]) {
        size_t part = map_count(1, j->C[i], (int)j->P);
        if (j->y)
            put_part(j, j->y + (size_t)n * whole, j->x[i] + (size_t)n * part, j->C[i], first);
        else if (j->dx[i])
            take_part(j, j->dx[i] + (size_t)n * part, j->dy + (size_t)n * whole, j->C[i], first, j->add[i]);
    }
}

static int sum_of(const int *C, int parts)
{
    int sum = 0;
    for (int i = 0; i < parts; i++) sum += C[i];
    return sum;
}

void map_concat(float *y, const float *const *x, const int *C, int parts, int N, int P, Pool *pool)
{
    Concat j = {
        .y = y, .x = x, .C = C, .parts = parts, .all = sum_of(C, parts), .P = (size_t)P, .k = kernels()};
    pool_run(pool, N, concat_image, &j);
}

void map_concat_backward(float *const *dx, const bool *add, const float *dy, const int *C, int parts, int N,
                         int P, Pool *pool)
{
    Concat j = {.dx = dx,
                .add = add,
                .dy = dy,
                .C = C,
                .parts = parts,
                .all = sum_of(C, parts),
                .P = (size_t)P,
                .k = kernels()};
    pool_run(pool, N, concat_image, &j);
}
