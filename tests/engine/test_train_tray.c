/* A run with a share from the tray: its folder keeps the views, so that it resumes to the same weights when
 * the tray has been emptied; runs without a tray, without views in it, and without its file are refused in
 * one sentence. */
#include "check.h"
#include "engine/stage.h"
#include "engine/train_job.h"
#include <unistd.h>

static Stage stage;

static TrainConfig tiny(void)
{
    TrainConfig c = train_defaults();
    snprintf(c.encoder, sizeof c.encoder, "tiny");
    c.pairs = 8;
    c.budget = (Budget){.steps = 6};
    c.seed = 3;
    return c;
}

static Tray *fill(void)
{
    Err err = {0};
    Tray *t;
    const Generator *g = stage.w->generator;
    assert_ok(tray_open(&t, "stage/tray.sqlite", &err), err);
    for (uint64_t i = 0; i < 3; i++) {
        Address a = address_of_seed(g->slug, g->digest, 70 + i, (int)i, 1);
        assert_ok(tray_add(NULL, t, &a, i ? "heel" : "heel bag", NULL, NULL, &err), err);
    }
    return t;
}

static void plain(Train *t)
{
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    t->threads = 1;
    t->keep = 0;
}

/* Runs to the end, or to `until`; fills in the run's id. */
static void run(Train *t, char id[16], bool done)
{
    Err err = {0};
    plain(t);
    Job *job = train_start(t, (Bell){0}, &err);
    assert_ok(job, err);
    assert_true(job_wait(job, 600));
    TrainNews *n = (TrainNews *)job_news(job);
    snprintf(id, 16, "%s", n->id);
    news_drop(&n->news);
    if (done) assert_ok(job_result(job, &err), err);
    job_free(job);
}

static void digest_of_run(char out[17], const char *id)
{
    Err err = {0};
    Encoder *e;
    assert_ok(workspace_encoder(&e, NULL, stage.w, id, &err), err);
    snprintf(out, 17, "%s", e->digest);
    encoder_drop(e);
}

static void test_resumes(void **state)
{
    (void)state;
    Err err = {0};
    char whole[16], cut[16], one[17], two[17], path[256];
    TrainConfig c = tiny();
    Tray *tray = fill();
    Train *a = train_open(stage.w, &c, &err), *b = train_open(stage.w, &c, &err);
    assert_ok(a && b && train_tray(a, tray, "heel", 0.25f, &err) && train_tray(b, tray, "heel", 0.25f, &err),
              err);
    assert_int_equal(a->corners, 3);
    run(a, whole, true);
    b->until = 3;
    run(b, cut, false);
    for (int64_t id = 1; id <= 3; id++) assert_ok(tray_state(NULL, tray, id, TRAY_DROPPED, &err), err);
    b = train_open_run(stage.w, cut, &err);
    assert_ok(b, err);
    run(b, cut, true);
    digest_of_run(one, whole);
    digest_of_run(two, cut);
    assert_string_equal(one, two);
    snprintf(path, sizeof path, "stage/runs/%s/tray.jsonl", cut);
    assert_ok(file_remove_tree(path, &err), err);
    b = train_open_run(stage.w, cut, &err);
    b->config.budget.steps = 9;
    plain(b);
    Job *job = train_start(b, (Bell){0}, &err);
    assert_true(job_wait(job, 600));
    assert_refused(job_result(job, &err), err, ERR_FORMAT, "its tray.jsonl is gone");
    job_free(job);
    tray_close(tray);
}

static void test_refuses(void **state)
{
    (void)state;
    Err err = {0};
    TrainConfig c = tiny();
    Tray *tray;
    assert_ok(tray_open(&tray, "stage/empty.sqlite", &err), err);
    Train *t = train_open(stage.w, &c, &err);
    assert_refused(train_tray(t, tray, "heel", 0.1f, &err), err, ERR_USAGE,
                   "no view of tiny with the tag \"heel\"");
    assert_refused(train_tray(t, tray, NULL, 0.1f, &err), err, ERR_USAGE, "keeps no view of tiny");
    t->config.maker = VIEWS_REAL;
    assert_refused(train_tray(t, tray, NULL, 0.1f, &err), err, ERR_USAGE, "views of a generator");
    train_close(t);
    tray_close(tray);
}

static int setup(void **state)
{
    char here[3000];
    (void)state;
    if (!getcwd(here, sizeof here)) return -1;
    setenv("XDG_DATA_HOME", here, 1);
    stage_open(&stage, "stage");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_resumes), cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
