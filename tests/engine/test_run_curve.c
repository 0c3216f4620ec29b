/* A run's curves from its files: every figure in its column, thinned when long, whole lines only. */
#include "check.h"
#include "base/file.h"
#include "engine/run_curve.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(const char *file, const char *text)
{
    char path[64];
    Err err = {0};
    assert_ok(file_make_folder("run", &err), err);
    snprintf(path, sizeof path, "run/%s", file);
    assert_ok(file_replace(path, text, strlen(text), &err), err);
}

static void reads_every_figure(void **state)
{
    (void)state;
    static RunCurve c;
    Err err = {0};
    fill("metrics.jsonl",
         "{\"step\":0,\"loss\":4,\"alignment\":0.5,\"uniformity\":-1,\"views\":64,\"unique\":60,\"rate\":0.1,"
         "\"sigma\":0.3}\n"
         "{\"step\":0,\"untrained_linear\":0.7,\"untrained_knn\":0.6}\nnot a row\n"
         "{\"step\":1,\"loss\":null,\"views\":128,\"unique\":120,\"elapsed\":2.5,\"event\":\"went back to "
         "step 0\"}\n"
         "{\"step\":1,\"linear\":0.8,\"knn\":0.75}\n{\"step\":2,\"loss\":3,\"views\":192}\n{\"step\":3,\"lo");
    fill("control.jsonl", "{\"command\":\"sigma 0.4\"}\n{\"step\":1,\"applied\":\"sigma "
                          "0.4\"}\n{\"step\":2,\"applied\":\"pause\"}\n");
    assert_ok(run_curve_read(&c, "run", &err), err);
    assert_int_equal(c.points, 3);
    assert_true(c.loss[0] == 4 && isnan(c.loss[1]) && c.loss[2] == 3);
    assert_true(fabsf(c.smooth[2] - 3.9f) < 1e-6f &&
                c.smooth[1] == 4); /* a gap leaves the mean where it was */
    assert_true(c.alignment[0] == 0.5f && isnan(c.alignment[2]) && isnan(c.rank[0]));
    assert_int_equal(c.probes, 1);
    assert_true(c.probe_step[0] == 1 && fabsf(c.linear[0] - 80) < 1e-4f && fabsf(c.knn[0] - 75) < 1e-4f);
    assert_true(fabsf(c.untrained_linear - 70) < 1e-4f && fabsf(c.untrained_knn - 60) < 1e-4f);
    assert_int_equal(c.marks, 1); /* a pause is none */
    assert_string_equal(c.mark[0].text, "sigma 0.4");
    assert_int_equal(c.steps, 3);
    assert_int_equal(c.views, 192);
    assert_string_equal(c.event, "went back to step 0");
}

static void health_lasts_until_it_is_measured_again(void **state)
{
    (void)state;
    static RunCurve c;
    Err err = {0};
    fill("control.jsonl", "");
    fill("metrics.jsonl", "{\"step\":0,\"loss\":4}\n{\"step\":1,\"loss\":3}\n"
                          "{\"step\":1,\"rank\":12.5,\"spread\":0.5,\"positive_cosines\":[0,0.25,0.75],"
                          "\"negative_cosines\":[1]}\n{\"step\":2,\"loss\":2}\n");
    assert_ok(run_curve_read(&c, "run", &err), err);
    assert_true(isnan(c.rank[0]) && c.rank[1] == 12.5f && c.rank[2] == 12.5f && c.spread[2] == 0.5f);
    assert_true(c.cosines.positive[2] == 0.75f && c.cosines.positive[3] == 0 && c.cosines.negative[0] == 1);
}

/* What was left by going back is read apart, way by way, and its marks are gone. */
static void ways_that_were_left(void **state)
{
    (void)state;
    static RunCurve c;
    Err err = {0};
    fill("metrics.jsonl", "{\"step\":0,\"loss\":4}\n{\"step\":1,\"loss\":3}\n");
    fill("left.jsonl", "{\"step\":1,\"loss\":9}\n{\"step\":2,\"loss\":8}\n{\"step\":1,\"loss\":7}\n");
    fill("control.jsonl", "{\"step\":0,\"applied\":\"sigma 0.4\"}\n{\"step\":2,\"applied\":\"rate 0.4\"}\n"
                          "{\"step\":1,\"applied\":\"rollback 1\"}\n");
    assert_ok(run_curve_read(&c, "run", &err), err);
    assert_int_equal(c.lefts, 4);
    assert_true(c.left_loss[1] == 8 && isnan(c.left_loss[2]) && c.left_loss[3] == 7);
    assert_int_equal(c.marks, 2);
    assert_string_equal(c.mark[1].text, "rollback 1");
    run_curve_cut(&c, 1);
    assert_int_equal(c.points, 1);
    assert_int_equal(c.marks, 1);
    remove("run/left.jsonl");
}

static void thins_long_runs(void **state)
{
    (void)state;
    static RunCurve c;
    Err err = {0};
    char *text = malloc(5000 * 48), *at = text;
    assert_non_null(text);
    for (int i = 0; i < 5000; i++) at += sprintf(at, "{\"step\":%d,\"loss\":%d}\n", i, i + 1);
    fill("metrics.jsonl", text);
    free(text);
    assert_ok(run_curve_read(&c, "run", &err), err);
    assert_in_range(c.points, CURVE_POINTS / 4, CURVE_POINTS / 2);
    assert_true(c.step[c.points - 1] > 4900);
    for (int i = 1; i < c.points; i++) assert_true(c.step[i] > c.step[i - 1] && c.loss[i] == c.step[i] + 1);
}

static void absent_files_are_an_empty_curve(void **state)
{
    (void)state;
    static RunCurve c;
    Err err = {0};
    assert_ok(run_curve_read(&c, "there-is-none", &err), err);
    assert_true(c.points == 0 && c.probes == 0 && c.marks == 0 && isnan(c.untrained_linear) && !c.event[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_figure), cmocka_unit_test(health_lasts_until_it_is_measured_again),
        cmocka_unit_test(ways_that_were_left), cmocka_unit_test(thins_long_runs),
        cmocka_unit_test(absent_files_are_an_empty_curve)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
