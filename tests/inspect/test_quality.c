/* Quality: PRDC by brute force and on a published case, the Frechet distance where it is known, spread, and
 * the whole. */
#include "base/rng.h"
#include "check.h"
#include "inspect/quality.h"
#include "learn/toy.h"
#include "model/tiny.h"

#include <math.h>
#include <string.h>

static double distance(const float *a, const float *b, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += ((double)a[d] - (double)b[d]) * ((double)a[d] - (double)b[d]);
    return sum;
}

/* Distance of row i to its k-th neighbour among the others: the (k+1)-th smallest of all, as in prdc.py. */
static double radius(const float *x, int n, int D, int i, int k)
{
    double last = -1;
    for (int round = 0; round <= k; round++) {
        double next = INFINITY;
        for (int j = 0; j < n; j++) {
            double d = distance(x + i * D, x + j * D, D);
            if (d > last && d < next) next = d;
        }
        last = next;
    }
    return last;
}

static Prdc naive(const float *real, int n, const float *fake, int m, int D, int k)
{
    Prdc p = {0};
    for (int j = 0; j < m; j++) {
        int inside = 0;
        for (int i = 0; i < n; i++)
            inside += distance(fake + j * D, real + i * D, D) < radius(real, n, D, i, k);
        p.precision += (double)(inside > 0) / m;
        p.density += (double)inside / k / m;
    }
    for (int i = 0; i < n; i++) {
        bool recalled = false, covered = false;
        for (int j = 0; j < m; j++) {
            double d = distance(fake + j * D, real + i * D, D);
            recalled |= d < radius(fake, m, D, j, k);
            covered |= d < radius(real, n, D, i, k);
        }
        p.recall += (double)recalled / n;
        p.coverage += (double)covered / n;
    }
    return p;
}

static void same(Prdc a, Prdc b)
{
    assert_true(fabs(a.precision - b.precision) < 1e-9 && fabs(a.recall - b.recall) < 1e-9);
    assert_true(fabs(a.density - b.density) < 1e-9 && fabs(a.coverage - b.coverage) < 1e-9);
}

static void test_prdc_brute_force(void **state)
{
    enum { N = 90, M = 70, D = 4 };
    static float real[N * D], fake[M * D];
    Prdc p;
    Err err = {0};
    Pool *pool = pool_new(3, 0, NULL);
    (void)state;
    rng_fill_normal(real, N * D, 1, RNG_TEST);
    rng_fill_normal(fake, M * D, 2, RNG_TEST);
    for (int i = 0; i < M * D; i++) fake[i] = fake[i] * 0.7f + 0.9f;
    for (int k = 1; k <= 5; k += 2) {
        assert_ok(quality_prdc(&p, real, N, fake, M, D, k, pool, &err), err);
        same(p, naive(real, N, fake, M, D, k));
        if (!(p.precision > 0.1 && p.precision < 1 && p.recall > 0.1 && p.recall < 1))
            fail_msg("precision %g, recall %g: too easy to test anything", p.precision, p.recall);
    }
    for (int i = 0; i < N * D; i++) real[i] += 300; /* far from the origin the distances are the same */
    for (int i = 0; i < M * D; i++) fake[i] += 300;
    Prdc far;
    assert_ok(quality_prdc(&far, real, N, fake, M, D, 5, NULL, &err), err);
    assert_true(fabs(far.precision - p.precision) < 0.03 && fabs(far.coverage - p.coverage) < 0.03);
    assert_refused(quality_prdc(&p, real, 5, fake, M, D, 5, NULL, &err), err, ERR_USAGE,
                   "more than 5 images");
    pool_free(pool);
}

/* Every fake on one real image: precise and dense, but nothing is covered; far away: all 0. */
static void test_prdc_extremes(void **state)
{
    enum { N = 50, D = 3 };
    static float real[N * D], fake[N * D];
    Prdc p;
    Err err = {0};
    (void)state;
    rng_fill_normal(real, N * D, 1, RNG_TEST);
    for (int i = 0; i < N * D; i++) fake[i] = real[i % D] + 1e-4f * (float)i;
    assert_ok(quality_prdc(&p, real, N, fake, N, D, 3, NULL, &err), err);
    assert_true(p.precision == 1 && p.density >= 1.0 / 3 && p.coverage < 0.3 && p.recall < 0.1);
    for (int i = 0; i < N * D; i++) fake[i] += 1000;
    assert_ok(quality_prdc(&p, real, N, fake, N, D, 3, NULL, &err), err);
    assert_true(p.precision == 0 && p.recall == 0 && p.density == 0 && p.coverage == 0);
}

/* Two draws of one distribution: in the mean density is 1 and coverage 1 - 2^-k for n = m (Naeem et al. 2020,
 * section 3). */
static void test_prdc_same_distribution(void **state)
{
    enum { N = 300, D = 16, DRAWS = 40 };
    static float x[2 * N * D];
    Prdc sum = {0}, p;
    Err err = {0};
    (void)state;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        rng_fill_normal(x, 2 * N * D, seed, RNG_TEST);
        assert_ok(quality_prdc(&p, x, N, x + N * D, N, D, 5, NULL, &err), err);
        sum.precision += p.precision / DRAWS;
        sum.recall += p.recall / DRAWS;
        sum.density += p.density / DRAWS;
        sum.coverage += p.coverage / DRAWS;
    }
    if (fabs(sum.density - 1) > 0.04 || fabs(sum.coverage - 31.0 / 32) > 0.005 ||
        fabs(sum.precision - sum.recall) > 0.02)
        fail_msg("%g %g %g %g", sum.precision, sum.recall, sum.density, sum.coverage);
}

static void test_frechet(void **state)
{
    enum { N = 400, D = 6 };
    static float a[N * D], b[N * D];
    double got, expected = 0;
    Err err = {0};
    (void)state;
    rng_fill_normal(a, N * D, 1, RNG_TEST);
    assert_ok(quality_frechet(&got, a, N, a, N, D, NULL, &err), err);
    assert_true(fabs(got) < 1e-4);
    for (int i = 0; i < N * D; i++) b[i] = a[i] + (float)(i % D);
    assert_ok(quality_frechet(&got, a, N, b, N, D, NULL, &err), err);
    assert_true(fabs(got - 55) < 1e-3); /* 0 + 1 + 4 + ... + 25 */
    for (int i = 0; i < N * D; i++)
        b[i] = 3 * a[i]; /* B = 9 A: tr (A + 9A - 2 * 3A) = 4 tr A, and the mean gap 2 mu */
    for (int d = 0; d < D; d++) {
        double sum = 0, square = 0;
        for (int i = 0; i < N; i++)
            sum += (double)a[i * D + d], square += (double)a[i * D + d] * (double)a[i * D + d];
        expected += 4 * (square - sum * sum / N) / (N - 1) + 4 * (sum / N) * (sum / N);
    }
    assert_ok(quality_frechet(&got, a, N, b, N, D, NULL, &err), err);
    assert_true(fabs(got - expected) < 1e-3 * expected);
}

/* The same sums in plain loops; every subset is the whole when it has no more rows. */
static double naive_kernel(const float *a, const float *b, int n, int D, bool same)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double dot = 0;
            for (int d = 0; d < D; d++) dot += (double)a[i * D + d] * (double)b[j * D + d];
            if (!same || i != j) sum += pow(dot / D + 1, 3);
        }
    return sum / (same ? n * (n - 1.0) : (double)n * n);
}

static void test_kernel(void **state)
{
    enum { N = 60, D = 5, MANY = 4000 };
    static float a[N * D], b[N * D], x[MANY], y[MANY];
    double got, near;
    Err err = {0};
    (void)state;
    rng_fill_normal(a, N * D, 1, RNG_TEST);
    rng_fill_normal(b, N * D, 2, RNG_TEST);
    for (int i = 0; i < N * D; i++) b[i] = 0.5f + 1.5f * b[i];
    assert_ok(quality_kernel(&got, a, N, b, N, D, NULL, &err), err);
    double want =
        naive_kernel(a, a, N, D, true) + naive_kernel(b, b, N, D, true) - 2 * naive_kernel(a, b, N, D, false);
    assert_float_equal(got, want, 1e-5 * want);
    /* N(0,1) and N(1,1): E k = 1 + 3 E[x]E[y] + 3 E[x^2]E[y^2] + E[x^3]E[y^3] = 4, 32 and 7, so 4 + 32 - 14.
     */
    rng_fill_normal(x, MANY, 1, RNG_TEST);
    rng_fill_normal(y, MANY, 2, RNG_TEST);
    assert_ok(quality_kernel(&near, x, MANY, y, MANY, 1, NULL, &err), err);
    for (int i = 0; i < MANY; i++) y[i] += 1;
    assert_ok(quality_kernel(&got, x, MANY, y, MANY, 1, NULL, &err), err);
    if (fabs(got - 22) > 3 || fabs(near) > 0.05) fail_msg("kernel distance %g for 22, %g for 0", got, near);
    assert_refused(quality_kernel(&got, a, 1, b, N, D, NULL, &err), err, ERR_USAGE, "needs two images");
}

static void test_spread(void **state)
{
    enum { N = 300, D = 5 };
    static float a[N * D], b[N * D];
    static int label[N];
    double ratio[4];
    (void)state;
    rng_fill_normal(a, N * D, 1, RNG_TEST);
    for (int i = 0; i < N; i++) {
        label[i] = i % 3;
        for (int d = 0; d < D; d++) b[i * D + d] = a[i * D + d] * (label[i] == 1 ? 0.5f : 1.0f) + 4;
    }
    quality_spread(ratio, b, label, N, a, label, N, D, 4);
    assert_true(fabs(ratio[0] - 1) < 1e-5 && fabs(ratio[1] - 0.5) < 1e-5 && fabs(ratio[2] - 1) < 1e-5);
    assert_true(isnan(ratio[3]));
    quality_spread(ratio, a, label, N, a, label, N, D, 0);
    assert_true(ratio[0] == 1);
}

static bool stop_halfway(void *ctx, double share)
{
    double *last = ctx;
    assert_true(share >= *last);
    *last = share;
    return share < 0.6;
}

static void test_measure(void **state)
{
    Err err = {0};
    Generator *g = tiny_generator(3, 1, NULL, &err), *ten = tiny_generator(0, 1, NULL, &err);
    Encoder *judge = tiny_encoder(3, 2, &err), *none = tiny_encoder(0, 2, &err);
    Dataset real = toy_dataset(60, 3, 8, 1, 1), train = toy_dataset(300, 3, 8, 1, 2);
    QualityConfig c = {.samples = 90, .psi = 1, .seed = 4, .k = 3};
    Quality q, again;
    double last = 0;
    Pool *pool = pool_new(3, 0, NULL);
    (void)state;
    assert_ok(quality_measure(&q, &c, g, judge, &real, &train, NULL, NULL, NULL, &err), err);
    assert_true(q.classes == 3 && q.samples == 90 && q.real == 60 && q.class_agreement.value >= 0);
    double mean = (q.agreement[0] + q.agreement[1] + q.agreement[2]) / 3;
    assert_true(fabs(mean - q.class_agreement.value) < 1e-12); /* classes in turn: 30 each */
    assert_true(q.train.coverage > 0.6 && q.prdc.coverage < q.train.coverage && q.frechet > q.frechet_train &&
                q.kernel > q.kernel_train && q.features == encoder_features(&judge->config));
    assert_ok(quality_measure(&again, &c, g, judge, &real, &train, NULL, NULL, pool, &err), err);
    assert_true(q.frechet == again.frechet && q.prdc.density == again.prdc.density &&
                q.min_spread == again.min_spread);
    quality_free(&q);
    quality_free(&again);
    assert_refused(quality_measure(&q, &c, g, none, &real, &train, NULL, NULL, NULL, &err), err, ERR_USAGE,
                   "no judge");
    assert_refused(quality_measure(&q, &c, g, judge, &real, &train, stop_halfway, &last, NULL, &err), err,
                   ERR_CANCELLED, "stopped");
    assert_ok((err = (Err){0}, quality_measure(&q, &c, ten, judge, &real, &train, NULL, NULL, NULL, &err)),
              err);
    assert_true(isnan(q.class_agreement.value) && q.classes == 1);
    quality_free(&q);
    pool_free(pool);
    generator_drop(g);
    generator_drop(ten);
    encoder_drop(judge);
    encoder_drop(none);
    toy_free(&real);
    toy_free(&train);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prdc_brute_force),
        cmocka_unit_test(test_prdc_extremes),
        cmocka_unit_test(test_prdc_same_distribution),
        cmocka_unit_test(test_frechet),
        cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_measure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
