/* Probes on data whose answer is known: intervals, votes, separable classes, banks, and a frozen encoder. */
#include "base/rng.h"
#include "check.h"
#include "learn/bootstrap.h"
#include "learn/classify.h"
#include "learn/probe.h"
#include "learn/toy.h"
#include "model/tiny.h"

#include <math.h>
#include <string.h>

static void test_figure(void **state)
{
    (void)state;
    Figure f = figure_of(8, 10); /* Wilson, 95 %: Agresti & Coull 1998 */
    assert_true(f.value == 0.8 && fabs(f.low - 0.4901625) < 1e-6 && fabs(f.high - 0.9433178) < 1e-6);
    f = figure_of(0, 20);
    assert_true(f.value == 0 && f.low == 0 && fabs(f.high - 0.1611252) < 1e-6);
    assert_true(figure_of(20, 20).high == 1 && isnan(figure_of(0, 0).value));
}

/* Gaussian blobs around class corners, `gap` apart. */
static void blobs(float *x, int *label, int n, int D, int classes, float gap, uint64_t seed)
{
    rng_fill_normal(x, (size_t)n * (size_t)D, seed, RNG_TEST);
    for (int i = 0; i < n; i++) {
        label[i] = i % classes;
        x[i * D + label[i]] += gap;
    }
}

static void test_separable(void **state)
{
    enum { N = 1500, M = 300, D = 8, C = 4 };
    static float train[N * D], held[M * D];
    static int a[N], b[M], guess[M], again[M];
    ProbeSet t = {train, a, N}, h = {held, b, M};
    Figure f, g;
    Err err = {0};
    Pool *pool = pool_new(3, 0, NULL);
    (void)state;
    blobs(train, a, N, D, C, 9, 1);
    blobs(held, b, M, D, C, 9, 2);
    assert_ok(probe_knn(&f, NULL, &t, &h, D, C, NULL, &err), err);
    assert_true(f.value > 0.99);
    assert_ok(probe_linear(&f, guess, &t, &h, D, C, 200, 5, NULL, &err), err);
    assert_true(f.value > 0.99);
    assert_ok(probe_linear(&g, again, &t, &h, D, C, 200, 5, pool, &err), err);
    assert_true(f.value == g.value && !memcmp(guess, again, sizeof guess));
    for (int i = 0; i < N; i++) a[i] = (i * 7919) % 11 % C; /* labels that say nothing */
    assert_ok(probe_linear(&f, NULL, &t, &h, D, C, 200, 5, NULL, &err), err);
    assert_true(f.value < 0.5);
    pool_free(pool);
}

/* Two near neighbours of class 1 outvote eighteen far ones of class 0. */
static void test_weighted_vote(void **state)
{
    float train[20][2], held[2] = {1, 0};
    int label[20] = {[5] = 1, [12] = 1}, truth = 1;
    ProbeSet t = {&train[0][0], label, 20}, h = {held, &truth, 1};
    Figure f;
    Err err = {0};
    (void)state;
    for (int i = 0; i < 20; i++) {
        train[i][0] = label[i] ? 3.0f : 0.8f;
        train[i][1] = label[i] ? 0.0f : 0.6f;
    }
    assert_ok(probe_knn(&f, NULL, &t, &h, 2, 2, NULL, &err), err); /* 2 against 18 exp(-0.2 / 0.07) = 1.03 */
    assert_true(f.value == 1);
    for (int i = 0; i < 20; i++)
        if (!label[i]) train[i][0] = 3, train[i][1] = 0.5f; /* nearly as near: now they win */
    assert_ok(probe_knn(&f, NULL, &t, &h, 2, 2, NULL, &err), err);
    assert_true(f.value == 0);
}

static void test_encoder(void **state)
{
    Dataset train = toy_dataset(400, 3, 8, 1, 1), held = toy_dataset(150, 3, 8, 1, 2),
            wide = toy_dataset(9, 3, 9, 1, 3);
    Err err = {0}, bad = {0};
    Encoder *e = tiny_encoder(0, 1, &err);
    ProbeConfig c = {.train = 200, .held = 100, .updates = 100};
    ProbeResult r, s;
    (void)state;
    assert_non_null(e);
    assert_ok(probe_encoder(&r, e, &train, &held, &c, NULL, &err), err);
    assert_true(r.frozen && r.train == 200 && r.held == 100);
    assert_string_equal(r.digest, e->digest);
    assert_true(r.linear.value > 0.9 && r.linear.low < r.linear.value &&
                r.linear.high > r.linear.value - 1e-12);
    assert_ok(probe_encoder(&s, e, &train, &held, &c, NULL, &err), err);
    assert_true(r.linear.value == s.linear.value && r.knn.value == s.knn.value && r.rank == s.rank);
    assert_false(probe_encoder(&r, e, &wide, &wide, &c, NULL, &bad));
    assert_non_null(strstr(bad.msg, "takes 8x8 pictures of 1 channels, toy has 9x9 of 1"));
    encoder_drop(e);
    toy_free(&train);
    toy_free(&held);
    toy_free(&wide);
}

/* The interval of a share is near Wilson's, that of a difference narrower than two unpaired ones; seeds
 * decide. */
static void test_bootstrap(void **state)
{
    enum { N = 1000 };
    signed char a[N], b[N], gain[N];
    (void)state;
    for (int i = 0; i < N; i++) {
        a[i] = i % 10 < 8;
        b[i] = i % 10 < 8 && i % 50; /* right wherever a is, but for 20 */
        gain[i] = (signed char)(a[i] - b[i]);
    }
    Figure f = bootstrap_mean(a, N, 3), w = figure_of(800, N), d = bootstrap_mean(gain, N, 3),
           g = bootstrap_mean(a, N, 3);
    assert_true(f.value == w.value && fabs(f.low - w.low) < 0.004 && fabs(f.high - w.high) < 0.004);
    assert_true(f.low == g.low && f.high == g.high && f.low != bootstrap_mean(a, N, 4).low);
    assert_true(fabs(d.value - 0.02) < 1e-12 && d.low > 0.01 && d.high < 0.03);
    assert_true(isnan(bootstrap_mean(a, 0, 1).value));
}

/* Probes from few labels: better with more of them, an interval over draws, and the images that a training
 * with the same seed would be given. */
static void test_few_labels(void **state)
{
    Dataset train = toy_dataset(400, 3, 8, 1, 1), held = toy_dataset(150, 3, 8, 1, 2);
    Err err = {0};
    Encoder *e = tiny_encoder(3, 1, &err);
    ProbeConfig c = {.updates = 100, .few = {1, 20}, .draws = 4, .seed = 6};
    ProbeResult r;
    ProbeHits hits;
    ProbeBank *b;
    (void)state;
    for (int i = 0; i < train.n; i += 3)
        train.label[i] = (train.label[i] + i / 3) % 3; /* two of nine are wrong: few mislead */
    assert_ok(probe_bank(&b, &train, &held, &c, &err) && probe_run_hits(&r, &hits, e, b, NULL, &err), err);
    assert_true(r.few[0].each == 1 && r.few[1].each == 20 && r.few[1].draws == 4 && !r.few[2].each);
    assert_true(r.few[0].linear.value < r.few[1].linear.value);
    assert_true(r.few[0].linear.low < r.few[0].linear.value && r.few[0].draw[0] != r.few[0].draw[1]);
    long linear = 0, knn = 0;
    for (int i = 0; i < hits.n; i++) linear += hits.linear[i], knn += hits.knn[i];
    assert_true(hits.n == 150 && figure_of(linear, 150).value == r.linear.value &&
                figure_of(knn, 150).value == r.knn.value);
    Figure own;
    assert_ok(classify_accuracy(&own, NULL, e, &held, NULL, &err), err);
    assert_true(r.classifier.value == own.value);
    probe_hits_free(&hits);
    probe_bank_free(b);
    encoder_drop(e);
    toy_free(&train), toy_free(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figure),        cmocka_unit_test(test_separable),
        cmocka_unit_test(test_weighted_vote), cmocka_unit_test(test_encoder),
        cmocka_unit_test(test_bootstrap),     cmocka_unit_test(test_few_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
