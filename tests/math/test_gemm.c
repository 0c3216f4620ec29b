/* Our own matrix product against its naive twin. */
#include "gradcheck.h"
#include "math/gemm.h"

typedef struct {
    int M, N, K;
    GemmKind kind;
    bool accumulate;
    const float *a, *b;
    float *c;
    Pool *pool;
} Product;

static void *multiply(void *arg)
{
    Product *p = arg;
    size_t work = gemm_scratch(p->M, p->N, p->K), n = (size_t)p->M * p->N;
    float *scratch = floats(work);
    for (size_t i = 0; i < n; i++) p->c[i] = p->accumulate ? 0.5f : NAN;
    gemm(p->c, p->a, p->b, p->M, p->N, p->K, p->kind, p->accumulate, scratch, p->pool);
    free_floats(scratch, work);
    return NULL;
}

static void same_bits(Product *p, const float *want, Pool *const *pools)
{
    size_t bytes = (size_t)p->M * p->N * sizeof *want;
    for (int i = 0; i < 3; i++) {
        p->pool = pools[i];
        multiply(p);
        assert_memory_equal(p->c, want, bytes);
    }
    p->pool = NULL;
    float *wide = floats((size_t)p->M * p->N);
    in_fresh_thread("avx512", multiply, p);
    memcpy(wide, p->c, bytes);
    in_fresh_thread("avx2", multiply, p);
    assert_memory_equal(p->c, wide, bytes);
    in_fresh_thread("portable", multiply, p);
    assert_true(worst_float_gap(p->c, wide, (size_t)p->M * p->N) < 1e-5);
    free_floats(wide, (size_t)p->M * p->N);
}

/* Returns the largest gap to the twin. */
static double one_product(int M, int N, int K, GemmKind kind, bool accumulate, Pool *const *pools)
{
    size_t nc = (size_t)M * N, na = (size_t)M * K, nb = (size_t)N * K;
    float *a = floats(na), *b = floats(nb), *c = floats(nc), *twin = floats(nc), *first = floats(nc);
    Product p = {M, N, K, kind, accumulate, a, b, c, NULL};
    rng_fill_normal(a, na, 1, RNG_TEST);
    rng_fill_normal(b, nb, 2, RNG_TEST);
    multiply(&p);
    memcpy(first, c, nc * sizeof *c);
    for (size_t i = 0; i < nc; i++) twin[i] = 0.5f;
    gemm_naive(twin, a, b, M, N, K, kind, accumulate);
    double gap = worst_float_gap(c, twin, nc);
    same_bits(&p, first, pools);
    free_floats(a, na), free_floats(b, nb), free_floats(c, nc), free_floats(twin, nc), free_floats(first, nc);
    return gap;
}

static void products(void **state)
{
    static const int size[][3] = {{1, 1, 1},    {3, 5, 9},      {8, 48, 16},  {9, 49, 7},
                                  {7, 47, 300}, {130, 100, 33}, {5, 60, 4500}};
    double worst = 0;
    (void)state;
    Pool *pools[3] = {pool_new(1, 0, NULL), pool_new(2, 0, NULL), pool_new(4, 0, NULL)};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int code = 0; code < 6; code++) {
            double gap =
                one_product(size[i][0], size[i][1], size[i][2], (GemmKind)(code / 2), code % 2, pools);
            if (!(gap <= worst)) worst = gap;
        }
    print_message("gemm against its twin: %.1e\n", worst);
    assert_true(worst <= 1e-5);
    for (int i = 0; i < 3; i++) pool_free(pools[i]);
}

/* A row of the result does not depend on how many rows there are. */
static void the_batch_changes_no_bits(void **state)
{
    enum { M = 37, N = 70, K = 129 };
    static float a[M * K], b[N * K], all[M * N], one[N];
    float *scratch = floats(gemm_scratch(M, N, K));
    (void)state;
    rng_fill_normal(a, M * K, 1, RNG_TEST);
    rng_fill_normal(b, N * K, 2, RNG_TEST);
    gemm(all, a, b, M, N, K, GEMM_NT, false, scratch, NULL);
    for (int m = 0; m < M; m++) {
        gemm(one, a + m * K, b, 1, N, K, GEMM_NT, false, scratch, NULL);
        assert_memory_equal(one, all + m * N, sizeof one);
    }
    free_floats(scratch, gemm_scratch(M, N, K));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(the_batch_changes_no_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
