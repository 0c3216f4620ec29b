/* viewsmith runs: lists, shows, names, deletes and steers training runs. */
#include "cli/share.h"
#include "base/text.h"
#include "engine/run_diff.h"
#include "engine/train_command.h"
#include "engine/train_history.h"
#include "engine/train_pairs.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const Option options[] = {
    OPTION_RUNS,
    {"name", OPTION_TEXT, "NAME", NULL, 0, 0, false, "Give RUN this name (\"\" takes it away)"},
    {"delete", OPTION_TEXT, "RUN", NULL, 0, 0, true, "Delete the run with this whole id or name"},
    {"set", OPTION_TEXT, "COMMAND", NULL, 0, 0, true,
     "Change RUN while it runs: \"rate X\", \"temperature X\", \"sigma X\", \"share X\" of the tray, \"mix "
     "X\" of "
     "real pictures, \"exclude ADDRESS\", \"weight X ADDRESS\", pause, continue, stop, save, \"rollback "
     "STEP\""},
    {"pairs", OPTION_INTEGER, "STEP", NULL, 0, 9e15, false,
     "List the generated pairs of that step as addresses"},
    OPTION_MODEL,
    {0},
};

static Json *run_json(const RunInfo *r)
{
    Json *o = json_make();
    json_put_str(o, "id", r->id);
    json_put_str(o, "name", r->name);
    json_put_str(o, "state", r->state);
    json_put_str(o, "source", r->maker);
    json_put_str(o, "encoder", r->encoder);
    json_put_int(o, "seed", (int64_t)r->seed);
    json_put_int(o, "step", (int64_t)r->step);
    json_put_int(o, "views", (int64_t)r->views);
    json_put_num(o, "seconds", r->seconds);
    json_put_num(o, "started", r->started);
    json_put_num(o, "loss", r->loss);
    json_put_num(o, "linear", r->linear);
    json_put_num(o, "knn", r->knn);
    json_put_str(o, "folder", r->folder);
    return o;
}

static void percent(char out[16], double x)
{
    if (isfinite(x))
        snprintf(out, 16, "%.1f", 100 * x);
    else
        snprintf(out, 16, "-");
}

static void print_run(const Args *a, const RunInfo *r)
{
    char views[32], time[32], linear[16], knn[16], date[32] = "-";
    struct tm tm;
    time_t t = (time_t)r->started;
    text_count(views, sizeof views, (long long)r->views);
    text_duration(time, sizeof time, r->seconds);
    percent(linear, r->linear);
    percent(knn, r->knn);
    if (r->started > 0 && localtime_r(&t, &tm)) strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
    cli_say(a, "%-5s %-16s %-8s %-17s %-6s %12s %8s %7s %6s  %s", r->id, r->name[0] ? r->name : "-", r->state,
            r->maker, r->encoder, views, time, linear, knn, date);
}

static int list(const Args *a, const char *runs)
{
    Err err = {0};
    RunInfo *run;
    long n = runs_list(&run, runs, &err);
    if (n < 0) return cli_fail(&err);
    Json *o = json_make(), *rows = json_make_array();
    if (!n)
        cli_say(a, "no runs yet in %s: viewsmith train makes one", runs);
    else
        cli_say(a, "%-5s %-16s %-8s %-17s %-6s %12s %8s %7s %6s  %s", "id", "name", "state", "source", "size",
                "views", "time", "linear", "kNN", "started");
    for (long i = 0; i < n; i++) {
        print_run(a, &run[i]);
        json_add(rows, run_json(&run[i]));
    }
    free(run);
    json_put(o, "runs", rows);
    return cli_result(a, o);
}

static int delete (const Args *a, const char *runs)
{
    Err err = {0};
    Json *o = json_make(), *gone = json_make_array();
    for (int i = 0; i < args_count(a, "delete"); i++) {
        const char *what = args_nth(a, "delete", i);
        if (!runs_delete(runs, what, &err)) {
            json_drop(o);
            json_drop(gone);
            return cli_fail(&err);
        }
        cli_say(a, "deleted %s", what);
        json_add_str(gone, what);
    }
    json_put(o, "deleted", gone);
    return cli_result(a, o);
}

static bool change(RunInfo *run, const Args *a, const char *runs, Err *err)
{
    if (!runs_find(run, runs, a->word[0], err)) return false;
    if (args_given(a, "name") && !runs_name(run, runs, args_text(a, "name"), err)) return false;
    if (args_given(a, "set") && strcmp(run->state, "running"))
        return err_set(err, ERR_IO, "run %s is not running: viewsmith train --resume %s", run->id, run->id);
    for (int i = 0; i < args_count(a, "set"); i++)
        if (!train_control(run->folder, args_nth(a, "set", i), err)) return false;
    return runs_info(run, runs, run->id, err);
}

/* The steps that --resume RUN --at and "rollback" can go back to. */
static bool put_checkpoints(Json *o, const Args *a, const RunInfo *run, Err *err)
{
    History h;
    char line[HISTORY_MAX * 10 + 64] = "";
    if (!history_list(&h, run->folder, err)) return false;
    Json *list = json_make_array();
    size_t n = 0;
    for (int i = 0; i < h.count; i++) {
        json_add_int(list, (int64_t)h.step[i]);
        if (n + 24 < sizeof line)
            n += (size_t)snprintf(line + n, sizeof line - n, " %llu", (unsigned long long)h.step[i]);
    }
    if (h.count) cli_say(a, "checkpoints of steps%s", line);
    json_put(o, "checkpoints", list);
    return true;
}

/* What holds after the last step: views that come never or more often, and real pictures among them. */
static bool put_weights(Json *o, const Args *a, const RunInfo *run, Err *err)
{
    char text[ADDRESS_BYTES_MAX + 1];
    TrainForce *f = malloc(sizeof *f);
    if (!f) return err_nomem(err, "weights of views");
    bool ok = train_force(f, run, UINT64_MAX, NULL); /* a run without settings was told nothing */
    Json *list = json_make_array();
    for (int i = 0; ok && i < f->weights; i++) {
        if (!address_print(text, &f->weight[i].like, NULL)) continue;
        cli_say(a, "weight %g of views like %s", (double)f->weight[i].factor, text);
        Json *row = json_make();
        json_put_num(row, "factor", (double)f->weight[i].factor);
        json_put_str(row, "like", text);
        json_add(list, row);
    }
    json_put(o, "weights", list);
    if (ok && f->control.mix > 0) cli_say(a, "%g %% real pictures", 100 * (double)f->control.mix);
    if (ok) json_put_num(o, "mix", (double)f->control.mix);
    free(f);
    return true;
}

/* --pairs STEP: the addresses that its batch was made from. */
static bool put_pairs(Json *o, const Args *a, const RunInfo *run, Err *err)
{
    enum { MOST = 8192 };
    char one[ADDRESS_BYTES_MAX + 1], two[ADDRESS_BYTES_MAX + 1];
    Workspace *w = NULL;
    StepPair *pair = malloc(MOST * sizeof *pair);
    if (!pair) return err_nomem(err, "pairs of a step");
    int n = share_open(&w, a, false, err)
                ? train_pairs(pair, MOST, w, run, (uint64_t)args_integer(a, "pairs"), err)
                : -1;
    Json *list = json_make_array();
    for (int i = 0; i < n; i++) {
        if (!address_print(one, &pair[i].a, NULL) || !address_print(two, &pair[i].b, NULL)) continue;
        cli_say(a, "%4d %s", pair[i].pair, one);
        cli_say(a, "     %s", two);
        Json *row = json_make();
        json_put_int(row, "pair", pair[i].pair);
        json_put_str(row, "anchor", one);
        json_put_str(row, "positive", two);
        json_add(list, row);
    }
    json_put(o, "pairs", list);
    workspace_close(w);
    free(pair);
    return n >= 0;
}

static void say_figure(const Args *a, const char *name, double x, double y, double times, int decimals)
{
    char one[32], two[32];
    snprintf(one, sizeof one, isfinite(x) ? "%.*f" : "-", decimals, times * x);
    snprintf(two, sizeof two, isfinite(y) ? "%.*f" : "-", decimals, times * y);
    cli_say(a, "%-14s %-24s %s", name, one, two);
}

static Json *settings_json(const Args *a, const RunDiff *d)
{
    Json *list = json_make_array();
    for (int i = 0; i < d->settings; i++) {
        const RunDifference *s = &d->setting[i];
        cli_say(a, "%-14s %-24s %s", s->name, *s->a ? s->a : "-", *s->b ? s->b : "-");
        Json *row = json_make();
        json_put_str(row, "name", s->name);
        json_put_str(row, "a", s->a);
        json_put_str(row, "b", s->b);
        json_add(list, row);
    }
    if (!d->settings) cli_say(a, "no setting differs");
    return list;
}

static Json *curve_json(const Args *a, const RunDiff *d)
{
    Json *list = json_make_array();
    for (int i = 0; i < d->steps; i++) {
        cli_say(a, "loss at %-6.0f %-24.3f %.3f", (double)d->step[i], (double)d->a[i], (double)d->b[i]);
        Json *row = json_make();
        json_put_num(row, "step", (double)d->step[i]);
        json_put_num(row, "a", (double)d->a[i]);
        json_put_num(row, "b", (double)d->b[i]);
        json_add(list, row);
    }
    return list;
}

/* runs diff A B */
static int compare(const Args *a, const char *runs)
{
    Err err = {0};
    RunInfo one, two;
    RunDiff *d = malloc(sizeof *d);
    bool ok = (d || err_nomem(&err, "two runs")) && runs_find(&one, runs, a->word[1], &err) &&
              runs_find(&two, runs, a->word[2], &err) && run_diff(d, &one, &two, &err);
    if (!ok) return free(d), cli_fail(&err);
    Json *o = json_make();
    cli_say(a, "%-14s %s %-19s %s %s", "", one.id, one.name, two.id, two.name);
    json_put(o, "settings", settings_json(a, d));
    say_figure(a, "linear", one.linear, two.linear, 100, 1);
    say_figure(a, "kNN", one.knn, two.knn, 100, 1);
    say_figure(a, "seconds", one.seconds, two.seconds, 1, 0);
    json_put(o, "curve", curve_json(a, d));
    json_put(o, "a", run_json(&one));
    json_put(o, "b", run_json(&two));
    free(d);
    return cli_result(a, o);
}

static int runs_command(const Args *a)
{
    Err err = {0};
    char runs[3072];
    RunInfo run;
    if (!runs_folder(runs, sizeof runs, args_text(a, "runs"), &err)) return cli_fail(&err);
    if (args_given(a, "delete")) return delete (a, runs);
    bool two = a->words == 3 && !strcmp(a->word[0], "diff");
    if (two) return compare(a, runs);
    if (a->words > 1) {
        err_set(&err, ERR_USAGE, "runs takes one run, or diff and two: viewsmith runs diff 1 2");
        return cli_fail(&err);
    }
    if (!a->words && (args_given(a, "name") || args_given(a, "set"))) {
        err_set(&err, ERR_USAGE, "which run? viewsmith runs RUN --name NAME");
        return cli_fail(&err);
    }
    if (!a->words) return list(a, runs);
    if (!change(&run, a, runs, &err)) return cli_fail(&err);
    print_run(a, &run);
    cli_say(a, "%s", run.folder);
    Json *o = run_json(&run);
    if (put_checkpoints(o, a, &run, &err) && put_weights(o, a, &run, &err) &&
        (!args_given(a, "pairs") || put_pairs(o, a, &run, &err)))
        return cli_result(a, o);
    json_drop(o);
    return cli_fail(&err);
}

const Command command_runs = {
    "[RUN] [--name NAME] [--set COMMAND] [--pairs STEP] [--delete RUN]\n       viewsmith runs diff A B",
    "Without arguments lists the runs. RUN is an id (0007 or 7), a name, or the beginning of a name;\n"
    "to delete, the whole id or name. diff says which settings of two runs differ, what they were told, and\n"
    "their loss at the same steps.",
    "  viewsmith runs\n  viewsmith runs 7 --name first\n  viewsmith runs first --set 'sigma 0.45'\n  "
    "viewsmith runs diff 1 2 --json\n  "
    "viewsmith runs --delete 0007",
    options,
    0,
    3,
    runs_command};
