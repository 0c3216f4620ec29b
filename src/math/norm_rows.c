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

void spectral_forward(float *y, float *saved, float *u, const float *w, int O, int K, bool train)
{
    const Lanes *l = lanes();
    float *left = saved + 1, *right = saved + 1 + O;
    memset(right, 0, (size_t)K * sizeof *right);
    for (int o = 0; o < O; o++) l->axpy(right, w + (size_t)o * K, (size_t)K, u[o]);
    unit(right, K, l);
    for (int o = 0; o < O; o++) left[o] = (float)l->dot(w + (size_t)o * K, right, (size_t)K);
    double sigma = unit(left, O, l); /* u' . W v = |W v|, since u' is W v at unit length */
    saved[0] = (float)(sigma < 1e-12 ? 1e-12 : sigma);
    if (train) memcpy(u, left, (size_t)O * sizeof *u);
    l->scale(y, w, (size_t)O * K, 1.0f / saved[0], 0);
}

void spectral_backward(float *dw, const float *dy, const float *y, const float *saved, int O, int K)
{
    const Lanes *l = lanes();
    const float *u = saved + 1, *v = saved + 1 + O;
    float inv = 1.0f / saved[0];
    double along = l->dot(dy, y, (size_t)O * K);
    for (int o = 0; o < O; o++) {
        l->axpy(dw + (size_t)o * K, dy + (size_t)o * K, (size_t)K, inv);
        l->axpy(dw + (size_t)o * K, v, (size_t)K, (float)(-along * u[o]) * inv);
    }
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

void batchstd_forward(float *y, float *saved, const float *x, int N, int C, int P, float eps)
{
    const Lanes *l = lanes();
    size_t count = (size_t)C * P;
    float *mean = saved + 1, std[STRIP];
    double sum = 0;
    memset(mean, 0, count * sizeof *mean);
    for (int n = 0; n < N; n++) l->axpy(mean, x + n * count, count, 1.0f / (float)N);
    for (size_t at = 0; at < count; at += STRIP) {
        int n = count - at < STRIP ? (int)(count - at) : STRIP;
        batch_std(std, mean + at, x + at, N, count, n, eps);
        sum += l->sum(std, (size_t)n);
    }
    saved[0] = (float)(sum / (double)count);
    for (int n = 0; n < N; n++, y += count + P) {
        memcpy(y, x + n * count, count * sizeof *y);
        for (int p = 0; p < P; p++) y[count + p] = saved[0];
    }
}

/* The first C channels pass through; the last one's sum g spreads as g / (C P) * (x - mean) / (N std). */
void batchstd_backward(float *dx, const float *dy, const float *x, const float *saved, int N, int C, int P,
                       float eps, bool accumulate)
{
    const Lanes *l = lanes();
    size_t count = (size_t)C * P;
    const float *mean = saved + 1;
    float std[STRIP];
    double g = 0;
    for (int n = 0; n < N; n++) {
        const float *from = dy + n * (count + P);
        g += l->sum(from + count, (size_t)P);
        if (accumulate)
            l->axpy(dx + n * count, from, count, 1);
        else
            memcpy(dx + n * count, from, count * sizeof *dx);
    }
    float k = (float)(g / ((double)count * N));
    for (size_t at = 0; at < count; at += STRIP) {
        int n = count - at < STRIP ? (int)(count - at) : STRIP;
        batch_std(std, mean + at, x + at, N, count, n, eps);
        for (int b = 0; b < N; b++)
            for (int i = 0; i < n; i++) {
                size_t to = b * count + at + i;
                dx[to] += k * (x[to] - mean[at + i]) / std[i];
            }
    }
}
