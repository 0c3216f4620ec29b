/* Neighbours against sorting everything; OpenBLAS products and eigenvectors; warps. */
#include "gradcheck.h"
#include "math/blas.h"
#include "math/knn.h"
#include "math/warp.h"

static double score_of(const float *q, const float *b, int D, KnnMetric metric)
{
    double dot = 0, distance = 0;
    for (int i = 0; i < D; i++)
        dot += (double)q[i] * b[i], distance += ((double)q[i] - b[i]) * ((double)q[i] - b[i]);
    return metric == KNN_DOT ? dot : -distance;
}

/* Each hit has the score it claims, they are in order, and nothing left out is clearly nearer than the last.
 */
static void hits_hold(const Hit *hits, const float *q, const float *base, int B, int D, int k,
                      KnnMetric metric, int skip)
{
    double slack = 1e-6 * (100 + D); /* what rounding may do to a sum of D terms */
    for (int i = 0; i < k; i++) {
        assert_true(fabs(hits[i].score - score_of(q, base + (size_t)hits[i].index * D, D, metric)) < slack);
        assert_int_not_equal(hits[i].index, skip);
        if (i)
            assert_true(hits[i - 1].score > hits[i].score ||
                        (hits[i - 1].score == hits[i].score && hits[i - 1].index < hits[i].index));
    }
    for (int b = 0; b < B; b++) {
        bool in = b == skip;
        for (int i = 0; i < k; i++) in |= hits[i].index == b;
        if (!in) assert_true(score_of(q, base + (size_t)b * D, D, metric) < hits[k - 1].score + slack);
    }
}

static void neighbours(void **state)
{
    static const int cases[][4] = {{3, 5, 1, 5},      {1, 1, 4, 1},         {70, 2500, 17, 20},  {130, 1024, 64, 7},
                                   {300, 391, 7, 391}, {1, 1501, 2100, 3}, {17, 1501, 300, 200}, {257, 800, 129, 1}};
    Err err = {0};
    (void)state;
    Pool *pool = pool_new(3, 0, NULL);
    for (int c = 0; c < 16; c++) {
        int Q = cases[c / 2][0], B = cases[c / 2][1], D = cases[c / 2][2], k = cases[c / 2][3];
        float *q = floats((size_t)Q * D), *base = floats((size_t)B * D);
        Hit *hits = calloc((size_t)Q * k, sizeof *hits), *again = calloc((size_t)Q * k, sizeof *hits);
        rng_fill_normal(q, (size_t)Q * D, 1, RNG_TEST);
        rng_fill_normal(base, (size_t)B * D, 2, RNG_TEST);
        KnnMetric metric = c % 2 ? KNN_L2 : KNN_DOT;
        assert_ok(knn_search(hits, q, Q, base, B, D, k, metric, NULL, NULL, &err), err);
        assert_ok(knn_search(again, q, Q, base, B, D, k, metric, NULL, pool, &err), err);
        assert_memory_equal(hits, again, (size_t)Q * k * sizeof *hits);
        for (int i = 0; i < Q; i++) hits_hold(hits + i * k, q + i * D, base, B, D, k, metric, -1);
        free_floats(q, (size_t)Q * D), free_floats(base, (size_t)B * D);
        free(hits), free(again);
    }
    pool_free(pool);
}

/* Every row searched in its own set: it finds itself at distance 0, or not at all when it is skipped. */
static void oneself(void **state)
{
    enum { B = 300, D = 12, K = 4 };
    static float x[B * D];
    static Hit hits[B * K];
    int skip[B];
    Err err = {0};
    (void)state;
    rng_fill_normal(x, B * D, 4, RNG_TEST);
    for (int i = 0; i < B; i++) skip[i] = i;
    assert_ok(knn_search(hits, x, B, x, B, D, K, KNN_L2, NULL, NULL, &err), err);
    for (int i = 0; i < B; i++) assert_true(hits[i * K].index == i && hits[i * K].score == 0);
    assert_ok(knn_search(hits, x, B, x, B, D, K, KNN_L2, skip, NULL, &err), err);
    for (int i = 0; i < B; i++) hits_hold(hits + i * K, x + i * D, x, B, D, K, KNN_L2, i);
    assert_refused(knn_search(hits, x, 1, x, 4, D, 4, KNN_DOT, skip, NULL, &err), err, ERR_USAGE, "4 of 4");
    assert_refused(knn_search(hits, x, 1, x, 4, D, 0, KNN_DOT, NULL, NULL, &err), err, ERR_USAGE, "0 of 4");
}

typedef struct {
    const float *query, *base;
    Hit *hits;
} Searched;

enum { SAME_Q = 50, SAME_B = 1000, SAME_D = 600, SAME_K = 9 };

static void *search_thread(void *arg)
{
    Searched *s = arg;
    Err err = {0};
    assert_ok(knn_search(s->hits, s->query, SAME_Q, s->base, SAME_B, SAME_D, SAME_K, KNN_DOT, NULL, NULL, &err), err);
    return NULL;
}

/* The scores themselves, to the last bit, on what fuses multiply and add; elsewhere the same neighbours. */
static void instruction_sets(void **state)
{
    static const char *const isa[] = {"avx512", "avx2", "portable"};
    static float q[SAME_Q * SAME_D], base[SAME_B * SAME_D];
    static Hit hits[3][SAME_Q * SAME_K];
    (void)state;
    rng_fill_normal(q, SAME_Q * SAME_D, 1, RNG_TEST);
    rng_fill_normal(base, SAME_B * SAME_D, 2, RNG_TEST);
    for (int i = 0; i < 3; i++) in_fresh_thread(isa[i], search_thread, &(Searched){q, base, hits[i]});
    assert_memory_equal(hits[0], hits[1], sizeof hits[0]);
    for (int i = 0; i < SAME_Q * SAME_K; i++)
        assert_true(hits[2][i].index == hits[0][i].index && fabsf(hits[2][i].score - hits[0][i].score) < 1e-3f);
}

/* More equal scores than a bag holds, searched by several threads: the lowest indices. */
static void all_alike(void **state)
{
    enum { B = 3000, Q = 20, K = 5 };
    static float base[B], q[Q];
    static Hit hits[Q * K];
    Err err = {0};
    (void)state;
    Pool *pool = pool_new(3, 0, NULL);
    for (int i = 0; i < B; i++) base[i] = i % 2 ? -0.0f : 0.0f;
    for (int i = 0; i < Q; i++) q[i] = 1;
    assert_ok(knn_search(hits, q, Q, base, B, 1, K, KNN_DOT, NULL, pool, &err), err);
    for (int i = 0; i < Q * K; i++) assert_true(hits[i].index == i % K && hits[i].score == 0);
    for (int i = 0; i < B; i++) base[i] = (float)i; /* each nearer than all before */
    assert_ok(knn_search(hits, q, Q, base, B, 1, K, KNN_DOT, NULL, pool, &err), err);
    for (int i = 0; i < Q * K; i++) assert_true(hits[i].index == B - 1 - i % K && hits[i].score == (float)hits[i].index);
    assert_ok(knn_search(hits, q, 0, base, B, 1, K, KNN_DOT, NULL, pool, &err), err);
    pool_free(pool);
}

static void ties_and_nans(void **state)
{
    enum { B = 200 };
    float base[B], q = 1;
    Hit hits[B];
    Err err = {0};
    (void)state;
    for (int i = 0; i < B; i++) base[i] = i % 3 == 0 ? 2.0f : 1.0f;
    base[0] = NAN;
    assert_ok(knn_search(hits, &q, 1, base, B, 1, B, KNN_DOT, NULL, NULL, &err), err);
    for (int i = 0; i < 66; i++) assert_true(hits[i].index == 3 * (i + 1) && hits[i].score == 2);
    assert_int_equal(hits[B - 1].index, 0);
    float rows[4] = {3, 4, 0, 0};
    knn_normalise(rows, 2, 2);
    assert_true(fabsf(rows[0] - 0.6f) < 1e-6f && fabsf(rows[1] - 0.8f) < 1e-6f && rows[2] == 0 &&
                rows[3] == 0);
}

static void blas_products(void **state)
{
    enum { M = 300, N = 33, K = 17 };
    static float a[M * K], b[N * K], c[M * N], d[M * N], want[M * N];
    (void)state;
    Pool *pool = pool_new(4, 0, NULL);
    rng_fill_normal(a, M * K, 1, RNG_TEST);
    rng_fill_normal(b, N * K, 2, RNG_TEST);
    for (GemmKind kind = GEMM_NN; kind <= GEMM_TN; kind++) {
        for (int i = 0; i < M * N; i++) c[i] = d[i] = want[i] = 1;
        for (int add = 0; add < 2; add++) {
            blas_gemm(c, a, b, M, N, K, kind, add, NULL);
            blas_gemm(d, a, b, M, N, K, kind, add, pool);
            gemm_naive(want, a, b, M, N, K, kind, add);
            assert_memory_equal(c, d, sizeof c);
            assert_true(worst_float_gap(c, want, M * N) < 1e-5);
        }
    }
    assert_true(strlen(blas_core()) > 0);
    pool_free(pool);
}

static void eigenvectors(void **state)
{
    enum { N = 9 };
    double a[N * N], values[N], vectors[N * N];
    Err err = {0};
    (void)state;
    for (int i = 0; i < N * N; i++)
        a[i] = 1.0 / (1 + i / N + i % N) + (i / N == i % N) * (i % 4); /* symmetric */
    assert_ok(blas_eigen(values, vectors, a, N, &err), err);
    for (int i = 0; i < N; i++) {
        const double *v = vectors + i * N;
        double top = 0, length = 0;
        for (int r = 0; r < N; r++) {
            double av = 0;
            for (int k = 0; k < N; k++) av += a[r * N + k] * v[k];
            assert_true(fabs(av - values[i] * v[r]) < 1e-10);
            length += v[r] * v[r];
            if (fabs(v[r]) > fabs(top)) top = v[r];
        }
        assert_true(top > 0 && fabs(length - 1) < 1e-12 && (i == 0 || values[i] <= values[i - 1]));
    }
    a[3] = NAN;
    assert_refused(blas_eigen(values, vectors, a, N, &err), err, ERR_NUMERIC, "not finite");
}

static void warps(void **state)
{
    enum { H = 5, W = 9, C = 2 };
    float x[C * H * W], y[C * H * W], big[C * 4 * H * W];
    (void)state;
    rng_fill_normal(x, C * H * W, 1, RNG_TEST);
    warp_affine(y, H, W, x, C, H, W, (float[6]){1, 0, 0, 0, 1, 0});
    for (int i = 0; i < C * H * W; i++) assert_true(fabsf(y[i] - x[i]) < 1e-5f);
    warp_affine(y, H, W, x, C, H, W, (float[6]){-1, 0, 0, 0, 1, 0}); /* mirrored */
    for (int i = 0; i < C * H * W; i++) assert_true(fabsf(y[i] - x[i / W * W + W - 1 - i % W]) < 1e-5f);
    warp_affine(big, 2 * H, 2 * W, x, 1, H, W, (float[6]){1, 0, 0, 0, 1, 0}); /* twice as large: quarters */
    assert_true(fabsf(big[0] - x[0]) < 1e-6f && fabsf(big[1] - (0.75f * x[0] + 0.25f * x[1])) < 1e-6f);
    warp_affine(y, H, W, x, C, H, W, (float[6]){0, 0, 50, 0, 0, -50}); /* far outside: the corner */
    for (int i = 0; i < C * H * W; i++) assert_true(y[i] == x[i / (H * W) * H * W + W - 1]);
    warp_affine(y, H, W, x, C, H, W, (float[6]){NAN, 0, 0, 0, INFINITY, 0}); /* reads nothing outside */
}

/* A picture turned by a right angle; the way for upright maps against the one for all, on more columns than a strip has. */
static void warps_that_turn(void **state)
{
    enum { N = 7, H = 3, W = 150, C = 2 };
    static float x[C * H * W], y[C * H * W], z[C * H * W];
    (void)state;
    rng_fill_normal(x, C * H * W, 1, RNG_TEST);
    warp_affine(y, N, N, x, C, N, N, (float[6]){0, 1, 0, -1, 0, 0});
    for (int k = 0; k < C; k++)
        for (int r = 0; r < N; r++)
            for (int c = 0; c < N; c++)
                assert_true(fabsf(y[(k * N + r) * N + c] - x[(k * N + N - 1 - c) * N + r]) < 1e-5f);
    warp_affine(y, H, W, x, C, H, W, (float[6]){0.7f, 0, 0.1f, 0, -0.8f, -0.2f});
    warp_affine(z, H, W, x, C, H, W, (float[6]){0.7f, 1e-30f, 0.1f, 1e-30f, -0.8f, -0.2f});
    assert_memory_equal(y, z, sizeof y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours),    cmocka_unit_test(oneself),      cmocka_unit_test(ties_and_nans),
        cmocka_unit_test(all_alike),     cmocka_unit_test(instruction_sets),
        cmocka_unit_test(blas_products), cmocka_unit_test(eigenvectors), cmocka_unit_test(warps),
        cmocka_unit_test(warps_that_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
