/* VICReg and its closed-form gradient. */
#include "math/vicreg.h"
#include "math/gemm.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double alike = 25, spread = 25, floor_of_variance = 1e-4;

static size_t aligned(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

/* One half centred (N,D), its covariance (D,D), then gemm's. */
size_t vicreg_scratch(int N, int D)
{
    size_t g1 = gemm_scratch(D, D, N), g2 = gemm_scratch(N, D, D);
    return aligned((size_t)N * (size_t)D) + aligned((size_t)D * (size_t)D) + (g1 > g2 ? g1 : g2);
}

static double pairs_apart(float *da, float *db, const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double gap = (double)a[i] - (double)b[i];
        sum += gap * gap;
        da[i] = (float)(2 * alike * gap / (double)n);
        db[i] = -da[i];
    }
    return alike * sum / (double)n;
}

static void centre(float *to, const float *x, int N, int D)
{
    for (int d = 0; d < D; d++) {
        double sum = 0;
        for (int i = 0; i < N; i++) sum += (double)x[(size_t)i * (size_t)D + (size_t)d];
        float mean = (float)(sum / N);
        for (size_t at = (size_t)d, end = (size_t)N * (size_t)D; at < end; at += (size_t)D)
            to[at] = x[at] - mean;
    }
}

/* From cov = x^T x over centred rows: adds the gradient of the variance term to dx, turns cov into that of
 * the covariance term by x (zero on its diagonal); returns both terms. */
static double regularise(float *dx, float *cov, const float *x, int N, int D)
{
    double loss = 0, over = 1.0 / (N - 1);
    for (int d = 0; d < D; d++) {
        float *row = cov + (size_t)d * (size_t)D;
        double deviation = sqrt((double)row[d] * over + floor_of_variance), squares = 0;
        for (int e = 0; e < D; e++) {
            double c = e == d ? 0 : (double)row[e] * over;
            squares += c * c;
            row[e] = (float)(4 * c * over / D);
        }
        loss += squares / D;
        if (!(deviation < 1)) continue;
        loss += spread / (2.0 * D) * (1 - deviation);
        float pull = (float)(-spread * over / (2.0 * D * deviation));
        for (size_t at = (size_t)d, end = (size_t)N * (size_t)D; at < end; at += (size_t)D)
            dx[at] += pull * x[at];
    }
    return loss;
}

static double half(float *dx, const float *x, int N, int D, float *scratch, Pool *pool)
{
    float *centred = scratch, *cov = centred + aligned((size_t)N * (size_t)D);
    float *rest = cov + aligned((size_t)D * (size_t)D);
    centre(centred, x, N, D);
    gemm(cov, centred, centred, D, D, N, GEMM_TN, false, rest, pool);
    double loss = regularise(dx, cov, centred, N, D);
    gemm(dx, centred, cov, N, D, D, GEMM_NN, true, rest, pool);
    return loss;
}

double vicreg(float *dh, const float *h, int N, int D, float *scratch, Pool *pool)
{
    size_t n = (size_t)N * (size_t)D;
    double loss = pairs_apart(dh, dh + n, h, h + n, n);
    loss += half(dh, h, N, D, scratch, pool);
    return loss + half(dh + n, h + n, N, D, scratch, pool);
}

static double covariance_naive(const float *x, int N, int D, int d, int e)
{
    double a = 0, b = 0, ab = 0;
    for (int i = 0; i < N; i++) a += (double)x[i * D + d] / N, b += (double)x[i * D + e] / N;
    for (int i = 0; i < N; i++) ab += ((double)x[i * D + d] - a) * ((double)x[i * D + e] - b);
    return ab / (N - 1);
}

/* Adds by * d cov(d, e) / dx of column d. */
static void slope_naive(float *dx, const float *x, int N, int D, int d, int e, double by)
{
    double mean = 0;
    for (int i = 0; i < N; i++) mean += (double)x[i * D + e] / N;
    for (int i = 0; i < N; i++) dx[i * D + d] += (float)(by * ((double)x[i * D + e] - mean) / (N - 1));
}

static double half_naive(float *dx, const float *x, int N, int D)
{
    double loss = 0;
    for (int d = 0; d < D; d++)
        for (int e = 0; e < D; e++) {
            double c = covariance_naive(x, N, D, d, e), deviation = sqrt(c + floor_of_variance);
            if (e != d) {
                loss += c * c / D;
                slope_naive(dx, x, N, D, d, e, 4 * c / D);
            } else if (deviation < 1) {
                loss += spread / 2 * (1 - deviation) / D;
                slope_naive(dx, x, N, D, d, e, -spread / (2 * D * deviation));
            }
        }
    return loss;
}

double vicreg_naive(float *dh, const float *h, int N, int D)
{
    size_t n = (size_t)N * (size_t)D;
    double loss = pairs_apart(dh, dh + n, h, h + n, n);
    loss += half_naive(dh, h, N, D);
    return loss + half_naive(dh + n, h + n, N, D);
}
