/* The kernel distance of two sets of features: the unbiased squared maximum mean discrepancy of a cubic
 * kernel, averaged over subsets. */
#include "base/rng.h"
#include "inspect/quality.h"
#include "math/blas.h"

#include <stdlib.h>
#include <string.h>

/* A subset of `size` rows without repetition, in a scratch permutation (n): partial Fisher-Yates. */
static void draw_rows(float *to, const float *from, int *order, int n, int D, int size, Rng *r)
{
    for (int i = 0; i < size; i++) {
        int j = i + (int)rng_below(r, (uint32_t)(n - i)), row = order[j];
        order[j] = order[i];
        order[i] = row;
        memcpy(to + (size_t)i * (size_t)D, from + (size_t)row * (size_t)D, (size_t)D * sizeof *to);
    }
}

/* Sum of (x.y / D + 1)^3 over all pairs of rows of x and y; same: without each row's pair with itself. */
static double kernel_sum(float *product, const float *x, const float *y, int size, int D, bool same,
                         Pool *pool)
{
    double sum = 0;
    blas_gemm(product, x, y, size, size, D, GEMM_NT, false, pool);
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            double k = (double)product[(size_t)i * (size_t)size + (size_t)j] / D + 1;
            if (!same || i != j) sum += k * k * k;
        }
    return sum;
}

bool quality_kernel(double *out, const float *a, int n, const float *b, int m, int D, Pool *pool, Err *err)
{
    int least = n < m ? n : m, size = least < QUALITY_KERNEL_ROWS ? least : QUALITY_KERNEL_ROWS;
    if (size < 2) return err_set(err, ERR_USAGE, "kernel distance: needs two images on either side");
    size_t rows = (size_t)size, block = rows * (size_t)D;
    float *x = malloc((2 * block + rows * rows) * sizeof *x), *y = x ? x + block : NULL;
    int *order = malloc(((size_t)n + (size_t)m) * sizeof *order);
    bool ok = (x && order) || err_nomem(err, "the kernel distance");
    double sum = 0, N = size;
    Rng r = rng_at(0, RNG_BOOTSTRAP);
    for (int i = 0; ok && i < n + m; i++) order[i] = i < n ? i : i - n;
    for (int s = 0; ok && s < QUALITY_KERNEL_SUBSETS; s++) {
        draw_rows(x, a, order, n, D, size, &r);
        draw_rows(y, b, order + n, m, D, size, &r);
        float *product = y + block;
        sum += (kernel_sum(product, x, x, size, D, true, pool) +
                kernel_sum(product, y, y, size, D, true, pool)) /
                   (N * (N - 1)) -
               2 * kernel_sum(product, x, y, size, D, false, pool) / (N * N);
    }
    if (ok) *out = sum / QUALITY_KERNEL_SUBSETS;
    free(x);
    free(order);
    return ok;
}
