/* Fitting as a job: the folder's files, resume to the same bits, a generator that opens, refusals. */
#include "check.h"
#include "engine/fit_job.h"
#include "engine/stage.h"

static Stage stage;

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage, "stage-fit");
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static Fit *fit_of(const char *folder, long images, bool resume)
{
    Err err = {0};
    Fit *fit = fit_open(folder, stage.data, SPLIT_TRAIN, STAGE_SIDE, 1, &err);
    assert_ok(fit != NULL, err);
    GanConfig *g = &fit->gan;
    g->batch = 8;
    g->total = images;
    g->generator.z_dim = g->generator.w_dim = 8;
    g->generator.stages = 2;
    for (int i = 0; i < 3; i++) g->generator.width[i] = 8, g->discriminator.width[i] = 8;
    fit->threads = 2;
    fit->save_seconds = 0.001; /* after every step */
    fit->sheet_images = 40;
    fit->resume = resume;
    if (resume) {
        assert_ok(fit_read(fit, &err), err);
        g->total = images;
    }
    return fit;
}

static Job *start(Fit *fit)
{
    Err err = {0};
    Job *job = fit_start(fit, (Bell){0}, &err);
    assert_ok(job != NULL, err);
    return job;
}

static void finish(Job *job)
{
    Err err = {0};
    assert_true(job_wait(job, 120));
    assert_ok(job_result(job, &err), err);
    job_free(job);
}

static const char *fresh(const char *name)
{
    Err err = {0};
    assert_ok(file_remove_tree(name, &err), err);
    return name;
}

static void fit_digest(char out[17], const char *folder)
{
    char path[256];
    Err err = {0};
    Generator *g;
    snprintf(path, sizeof path, "%s/generator.safetensors", folder);
    assert_ok(generator_open(&g, path, &err), err);
    assert_int_equal(g->config.classes, STAGE_CLASSES);
    assert_string_equal(g->class_name[1], "bag");
    memcpy(out, g->digest, 17);
    generator_drop(g);
}

static void test_stopped_anywhere_makes_the_same_generator(void **state)
{
    (void)state;
    char whole[17], cut[17];
    finish(start(fit_of(fresh("fit-whole"), 160, false)));
    fit_digest(whole, "fit-whole");
    assert_true(file_exists("fit-whole/sheets/000000040.png") &&
                file_exists("fit-whole/sheets/000000160.png"));
    Job *job = start(fit_of(fresh("fit-cut"), 160, false));
    for (long seen = 0; seen < 24 && !job_wait(job, 0);) {
        FitNews *n = (FitNews *)job_news(job);
        if (n) seen = n->stats.images, news_drop(&n->news);
        job_stop(job);
    }
    job_free(job);
    for (int i = 0; i < 2; i++) {
        job = start(fit_of("fit-cut", 160, true));
        job_stop(job);
        job_free(job);
    }
    finish(start(fit_of("fit-cut", 160, true)));
    fit_digest(cut, "fit-cut");
    assert_string_equal(cut, whole);
}

/* A fit without classes, with a residual critic and changed pictures, finds all of that again in its folder.
 */
static void test_settings_come_back(void **state)
{
    (void)state;
    Err err = {0};
    Generator *g;
    Fit *fit = fit_of(fresh("fit-plain"), 24, false);
    fit_forget_classes(fit);
    fit->gan.discriminator.stages = 2;
    fit->gan.flip = 1;
    fit->gan.augment = (GanAugment){.translation = 0.25f, .cutout = 0.5f};
    finish(start(fit));
    fit = fit_open("fit-plain", stage.data, SPLIT_TRAIN, STAGE_SIDE, 1, &err);
    assert_ok(fit && fit_read(fit, &err), err);
    assert_true(fit->gan.generator.classes == 0 && fit->gan.discriminator.classes == 0);
    assert_true(fit->gan.discriminator.stages == 2 && fit->gan.discriminator.width[2] == 8 &&
                fit->gan.flip == 1);
    assert_true(fit->gan.augment.translation == 0.25f && fit->gan.augment.cutout == 0.5f &&
                fit->gan.augment.colour == 0);
    fit_close(fit);
    finish(start(fit_of("fit-plain", 40, true)));
    assert_ok(generator_open(&g, "fit-plain/generator.safetensors", &err), err);
    assert_int_equal(g->config.classes, 0);
    assert_non_null(strstr(g->card, "\"labels\":false"));
    generator_drop(g);
}

static void test_export_alone_trains_nothing(void **state)
{
    (void)state;
    char first[17], second[17];
    finish(start(fit_of(fresh("fit-export"), 40, false)));
    fit_digest(first, "fit-export");
    Fit *fit = fit_of("fit-export", 4000, true);
    fit->export_only = true;
    finish(start(fit));
    fit_digest(second, "fit-export");
    assert_string_equal(first, second);
}

static void refused(Fit *fit, ErrCode code, const char *words)
{
    Err err = {0};
    Job *job = start(fit);
    assert_true(job_wait(job, 120));
    assert_refused(job_result(job, &err), err, code, words);
    job_free(job);
}

static void test_refusals(void **state)
{
    (void)state;
    Err err = {0};
    char spec[64];
    Split split;
    int size, channels;
    finish(start(fit_of(fresh("fit-refused"), 16, false)));
    refused(fit_of("fit-refused", 16, false), ERR_IO, "holds a fit already: go on with --resume");
    Fit *fit = fit_of("fit-refused", 16, true);
    fit->gan.batch = 16;
    refused(fit, ERR_USAGE, "was made with other settings or data");
    assert_ok(fit_peek("fit-refused", spec, sizeof spec, &split, &size, &channels, &err), err);
    assert_string_equal(spec, stage.data);
    assert_int_equal(size, STAGE_SIDE);
    assert_false(fit_peek("nowhere", spec, sizeof spec, &split, &size, &channels, &err));
    fit = fit_of(fresh("fit-none"), 16, false);
    fit->resume = true;
    refused(fit, ERR_IO, "holds no checkpoint to resume from");
}

/* Rates that explode: it goes back with halved rates, and gives up after some. */
static void test_divergence_is_caught(void **state)
{
    (void)state;
    Err err = {0};
    Fit *fit = fit_of(fresh("fit-wild"), 40000, false);
    fit->gan.rate_g = fit->gan.rate_d = 1e30f;
    fit->save_seconds = 1000;
    Job *job = start(fit);
    assert_true(job_wait(job, 120));
    assert_refused(job_result(job, &err), err, ERR_NUMERIC, "no longer finite");
    FitNews *n = (FitNews *)job_news(job);
    assert_non_null(n);
    news_drop(&n->news);
    job_free(job);
    uint8_t *log;
    size_t size;
    assert_ok(file_read("fit-wild/log.jsonl", 1 << 20, &log, &size, &err) || err.code, err);
    assert_non_null(strstr((char *)log, "diverged (3 of 3): back at image 0 with halved rates"));
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_anywhere_makes_the_same_generator),
        cmocka_unit_test(test_settings_come_back),
        cmocka_unit_test(test_export_alone_trains_nothing),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_divergence_is_caught),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
