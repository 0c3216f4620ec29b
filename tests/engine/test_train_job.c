/* Training as a job: files, news, live changes, probes; a run that was stopped anywhere ends with the same
 * bits. */
#include "check.h"
#include "engine/stage.h"
#include "engine/train_history.h"
#include "engine/train_command.h"
#include "engine/train_job.h"
#include "engine/train_pairs.h"
#include "latent/latent.h"

#include <math.h>
#include <unistd.h>

static Stage stage;

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage, "stage-train");
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static TrainConfig tiny_training(uint64_t steps)
{
    TrainConfig c = train_defaults();
    snprintf(c.encoder, sizeof c.encoder, "tiny");
    c.pairs = 4;
    c.budget = (Budget){.steps = steps};
    c.seed = 3;
    return c;
}

static Train *training(const TrainConfig *c)
{
    Err err = {0};
    Train *t = train_open(stage.w, c, &err);
    assert_ok(t != NULL, err);
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    t->threads = 2;
    return t;
}

static Job *start(Train *t)
{
    Err err = {0};
    Job *job = train_start(t, (Bell){0}, &err);
    assert_ok(job != NULL, err);
    return job;
}

/* The news at the end, for the caller to drop. */
static TrainNews *finish(Job *job)
{
    Err err = {0};
    assert_true(job_wait(job, 120));
    assert_ok(job_result(job, &err), err);
    TrainNews *n = (TrainNews *)job_news(job);
    assert_non_null(n);
    return n;
}

static void digest_of_run(char out[17], const char *id)
{
    char path[256];
    Err err = {0};
    Encoder *e;
    snprintf(path, sizeof path, "%s/%s/encoder.safetensors", stage.runs, id);
    assert_ok(encoder_open(&e, path, &err), err);
    memcpy(out, e->digest, 17);
    encoder_drop(e);
}

/* A whole run; its digest. */
static void whole_run(char out[17], const TrainConfig *c, char id[16])
{
    Job *job = start(training(c));
    TrainNews *n = finish(job);
    memcpy(id, n->id, 16);
    news_drop(&n->news);
    job_free(job);
    digest_of_run(out, id);
}

static Job *resume(const char *id)
{
    Err err = {0};
    Train *t = train_open_run(stage.w, id, &err);
    assert_ok(t != NULL, err);
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    return start(t);
}

static void test_files_and_news(void **state)
{
    (void)state;
    static const char *const files[] = {
        "config.json",         "metrics.jsonl",         "checkpoints/last.safetensors",
        "encoder.safetensors", "untrained.safetensors", "result.json"};
    TrainConfig c = tiny_training(6);
    Train *t = training(&c);
    char path[256];
    Err err = {0};
    RunInfo run;
    t->end = TRAIN_END_QUICK;
    snprintf(t->name, sizeof t->name, "files");
    Job *job = start(t);
    TrainNews *n = finish(job);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", stage.runs, n->id, files[i]);
        if (!file_exists(path)) fail_msg("%s is missing", path);
    }
    assert_int_equal(n->now.step, 5);
    assert_int_equal(n->now.views, 48);
    assert_int_equal(n->points, 6);
    assert_true(n->ended_ok && n->final.frozen && n->final_untrained.frozen);
    assert_true(n->progress >= 1 && isfinite(n->now.loss) && n->encoder && n->twin);
    assert_int_equal(n->pairs, 4);
    assert_string_equal(n->phase, "done");
    assert_ok(latent_check(stage.w->generator, &n->pair[0].address_a, &err), err);
    assert_ok(runs_find(&run, stage.runs, "files", &err), err);
    assert_string_equal(run.state, "done");
    assert_int_equal(run.views, 48);
    assert_true(isfinite(run.linear));
    news_drop(&n->news);
    job_free(job);
}

static void ask_back(const char *id, uint64_t step)
{
    char folder[256], command[48];
    Err err = {0};
    snprintf(folder, sizeof folder, "%s/%s", stage.runs, id);
    snprintf(command, sizeof command, "rollback %llu", (unsigned long long)step);
    assert_ok(train_control(folder, command, &err), err);
}

/* Another way was taken, then left: what follows is the run that never took it. */
static void test_going_back_is_resuming_there(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(24);
    char whole[17], back[17], id[16], folder[256], path[300];
    Err err = {0};
    History h;
    whole_run(whole, &c, id);
    snprintf(folder, sizeof folder, "%s/%s", stage.runs, id);
    assert_ok(history_list(&h, folder, &err), err);
    assert_int_equal(h.count, 3); /* 0, 10, 20 */
    assert_int_equal(h.step[2], 20);

    Train *t = train_open_run(stage.w, id, &err);
    assert_ok(t != NULL, err);
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    t->back = true;
    t->back_to = 10;
    t->until = 14;
    Job *job = start(t);
    assert_true(job_wait(job, 120));
    job_free(job);
    assert_ok(train_control(folder, "rate 0.5", &err), err); /* from step 14 on */
    job = resume(id);
    news_drop(&finish(job)->news);
    job_free(job);
    digest_of_run(back, id);
    assert_string_not_equal(back, whole);

    ask_back(id, 10); /* while it does not run: it is for nobody */
    t = train_open_run(stage.w, id, &err);
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    t->back = true;
    t->back_to = 10;
    job = start(t);
    TrainNews *n = finish(job);
    assert_int_equal(n->points, 14); /* of the new way only */
    news_drop(&n->news);
    job_free(job);
    digest_of_run(back, id);
    assert_string_equal(back, whole);
    snprintf(path, sizeof path, "%s/left.jsonl", folder);
    assert_true(file_exists(path));
}

static void test_a_step_that_is_not_kept_is_refused(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(12);
    char whole[17], id[16];
    Err err = {0};
    whole_run(whole, &c, id);
    Train *t = train_open_run(stage.w, id, &err);
    t->back = true;
    t->back_to = 7;
    Job *job = start(t);
    assert_true(job_wait(job, 120));
    assert_false(job_result(job, &err));
    assert_non_null(strstr(err.msg, "nearest one is of step 10"));
    job_free(job);
    digest_of_run(whole, id); /* nothing was lost */
}

/* Thinned to at most keep + 1, whatever the length; every kept one opens. */
static void test_history_is_thinned(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(100);
    Train *t = training(&c);
    char id[16], folder[256];
    Err err = {0};
    History h;
    Encoder *e;
    t->keep = 4;
    Job *job = start(t);
    TrainNews *n = finish(job);
    memcpy(id, n->id, 16);
    news_drop(&n->news);
    job_free(job);
    snprintf(folder, sizeof folder, "%s/%s", stage.runs, id);
    assert_ok(history_list(&h, folder, &err), err);
    assert_int_equal(h.count, 5); /* 0, 20 .. 80 */
    assert_int_equal(h.step[1], 20);
    for (int i = 0; i < h.count; i++) {
        assert_ok(history_encoder(&e, folder, h.step[i], &err), err);
        encoder_drop(e);
    }
}

static void test_stopped_anywhere_ends_with_the_same_bits(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(12);
    char whole[17], cut[17], id[16];
    whole_run(whole, &c, id);
    Job *job = start(training(&c));
    while (!job_wait(job, 0)) {
        TrainNews *n = (TrainNews *)job_news(job);
        if (n && n->now.views) job_stop(job);
        if (n) memcpy(id, n->id, 16), news_drop(&n->news);
    }
    job_free(job);
    for (int i = 0; i < 3; i++) { /* stopped again at once, then to the end */
        job = resume(id);
        if (i < 2) job_stop(job);
        assert_true(job_wait(job, 120));
        job_free(job);
    }
    digest_of_run(cut, id);
    assert_string_equal(cut, whole);
}

static void write_control(const char *id, const char *row)
{
    char path[256];
    Err err = {0};
    snprintf(path, sizeof path, "%s/%s/control.jsonl", stage.runs, id);
    assert_ok(file_append(path, row, strlen(row), &err), err);
}

/* A run stopped before its first step, with a change written for step 4 as if made live. */
static void begun_with_change(char id[16], const TrainConfig *c)
{
    Job *job = start(training(c));
    job_stop(job);
    assert_true(job_wait(job, 120));
    TrainNews *n = (TrainNews *)job_news(job);
    memcpy(id, n->id, 16);
    news_drop(&n->news);
    job_free(job);
    write_control(id, "{\"at\":1,\"command\":\"temperature 0.5\"}\n"
                      "{\"at\":1,\"step\":4,\"applied\":\"temperature 0.5\",\"requests\":1}\n");
}

static void test_changes_are_taken_again_at_their_step(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(10);
    char plain[17], changed[17], cut[17], id[16];
    whole_run(plain, &c, id);
    begun_with_change(id, &c);
    Job *job = resume(id);
    TrainNews *n = finish(job);
    assert_true(n->now.control.temperature > 0.49f);
    assert_int_equal(n->marks, 1);
    assert_int_equal(n->mark[0].step, 4);
    news_drop(&n->news);
    job_free(job);
    digest_of_run(changed, id);
    assert_string_not_equal(changed, plain);
    begun_with_change(id, &c);
    for (int i = 0; i < 3; i++) {
        job = resume(id);
        if (i < 2) job_stop(job);
        assert_true(job_wait(job, 120));
        job_free(job);
    }
    digest_of_run(cut, id);
    assert_string_equal(cut, changed);
}

static Address view_of(uint64_t seed, int class)
{
    const Generator *g = stage.w->generator;
    return address_of_seed(g->slug, g->digest, seed, class, 1);
}

/* What is made again of the last step is what was drawn: but for pixel views, which leave the addresses
 * alone. */
static void same_pairs(const TrainNews *n)
{
    StepPair pair[TRAIN_PAIRS];
    RunInfo run;
    Err err = {0};
    int generated = 0;
    assert_ok(runs_info(&run, stage.runs, n->id, &err), err);
    int found = train_pairs(pair, TRAIN_PAIRS, stage.w, &run, n->now.step, &err);
    assert_ok(found >= 0, err);
    for (int i = 0; i < n->pairs; i++) {
        if (n->pair[i].index_a >= 0) continue;
        Address a = n->pair[i].address_a, b = n->pair[i].address_b;
        *a.view.recipe = *b.view.recipe = 0;
        assert_int_equal(pair[generated].pair, i);
        assert_int_equal(a.source.ref[0].id, pair[generated].a.source.ref[0].id);
        assert_true(a.class == pair[generated].a.class && a.view.strength == pair[generated].a.view.strength);
        assert_int_equal(b.source.ref[0].id, pair[generated++].b.source.ref[0].id);
    }
    assert_int_equal(found, generated);
}

/* Changes of what a batch holds, as if made live before step 4. */
static void asked(char out[17], char id[16], const char *const *command, int n, int cuts)
{
    TrainConfig c = tiny_training(12);
    char row[2 * ADDRESS_BYTES_MAX];
    Err err = {0};
    Job *job = start(training(&c));
    job_stop(job);
    assert_true(job_wait(job, 120));
    TrainNews *news = (TrainNews *)job_news(job);
    memcpy(id, news->id, 16);
    news_drop(&news->news);
    job_free(job);
    for (int i = 0; i < n; i++) {
        snprintf(row, sizeof row, "{\"at\":1,\"step\":4,\"applied\":\"%s\",\"requests\":0}\n", command[i]);
        write_control(id, row);
    }
    for (int i = 0; i < cuts; i++) {
        Train *t = train_open_run(stage.w, id, &err);
        assert_ok(t != NULL, err);
        t->end = TRAIN_END_NONE;
        t->probe_share = 0;
        t->until = (uint64_t)(3 * i + 3);
        job = start(t);
        assert_true(job_wait(job, 120));
        job_free(job);
    }
    job = resume(id);
    news = finish(job);
    assert_int_equal(news->now.step, 11);
    same_pairs(news);
    news_drop(&news->news);
    job_free(job);
    digest_of_run(out, id);
}

/* Excluded and weighed views and a mix: other bits than without, the same however often the run is cut, and
 * gone again where the run goes back to before them. */
static void test_what_a_batch_holds(void **state)
{
    (void)state;
    char text[ADDRESS_BYTES_MAX + 1], exclude[ADDRESS_BYTES_MAX + 16], weight[ADDRESS_BYTES_MAX + 16],
        brief[COMMAND_BRIEF];
    char plain[17], one[17], two[17], id[16], folder[256];
    Err err = {0};
    Address a = view_of(5, 1);
    TrainConfig c = tiny_training(12);
    assert_ok(address_print(text, &a, &err), err);
    snprintf(exclude, sizeof exclude, "exclude %s", text);
    a.class = 2;
    assert_ok(address_print(text, &a, &err), err);
    snprintf(weight, sizeof weight, "weight 8 %s", text);
    const char *const commands[] = {exclude, weight, "mix 0.5"};
    whole_run(plain, &c, id);
    asked(one, id, &commands[0], 2, 0);
    asked(two, id, &commands[0], 2, 3);
    assert_string_equal(one, two);
    assert_string_not_equal(one, plain);
    asked(one, id, &commands[2], 1, 0);
    asked(two, id, &commands[2], 1, 2);
    assert_string_equal(one, two);
    assert_string_not_equal(one, plain);
    asked(one, id, commands, 3, 0);
    snprintf(folder, sizeof folder, "%s/%s", stage.runs, id);
    Train *t = train_open_run(stage.w, id, &err);
    t->end = TRAIN_END_NONE;
    t->probe_share = 0;
    t->back = true;
    t->back_to = 0;
    Job *job = start(t);
    news_drop(&finish(job)->news);
    job_free(job);
    digest_of_run(two, id);
    assert_string_equal(two, plain);
    command_brief(brief, exclude);
    assert_string_equal(brief, "exclude seed 5");
    command_brief(brief, weight);
    assert_string_equal(brief, "weight 8 seed 5");
    assert_refused(train_control(folder, "exclude nothing", &err), err, ERR_FORMAT,
                   "an address begins with vs1:");
    err = (Err){0};
    assert_refused(train_control(folder, "weight 9 vs1:", &err), err, ERR_USAGE, "factor from 0 to 8");
    err = (Err){0};
    assert_refused(train_control(folder, "mix 2", &err), err, ERR_USAGE, "mix wants a number from 0 to 1");
}

static void test_control_from_outside(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(1000000);
    Err err = {0};
    char folder[256], id[16] = "";
    Job *job = start(training(&c));
    while (!id[0]) {
        TrainNews *n = (TrainNews *)job_news(job);
        if (n && n->now.views) memcpy(id, n->id, 16);
        if (n) news_drop(&n->news);
    }
    snprintf(folder, sizeof folder, "%s/%s", stage.runs, id);
    assert_refused(train_control(folder, "temperature warm", &err), err, ERR_USAGE,
                   "temperature wants a number from 0.01 to 10");
    assert_refused(train_control(folder, "explode", &err), err, ERR_USAGE, "a run takes rate X");
    err = (Err){0};
    assert_ok(train_control(folder, "sigma 0.45", &err), err);
    assert_ok(train_control(folder, "pause", &err), err);
    while (job_state(job) != JOB_PAUSED) usleep(1000);
    assert_ok(train_control(folder, "continue", &err), err);
    while (job_state(job) == JOB_PAUSED) usleep(1000);
    assert_ok(train_control(folder, "stop", &err), err);
    assert_true(job_wait(job, 120));
    assert_int_equal(job_state(job), JOB_STOPPED);
    TrainNews *n = (TrainNews *)job_news(job);
    assert_true(n->marks >= 4);
    assert_string_equal(n->mark[0].text, "sigma 0.45");
    assert_true(n->now.control.sigma > 0.44f);
    news_drop(&n->news);
    job_free(job);
}

static void test_two_trainers_of_one_run_are_refused(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(1000000);
    Err err = {0};
    char id[16] = "";
    Job *job = start(training(&c));
    while (!id[0]) {
        TrainNews *n = (TrainNews *)job_news(job);
        if (n) memcpy(id, n->id, 16), news_drop(&n->news);
    }
    Train *t = NULL;
    while (!t) { /* until its config.json is there */
        err = (Err){0};
        t = train_open_run(stage.w, id, &err);
    }
    Job *second = start(t);
    assert_true(job_wait(second, 60));
    assert_refused(job_result(second, &err), err, ERR_LIMIT, "is being worked on by another process");
    job_free(second);
    job_free(job);
}

static void test_live_probes_and_real_pictures(void **state)
{
    (void)state;
    TrainConfig c = tiny_training(4);
    c.maker = VIEWS_REAL;
    Train *t = training(&c);
    t->end = TRAIN_END_TEST;
    Job *job = start(t);
    TrainNews *n = finish(job);
    assert_string_equal(n->split, "test");
    assert_true(n->final.held > 0 && n->pair[0].index_a >= 0);
    assert_int_equal(n->pair[0].index_a, n->pair[0].index_b);
    news_drop(&n->news);
    job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_and_news),
        cmocka_unit_test(test_stopped_anywhere_ends_with_the_same_bits),
        cmocka_unit_test(test_going_back_is_resuming_there),
        cmocka_unit_test(test_a_step_that_is_not_kept_is_refused),
        cmocka_unit_test(test_history_is_thinned),
        cmocka_unit_test(test_changes_are_taken_again_at_their_step),
        cmocka_unit_test(test_what_a_batch_holds),
        cmocka_unit_test(test_control_from_outside),
        cmocka_unit_test(test_two_trainers_of_one_run_are_refused),
        cmocka_unit_test(test_live_probes_and_real_pictures),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
