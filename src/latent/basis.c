/* The principal components of w as a basis. */
#include "latent/basis.h"
#include "math/blas.h"
#include <math.h>
#include <stdlib.h>

#define VARIES 1e-6 /* of the largest eigenvalue: less is rounding */

static void take(Basis *b, const double *values, const double *vectors)
{
    size_t n = (size_t)b->n;
    for (size_t i = 0; i < n; i++) {
        double square = values[i] > VARIES * values[0] ? values[i] : 0;
        b->square[i] = (float)square;
        for (size_t j = 0; j < n; j++) b->row[i * n + j] = (float)(sqrt(square) * vectors[i * n + j]);
    }
}

bool basis_open(Basis *out, const Generator *g, Pool *pool, Err *err)
{
    size_t n = (size_t)g->config.w_dim;
    *out = (Basis){.n = g->config.w_dim};
    double *cov = calloc(2 * n * n + n, sizeof *cov);
    out->row = calloc(n * n + n, sizeof *out->row);
    bool ok = (cov && out->row) || err_nomem(err, "the statistics of w");
    if (ok) {
        double *vectors = cov + n * n, *values = vectors + n * n;
        out->square = out->row + n * n;
        ok = generator_spread(cov, g, 0, pool, err) && blas_eigen(values, vectors, cov, (int)n, err);
        if (ok) take(out, values, vectors);
    }
    free(cov);
    if (!ok) basis_close(out);
    return ok;
}

void basis_close(Basis *b)
{
    free(b->row);
    *b = (Basis){0};
}

void basis_decode(float *x, const Basis *b, const float *code, int rows)
{
    gemm_naive(x, code, b->row, rows, b->n, b->n, GEMM_NN, false);
}

void basis_back(float *dcode, const Basis *b, const float *dx, int rows)
{
    gemm_naive(dcode, dx, b->row, rows, b->n, b->n, GEMM_NT, false);
}

void basis_encode(float *code, const Basis *b, const float *x, int rows)
{
    basis_back(code, b, x, rows);
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < b->n; k++) {
            float *c = &code[(size_t)r * (size_t)b->n + (size_t)k];
            *c = b->square[k] > 0 ? *c / b->square[k] : 0;
        }
}
