/* viewsmith experiment: a recipe of arms over seeds, one line a run, tables and a plot. */
#include "cli/open.h"
#include "base/text.h"
#include "engine/experiment.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    {"seeds", OPTION_INTEGER, "N", NULL, 1, 1000, false, "Seeds 0 to N - 1 (the recipe says how many else)"},
    {"out", OPTION_TEXT, "DIR", "docs/results", 0, 0, false,
     "Folder of NAME.jsonl and NAME.png; the tables go into DIR.md"},
    {"arm", OPTION_TEXT, "NAME", NULL, 0, 0, false, "Only this arm"},
    {"row", OPTION_TEXT, "KEY", NULL, 0, 0, false,
     "Make this row again and compare it with its line, digit by digit"},
    {"report", OPTION_FLAG, NULL, NULL, 0, 0, false, "Only tables and plot, from the lines that are there"},
    {"list", OPTION_FLAG, NULL, NULL, 0, 0, false, "Say what arms there are and how many rows are done"},
    {"keep-runs", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Keep the folders of finished rows, encoders included"},
    {"runs", OPTION_TEXT, "DIR", NULL, 0, 0, false,
     "Where rows are trained (experiments/NAME in the program's data folder)"},
    {0},
};

static int names(const Args *a)
{
    Err err = {0};
    char **name;
    long n = experiment_names(&name, &err);
    if (n < 0) return cli_fail(&err);
    Json *o = json_make(), *list = json_make_array();
    for (long i = 0; i < n; i++) {
        Experiment *e;
        json_add_str(list, name[i]);
        if (!experiment_open(&e, name[i], &err)) {
            free(name);
            json_drop(list);
            json_drop(o);
            return cli_fail(&err);
        }
        cli_say(a, "%-12s %2d arms, %2d seeds  %s", e->name, e->arms, e->seeds, e->title);
        experiment_close(e);
    }
    free(name);
    json_put(o, "experiments", list);
    return cli_result(a, o);
}

static int count_rows(const ExperimentRows *rows, int arm)
{
    int n = 0;
    for (int i = 0; i < rows->n; i++) n += rows->row[i].arm == arm;
    return n;
}

static int list_arms(const Args *a, const Experiment *e)
{
    Err err = {0};
    ExperimentRows rows;
    if (!experiment_rows(&rows, e, args_text(a, "out"), &err)) return cli_fail(&err);
    Json *o = json_make(), *arms = json_make_array();
    cli_say(a, "%s", e->title);
    if (*e->asks) cli_say(a, "%s", e->asks);
    for (int i = 0; i < e->arms; i++) {
        Json *arm = json_make();
        cli_say(a, "  %-20s %2d rows  %s", e->arm[i].name, count_rows(&rows, i), e->arm[i].label);
        json_put_str(arm, "name", e->arm[i].name);
        json_put_str(arm, "label", e->arm[i].label);
        json_put_int(arm, "rows", count_rows(&rows, i));
        json_add(arms, arm);
    }
    if (rows.stale)
        cli_note(a, "%d lines are of other settings, generators or data, and do not count", rows.stale);
    json_put_str(o, "experiment", e->name);
    json_put(o, "arms", arms);
    json_put_int(o, "stale", rows.stale);
    experiment_rows_free(&rows);
    return cli_result(a, o);
}

static int report(const Args *a, const Experiment *e, const ExperimentNews *n)
{
    Err err = {0};
    const char *out = args_text(a, "out");
    if (!experiment_report(e, out, &err)) return cli_fail(&err);
    Json *o = json_make();
    json_put_str(o, "experiment", e->name);
    if (n) {
        json_put_int(o, "rows", n->done);
        json_put_int(o, "made", n->done - n->before);
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.jsonl", out, e->name);
    json_put_str(o, "file", path);
    cli_say(a, "tables: %s.md; plot: %s/%s.png; rows: %s", out, out, e->name, path);
    return cli_result(a, o);
}

static bool watch(Job *job, const Args *a, ExperimentNews *last, Err *err)
{
    for (bool ended = false; !ended;) {
        char left[32] = "?";
        ended = job_wait(job, 0.3);
        if (cli_interrupted()) job_stop(job);
        ExperimentNews *n = (ExperimentNews *)job_news(job);
        if (!n) continue;
        if (n->told[0] && strcmp(n->told, last->told)) cli_note(a, "%s", n->told);
        *last = *n;
        news_drop(&n->news);
        if (isfinite(last->left)) text_duration(left, sizeof left, last->left);
        cli_progress(a, "%d of %d rows  %s  %s left", last->done, last->rows, last->now, left);
    }
    return job_result(job, err);
}

static bool set_run(ExperimentRun *run, const Args *a, const Experiment *e, Err *err)
{
    *run = (ExperimentRun){
        .experiment = e, .arm = -1, .abreast = pool_default_threads(), .keep = args_flag(a, "keep-runs")};
    run->seeds = args_given(a, "seeds") ? (int)args_integer(a, "seeds") : e->seeds;
    snprintf(run->out, sizeof run->out, "%s", args_text(a, "out"));
    snprintf(run->runs, sizeof run->runs, "%s", args_given(a, "runs") ? args_text(a, "runs") : "");
    snprintf(run->check, sizeof run->check, "%s", args_given(a, "row") ? args_text(a, "row") : "");
    if (!args_given(a, "arm")) return true;
    for (int i = 0; i < e->arms; i++)
        if (!strcmp(e->arm[i].name, args_text(a, "arm"))) run->arm = i;
    return run->arm >= 0 ||
           err_set(err, ERR_USAGE, "%s has no arm \"%s\": --list names them", e->name, args_text(a, "arm"));
}

static int run_rows(const Args *a, const Experiment *e)
{
    Err err = {0};
    ExperimentRun run;
    ExperimentNews last = {0};
    if (!set_run(&run, a, e, &err) || (e->split == SPLIT_TEST && !open_log_test(a, &err)))
        return cli_fail(&err);
    cli_save_on_interrupt(true);
    Job *job = experiment_start(&run, (Bell){0}, &err);
    bool ok = job && watch(job, a, &last, &err);
    job_free(job);
    cli_progress(a, NULL);
    if (!ok) return cli_fail(&err);
    if (!run.check[0]) return report(a, e, &last);
    Json *o = json_make();
    json_put_str(o, "row", run.check);
    json_put_bool(o, "alike", true);
    cli_say(a, "%s", last.told);
    return cli_result(a, o);
}

static int experiment_command(const Args *a)
{
    Err err = {0};
    Experiment *e;
    if (!a->words) return names(a);
    if (!experiment_open(&e, a->word[0], &err)) return cli_fail(&err);
    int status = args_flag(a, "list")     ? list_arms(a, e)
                 : args_flag(a, "report") ? report(a, e, NULL)
                                          : run_rows(a, e);
    experiment_close(e);
    return status;
}

const Command command_experiment = {
    "[NAME|FILE.json] [--seeds N] [--out DIR]",
    "Runs a recipe (docs/experiments; without a name they are listed): arms, each trained with the same\n"
    "seeds and probed on real pictures. Rows run side by side, one thread each, one JSON line a row, and\n"
    "what is there is never run again: after any interruption the same command goes on where it was.\n"
    "Then tables with Student's intervals and paired differences, and a plot. --row makes one row again.",
    "  viewsmith experiment headline --seeds 10\n  viewsmith experiment sigma --report\n"
    "  viewsmith experiment headline --row 0123456789abcdef\n  viewsmith experiment mine.json --out results",
    options,
    0,
    1,
    experiment_command};
