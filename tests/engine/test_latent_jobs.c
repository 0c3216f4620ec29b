/* The jobs over latents: news while they go, results that stay, an end when they are asked to. */
#include "check.h"
#include "engine/direction_job.h"
#include "engine/invert_job.h"
#include "engine/stage.h"
#include "engine/walk_job.h"
#include "latent/steer.h"
#include <math.h>
#include <string.h>

static Stage stage;

static int make(void **state)
{
    static const char *const left[] = {"twice.safetensors", "twice.safetensors.checkpoint",
                                       "twice.safetensors.checkpoint.1", "whole.safetensors.checkpoint"};
    (void)state;
    setenv("VIEWSMITH_JUDGE", "no-judge.safetensors", 1);
    stage_open(&stage, "stage");
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) file_remove_tree(left[i], NULL);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static void picture_of(Image *out, uint64_t seed)
{
    Err err = {0};
    float x[64];
    Address a = steer_start(stage.w->generator, seed, 1, 1);
    Latent *l = latent_new(stage.w->generator, 1, "store", NULL, &err);
    assert_ok(l && latent_images(x, l, &a, 1, &err), err);
    assert_ok(image_from_planes(out, x, 1, 8, 8, &err), err);
    latent_free(l);
}

/* --- inversion -------------------------------------------------------------------------------------------
 */

static void test_invert(void **state)
{
    (void)state;
    Err err = {0};
    Image picture;
    InvertConfig c = invert_defaults();
    c.steps = 30;
    c.seeds = 20;
    picture_of(&picture, 4);
    Job *job = invert_start(stage.w, &picture, &c, NULL, "store", 0, (Bell){0}, &err);
    assert_non_null(job);
    assert_true(job_wait(job, 60));
    assert_ok(job_result(job, &err), err);
    InvertNews *n = (InvertNews *)job_news(job);
    assert_true(n->done && n->now.step == 30 && n->picture.w == 8 && n->target.h == 8);
    assert_memory_equal(n->target.px, picture.px, 64);
    assert_true(isnan(n->now.feature)); /* no judge: pixels alone */
    assert_int_equal(n->address.source.kind, SOURCE_LATENT);
    news_drop(&n->news);
    job_free(job);
    image_free(&picture);
}

static void test_invert_stops(void **state)
{
    (void)state;
    Err err = {0};
    Image picture;
    InvertConfig c = invert_defaults();
    c.steps = 1000000;
    c.seeds = 4;
    picture_of(&picture, 4);
    Job *job = invert_start(stage.w, &picture, &c, NULL, "store", 19, (Bell){0}, &err);
    assert_non_null(job);
    InvertNews *n = NULL;
    while (!n) {
        assert_false(job_wait(job, 0.01));
        n = (InvertNews *)job_news(job);
    }
    assert_false(n->done);
    news_drop(&n->news);
    job_stop(job);
    assert_true(job_wait(job, 60));
    assert_false(job_result(job, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    job_free(job);
    image_free(&picture);
}

/* --- a direction -----------------------------------------------------------------------------------------
 */

static Address *views(const char *command, uint64_t first, int n)
{
    Err err = {0};
    Address *list = malloc((size_t)n * sizeof *list);
    for (int i = 0; i < n; i++) {
        list[i] = steer_start(stage.w->generator, first + (uint64_t)i, i % STAGE_CLASSES, 1);
        assert_ok(steer_apply(&list[i], stage.w->generator, command, &err), err);
    }
    return list;
}

static DirectionTask *task(int n)
{
    DirectionTask *t = calloc(1, sizeof *t);
    snprintf(t->name, sizeof t->name, "tall");
    snprintf(t->plus_name, sizeof t->plus_name, "high");
    t->plus = views("set sefa-1 2", 10, n);
    t->minus = views("set sefa-1 -2", 90, n);
    t->pluses = t->minuses = n;
    t->views = 6;
    return t;
}

static void test_direction(void **state)
{
    (void)state;
    Err err = {0};
    Direction is;
    LatentStore store;
    float vector[16];
    Job *job = direction_start(stage.w, task(16), "store", (Bell){0}, &err);
    assert_true(job && job_wait(job, 60));
    assert_ok(job_result(job, &err), err);
    DirectionNews *n = (DirectionNews *)job_news(job);
    assert_true(n->report.accuracy > 0.9);
    assert_non_null(strstr(n->card, "\"plus_name\":\"high\""));
    assert_ok(store_open(&store, "store", &err), err);
    assert_ok(direction_get(vector, &is, NULL, &store, stage.w->generator, n->dir, &err), err);
    assert_string_equal(is.caption, n->effect.caption);
    assert_true(is.caption[0]);
    news_drop(&n->news);
    job_free(job);
    err = (Err){0};
    job = direction_start(stage.w, task(3), "store", (Bell){0}, &err);
    assert_true(job && job_wait(job, 60));
    assert_refused(job_result(job, &err), err, ERR_USAGE, "at least 4 views");
    assert_null(job_news(job));
    job_free(job);
}

/* --- walks -----------------------------------------------------------------------------------------------
 */

static WalkSet *walk_set(const char *out, int steps, bool resume)
{
    WalkSet *s = calloc(1, sizeof *s);
    s->config = walk_defaults();
    s->config.steps = steps;
    s->config.batch = 8;
    s->views = 6;
    s->threads = 2;
    s->resume = resume;
    s->save_seconds = 1e9;
    snprintf(s->out, sizeof s->out, "%s", out);
    return s;
}

static void digest_of_file(char out[17], const char *path)
{
    Err err = {0};
    Generator *g;
    assert_ok(generator_open(&g, path, &err), err);
    snprintf(out, 17, "%s", g->digest);
    generator_drop(g);
}

/* Stopped (at once: how far it gets is no matter, latent/walk resumes on the way) and taken up again, the
 * walks are those of an undisturbed run. */
static void test_walks_resume(void **state)
{
    (void)state;
    Err err = {0};
    char whole[17], twice[17];
    Job *job = walk_start(stage.w, walk_set("whole.safetensors", 40, false), (Bell){0}, &err);
    assert_true(job && job_wait(job, 100));
    assert_ok(job_result(job, &err), err);
    WalkNews *n = (WalkNews *)job_news(job);
    assert_true(n->done && n->walk[WALK_ZOOM].marks == DIRECTION_MARKS && n->walk[WALK_ZOOM].caption[0]);
    assert_non_null(strstr(n->bound, "reach alone"));
    news_drop(&n->news);
    job_free(job);
    job = walk_start(stage.w, walk_set("twice.safetensors", 40, false), (Bell){0}, &err);
    assert_non_null(job);
    job_stop(job);
    assert_true(job_wait(job, 60));
    assert_refused(job_result(job, &err), err, ERR_CANCELLED, "--resume");
    job_free(job);
    assert_false(file_exists("twice.safetensors"));
    err = (Err){0};
    job = walk_start(stage.w, walk_set("twice.safetensors", 40, false), (Bell){0}, &err);
    assert_true(job && job_wait(job, 60));
    assert_refused(job_result(job, &err), err, ERR_IO, "half learnt");
    job_free(job);
    err = (Err){0};
    job = walk_start(stage.w, walk_set("twice.safetensors", 40, true), (Bell){0}, &err);
    assert_true(job && job_wait(job, 100));
    assert_ok(job_result(job, &err), err);
    job_free(job);
    digest_of_file(whole, "whole.safetensors");
    digest_of_file(twice, "twice.safetensors");
    assert_string_equal(whole, twice);
    assert_false(file_exists("twice.safetensors.checkpoint"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_invert), cmocka_unit_test(test_invert_stops),
                                       cmocka_unit_test(test_direction), cmocka_unit_test(test_walks_resume)};
    return cmocka_run_group_tests(tests, make, drop);
}
