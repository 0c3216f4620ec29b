/* Sums of maps: one block of one image is one piece of work, its sums over pixels are folded over the images
 * in order. */
#include "math/mapjoin.h"
#include "math/isa.h"
#include "math/kernels/mapjoin.h"

static const JoinKernels *kernels(void)
{
    return ISA_SET(join);
}

enum { SUMS = 5 }; /* scale and shift of a, and of b, strength: rows of 16 for each block of each image */

typedef struct {
    const MapJoin *j;
    const MapJoinBack *back;
    float *y, *sums;
    const float *dy, *kept;     /* kept: y, or NULL where nothing is bent */
    int blocks;
    size_t plane; /* floats */
    bool stream;
    const JoinKernels *k;
} Job;

static const float ones[MAP_LANES] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const float zeros[MAP_LANES] = {0};

static JoinTerm term_of(const MapTerm *t, const Job *job, int index)
{
    size_t at = (size_t)(t->per_image ? index : index % job->blocks) * MAP_LANES;
    if (!t->x) return (JoinTerm){0};
    return (JoinTerm){.x = t->x + (size_t)index * job->plane,
                      .scale = t->scale ? t->scale + at : ones,
                      .shift = t->shift ? t->shift + at : zeros,
                      .slope = t->slope,
                      .gain = t->gain};
}

/* Block `index % blocks` of image `index / blocks`. */
static JoinPlane plane_of(const Job *job, int index)
{
    const MapJoin *j = job->j;
    size_t image = (size_t)(index / job->blocks);
    int left = j->C - index % job->blocks * MAP_LANES;
    return (JoinPlane){.a = term_of(&j->a, job, index),
                       .b = term_of(&j->b, job, index),
                       .noise = j->noise ? j->noise + image * (size_t)j->P : NULL,
                       .strength = j->strength,
                       .slope = j->slope,
                       .gain = j->gain,
                       .lanes = left < MAP_LANES ? left : MAP_LANES,
                       .pixels = (size_t)j->P,
                       .stream = job->stream};
}

static Job job_of(const MapJoin *j)
{
    return (Job){.j = j,
                 .blocks = map_blocks(j->C),
                 .plane = (size_t)j->P * MAP_LANES,
                 .stream = map_count(j->N, j->C, j->P) > MAP_STREAM,
                 .k = kernels()};
}

static void forward_plane(void *ctx, int index, int worker)
{
    const Job *job = ctx;
    JoinPlane plane = plane_of(job, index);
    (void)worker;
    job->k->forward(job->y + (size_t)index * job->plane, &plane);
}

void mapjoin_forward(float *y, const MapJoin *j, Pool *pool)
{
    Job job = job_of(j);
    job.y = y;
    pool_run(pool, j->N * job.blocks, forward_plane, &job);
}

size_t mapjoin_scratch(int N, int C)
{
    return (size_t)map_blocks(C) * SUMS * MAP_LANES * (size_t)N;
}

static JoinTermBack term_back(const MapTermBack *t, float *sums, size_t at)
{
    return (JoinTermBack){.dx = t->dx ? t->dx + at : NULL,
                          .add = t->add,
                          .dscale = t->dscale ? sums : NULL,
                          .dshift = t->dscale ? sums + MAP_LANES : NULL};
}

static bool term_wanted(const MapTermBack *t)
{
    return t->dx || t->dscale;
}

static void backward_plane(void *ctx, int index, int worker)
{
    const Job *job = ctx;
    size_t at = (size_t)index * job->plane;
    float *sums = job->sums + (size_t)index * SUMS * MAP_LANES;
    JoinPlane plane = plane_of(job, index);
    JoinTermBack a = term_back(&job->back->a, sums, at),
                 b = term_back(&job->back->b, sums + 2 * MAP_LANES, at);
    const float *kept = job->kept ? job->kept + at : NULL;
    (void)worker;
    if (term_wanted(&job->back->a) || term_wanted(&job->back->b))
        job->k->backward(&a, &b, job->dy + at, kept, &plane);
    if (job->back->dstrength) sums[4 * MAP_LANES] = job->k->noise(NULL, job->dy + at, kept, &plane);
}

/* The noise is one for all blocks of an image. */
static void backward_noise(void *ctx, int image, int worker)
{
    const Job *job = ctx;
    (void)worker;
    for (int index = image * job->blocks; index < (image + 1) * job->blocks; index++) {
        size_t at = (size_t)index * job->plane;
        JoinPlane plane = plane_of(job, index);
        job->k->noise(job->back->dnoise + (size_t)image * (size_t)job->j->P, job->dy + at,
                      job->kept ? job->kept + at : NULL, &plane);
    }
}

/* d += the sums over images (or each image's own), in double and in the order of images. */
static void fold(float *d, const float *sums, const Job *job, bool per_image)
{
    int N = job->j->N, rows = per_image ? N * job->blocks : job->blocks;
    for (int row = 0; d && row < rows; row++)
        for (int l = 0; l < MAP_LANES; l++) {
            double sum = 0;
            for (int index = row; index < N * job->blocks; index += rows)
                sum += sums[(size_t)index * SUMS * MAP_LANES + (size_t)l];
            d[row * MAP_LANES + l] += (float)sum;
        }
}

void mapjoin_backward(const MapJoinBack *back, const float *dy, const float *y, const MapJoin *j,
                      float *scratch, Pool *pool)
{
    Job job = job_of(j);
    double strength = 0;
    if (back->a.dx && back->a.dx == back->b.dx)
        job.stream = false; /* b is added to what a has just written */
    job.back = back, job.dy = dy, job.kept = j->slope == 1 ? NULL : y;
    job.sums = scratch;
    if (term_wanted(&back->a) || term_wanted(&back->b) || back->dstrength)
        pool_run(pool, j->N * job.blocks, backward_plane, &job);
    fold(back->a.dscale, job.sums, &job, j->a.per_image);
    fold(back->a.dshift, job.sums + MAP_LANES, &job, j->a.per_image);
    fold(back->b.dscale, job.sums + 2 * MAP_LANES, &job, j->b.per_image);
    fold(back->b.dshift, job.sums + 3 * MAP_LANES, &job, j->b.per_image);
    if (back->dnoise) pool_run(pool, j->N, backward_noise, &job);
    if (!back->dstrength) return;
    for (int i = 0; i < j->N * job.blocks; i++) strength += job.sums[((size_t)i * SUMS + 4) * MAP_LANES];
    *back->dstrength += (float)strength;
}

/* ---- Sums over pixels ---------------------------------------------------------------------------------- */

typedef struct {
    float *to;
    const float *from;
    int C, P, blocks;
    float scale;
    bool add;
    const JoinKernels *k;
} Sum;

/* Where the channels of block `index` begin in (N,C), and how many there are. */
static size_t channels_of(const Sum *s, int index, int *lanes)
{
    int block = index % s->blocks, left = s->C - block * MAP_LANES;
    *lanes = left < MAP_LANES ? left : MAP_LANES;
    return (size_t)(index / s->blocks) * (size_t)s->C + (size_t)block * MAP_LANES;
}

static void sum_plane(void *ctx, int index, int worker)
{
    const Sum *s = ctx;
    float sum[MAP_LANES];
    int lanes;
    size_t at = channels_of(s, index, &lanes);
    (void)worker;
    s->k->sum(sum, s->from + (size_t)index * (size_t)s->P * MAP_LANES, (size_t)s->P);
    for (int l = 0; l < lanes; l++) s->to[at + (size_t)l] = sum[l] * s->scale;
}

static void spread_plane(void *ctx, int index, int worker)
{
    const Sum *s = ctx;
    float value[MAP_LANES] = {0};
    int lanes;
    size_t at = channels_of(s, index, &lanes);
    (void)worker;
    for (int l = 0; l < lanes; l++) value[l] = s->from[at + (size_t)l] * s->scale;
    s->k->spread(s->to + (size_t)index * (size_t)s->P * MAP_LANES, value, (size_t)s->P, s->add);
}

void map_sum(float *y, const float *x, int N, int C, int P, float scale, Pool *pool)
{
    Sum s = {.to = y, .from = x, .C = C, .P = P, .blocks = map_blocks(C), .scale = scale, .k = kernels()};
    pool_run(pool, N * s.blocks, sum_plane, &s);
}

void map_sum_backward(float *dx, const float *dy, int N, int C, int P, float scale, bool add, Pool *pool)
{
    Sum s = {dx, dy, C, P, map_blocks(C), scale, add, kernels()};
    pool_run(pool, N * s.blocks, spread_plane, &s);
}
