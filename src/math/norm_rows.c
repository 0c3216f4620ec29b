/* Normalisations of rows and weights: pixel norm, L2, softmax, spectral norm, and the spread over a batch. */
#include "math/kernels/lanes.h"
#include "math/norm.h"
#include <math.h>
#include <string.h>

/* dx = or += k * dy - c * x */
static void row_gradient(float *dx, const float *dy, const float *x, int C, double k, double c,
                         bool accumulate)
{
    float a = (float)k, b = (float)c;
    for (int i = 0; i < C; i++) {
        float g = a * dy[i] - b * x[i];
        dx[i] = accumulate ? dx[i] + g : g;
    }
}

void pixelnorm_forward(float *y, float *saved, const float *x, int N, int C, float eps)
{
    const Lanes *l = lanes();
    for (int n = 0; n < N; n++, x += C, y += C) {
        saved[n] = (float)(1 / sqrt(l->dot(x, x, (size_t)C) / C + eps));
        l->scale(y, x, (size_t)C, saved[n], 0);
    }
}

/* dx = f dy - f^3 (dy . x) x / C, f the saved factor */
void pixelnorm_backward(float *dx, const float *dy, const float *x, const float *saved, int N, int C,
                        bool accumulate)
{
    const Lanes *l = lanes();
    for (int n = 0; n < N; n++, x += C, dy += C, dx += C) {
        double f = saved[n], along = l->dot(dy, x, (size_t)C);
        row_gradient(dx, dy, x, C, f, f * f * f * along / C, accumulate);
    }
}

void l2norm_forward(float *y, float *saved, const float *x, int N, int C)
{
    const Lanes *l = lanes();
    for (int n = 0; n < N; n++, x += C, y += C) {
        double length = sqrt(l->dot(x, x, (size_t)C));
        saved[n] = (float)(1 / (length < 1e-12 ? 1e-12 : length));
        l->scale(y, x, (size_t)C, saved[n], 0);
    }
}

/* dx = (dy - (dy . y) y) / |x| */
void l2norm_backward(float *dx, const float *dy, const float *y, const float *saved, int N, int C,
                     bool accumulate)
{
    const Lanes *l = lanes();
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C)
        row_gradient(dx, dy, y, C, saved[n], saved[n] * l->dot(dy, y, (size_t)C), accumulate);
}

void softmax_forward(float *y, const float *x, int N, int C)
{
    const Lanes *l = lanes();
    for (int n = 0; n < N; n++, x += C, y += C) {
        double sum = l->exp_sum(y, x, (size_t)C, l->max(x, (size_t)C));
        l->scale(y, y, (size_t)C, (float)(1 / sum), 0);
    }
}

/* dx = y * (dy - dy . y) */
void softmax_backward(float *dx, const float *dy, const float *y, int N, int C, bool accumulate)
{
    const Lanes *l = lanes();
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C) {
        float along = (float)l->dot(dy, y, (size_t)C);
        for (int i = 0; i < C; i++) dx[i] = (accumulate ? dx[i] : 0) + y[i] * (dy[i] - along);
    }
}

/* v to unit length; zero stays zero. Returns the length. */
static double unit(float *v, int n, const Lanes *l)
{
    double length = sqrt(l->dot(v, v, (size_t)n));
    l->scale(v, v, (size_t)n, (float)(1 / (length < 1e-12 ? 1e-12 : length)), 0);
    return length;
}

/* Pieces of the work on a weight (O,K): rows, or columns where a sum goes over the rows. */
enum { SPECTRAL_ROWS = 16, SPECTRAL_COLUMNS = 256 };

typedef struct {
    float *y, *left, *right;
    const float *w, *u;
    float along, inv;
    int O, K;
    const Lanes *l;
} Spectral;

static int pieces(int n, int each)
{
    return (n + each - 1) / each;
}

static int piece_end(int piece, int n, int each)
{
    return (piece + 1) * each < n ? (piece + 1) * each : n;
}

/* right = W^T u */
static void spectral_right(void *ctx, int piece, int worker)
{
    const Spectral *s = ctx;
    int first = piece * SPECTRAL_COLUMNS, n = piece_end(piece, s->K, SPECTRAL_COLUMNS) - first;
    (void)worker;
    memset(s->right + first, 0, (size_t)n * sizeof *s->right);
    for (int o = 0; o < s->O; o++)
        s->l->axpy(s->right + first, s->w + (size_t)o * s->K + first, (size_t)n, s->u[o]);
}

/* left = W right */
static void spectral_left(void *ctx, int piece, int worker)
{
    const Spectral *s = ctx;
    (void)worker;
    for (int o = piece * SPECTRAL_ROWS; o < piece_end(piece, s->O, SPECTRAL_ROWS); o++)
        s->left[o] = (float)s->l->dot(s->w + (size_t)o * s->K, s->right, (size_t)s->K);
}

static void spectral_scale(void *ctx, int piece, int worker)
{
    const Spectral *s = ctx;
    size_t at = (size_t)piece * SPECTRAL_ROWS * s->K;
    (void)worker;
    s->l->scale(s->y + at, s->w + at, (size_t)piece_end(piece, s->O, SPECTRAL_ROWS) * s->K - at, s->inv, 0);
}

void spectral_forward(float *y, float *saved, float *u, const float *w, int O, int K, bool train, Pool *pool)
{
    Spectral s = {
        .y = y, .left = saved + 1, .right = saved + 1 + O, .w = w, .u = u, .O = O, .K = K, .l = lanes()};
    pool_run(pool, pieces(K, SPECTRAL_COLUMNS), spectral_right, &s);
    unit(s.right, K, s.l);
    pool_run(pool, pieces(O, SPECTRAL_ROWS), spectral_left, &s);
    double sigma = unit(s.left, O, s.l); /* u' . W v = |W v|, since u' is W v at unit length */
    saved[0] = (float)(sigma < 1e-12 ? 1e-12 : sigma);
    if (train) memcpy(u, s.left, (size_t)O * sizeof *u);
    s.inv = 1.0f / saved[0];
    pool_run(pool, pieces(O, SPECTRAL_ROWS), spectral_scale, &s);
}

/* y += w / sigma - along / sigma * left right^T, where y is the gradient of W and w that of the result */
static void spectral_gradient(void *ctx, int piece, int worker)
{
    const Spectral *s = ctx;
    (void)worker;
    for (int o = piece * SPECTRAL_ROWS; o < piece_end(piece, s->O, SPECTRAL_ROWS); o++) {
        float *dw = s->y + (size_t)o * s->K;
        s->l->axpy(dw, s->w + (size_t)o * s->K, (size_t)s->K, s->inv);
        s->l->axpy(dw, s->right, (size_t)s->K, -s->along * s->u[o] * s->inv);
    }
}

void spectral_backward(float *dw, const float *dy, const float *y, const float *saved, int O, int K,
                       Pool *pool)
{
    Spectral s = {.y = dw, .w = dy, .u = saved + 1, .O = O, .K = K, .inv = 1.0f / saved[0], .l = lanes()};
    s.right = (float *)saved + 1 + O; /* read alone */
    s.along = (float)s.l->dot(dy, y, (size_t)O * K);
    pool_run(pool, pieces(O, SPECTRAL_ROWS), spectral_gradient, &s);
}

enum { STRIP = 128 };

/* std[i] over the batch for n positions from `at`; mean holds the batch means. */
static void batch_std(float *std, const float *mean, const float *x, int N, size_t step, int n, float eps)
{
    float var[STRIP] = {0};
    for (int b = 0; b < N; b++, x += step)
        for (int i = 0; i < n; i++) var[i] += (x[i] - mean[i]) * (x[i] - mean[i]);
    for (int i = 0; i < n; i++) std[i] = sqrtf(var[i] / (float)N + eps);
}

typedef struct {
    float *y, *mean;
    const float *x, *dy;
    int N, P;
    size_t count; /* positions of an image: C*P */
    float eps, last, k;
    bool accumulate;
    const Lanes *l;
} Deviation;

static int strip_length(const Deviation *d, size_t at)
{
    return d->count - at < STRIP ? (int)(d->count - at) : STRIP;
}

static int strips(const Deviation *d)
{
    return (int)((d->count + STRIP - 1) / STRIP);
}

/* Means over the batch; deviations go where y's first image will be. */
static void deviation_strip(void *ctx, int strip, int worker)
{
    const Deviation *d = ctx;
    size_t at = (size_t)strip * STRIP;
    int n = strip_length(d, at);
    (void)worker;
    memset(d->mean + at, 0, (size_t)n * sizeof *d->mean);
    for (int b = 0; b < d->N; b++)
        d->l->axpy(d->mean + at, d->x + b * d->count + at, (size_t)n, 1.0f / (float)d->N);
    batch_std(d->y + at, d->mean + at, d->x + at, d->N, d->count, n, d->eps);
}

static void deviation_image(void *ctx, int b, int worker)
{
    const Deviation *d = ctx;
    float *y = d->y + b * (d->count + d->P);
    (void)worker;
    memcpy(y, d->x + b * d->count, d->count * sizeof *y);
    for (int p = 0; p < d->P; p++) y[d->count + p] = d->last;
}

void batchstd_forward(float *y, float *saved, const float *x, int N, int C, int P, float eps, Pool *pool)
{
    Deviation d = {
        .y = y, .mean = saved + 1, .x = x, .N = N, .P = P, .count = (size_t)C * P, .eps = eps, .l = lanes()};
    double sum = 0;
    pool_run(pool, strips(&d), deviation_strip, &d);
    for (size_t at = 0; at < d.count; at += STRIP) sum += d.l->sum(y + at, (size_t)strip_length(&d, at));
    d.last = saved[0] = (float)(sum / (double)d.count);
    pool_run(pool, N, deviation_image, &d);
}

/* The first C channels pass through. */
static void deviation_pass(void *ctx, int b, int worker)
{
    const Deviation *d = ctx;
    const float *from = d->dy + b * (d->count + d->P);
    float *dx = d->y + b * d->count;
    (void)worker;
    if (d->accumulate)
        d->l->axpy(dx, from, d->count, 1);
    else
        memcpy(dx, from, d->count * sizeof *dx);
}

/* The last channel's sum g spreads as g / (C P) * (x - mean) / (N std). */
static void deviation_spread(void *ctx, int strip, int worker)
{
    const Deviation *d = ctx;
    size_t at = (size_t)strip * STRIP;
    int n = strip_length(d, at);
    float std[STRIP];
    (void)worker;
    batch_std(std, d->mean + at, d->x + at, d->N, d->count, n, d->eps);
    for (int b = 0; b < d->N; b++)
        for (int i = 0; i < n; i++) {
            size_t to = b * d->count + at + i;
            d->y[to] += d->k * (d->x[to] - d->mean[at + i]) / std[i];
        }
}

void batchstd_backward(float *dx, const float *dy, const float *x, const float *saved, int N, int C, int P,
                       float eps, bool accumulate, Pool *pool)
{
    Deviation d = {
        .y = dx, .x = x, .dy = dy, .N = N, .P = P, .count = (size_t)C * P, .eps = eps, .l = lanes()};
    double g = 0;
    d.mean = (float *)saved + 1; /* read alone */
    d.accumulate = accumulate;
    for (int n = 0; n < N; n++) g += d.l->sum(dy + n * (d.count + P) + d.count, (size_t)P);
    d.k = (float)(g / ((double)d.count * N));
    pool_run(pool, N, deviation_pass, &d);
    pool_run(pool, strips(&d), deviation_spread, &d);
}
