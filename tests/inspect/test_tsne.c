/* t-SNE: as low a divergence as scikit-learn's, neighbours kept better than by PCA, the same bits on any
 * threads. */
#include "base/rng.h"
#include "check.h"
#include "inspect/map.h"
#include "inspect/tsne.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Eight clouds of forty points in twelve dimensions, partly overlapping. */
/* scikit-learn 1.2.1: TSNE(2, perplexity=30, init="pca", method="exact", learning_rate="auto", n_iter=1000)
 * on these points (VIEWSMITH_DUMP writes them). */
#define REFERENCE 0.2929

enum { CLOUDS = 8, EACH = 40, N = CLOUDS * EACH, D = 12 };
static float x[N * D];

static int make_points(void **state)
{
    static float centre[CLOUDS * D];
    (void)state;
    rng_fill_normal(centre, CLOUDS * D, 5, RNG_TEST);
    rng_fill_normal(x, N * D, 6, RNG_TEST);
    for (int i = 0; i < N; i++)
        for (int d = 0; d < D; d++) x[i * D + d] += 1.5f * centre[i / EACH * D + d];
    if (getenv("VIEWSMITH_DUMP")) { /* for the reference below */
        FILE *f = fopen(getenv("VIEWSMITH_DUMP"), "wb");
        if (!f || fwrite(x, sizeof x, 1, f) != 1 || fclose(f)) return -1;
    }
    return 0;
}

static Tsne *settled(const TsneConfig *c, Pool *pool)
{
    Err err = {0};
    Tsne *t = tsne_new(x, N, D, c, pool, &err);
    assert_ok(t, err);
    while (!tsne_done(t)) tsne_step(t, pool);
    return t;
}

static void test_settles(void **state)
{
    (void)state;
    Err err = {0};
    Map m;
    float plane[2 * N];
    Tsne *t = settled(&tsne_defaults, NULL);
    double loss = tsne_loss(t, NULL), kept = map_kept(tsne_xy(t), x, N, D, 10, NULL);
    assert_ok(map_fit(&m, x, N, D, NULL, &err), err);
    map_place(plane, &m, x, N);
    double before = map_kept(plane, x, N, D, 10, NULL);
    map_free(&m);
    print_message("divergence %.4f, neighbours kept %.3f, by PCA %.3f\n", loss, kept, before);
    assert_true(loss < REFERENCE * 1.02);
    assert_true(kept > before + 0.2);
    tsne_free(t);
}

static void test_the_same_on_any_threads(void **state)
{
    (void)state;
    TsneConfig c = {20, 60};
    Pool *pool = pool_new(3, 0, NULL);
    Tsne *a = settled(&c, NULL), *b = settled(&c, pool);
    assert_memory_equal(tsne_xy(a), tsne_xy(b), 2 * N * sizeof(float));
    assert_int_equal(tsne_steps(a), 60);
    tsne_free(a);
    tsne_free(b);
    pool_free(pool);
}

static void test_refused(void **state)
{
    (void)state;
    Err err = {0};
    TsneConfig c = tsne_defaults;
    assert_refused(tsne_new(x, 9, D, &c, NULL, &err) != NULL, err, ERR_USAGE, "takes 10 to 4000");
    assert_refused(tsne_new(x, 60, D, &c, NULL, &err) != NULL, err, ERR_USAGE, "perplexity is 2 to 20");
    c.perplexity = NAN;
    assert_refused(tsne_new(x, N, D, &c, NULL, &err) != NULL, err, ERR_USAGE, "perplexity");
}

/* Points that are the same, and points that are all the same, make no NaN. */
static void test_equal_points(void **state)
{
    (void)state;
    Err err = {0};
    TsneConfig c = {5, 100};
    static float same[40 * 3];
    Tsne *t = tsne_new(same, 40, 3, &c, NULL, &err);
    assert_ok(t, err);
    while (!tsne_done(t)) tsne_step(t, NULL);
    for (int i = 0; i < 80; i++) assert_true(isfinite(tsne_xy(t)[i]));
    tsne_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settles),
        cmocka_unit_test(test_the_same_on_any_threads),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_equal_points),
    };
    return cmocka_run_group_tests(tests, make_points, NULL);
}
