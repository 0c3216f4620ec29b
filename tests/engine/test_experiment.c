/* Experiments: rows are made once, go on after an interruption, come out alike when made again; what is
 * reported follows from the lines alone. */
#include "check.h"
#include "engine/experiment.h"
#include "engine/jsonl.h"
#include "engine/stage.h"

#include <math.h>
#include <unistd.h>

static Stage stage;

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage, "stage-experiment");
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

/* The recipe with `steps` for the arm of made views and something after the arms. */
static const char *recipe(int steps, const char *more)
{
    static char path[160];
    char text[4096], folder[512];
    Err err = {0};
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(path, sizeof path, "%s/trial.json", stage.folder);
    snprintf(
        text, sizeof text,
        "{\"title\": \"A trial\", \"split\": \"valid\", \"seeds\": 2, \"data\": \"%s/%s\", \"few\": [3], "
        "\"draws\": 2, \"transfer\": \"%s/%s\","
        "\"train\": {\"encoder\": \"tiny\", \"pairs\": 4, \"steps\": 3},"
        "\"arms\": [{\"name\": \"real\", \"label\": \"Real pictures\", \"train\": {\"views\": \"real\"}},"
        "{\"name\": \"made\", \"model\": \"%s/%s\", \"train\": {\"steps\": %d}}]%s}",
        folder, stage.data, folder, stage.data, folder, stage.model, steps, more);
    assert_ok(file_replace(path, text, strlen(text), &err), err);
    return path;
}

static ExperimentRun run_of(const Experiment *e, const char *out)
{
    ExperimentRun run = {.experiment = e, .seeds = e->seeds, .abreast = 2, .arm = -1};
    snprintf(run.out, sizeof run.out, "%s/%s", stage.folder, out);
    snprintf(run.runs, sizeof run.runs, "%s/%s-runs", stage.folder, out);
    return run;
}

/* Runs to the end; returns how many rows were made now. */
static int make(const ExperimentRun *run)
{
    Err err = {0};
    Job *job = experiment_start(run, (Bell){0}, &err);
    assert_ok(job != NULL, err);
    while (!job_wait(job, 1)) {}
    assert_ok(job_result(job, &err), err);
    ExperimentNews *n = (ExperimentNews *)job_news(job);
    int made = n->done - n->before;
    assert_int_equal(n->done, n->rows);
    news_drop(&n->news);
    job_free(job);
    return made;
}

static Experiment *open_recipe(const char *path)
{
    Err err = {0};
    Experiment *e;
    assert_ok(experiment_open(&e, path, &err), err);
    return e;
}

static int count(const Experiment *e, const char *folder, int *stale)
{
    Err err = {0};
    ExperimentRows rows;
    assert_ok(experiment_rows(&rows, e, folder, &err), err);
    int n = rows.n;
    *stale = rows.stale;
    experiment_rows_free(&rows);
    return n;
}

static void rows_are_made_once(void **state)
{
    (void)state;
    int stale;
    Experiment *e = open_recipe(recipe(3, ""));
    ExperimentRun run = run_of(e, "once");
    assert_int_equal(make(&run), 4);
    assert_int_equal(make(&run), 0);
    run.seeds = 3;
    assert_int_equal(make(&run), 2);
    assert_int_equal(count(e, run.out, &stale), 6);
    assert_int_equal(stale, 0);
    experiment_close(e);
    e = open_recipe(recipe(4, "")); /* the other arm's rows count on */
    assert_int_equal(count(e, run.out, &stale), 3);
    assert_int_equal(stale, 3);
    run.experiment = e;
    assert_int_equal(make(&run), 3);
    experiment_close(e);
}

static void an_interrupted_row_goes_on(void **state)
{
    (void)state;
    Err err = {0};
    int stale;
    Experiment *e = open_recipe(recipe(400, ""));
    ExperimentRun run = run_of(e, "cut"), whole = run_of(e, "whole");
    run.arm = whole.arm = 1;
    run.seeds = whole.seeds = 1;
    Job *job = experiment_start(&run, (Bell){0}, &err);
    bool trains = false;
    while (!trains && !job_wait(job, 0.02)) {
        RunInfo info;
        trains = runs_info(&info, run.runs, "0001", NULL) && info.step > 2;
    }
    job_stop(job);
    while (!job_wait(job, 1)) {}
    assert_int_equal(count(e, run.out, &stale), 0);
    assert_refused(job_result(job, &err), err, ERR_CANCELLED, "the same command goes on");
    job_free(job);
    assert_int_equal(make(&run), 1);
    make(&whole);
    ExperimentRows a, b;
    err = (Err){0};
    assert_ok(experiment_rows(&a, e, run.out, &err) && experiment_rows(&b, e, whole.out, &err), err);
    assert_string_equal(json_str(a.row[0].line, "encoder", "a"), json_str(b.row[0].line, "encoder", "b"));
    static const char *const figure[] = {"linear",          "knn",          "linear_3",
                                         "transfer_linear", "transfer_knn", "untrained_linear"};
    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++) {
        double x = json_num(a.row[0].line, figure[i], NAN);
        assert_true(x > 0 && x <= 1);
        assert_float_equal(x, json_num(b.row[0].line, figure[i], NAN), 0);
    }
    experiment_rows_free(&a);
    experiment_rows_free(&b);
    experiment_close(e);
}

/* Every line of a file with `from` replaced. */
static void change_lines(const char *path, const char *from, const char *to)
{
    Err err = {0};
    uint8_t *bytes;
    size_t size;
    assert_ok(file_read(path, 1 << 20, &bytes, &size, &err), err);
    char *at = strstr((char *)bytes, from);
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    assert_ok(file_replace(path, bytes, size, &err), err);
    free(bytes);
}

static void a_row_made_again_is_alike(void **state)
{
    (void)state;
    Err err = {0};
    char path[160], loss[40], other[40];
    Experiment *e = open_recipe(recipe(3, ""));
    ExperimentRun run = run_of(e, "again");
    run.seeds = 1;
    make(&run);
    ExperimentRows rows;
    assert_ok(experiment_rows(&rows, e, run.out, &err), err);
    snprintf(loss, sizeof loss, "\"loss\":%.17g", json_num(rows.row[0].line, "loss", 0));
    experiment_key(run.check, e, rows.row[0].arm, rows.row[0].seed);
    experiment_rows_free(&rows);
    make(&run);
    loss[12] = 0;
    snprintf(other, sizeof other, "%s", loss);
    other[11] = other[11] == '1' ? '2' : '1';
    snprintf(path, sizeof path, "%s/again/trial.jsonl", stage.folder);
    change_lines(path, loss, other);
    Job *job = experiment_start(&run, (Bell){0}, &err);
    while (!job_wait(job, 1)) {}
    assert_refused(job_result(job, &err), err, ERR_NUMERIC, "loss is");
    job_free(job);
    experiment_close(e);
}

/* A line as a run leaves it, with these figures. */
static void put_line(const Experiment *e, const char *path, int arm, uint64_t seed, double linear)
{
    char key[17];
    Err err = {0};
    Json *o = json_make();
    experiment_key(key, e, arm, seed);
    json_put_str(o, "key", key);
    json_put_str(o, "arm", e->arm[arm].name);
    json_put_int(o, "seed", (int64_t)seed);
    json_put_num(o, "linear", linear);
    json_put_interval(o, "linear_ci", linear - 0.01, linear + 0.01);
    assert_ok(jsonl_append(path, o, &err), err);
}

static void reports_follow_from_lines(void **state)
{
    (void)state;
    Err err = {0};
    char out[128], path[160], text[8192];
    Experiment *e = open_recipe(
        recipe(3, ", \"compare\": [{\"first\": \"made\", \"second\": \"real\", \"asks\": \"made - real\"},"
                  "{\"first\": \"real\", \"second\": \"made\", \"asks\": \"real - made\"}]"));
    snprintf(out, sizeof out, "%s/report", stage.folder);
    snprintf(path, sizeof path, "%s/trial.jsonl", out);
    assert_refused(experiment_report(e, out, &err), err, ERR_USAGE, "no row of this recipe");
    assert_ok(file_make_folder(out, &(Err){0}), err);
    const double real[] = {0.80, 0.81, 0.82}, made[] = {0.82, 0.84, 0.83};
    for (int i = 0; i < 3; i++)
        put_line(e, path, 0, (uint64_t)i, real[i]), put_line(e, path, 1, (uint64_t)i, made[i]);
    snprintf(path, sizeof path, "%s.md", out);
    assert_ok(file_replace(path, "# Before\n\nWords that stay.\n", 26, &(Err){0}), err);
    err = (Err){0};
    assert_ok(experiment_report(e, out, &err), err);
    assert_ok(experiment_report(e, out, &err), err); /* its section is replaced, not doubled */
    FILE *f = fopen(path, "rb");
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    assert_non_null(strstr(text, "Words that stay."));
    assert_ptr_equal(strstr(text, "## A trial"), strstr(strstr(text, "# Before"), "## A trial"));
    assert_null(strstr(strstr(text, "## A trial") + 1, "## A trial"));
    /* R: mean(c(2,3,1)) = 2, t.test half = 4.302653 / sqrt(3) = 2.48 */
    assert_non_null(strstr(text, "| made - real | linear probe | 3 | +2.00 | [-0.48, +4.48] | not shown |"));
    assert_non_null(strstr(text, "| Real pictures | 81.00 ± 2.48 (pictures ± 1.00) |"));
    snprintf(path, sizeof path, "%s/trial.png", out);
    assert_true(file_exists(path));
    experiment_close(e);
}

static void wrong_recipes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *more, *words;
    } wrong[] = {
        {", \"sedes\": 4", "\"sedes\" is no member of a recipe"},
        {", \"axis\": {}", "the text \"name\" is missing"},
        {", \"compare\": [{\"first\": \"made\", \"second\": \"none\"}]", "names \"none\", which is no arm"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Err err = {0};
        Experiment *e;
        assert_refused(experiment_open(&e, recipe(3, wrong[i].more), &err), err, ERR_FORMAT, wrong[i].words);
        assert_null(e);
    }
    Err err = {0};
    Experiment *e;
    assert_refused(experiment_open(&e, recipe(-3, ""), &err), err, ERR_FORMAT, "arm made");
    err = (Err){0};
    assert_refused(experiment_open(&e, "no-such", &err), err, ERR_USAGE,
                   "there is no experiment \"no-such\"");
    err = (Err){0};
    assert_refused(experiment_open(&e, "../etc/Passwd", &err), err, ERR_USAGE, "names no experiment");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_made_once),        cmocka_unit_test(an_interrupted_row_goes_on),
        cmocka_unit_test(a_row_made_again_is_alike), cmocka_unit_test(reports_follow_from_lines),
        cmocka_unit_test(wrong_recipes_are_refused),
    };
    return cmocka_run_group_tests(tests, open_stage, close_stage);
}
