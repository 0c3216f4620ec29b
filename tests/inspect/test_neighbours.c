/* Banks: exact neighbours by brute force in every space, filling piece by piece, and the map. */
#include "check.h"
#include "inspect/map.h"
#include "inspect/neighbours.h"
#include "learn/toy.h"
#include "model/tiny.h"

#include <math.h>
#include <string.h>

static Dataset data;
static Encoder *encoder;

static int open_all(void **state)
{
    Err err = {0};
    (void)state;
    data = toy_dataset(80, 4, 8, 1, 1);
    encoder = tiny_encoder(0, 3, &err);
    return encoder ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    toy_free(&data);
    encoder_drop(encoder);
    return 0;
}

static Bank *filled(Space space, int piece, Pool *pool)
{
    Bank *b = NULL;
    Err err = {0};
    assert_ok(bank_new(&b, &data, space, space == SPACE_PIXELS ? NULL : encoder, &err), err);
    while (bank_filled(b) < bank_size(b)) assert_ok(bank_fill(b, piece, pool, &err), err);
    return b;
}

static double cosine(const float *a, const float *b, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += (double)a[d] * (double)b[d];
    return sum;
}

static void expect_nearest(const Bank *b, const float *row, const Neighbour *got, int k, int skip)
{
    int D = bank_dim(b);
    for (int i = 0; i < k; i++) {
        assert_true(fabs(cosine(row, bank_embedding(b) + got[i].index * D, D) - (double)got[i].score) < 1e-5);
        assert_int_equal(got[i].label, data.label[got[i].index]);
        assert_true(got[i].index != skip && (i == 0 || got[i].score <= got[i - 1].score));
    }
    int nearer = 0;
    for (int j = 0; j < bank_size(b); j++)
        nearer += j != skip && cosine(row, bank_embedding(b) + j * D, D) > (double)got[k - 1].score + 1e-5;
    assert_true(nearer < k);
}

static void test_nearest(void **state)
{
    float picture[64], row[128];
    Neighbour got[6];
    int index = 17;
    Err err = {0};
    Pool *pool = pool_new(3, 0, NULL);
    (void)state;
    for (int s = SPACE_ENCODER; s <= SPACE_UNTRAINED; s++) {
        Bank *b = filled((Space)s, 33, NULL), *other = filled((Space)s, 80, pool);
        assert_true(bank_space(b) == (Space)s && bank_dim(b) == 64);
        assert_memory_equal(bank_embedding(b), bank_embedding(other), 80 * 64 * sizeof(float));
        image_bytes_to_float(picture, dataset_pixels(&data, 17), 64);
        assert_ok(bank_nearest(got, b, METRIC_COSINE, picture, 1, 6, pool, &err), err);
        assert_true(got[0].index == 17 && fabsf(got[0].score - 1) < 1e-5f);
        assert_ok(bank_embed(row, NULL, b, picture, 1, NULL, &err), err);
        expect_nearest(b, row, got, 6, -1);
        assert_ok(bank_nearest_of(got, b, METRIC_COSINE, &index, 1, 6, NULL, &err), err);
        expect_nearest(b, row, got, 6, 17);
        bank_drop(b);
        bank_drop(other);
    }
    pool_free(pool);
}

/* The same by brute force over pixels less their mean, in one piece of rows and in several. */
static void test_metrics(void **state)
{
    enum { N = 5000, K = 7, D = 16 };
    static float x[N][D];
    static double mean[D];
    Dataset many = toy_dataset(N, 4, 4, 1, 2);
    Neighbour got[2 * K];
    Bank *b;
    Err err = {0};
    (void)state;
    for (int i = 0; i < N; i++) image_bytes_to_float(x[i], dataset_pixels(&many, i), D);
    for (int d = 0; d < D; d++)
        for (int i = 0; i < N; i++) mean[d] += (double)x[i][d] / N;
    for (int n = 80; n <= N; n += N - 80) {
        int index[2] = {3, n - 1};
        Dataset some = many;
        some.n = n;
        for (int d = 0; d < D; d++) mean[d] = 0;
        for (int i = 0; i < n; i++)
            for (int d = 0; d < D; d++) mean[d] += (double)x[i][d] / n;
        assert_ok(bank_new(&b, &some, SPACE_PIXELS, NULL, &err) && bank_fill(b, n, NULL, &err), err);
        for (int m = METRIC_EUCLID; m <= METRIC_DOT; m++) {
            assert_ok(bank_nearest_of(got, b, (Metric)m, index, 2, K, NULL, &err), err);
            for (int q = 0; q < 2; q++) {
                int nearer = 0;
                for (int i = 0; i < n; i++) {
                    double dot = 0, far = 0;
                    for (int d = 0; d < D; d++) {
                        double u = (double)x[index[q]][d] - mean[d], v = (double)x[i][d] - mean[d];
                        dot += u * v;
                        far += (u - v) * (u - v);
                    }
                    float score = (float)(m == METRIC_DOT ? dot : sqrt(far));
                    for (int k = 0; k < K; k++)
                        if (got[q * K + k].index == i)
                            assert_true(fabsf(got[q * K + k].score - score) < 1e-4f);
                    float least = got[q * K + K - 1].score, slack = m == METRIC_DOT ? 1e-4f : -1e-4f;
                    nearer += i != index[q] && metric_nearer((Metric)m, score, least + slack);
                }
                assert_true(nearer < K && got[q * K].index != index[q]);
            }
        }
        image_bytes_to_float(&x[0][0], dataset_pixels(&many, 0), D);
        assert_ok(bank_nearest(got, b, METRIC_EUCLID, x[0], 1, 1, NULL, &err), err);
        assert_true(got[0].index == 0 && got[0].score < 1e-3f);
        bank_drop(b);
    }
    Metric m;
    assert_true(metric_named(&m, "euclid", &err) && m == METRIC_EUCLID);
    assert_refused(metric_named(&m, "far", &err), err, ERR_USAGE, "there are cosine, euclid and dot");
    toy_free(&many);
}

static void test_refused_and_kept(void **state)
{
    Bank *b = NULL;
    Neighbour got[4];
    float picture[64] = {0};
    int far = 90;
    Err err = {0};
    Space s;
    Dataset wide = toy_dataset(8, 4, 9, 1, 1);
    (void)state;
    assert_refused(bank_new(&b, &data, SPACE_PIXELS, encoder, &err), err, ERR_USAGE,
                   "pixels needs no encoder");
    assert_refused(bank_new(&b, &data, SPACE_ENCODER, NULL, &err), err, ERR_USAGE,
                   "encoder needs an encoder");
    assert_refused(bank_new(&b, &wide, SPACE_ENCODER, encoder, &err), err, ERR_USAGE, "takes 8x8");
    err = (Err){0};
    assert_ok(bank_new(&b, &data, SPACE_ENCODER, encoder, &err), err);
    assert_ok(bank_fill(b, 3, NULL, &err), err);
    assert_refused(bank_nearest(got, b, METRIC_COSINE, picture, 1, 4, NULL, &err), err, ERR_USAGE,
                   "4 of 3 images");
    assert_refused(bank_nearest_of(got, b, METRIC_COSINE, &far, 1, 2, NULL, &err), err, ERR_USAGE,
                   "no image 90");
    Bank *kept = bank_keep(b);
    bank_drop(b);
    assert_true(bank_filled(kept) == 3 && bank_encoder(kept) == encoder && bank_dataset(kept) == &data);
    bank_drop(kept);
    for (int i = SPACE_ENCODER; i <= SPACE_UNTRAINED; i++)
        assert_true((err = (Err){0}, space_named(&s, space_name((Space)i), &err)) && s == (Space)i);
    assert_refused(space_named(&s, "latent", &err), err, ERR_USAGE,
                   "there are encoder, pixels and untrained");
    toy_free(&wide);
}

/* Points on a stretched, turned plane in 5 dimensions: the map finds the plane, the long side first. */
static void test_map(void **state)
{
    enum { N = 500, D = 5 };
    static float x[N * D], z[N * 2];
    Map m;
    float xy[2], far[D];
    Err err = {0};
    (void)state;
    rng_fill_normal(z, N * 2, 1, RNG_TEST);
    for (int i = 0; i < N; i++) {
        float a = 4 * z[2 * i], b = z[2 * i + 1];
        float row[D] = {0.6f * a + 0.8f * b + 10, 0.8f * a - 0.6f * b, -3, 0, 1};
        memcpy(x + i * D, row, sizeof row);
    }
    assert_ok(map_fit(&m, x, N, D, NULL, &err), err);
    assert_true(m.share[0] > 0.9 && fabs(m.share[0] + m.share[1] - 1) < 1e-4);
    assert_true(fabsf(fabsf(m.axis[0]) - 0.6f) < 0.02f && fabsf(fabsf(m.axis[1]) - 0.8f) < 0.02f);
    for (int i = 0; i < N; i++) {
        map_place(xy, &m, x + i * D, 1);
        assert_true(xy[0] >= m.low[0] && xy[0] <= m.high[0] && xy[1] >= m.low[1] && xy[1] <= m.high[1]);
    }
    for (int d = 0; d < D; d++) far[d] = m.mean[d] + 2 * m.axis[D + d];
    map_place(xy, &m, far, 1);
    assert_true(fabsf(xy[0]) < 1e-4f && fabsf(xy[1] - 2) < 1e-4f);
    map_free(&m);
    assert_refused(map_fit(&m, x, 2, D, NULL, &err), err, ERR_USAGE, "at least 3 images");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_refused_and_kept),
        cmocka_unit_test(test_map),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
