/* OpenBLAS and LAPACK behind our own pool: one BLAS thread, rows cut at fixed places. */
#include "math/blas.h"
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 128 }; /* a piece of c */

/* LAPACK's symmetric eigenproblem, by its Fortran name (Debian's OpenBLAS holds it). */
void dsyev_(const char *job, const char *triangle, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info, size_t job_length, size_t triangle_length);

static void one_thread(void)
{
    openblas_set_num_threads(1);
}

static void pin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, one_thread);
}

typedef struct {
    float *c;
    const float *a, *b;
    int M, N, K;
    GemmKind kind;
    bool accumulate;
} Job;

static void some_rows(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    int first = index * ROWS, rows = j->M - first < ROWS ? j->M - first : ROWS;
    const float *a = j->a + (size_t)first * (j->kind == GEMM_TN ? 1 : (size_t)j->K);
    (void)worker;
    cblas_sgemm(CblasRowMajor, j->kind == GEMM_TN ? CblasTrans : CblasNoTrans,
                j->kind == GEMM_NT ? CblasTrans : CblasNoTrans, rows, j->N, j->K, 1.0f, a,
                j->kind == GEMM_TN ? j->M : j->K, j->b, j->kind == GEMM_NT ? j->K : j->N,
                j->accumulate ? 1.0f : 0.0f, j->c + (size_t)first * j->N, j->N);
}

void blas_gemm(float *c, const float *a, const float *b, int M, int N, int K, GemmKind kind, bool accumulate,
               Pool *pool)
{
    Job j = {c, a, b, M, N, K, kind, accumulate};
    pin();
    pool_run(pool, (M + ROWS - 1) / ROWS, some_rows, &j);
}

/* Ascending to descending, and every vector's largest entry made positive. */
static void arrange(double *values, double *vectors, int n)
{
    for (int i = 0, j = n - 1; i < j; i++, j--) {
        double t = values[i];
        values[i] = values[j], values[j] = t;
        for (int k = 0; k < n; k++) {
            t = vectors[(size_t)i * n + k];
            vectors[(size_t)i * n + k] = vectors[(size_t)j * n + k];
            vectors[(size_t)j * n + k] = t;
        }
    }
    for (int i = 0; i < n; i++) {
        double *v = vectors + (size_t)i * n, top = 0;
        for (int k = 0; k < n; k++)
            if (fabs(v[k]) > fabs(top)) top = v[k];
        for (int k = 0; k < n && top < 0; k++) v[k] = -v[k];
    }
}

bool blas_eigen(double *values, double *vectors, const double *a, int n, Err *err)
{
    int info = 0, ask = -1, size;
    double best;
    if (n < 1) return err_set(err, ERR_USAGE, "eigenvectors: the matrix has no rows");
    for (size_t i = 0; i < (size_t)n * n; i++)
        if (!isfinite(a[i]))
            return err_set(err, ERR_NUMERIC, "eigenvectors: the matrix holds a value that is not finite");
    pin();
    memcpy(vectors, a, (size_t)n * n * sizeof *vectors);
    dsyev_("V", "U", &n, vectors, &n, values, &best, &ask, &info, 1, 1);
    size = (int)best;
    double *work = malloc((size_t)size * sizeof *work);
    if (!work) return err_nomem(err, "eigenvectors");
    dsyev_("V", "U", &n, vectors, &n, values, work, &size, &info, 1, 1);
    free(work);
    if (info) return err_set(err, ERR_NUMERIC, "eigenvectors: no convergence for a matrix of %d rows", n);
    arrange(values, vectors, n); /* a column of Fortran's result is a row of ours */
    return true;
}

const char *blas_core(void)
{
    return openblas_get_corename();
}
