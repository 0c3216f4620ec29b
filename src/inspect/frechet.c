/* The Frechet distance of two sets of features. */
#include "inspect/quality.h"
#include "math/blas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    double *mean; /* (D) */
    double *cov;  /* (D,D), divided by n - 1 */
} Gaussian;

static bool fit(Gaussian *g, const float *x, int n, int D, Pool *pool, Err *err)
{
    size_t d = (size_t)D;
    float *centred = calloc((size_t)n * d, sizeof *centred), *gram = malloc(d * d * sizeof *gram);
    bool ok = (centred && gram) || err_nomem(err, "the Frechet distance");
    for (size_t k = 0; ok && k < d; k++) {
        double sum = 0;
        for (size_t i = 0; i < (size_t)n; i++) sum += (double)x[i * d + k];
        g->mean[k] = sum / n;
        for (size_t i = 0; i < (size_t)n; i++)
            centred[i * d + k] = (float)((double)x[i * d + k] - g->mean[k]);
    }
    if (ok) {
        blas_gemm(gram, centred, centred, D, D, n, GEMM_TN, false, pool);
        for (size_t i = 0; i < d * d; i++) g->cov[i] = (double)gram[i] / (n - 1);
    }
    free(centred);
    free(gram);
    return ok;
}

/* c = a b, symmetric or not; D is a few hundred at most. */
static void multiply(double *c, const double *a, const double *b, int D)
{
    memset(c, 0, (size_t)D * (size_t)D * sizeof *c);
    for (int i = 0; i < D; i++)
        for (int k = 0; k < D; k++) {
            double f = a[i * D + k];
            for (int j = 0; j < D; j++) c[i * D + j] += f * b[k * D + j];
        }
}

/* root = V^T diag(sqrt(max(value, 0))) V of the symmetric a; value and vector are scratch (D), (D,D). */
static bool matrix_root(double *root, const double *a, double *value, double *vector, int D, Err *err)
{
    if (!blas_eigen(value, vector, a, D, err)) return false;
    memset(root, 0, (size_t)D * (size_t)D * sizeof *root);
    for (int e = 0; e < D; e++) {
        double s = sqrt(fmax(value[e], 0));
        for (int i = 0; i < D; i++) {
            double f = s * vector[e * D + i];
            for (int j = 0; j < D; j++) root[i * D + j] += f * vector[e * D + j];
        }
    }
    return true;
}

/* tr (A^1/2 B A^1/2)^1/2: the sum of the roots of that matrix's eigenvalues. */
static bool trace_root(double *out, const double *a, const double *b, int D, Err *err)
{
    size_t dd = (size_t)D * (size_t)D;
    double *w = malloc((4 * dd + (size_t)D) * sizeof *w), *root = w, *x = w + dd, *y = x + dd,
           *value = w + 4 * dd;
    if (!w) return err_nomem(err, "the Frechet distance");
    bool ok = matrix_root(root, a, value, w + 3 * dd, D, err);
    if (ok) {
        multiply(x, root, b, D);
        multiply(y, x, root, D);
        for (int i = 0; i < D; i++)
            for (int j = 0; j < i; j++) y[i * D + j] = y[j * D + i] = (y[i * D + j] + y[j * D + i]) / 2;
        ok = blas_eigen(value, w + 3 * dd, y, D, err);
    }
    *out = 0;
    for (int i = 0; ok && i < D; i++) *out += sqrt(fmax(value[i], 0));
    free(w);
    return ok;
}

bool quality_frechet(double *out, const float *a, int n, const float *b, int m, int D, Pool *pool, Err *err)
{
    if (n < 2 || m < 2) return err_set(err, ERR_USAGE, "Frechet distance: needs two images on either side");
    size_t d = (size_t)D;
    double *w = malloc(2 * (d + d * d) * sizeof *w), root = 0, sum = 0;
    if (!w) return err_nomem(err, "the Frechet distance");
    Gaussian A = {w, w + 2 * d}, B = {w + d, w + 2 * d + d * d};
    bool ok =
        fit(&A, a, n, D, pool, err) && fit(&B, b, m, D, pool, err) && trace_root(&root, A.cov, B.cov, D, err);
    for (size_t i = 0; i < d; i++) {
        double gap = A.mean[i] - B.mean[i];
        sum += gap * gap + A.cov[i * d + i] + B.cov[i * d + i];
    }
    *out = fmax(sum - 2 * root, 0);
    free(w);
    return ok;
}
