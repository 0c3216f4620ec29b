/* Upsampling and its transpose: whole planes by the kernels for factor 2, any other factor tap by tap. */
#include "math/resample.h"
#include "math/kernels/lanes.h"

enum { PLANES = 8 }; /* a piece */

typedef struct {
    float *y;
    const float *x;
    int M, H, W, scale, mode;
    bool accumulate;
    const Lanes *l;
} Job;

typedef struct {
    int at[2]; /* rows or columns of the small picture */
    float k[2];
} Tap;

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* What position i of the large axis reads of the small one, of length n. */
static Tap tap_of(int i, int n, int scale, int mode)
{
    int cell = i / scale;
    if (mode == 0) return (Tap){{cell, cell}, {1, 0}};
    float at = ((float)(i % scale) + 0.5f) / (float)scale - 0.5f;
    int left = at < 0 ? cell - 1 : cell;
    float f = at < 0 ? at + 1 : at;
    return (Tap){{clamp(left, n), clamp(left + 1, n)}, {1 - f, f}};
}

static void forward_any(float *y, const float *x, const Job *j)
{
    for (int r = 0; r < j->H * j->scale; r++) {
        Tap v = tap_of(r, j->H, j->scale, j->mode);
        const float *a = x + (size_t)v.at[0] * j->W, *b = x + (size_t)v.at[1] * j->W;
        for (int c = 0; c < j->W * j->scale; c++) {
            Tap h = tap_of(c, j->W, j->scale, j->mode);
            float left = v.k[0] * a[h.at[0]] + v.k[1] * b[h.at[0]];
            float right = v.k[0] * a[h.at[1]] + v.k[1] * b[h.at[1]];
            *y++ = j->mode ? h.k[0] * left + h.k[1] * right : a[h.at[0]];
        }
    }
}

/* Every large pixel gives its gradient to the small ones that it read. */
static void backward_any(float *dx, const float *dy, const Job *j)
{
    for (int i = 0; i < j->H * j->W && !j->accumulate; i++) dx[i] = 0;
    for (int r = 0; r < j->H * j->scale; r++) {
        Tap v = tap_of(r, j->H, j->scale, j->mode);
        float *a = dx + (size_t)v.at[0] * j->W, *b = dx + (size_t)v.at[1] * j->W;
        for (int c = 0; c < j->W * j->scale; c++) {
            Tap h = tap_of(c, j->W, j->scale, j->mode);
            float g = *dy++;
            for (int k = 0; k < 2; k++) {
                a[h.at[k]] += v.k[0] * h.k[k] * g;
                b[h.at[k]] += v.k[1] * h.k[k] * g;
            }
        }
    }
}

static void forward_plane(float *y, const float *x, const Job *j)
{
    if (j->scale != 2)
        forward_any(y, x, j);
    else if (j->mode)
        j->l->grow_smooth(y, x, j->H, j->W);
    else
        j->l->grow(y, x, j->H, j->W, 1, false);
}

static void backward_plane(float *dx, const float *dy, const Job *j)
{
    if (j->scale != 2)
        backward_any(dx, dy, j);
    else if (j->mode)
        j->l->shrink_smooth(dx, dy, j->H, j->W, j->accumulate);
    else
        j->l->shrink(dx, dy, j->H, j->W, 1, j->accumulate);
}

static void forward_planes(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t in = (size_t)j->H * j->W, out = in * (size_t)j->scale * (size_t)j->scale;
    (void)worker;
    for (int m = index * PLANES; m < (index + 1) * PLANES && m < j->M; m++)
        forward_plane(j->y + m * out, j->x + m * in, j);
}

void upsample_forward(float *y, const float *x, int M, int H, int W, int scale, int mode, Pool *pool)
{
    Job j = {y, x, M, H, W, scale, mode, false, lanes()};
    pool_run(pool, (M + PLANES - 1) / PLANES, forward_planes, &j);
}

static void backward_planes(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t in = (size_t)j->H * j->W, out = in * (size_t)j->scale * (size_t)j->scale;
    (void)worker;
    for (int m = index * PLANES; m < (index + 1) * PLANES && m < j->M; m++)
        backward_plane(j->y + m * in, j->x + m * out, j);
}

void upsample_backward(float *dx, const float *dy, int M, int H, int W, int scale, int mode, bool accumulate,
                       Pool *pool)
{
    Job j = {dx, dy, M, H, W, scale, mode, accumulate, lanes()};
    pool_run(pool, (M + PLANES - 1) / PLANES, backward_planes, &j);
}
