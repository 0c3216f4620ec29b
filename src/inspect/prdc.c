/* Precision, recall, density and coverage by one pass over all pairs in blocks. */
#include "inspect/quality.h"
#include "math/blas.h"
#include "math/knn.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 64 };

typedef struct {
    const float *real, *fake;
    int n, m, D, k;
    float *real_half, *fake_half;     /* half squared lengths */
    float *real_radius, *fake_radius; /* squared distance to the k-th neighbour among their own */
    float *product;                   /* (workers, ROWS, m) */
    uint8_t *precise;                 /* (m): inside some real ball; several workers may set one to 1 */
    uint8_t *recalled, *covered;      /* (n) */
    int64_t *inside;                  /* (n): fakes in this real's ball */
} Pass;

/* All that one real row sees of the fakes; product: its inner products with them. */
static void judge_row(Pass *p, int i, const float *product)
{
    float own = p->real_half[i], radius = p->real_radius[i];
    int64_t inside = 0;
    bool recalled = false;
    for (int j = 0; j < p->m; j++) {
        float d = 2 * (own + p->fake_half[j] - product[j]);
        recalled |= d < p->fake_radius[j];
        if (d < radius) {
            inside++;
            __atomic_store_n(&p->precise[j], 1, __ATOMIC_RELAXED);
        }
    }
    p->inside[i] = inside;
    p->recalled[i] = recalled;
    p->covered[i] = inside > 0;
}

static void judge_block(void *ctx, int block, int worker)
{
    Pass *p = ctx;
    int first = block * ROWS, rows = p->n - first < ROWS ? p->n - first : ROWS;
    float *product = p->product + (size_t)worker * ROWS * (size_t)p->m;
    blas_gemm(product, p->real + (size_t)first * (size_t)p->D, p->fake, rows, p->m, p->D, GEMM_NT, false,
              NULL);
    for (int r = 0; r < rows; r++) judge_row(p, first + r, product + (size_t)r * (size_t)p->m);
}

static void half_lengths(float *half, const float *x, int n, int D)
{
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int d = 0; d < D; d++) {
            double v = (double)x[(size_t)i * (size_t)D + (size_t)d];
            sum += v * v;
        }
        half[i] = (float)(sum / 2);
    }
}

/* Squared distance of each row to its k-th neighbour among the others. */
static bool radii(float *radius, const float *x, int n, int D, int k, Pool *pool, Err *err)
{
    Hit *hit = malloc((size_t)n * (size_t)k * sizeof *hit);
    int *self = calloc((size_t)n, sizeof *self);
    bool ok = (hit && self) || err_nomem(err, "nearest neighbours");
    if (ok) {
        for (int i = 0; i < n; i++) self[i] = i;
        ok = knn_search(hit, x, n, x, n, D, k, KNN_L2, self, pool, err);
    }
    for (int i = 0; ok && i < n; i++) radius[i] = -hit[(size_t)i * (size_t)k + (size_t)k - 1].score;
    free(hit);
    free(self);
    return ok;
}

static double share(const uint8_t *flag, int n)
{
    long sum = 0;
    for (int i = 0; i < n; i++) sum += flag[i];
    return (double)sum / n;
}

static bool run(Prdc *out, Pass *p, Pool *pool, Err *err)
{
    half_lengths(p->real_half, p->real, p->n, p->D);
    half_lengths(p->fake_half, p->fake, p->m, p->D);
    if (!radii(p->real_radius, p->real, p->n, p->D, p->k, pool, err) ||
        !radii(p->fake_radius, p->fake, p->m, p->D, p->k, pool, err))
        return false;
    pool_run(pool, (p->n + ROWS - 1) / ROWS, judge_block, p);
    int64_t inside = 0;
    for (int i = 0; i < p->n; i++) inside += p->inside[i];
    out->precision = share(p->precise, p->m);
    out->recall = share(p->recalled, p->n);
    out->density = (double)inside / ((double)p->k * p->m);
    out->coverage = share(p->covered, p->n);
    return true;
}

/* Both sets moved so that the real mean is 0: the distances stay, the rounding of |a|^2 + |b|^2 - 2ab gets
 * small. */
static void move(float *to, const float *from, int n, const float *mean, int D)
{
    for (int i = 0; i < n; i++)
        for (int d = 0; d < D; d++) {
            size_t at = (size_t)i * (size_t)D + (size_t)d;
            to[at] = from[at] - mean[d];
        }
}

static void mean_of(float *mean, const float *x, int n, int D)
{
    for (int d = 0; d < D; d++) {
        double sum = 0;
        for (int i = 0; i < n; i++) sum += (double)x[(size_t)i * (size_t)D + (size_t)d];
        mean[d] = (float)(sum / n);
    }
}

bool quality_prdc(Prdc *out, const float *real, int n, const float *fake, int m, int D, int k, Pool *pool,
                  Err *err)
{
    if (k < 1 || k >= n || k >= m || D < 1)
        return err_set(err, ERR_USAGE, "precision and recall: needs more than %d images on either side", k);
    size_t N = (size_t)n, M = (size_t)m, d = (size_t)D;
    size_t floats = (N + M + 1) * d + 2 * (N + M) + (size_t)pool_threads(pool) * ROWS * M;
    float *f = malloc(floats * sizeof *f), *mean = f;
    uint8_t *flags = calloc(2 * N + M, 1);
    int64_t *inside = malloc(N * sizeof *inside);
    bool ok = (f && flags && inside) || err_nomem(err, "precision and recall");
    if (ok) {
        float *a = mean + d, *b = a + N * d, *half = b + M * d, *radius = half + N + M;
        mean_of(mean, real, n, D);
        move(a, real, n, mean, D);
        move(b, fake, m, mean, D);
        Pass p = {a,
                  b,
                  n,
                  m,
                  D,
                  k,
                  half,
                  half + N,
                  radius,
                  radius + N,
                  radius + N + M,
                  flags,
                  flags + M,
                  flags + M + N,
                  inside};
        ok = run(out, &p, pool, err);
    }
    free(f);
    free(flags);
    free(inside);
    return ok;
}
