/* Meters against their definitions by brute force, and on embeddings whose health is known. */
#include "base/rng.h"
#include "check.h"
#include "learn/meters.h"
#include "math/knn.h"

#include <math.h>

enum { N = 150, D = 12 };

static void unit_rows(float *f, uint64_t seed)
{
    rng_fill_normal(f, 2 * N * D, seed, RNG_TEST);
    knn_normalise(f, 2 * N, D);
}

static double gap(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += ((double)a[d] - (double)b[d]) * ((double)a[d] - (double)b[d]);
    return sum;
}

static void test_alignment_and_uniformity(void **state)
{
    static float f[2 * N * D];
    double align = 0, kernel = 0, got;
    Err err = {0};
    (void)state;
    unit_rows(f, 1);
    for (int i = 0; i < N; i++) align += gap(f + i * D, f + (i + N) * D) / N;
    for (int i = 0; i < 2 * N; i++)
        for (int j = i + 1; j < 2 * N; j++) kernel += exp(-2 * gap(f + i * D, f + j * D));
    assert_true(fabs(meter_alignment(f, N, D) - align) < 1e-9);
    assert_ok(meter_uniformity(&got, f, 2 * N, D, NULL, &err), err);
    assert_true(fabs(got - log(kernel / (N * (2 * N - 1)))) < 1e-5);
}

static void test_rank(void **state)
{
    static float f[2 * N * D];
    double got;
    Err err = {0};
    (void)state;
    for (int i = 0; i < 2 * N * D; i++) f[i] = 0;
    for (int i = 0; i < 2 * N; i++) f[i * D + i % 5] = 3; /* five equal singular values */
    assert_ok(meter_rank(&got, f, 2 * N, D, NULL, &err), err);
    assert_true(fabs(got - 5) < 1e-3);
    for (int i = 0; i < 2 * N; i++) /* collapsed to one direction */
        for (int d = 0; d < D; d++) f[i * D + d] = (float)(i + 1) * 0.01f;
    assert_ok(meter_rank(&got, f, 2 * N, D, NULL, &err), err);
    assert_true(got < 1.02);
}

static void test_spread_and_all(void **state)
{
    static float f[2 * N * D];
    Health m;
    Err err = {0};
    (void)state;
    unit_rows(f, 2);
    assert_true(fabs(meter_spread(f, 2 * N, D) - 1) < 0.02); /* even over the sphere */
    for (int i = 0; i < N * D; i++) f[i] *= 5; /* lengths do not matter to the projection's meters */
    assert_ok(meters_take(&m, f, N, D, f, D, NULL, &err), err);
    assert_true(fabs(m.spread - 1) < 0.02 && m.rank > 11 && m.uniformity < -3 && fabs(m.alignment - 2) < 0.2);
    for (int i = 0; i < 2 * N; i++)
        for (int d = 0; d < D; d++) f[i * D + d] = d == 0;
    assert_ok(meters_take(&m, f, N, D, f, D, NULL, &err), err);
    assert_true(m.spread < 1e-6 && m.alignment < 1e-9 && fabs(m.uniformity) < 1e-6 && m.rank < 1.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment_and_uniformity),
        cmocka_unit_test(test_rank),
        cmocka_unit_test(test_spread_and_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
