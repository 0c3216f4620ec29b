/* Neighbours through a run: every kept checkpoint answers as a bank of its own would, in order, and says so early. */
#include "check.h"
#include "engine/stage.h"
#include "engine/through.h"
#include "engine/train_job.h"
#include <string.h>

enum { REAL = 60 };

static Stage stage;
static RunInfo run;

static int open_stage(void **state)
{
    (void)state;
    Err err = {0};
    TrainConfig c = train_defaults();
    stage_open(&stage, "stage-through");
    snprintf(c.encoder, sizeof c.encoder, "tiny");
    c.pairs = 4;
    c.budget = (Budget){.steps = 24};
    Train *t = train_open(stage.w, &c, &err);
    assert_ok(t != NULL, err);
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    Job *job = train_start(t, (Bell){0}, &err);
    assert_true(job && job_wait(job, 120));
    assert_ok(job_result(job, &err), err);
    job_free(job);
    assert_ok(workspace_newest_run(&run, stage.w, &err), err);
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static ThroughNews *finish(Job *job)
{
    Err err = {0};
    assert_true(job_wait(job, 120));
    assert_ok(job_result(job, &err), err);
    ThroughNews *n = (ThroughNews *)job_news(job);
    assert_non_null(n);
    return n;
}

/* The nearest at one checkpoint, by the bank alone. */
static void expect_step(const ThroughNews *n, int i, const Image *picture)
{
    Err err = {0};
    Encoder *e;
    Bank *b;
    Dataset data;
    Neighbour want[THROUGH_K];
    float planes[3 * 64 * 64];
    Pool *pool = pool_new(1, 0, &err);
    assert_ok(history_encoder(&e, run.folder, n->at[i].step, &err), err);
    assert_ok(workspace_dataset(&data, stage.w, SPLIT_TRAIN, &err), err);
    assert_ok(bank_new(&b, &data, SPACE_ENCODER, e, &err) && bank_fill(b, REAL, pool, &err), err);
    image_to_planes(planes, picture);
    assert_ok(bank_nearest(want, b, METRIC_COSINE, planes, 1, THROUGH_K, pool, &err), err);
    for (int k = 0; k < THROUGH_K; k++) {
        assert_int_equal(want[k].index, n->at[i].hit[k].index);
        assert_true(n->at[i].hit[k].index < REAL && n->at[i].picture[k].px);
    }
    bank_drop(b);
    encoder_drop(e);
    dataset_close(&data);
    pool_free(pool);
}

static void test_every_checkpoint_answers(void **state)
{
    (void)state;
    Err err = {0};
    Dataset valid;
    Image picture;
    assert_ok(workspace_dataset(&valid, stage.w, SPLIT_VALID, &err), err);
    assert_ok(dataset_image(&picture, &valid, 3, &err), err);
    Job *job = through_start(stage.w, &run, &(ThroughQuery){.picture = &picture}, REAL, (Bell){0}, &err);
    assert_ok(job != NULL, err);
    ThroughNews *n = finish(job);
    assert_int_equal(n->n, 3);
    assert_int_equal(n->done, 3);
    assert_int_equal(n->at[2].step, 20);
    assert_int_equal(n->real, REAL);
    assert_int_equal(through_find(n, 19), 1);
    assert_true(through_class(n, n->at[0].hit[0].label)[0] && !through_class(n, -1)[0]);
    for (int i = 0; i < 3; i++) expect_step(n, i, &picture);
    news_drop(&n->news);
    job_free(job);
    image_free(&picture);
    dataset_close(&valid);
}

static void test_a_view_is_made_first(void **state)
{
    (void)state;
    Err err = {0};
    const Generator *g = stage.w->generator;
    ThroughQuery q = {.has_address = true, .address = address_of_seed(g->slug, g->digest, 5, 0, 1)};
    Job *job = through_start(stage.w, &run, &q, REAL, (Bell){0}, &err);
    assert_ok(job != NULL, err);
    ThroughNews *n = finish(job);
    assert_int_equal(n->query.w, g->config.size);
    assert_int_equal(n->done, 3);
    news_drop(&n->news);
    job_free(job);
}

static void test_a_run_without_checkpoints_is_refused(void **state)
{
    (void)state;
    Err err = {0};
    RunInfo bare = {.id = "0099", .folder = "nowhere"};
    ThroughQuery q = {.has_address = true};
    assert_null(through_start(stage.w, &bare, &q, REAL, (Bell){0}, &err));
    assert_non_null(strstr(err.msg, "0099"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_checkpoint_answers),
                                       cmocka_unit_test(test_a_view_is_made_first),
                                       cmocka_unit_test(test_a_run_without_checkpoints_is_refused)};
    return cmocka_run_group_tests_name("through", tests, open_stage, close_stage);
}
