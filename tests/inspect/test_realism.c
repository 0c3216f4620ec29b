/* Realism against its definition by hand, neighbours in order, pieces, and the file that keeps it. */
#include "check.h"
#include "base/file.h"
#include "inspect/realism.h"
#include "learn/toy.h"
#include "model/tiny.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 90, QUERIES = 70, K = 4 };

static Dataset data;
static Encoder *encoder;
static float *real, *query; /* features (N,D), (QUERIES,D) */
static int D;

static int open_all(void **state)
{
    Err err = {0};
    (void)state;
    data = toy_dataset(N, 3, 8, 1, 1);
    Dataset other = toy_dataset(QUERIES, 3, 8, 1, 2);
    encoder = tiny_encoder(0, 3, &err);
    if (!encoder) return -1;
    D = encoder_features(&encoder->config);
    real = malloc((size_t)(N * D) * sizeof *real);
    query = malloc((size_t)(QUERIES * D) * sizeof *query);
    bool ok = encoder_features_of_bytes(real, NULL, encoder, data.px, N, NULL, &err) &&
              encoder_features_of_bytes(query, NULL, encoder, other.px, QUERIES, NULL, &err);
    toy_free(&other);
    return ok ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    toy_free(&data);
    encoder_drop(encoder);
    free(real);
    free(query);
    return 0;
}

static Realism *filled(int piece, const char *folder)
{
    Realism *r;
    Err err = {0};
    assert_ok(realism_new(&r, &data, encoder, folder, &err), err);
    assert_int_equal(realism_size(r), N);
    while (realism_filled(r) < N) assert_ok(realism_fill(r, piece, NULL, &err), err);
    return r;
}

static double distance(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < D; d++) sum += ((double)a[d] - (double)b[d]) * ((double)a[d] - (double)b[d]);
    return sqrt(sum);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distance of every real picture to its third nearest, and their median. */
static double radii_by_hand(double *radius)
{
    double all[N], sorted[N];
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) all[j] = distance(real + i * D, real + j * D);
        qsort(all, N, sizeof *all, by_value);
        radius[i] = sorted[i] = all[REALISM_K]; /* all[0] is itself */
    }
    qsort(sorted, N, sizeof *sorted, by_value);
    return sorted[(N - 1) / 2];
}

static void score_is_the_papers(void **state)
{
    (void)state;
    Err err = {0};
    double radius[N], median = radii_by_hand(radius);
    float score[QUERIES];
    Realism *r = filled(40, NULL);
    assert_ok(realism_score(score, NULL, 0, r, query, QUERIES, NULL, &err), err);
    for (int q = 0; q < QUERIES; q++) {
        double want = 0;
        for (int j = 0; j < N; j++)
            if (radius[j] <= median * (1 + 1e-9))
                want = fmax(want, radius[j] / distance(query + q * D, real + j * D));
        assert_true(fabs(want - (double)score[q]) < 1e-3 * want);
    }
    assert_ok(realism_score(score, NULL, 0, r, real, 8, NULL, &err), err);
    for (int i = 0; i < 8; i++)
        assert_true(score[i] >= 1 || radius[i] > median); /* a real picture is inside its ball */
    realism_drop(r);
}

/* The realism of each real picture among all others, and where a score stands among those. */
static void rank_is_the_share_of_less_real_ones(void **state)
{
    (void)state;
    double radius[N], median = radii_by_hand(radius), own[N];
    Realism *r = filled(40, NULL);
    for (int i = 0; i < N; i++) {
        own[i] = 0;
        for (int j = 0; j < N; j++)
            if (j != i && radius[j] <= median * (1 + 1e-9))
                own[i] = fmax(own[i], radius[j] / distance(real + i * D, real + j * D));
    }
    for (double score = 0.3; score < 3; score *= 1.21) {
        int below = 0;
        for (int i = 0; i < N; i++) below += own[i] < score;
        assert_true(fabs((double)realism_rank(r, (float)score) - below / (double)N) < 1.5 / N);
    }
    assert_true(realism_rank(r, 0) <= 0 && realism_rank(r, 1e9f) >= 1);
    assert_true(isnan(realism_rank(r, NAN)));
    realism_drop(r);
}

static void neighbours_are_the_nearest(void **state)
{
    (void)state;
    Err err = {0};
    Neighbour hit[K];
    Realism *r = filled(N, NULL);
    for (int i = 0; i < N; i += 13) {
        assert_ok(realism_score(NULL, hit, K, r, real + i * D, 1, NULL, &err), err);
        assert_int_equal(hit[0].index, i);
        assert_int_equal(hit[0].label, data.label[i]);
        assert_true(fabs(1 - (double)hit[0].score) < 1e-5);
        for (int k = 1; k < K; k++) assert_true(hit[k].score <= hit[k - 1].score);
        assert_memory_equal(realism_picture(r, i)->px, dataset_pixels(&data, i), dataset_item_bytes(&data));
    }
    assert_null(realism_picture(r, N));
    assert_null(realism_picture(r, -1));
    realism_drop(r);
}

static void pieces_and_company_change_nothing(void **state)
{
    (void)state;
    Err err = {0};
    float all[QUERIES], alone;
    Neighbour hits[QUERIES * K], hit[K];
    Realism *a = filled(7, NULL), *b = filled(N, NULL);
    assert_ok(realism_score(all, hits, K, a, query, QUERIES, NULL, &err), err);
    for (int q = 0; q < QUERIES; q += 23) {
        assert_ok(realism_score(&alone, hit, K, b, query + q * D, 1, NULL, &err), err);
        assert_memory_equal(&alone, &all[q], sizeof alone);
        assert_memory_equal(hit, hits + q * K, sizeof hit);
    }
    realism_drop(a);
    realism_drop(b);
}

static void kept_in_a_file(void **state)
{
    (void)state;
    Err err = {0};
    float want, got;
    char **name;
    char path[512];
    if (file_exists("kept")) assert_ok(file_remove_tree("kept", &err), err);
    Realism *a = filled(50, "kept"), *b;
    assert_ok(realism_new(&b, &data, encoder, "kept", &err), err);
    assert_int_equal(realism_filled(b), N); /* nothing was left to do */
    assert_ok(realism_score(&want, NULL, 0, a, query, 1, NULL, &err), err);
    assert_ok(realism_score(&got, NULL, 0, b, query, 1, NULL, &err), err);
    assert_memory_equal(&want, &got, sizeof want);
    realism_drop(a);
    realism_drop(b);
    assert_int_equal(file_list("kept", &name, &err), 1);
    snprintf(path, sizeof path, "kept/%s", name[0]);
    assert_ok(file_replace(path, "broken", 6, &err), err); /* a file that is not whole is made anew */
    assert_ok(realism_new(&b, &data, encoder, "kept", &err), err);
    assert_int_equal(realism_filled(b), 0);
    realism_drop(b);
    free(name);
}

static void refusals(void **state)
{
    (void)state;
    Err err = {0};
    Realism *r;
    Dataset few = data, other = toy_dataset(10, 2, 12, 1, 1);
    few.n = REALISM_K;
    assert_refused(realism_new(&r, &few, encoder, NULL, &err), err, ERR_USAGE, "only 3 pictures");
    assert_refused(realism_new(&r, &other, encoder, NULL, &err), err, ERR_USAGE, "12");
    toy_free(&other);
    assert_ok(realism_new(&r, &data, encoder, NULL, &err), err);
    float score;
    assert_refused(realism_score(&score, NULL, 0, r, query, 1, NULL, &err), err, ERR_USAGE, "0 pictures");
    realism_drop(r);
    realism_drop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(score_is_the_papers),
        cmocka_unit_test(rank_is_the_share_of_less_real_ones),
        cmocka_unit_test(neighbours_are_the_nearest),
        cmocka_unit_test(pieces_and_company_change_nothing),
        cmocka_unit_test(kept_in_a_file),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
