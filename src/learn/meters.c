/* Alignment, uniformity, effective rank and spread of embeddings. */
#include "learn/meters.h"
#include "base/elem.h"
#include "math/blas.h"
#include "math/knn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256 }; /* of a block of similarities */

double meter_alignment(const float *f, int N, int D)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        const float *a = f + (size_t)i * (size_t)D, *b = f + (size_t)(i + N) * (size_t)D;
        for (int d = 0; d < D; d++) {
            double gap = (double)a[d] - (double)b[d];
            sum += gap * gap;
        }
    }
    return sum / N;
}

/* Sum of exp(-2 |f_i - f_j|^2) = exp(4 s_ij - 4) over j > i, for rows i = first .. first + rows - 1 of s
 * (rows,N). */
static double kernel_sum(const float *s, int first, int rows, int N)
{
    double sum = 0;
    for (int r = 0; r < rows; r++) {
        float row = 0;
        for (int j = first + r + 1; j < N; j++) row += elem_exp(4 * s[(size_t)r * (size_t)N + (size_t)j] - 4);
        sum += (double)row;
    }
    return sum;
}

bool meter_uniformity(double *out, const float *f, int N, int D, Pool *pool, Err *err)
{
    float *s = malloc((size_t)ROWS * (size_t)N * sizeof *s);
    if (!s) return err_nomem(err, "uniformity");
    double sum = 0;
    for (int first = 0; first < N; first += ROWS) {
        int rows = N - first < ROWS ? N - first : ROWS;
        blas_gemm(s, f + (size_t)first * (size_t)D, f, rows, N, D, GEMM_NT, false, pool);
        sum += kernel_sum(s, first, rows, N);
    }
    free(s);
    *out = log(2 * sum / ((double)N * (N - 1)));
    return true;
}

/* exp(-sum p log p), p the shares of the singular values = roots of the eigenvalues of F^T F. */
static double effective_rank(const double *eigenvalue, int D)
{
    double total = 0, entropy = 0;
    for (int d = 0; d < D; d++) total += sqrt(fmax(eigenvalue[d], 0));
    if (!(total > 0)) return 1;
    for (int d = 0; d < D; d++) {
        double p = sqrt(fmax(eigenvalue[d], 0)) / total;
        if (p > 0) entropy -= p * log(p);
    }
    return exp(entropy);
}

bool meter_rank(double *out, const float *f, int N, int D, Pool *pool, Err *err)
{
    size_t dd = (size_t)D * (size_t)D;
    float *gram = malloc(dd * sizeof *gram);
    double *block = malloc((2 * dd + (size_t)D) * sizeof *block);
    bool ok = (gram && block) || err_nomem(err, "the effective rank");
    if (ok) {
        blas_gemm(gram, f, f, D, D, N, GEMM_TN, false, pool);
        for (size_t i = 0; i < dd; i++) block[i] = (double)gram[i];
        ok = blas_eigen(block + 2 * dd, block + dd, block, D, err);
    }
    if (ok) *out = effective_rank(block + 2 * dd, D);
    free(gram);
    free(block);
    return ok;
}

double meter_spread(const float *f, int N, int D)
{
    double total = 0;
    for (int d = 0; d < D; d++) {
        double sum = 0, square = 0;
        for (int i = 0; i < N; i++) {
            double x = (double)f[(size_t)i * (size_t)D + (size_t)d];
            sum += x;
            square += x * x;
        }
        total += sqrt(fmax(square / N - sum / N * (sum / N), 0));
    }
    return total / sqrt((double)D);
}

bool meters_take(Health *out, const float *projection, int N, int D, const float *feature, int F, Pool *pool,
                 Err *err)
{
    size_t floats = 2 * (size_t)N * (size_t)D;
    float *unit = malloc(floats * sizeof *unit);
    if (!unit) return err_nomem(err, "meters");
    memcpy(unit, projection, floats * sizeof *unit);
    knn_normalise(unit, 2 * N, D);
    out->alignment = meter_alignment(unit, N, D);
    out->spread = meter_spread(unit, 2 * N, D);
    bool ok = meter_uniformity(&out->uniformity, unit, 2 * N, D, pool, err) &&
              meter_rank(&out->rank, feature, 2 * N, F, pool, err);
    free(unit);
    return ok;
}
