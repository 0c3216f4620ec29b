/* Supervised training: it learns, goes on bit for bit after a resume, and its accuracy is what a count says.
 */
#include "check.h"
#include "learn/classify.h"
#include "learn/toy.h"

#include <string.h>

static ClassifyConfig tiny(uint64_t steps)
{
    ClassifyConfig c = classify_defaults();
    snprintf(c.encoder, sizeof c.encoder, "tiny");
    c.batch = 32;
    c.budget = (Budget){.steps = steps};
    return c;
}

static Encoder *run_with(const Dataset *data, uint64_t steps, uint64_t cut, Pool *pool)
{
    ClassifyConfig c = tiny(steps);
    Classifier *t = NULL;
    ClassifyMetrics m = {0};
    Encoder *e = NULL;
    Err err = {0};
    assert_ok(classifier_new(&t, &c, data, pool, &err), err);
    while (!classifier_done(t)) {
        if (m.images && m.step + 1 == cut) {
            assert_ok(classifier_save(t, "judge.safetensors", &err), err);
            classifier_free(t);
            assert_ok(classifier_resume(&t, "judge.safetensors", data, pool, NULL, 0, &err), err);
        }
        assert_ok(classifier_step(t, &m, &err), err);
    }
    assert_ok(classifier_encoder(&e, t, "judge", NULL, &err), err);
    classifier_free(t);
    return e;
}

static void test_learns_and_resumes(void **state)
{
    Dataset train = toy_dataset(300, 4, 8, 1, 1), held = toy_dataset(100, 4, 8, 1, 2);
    Figure f;
    Err err = {0};
    int guess[100];
    long hits = 0;
    Pool *pool = pool_new(3, 0, NULL);
    (void)state;
    Encoder *whole = run_with(&train, 40, 99, NULL), *cut = run_with(&train, 40, 13, pool);
    assert_string_equal(whole->digest, cut->digest);
    assert_ok(classify_accuracy(&f, guess, whole, &held, NULL, &err), err);
    for (int i = 0; i < 100; i++) hits += guess[i] == held.label[i];
    assert_true(f.value == (double)hits / 100 && f.value > 0.9);
    encoder_drop(whole);
    encoder_drop(cut);
    pool_free(pool);
    toy_free(&train);
    toy_free(&held);
}

static void test_refused(void **state)
{
    Dataset three = toy_dataset(30, 3, 8, 1, 1), four = toy_dataset(32, 4, 8, 1, 1);
    Encoder *e = run_with(&three, 2, 99, NULL);
    Figure f;
    Err err = {0}, other = {0};
    Classifier *t = NULL;
    ClassifyConfig c = tiny(3);
    (void)state;
    assert_false(classify_accuracy(&f, NULL, e, &four, NULL, &err));
    assert_non_null(strstr(err.msg, "knows 3 classes, toy has 4"));
    c.batch = 1;
    assert_false(classifier_new(&t, &c, &three, NULL, &other));
    assert_non_null(strstr(other.msg, "batch must be 2 to 8192"));
    encoder_drop(e);
    toy_free(&three);
    toy_free(&four);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_and_resumes),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
