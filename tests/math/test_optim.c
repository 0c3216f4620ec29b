/* Optimiser steps against their formulas in double, and the schedule. */
#include "gradcheck.h"
#include "math/optim.h"

enum { N = 40003 };

static float w[N], m[N], v[N], g[N], w2[N], m2[N], v2[N];

static void start(void)
{
    rng_fill_normal(w, N, 1, RNG_TEST);
    rng_fill_normal(g, N, 2, RNG_TEST);
    memset(m, 0, sizeof m);
    memset(v, 0, sizeof v);
    memcpy(w2, w, sizeof w);
    memset(m2, 0, sizeof m2);
    memset(v2, 0, sizeof v2);
}

static void sgd(void **state)
{
    double want = 0, momentum = 0;
    (void)state;
    Pool *pool = pool_new(4, 0, NULL);
    start();
    want = w[N - 1];
    for (int t = 0; t < 5; t++) {
        momentum = 0.9 * momentum + (g[N - 1] + 0.01 * want);
        want -= 0.1 * momentum;
        sgd_step(w, m, g, N, 0.1f, 0.9f, 0.01f, NULL);
        sgd_step(w2, m2, g, N, 0.1f, 0.9f, 0.01f, pool);
    }
    assert_true(fabs(w[N - 1] - want) < 1e-6);
    assert_memory_equal(w, w2, sizeof w);
    assert_memory_equal(m, m2, sizeof m);
    pool_free(pool);
}

static void adam(void **state)
{
    double want, a = 0, b = 0;
    (void)state;
    Pool *pool = pool_new(3, 0, NULL);
    start();
    want = w[N - 1];
    for (int t = 1; t <= 7; t++) {
        for (int i = 0; i < N && t > 1; i++) g[i] = g[i] / (float)(t - 1) * (float)t;
        double gradient = g[N - 1];
        a = 0.5 * a + 0.5 * gradient;
        b = 0.99 * b + 0.01 * gradient * gradient;
        want -= 0.02 * 0.1 * want;
        want -= 0.02 * (a / (1 - pow(0.5, t))) / (sqrt(b / (1 - pow(0.99, t))) + 1e-8);
        adam_step(w, m, v, g, N, 0.02f, 0.5f, 0.99f, 1e-8f, 0.1f, t, NULL);
        adam_step(w2, m2, v2, g, N, 0.02f, 0.5f, 0.99f, 1e-8f, 0.1f, t, pool);
    }
    assert_true(fabs(w[N - 1] - want) < 1e-6);
    assert_memory_equal(w, w2, sizeof w);
    assert_memory_equal(v, v2, sizeof v);
    pool_free(pool);
}

static void average(void **state)
{
    (void)state;
    start();
    ema_step(w, g, N, 0.75f, NULL);
    for (int i = 0; i < N; i++) assert_true(w[i] == w2[i] * 0.75f + g[i] * 0.25f);
}

static void *one_of_each(void *unused)
{
    (void)unused;
    start();
    sgd_step(w, m, g, N, 0.1f, 0.9f, 0.01f, NULL);
    adam_step(w, m, v, g, N, 0.02f, 0.5f, 0.99f, 1e-8f, 0.1f, 3, NULL);
    ema_step(w, g, N, 0.9f, NULL);
    return NULL;
}

static void the_same_on_every_isa(void **state)
{
    static const char *const isas[] = {"avx2", "portable"};
    static float keep[N];
    (void)state;
    in_fresh_thread("avx512", one_of_each, NULL);
    memcpy(keep, w, sizeof w);
    for (int i = 0; i < 2; i++) {
        in_fresh_thread(isas[i], one_of_each, NULL);
        assert_memory_equal(keep, w, sizeof w);
    }
}

static void schedule(void **state)
{
    float before = 1;
    (void)state;
    assert_true(schedule_cosine(0, 100, 10, 0.5f, 0) == 0.05f);
    assert_true(schedule_cosine(9, 100, 10, 0.5f, 0) == 0.5f);
    assert_true(schedule_cosine(10, 100, 10, 0.5f, 0) == 0.5f);
    assert_true(fabsf(schedule_cosine(55, 100, 10, 0.5f, 0.1f) - 0.3f) < 1e-6f);
    assert_true(schedule_cosine(100, 100, 10, 0.5f, 0.1f) == 0.1f);
    assert_true(schedule_cosine(1000, 100, 10, 0.5f, 0.1f) == 0.1f);
    assert_true(schedule_cosine(0, 100, 0, 0.5f, 0.1f) == 0.5f);
    for (long t = 10; t < 100; t++) {
        float now = schedule_cosine(t, 100, 10, 0.5f, 0.1f);
        assert_true(now <= before &&
                    fabs(now - (0.1 + 0.2 * (1 + cos(3.14159265358979 * (double)(t - 10) / 90)))) < 1e-6);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd),      cmocka_unit_test(adam),
        cmocka_unit_test(average),  cmocka_unit_test(the_same_on_every_isa),
        cmocka_unit_test(schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
