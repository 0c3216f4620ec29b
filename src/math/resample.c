/* Upsampling and its transpose. */
#include "math/resample.h"
#include "math/kernels/lanes.h"
#include <string.h>

enum {
    STRIP = 256,
    BUFFER = 4096,
    PLANES = 8
}; /* columns worked on at once; floats of one large row; planes a piece */

typedef struct {
    float *y;
    const float *x;
    int M, H, W, scale, mode;
    bool accumulate;
    const Lanes *l;
} Job;

typedef struct {
    int first;  /* row or column in the small picture; the second is first + 1, both clamped */
    float k[2]; /* their weights */
} Tap;

/* Where position i of the large axis reads the small one: half-pixel centres. */
static Tap tap_of(int i, int scale, int mode)
{
    int phase = i % scale, cell = i / scale;
    if (mode == 0) return (Tap){cell, {1, 0}};
    float at = ((float)phase + 0.5f) / (float)scale - 0.5f;
    int left = at < 0 ? -1 : 0;
    float f = at - (float)left;
    return (Tap){cell + left, {1 - f, f}};
}

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Expands n columns of v (which holds one more on either side) to n * scale pixels. */
static void expand(float *y, const float *v, int n, const Job *j)
{
    if (j->scale == 2) {
        (j->mode ? j->l->row_smooth : j->l->row_double)(y, v, (size_t)n);
        return;
    }
    for (int p = 0; p < j->scale; p++) {
        Tap t = tap_of(p, j->scale, j->mode);
        for (int i = 0; i < n; i++)
            y[i * j->scale + p] = j->mode ? t.k[0] * v[i + t.first] + t.k[1] * v[i + t.first + 1] : v[i];
    }
}

static void forward_row(float *y, const float *plane, int row, const Job *j)
{
    Tap t = tap_of(row, j->scale, j->mode);
    const float *a = plane + (size_t)clamp(t.first, j->H) * j->W,
                *b = plane + (size_t)clamp(t.first + 1, j->H) * j->W;
    float strip[STRIP + 2];
    for (int at = 0; at < j->W; at += STRIP) {
        int n = j->W - at < STRIP ? j->W - at : STRIP;
        for (int side = 0; side < 2; side++) {
            int edge = clamp(side ? at + n : at - 1, j->W);
            strip[side ? n + 1 : 0] = t.k[0] * a[edge] + t.k[1] * b[edge];
        }
        j->l->row_blend(strip + 1, a + at, b + at, (size_t)n, t.k[0], t.k[1]);
        expand(y + (size_t)at * j->scale, strip + 1, n, j);
    }
}

static void forward_plane(float *y, const float *x, const Job *j)
{
    size_t wide = (size_t)j->W * j->scale;
    for (int row = 0; row < j->H * j->scale; row++, y += wide) {
        if (j->mode == 0 && row % j->scale)
            memcpy(y, y - wide, wide * sizeof *y);
        else if (j->mode == 0)
            expand(y, x + (size_t)(row / j->scale) * j->W, j->W, j);
        else
            forward_row(y, x, row, j);
    }
}

static void forward_planes(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t in = (size_t)j->H * j->W, out = in * (size_t)(j->scale * j->scale);
    (void)worker;
    for (int m = index * PLANES; m < (index + 1) * PLANES && m < j->M; m++)
        forward_plane(j->y + m * out, j->x + m * in, j);
}

void upsample_forward(float *y, const float *x, int M, int H, int W, int scale, int mode, Pool *pool)
{
    Job j = {y, x, M, H, W, scale, mode, false, lanes()};
    pool_run(pool, (M + PLANES - 1) / PLANES, forward_planes, &j);
}

/* Weight with which large position i reads small position `cell` of n: both taps may be clamped onto it. */
static float weight_of(int i, int cell, int n, int scale, int mode)
{
    Tap t = tap_of(i, scale, mode);
    return (clamp(t.first, n) == cell ? t.k[0] : 0) + (clamp(t.first + 1, n) == cell ? t.k[1] : 0);
}

/* Folds one large row v into n small pixels from column `at` on; v reads as zero outside [0, W * scale). */
static void fold_row(float *dx, const float *v, int at, int n, const Job *j)
{
    int wide = j->W * j->scale, reach = j->mode ? j->scale : 0;
    for (int c = at; c < at + n; c++) {
        int from = c * j->scale - reach, to = (c + 1) * j->scale + reach;
        float sum = 0;
        for (int i = from < 0 ? 0 : from; i < to && i < wide; i++)
            sum += v[i - at * j->scale] * weight_of(i, c, j->W, j->scale, j->mode);
        dx[c - at] = j->accumulate ? dx[c - at] + sum : sum;
    }
}

/* One strip of one small row: the large rows that read it are blended, then folded. v has a margin of one
 * cell a side. */
static void backward_strip(float *dx, const float *dy, int row, int at, int n, const Job *j)
{
    float buffer[BUFFER], *v = buffer + j->scale;
    int wide = j->W * j->scale, tall = j->H * j->scale, reach = j->mode ? j->scale : 0;
    int left = at * j->scale - reach, right = (at + n) * j->scale + reach;
    if (left < 0) left = 0;
    if (right > wide) right = wide;
    memset(buffer, 0, (size_t)(n + 2) * j->scale * sizeof *buffer);
    for (int r = row * j->scale - reach; r < (row + 1) * j->scale + reach; r++) {
        float k = r < 0 || r >= tall ? 0 : weight_of(r, row, j->H, j->scale, j->mode);
        if (k != 0)
            j->l->axpy(v + left - at * j->scale, dy + (size_t)r * wide + left, (size_t)(right - left), k);
    }
    if (j->scale != 2) {
        fold_row(dx, v, at, n, j);
        return;
    }
    /* the picture's edge pixel reads itself twice */
    if (j->mode && at == 0) v[-1] = v[0];
    if (j->mode && at + n == j->W) v[2 * n] = v[2 * n - 1];
    j->l->row_halve(dx, v, (size_t)n, j->mode, j->accumulate);
}

static void backward_planes(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t in = (size_t)j->H * j->W, out = in * (size_t)(j->scale * j->scale);
    int most = BUFFER / j->scale - 2;
    (void)worker;
    for (int m = index * PLANES; m < (index + 1) * PLANES && m < j->M; m++)
        for (int row = 0; row < j->H; row++)
            for (int at = 0; at < j->W; at += most)
                backward_strip(j->y + m * in + (size_t)row * j->W + at, j->x + m * out, row, at,
                               j->W - at < most ? j->W - at : most, j);
}

void upsample_backward(float *dx, const float *dy, int M, int H, int W, int scale, int mode, bool accumulate,
                       Pool *pool)
{
    Job j = {dx, dy, M, H, W, scale, mode, accumulate, lanes()};
    pool_run(pool, (M + PLANES - 1) / PLANES, backward_planes, &j);
}
