/* viewsmith walk: learns directions that zoom, shift, turn, brighten and sharpen, into a copy of the
 * generator. */
#include "cli/share.h"
#include "base/text.h"
#include "engine/walk_job.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    {"out", OPTION_TEXT, "FILE", NULL, 0, 0, false,
     "The generator with its walks; FILE.checkpoint meanwhile"},
    OPTION_MODEL,
    OPTION_DATA,
    {"steps", OPTION_INTEGER, "N", NULL, 1, WALK_STEPS_MAX, false, "Of every walk (300)"},
    {"batch", OPTION_INTEGER, "N", NULL, 1, WALK_BATCH_MAX, false, "Views per step (32)"},
    {"rate", OPTION_NUMBER, "X", NULL, 1e-6, 10, false, "Of Adam, in standard deviations of w (0.1)"},
    {"pull", OPTION_NUMBER, "X", NULL, 0, 1000, false,
     "Weight of a walk's squared length beside its error: more stays more real and reaches less (0.0005)"},
    {"views", OPTION_INTEGER, "N", "256", 1, 4096, false, "That directions are described on"},
    {"resume", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Go on from FILE.checkpoint with its settings, bit for bit"},
    {"save-every", OPTION_NUMBER, "SECONDS", "30", 0.01, 86400, false, "Time between checkpoints"},
    {"seed", OPTION_SEED, "N", "1", 0, 0, false, "Of views and amounts"},
    {0},
};

static bool check_resume(const Args *a, Err *err)
{
    static const char *const fixed[] = {"steps", "batch", "rate", "pull", "seed"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (args_flag(a, "resume") && args_given(a, fixed[i]))
            return err_set(err, ERR_USAGE, "--%s belongs to new walks: resumed ones keep their own settings",
                           fixed[i]);
    return true;
}

static WalkSet *read_set(const Args *a, Err *err)
{
    const char *out = args_text(a, "out");
    if (!out) return err_set(err, ERR_USAGE, "walk wants --out FILE"), NULL;
    if (!check_resume(a, err)) return NULL;
    WalkSet *s = calloc(1, sizeof *s);
    if (!s) return err_nomem(err, "learning walks"), NULL;
    s->config = walk_defaults();
    if (args_given(a, "steps")) s->config.steps = (int)args_integer(a, "steps");
    if (args_given(a, "batch")) s->config.batch = (int)args_integer(a, "batch");
    if (args_given(a, "rate")) s->config.rate = (float)args_number(a, "rate");
    if (args_given(a, "pull")) s->config.pull = (float)args_number(a, "pull");
    if (args_given(a, "seed")) s->config.seed = args_seed(a, "seed");
    snprintf(s->out, sizeof s->out, "%s", out);
    args_line(s->command, sizeof s->command, a);
    s->views = (int)args_integer(a, "views");
    s->resume = args_flag(a, "resume");
    s->save_seconds = args_number(a, "save-every");
    s->threads = pool_default_threads();
    return s;
}

static void show(const Args *a, const WalkNews *n)
{
    static const char *const phase[] = {"learning", "measuring", "describing"};
    char left[32] = "?", losses[256] = "";
    if (isfinite(n->left)) text_duration(left, sizeof left, n->left);
    for (int k = 0; n->phase == WALK_LEARNING && k < WALKS; k++) {
        size_t at = strlen(losses);
        snprintf(losses + at, sizeof losses - at, "  %s %.2f", walk_rows[k].name, n->loss[k]);
    }
    cli_progress(a, "%s walks %.0f %%  %s left%s", phase[n->phase], 100 * n->progress, left, losses);
}

static void watch(Job *job, const Args *a, WalkNews *last)
{
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.2);
        if (cli_interrupted()) job_stop(job);
        WalkNews *n = (WalkNews *)job_news(job);
        if (!n) continue;
        *last = *n;
        news_drop(&n->news);
        show(a, last);
    }
}

static Json *reach_json(const Direction *d)
{
    Json *o = json_make(), *marks = json_make_array();
    json_put_str(o, "name", d->name);
    json_put_str(o, "unit", d->unit);
    json_put_num(o, "low", (double)d->low);
    json_put_num(o, "high", (double)d->high);
    json_put_num(o, "reach_low", (double)direction_reach(d, d->low));
    json_put_num(o, "reach_high", (double)direction_reach(d, d->high));
    json_put_str(o, "caption", d->caption);
    for (int i = 0; i < d->marks; i++) {
        Json *mark = json_make_array();
        json_add_num(mark, (double)d->mark[i]);
        json_add_num(mark, (double)d->reach[i]);
        json_add_num(mark, (double)d->real[i]);
        json_add(marks, mark);
    }
    json_put(o, "marks", marks);
    return o;
}

static int report(const Args *a, const WalkNews *n)
{
    Json *o = json_make(), *list = json_make_array();
    for (int k = 0; k < WALKS; k++) {
        const Direction *d = &n->walk[k];
        json_add(list, reach_json(d));
        cli_say(a, "%-11s amounts %6.2f to %5.2f reach %6.2f to %5.2f %s", d->name, (double)d->low,
                (double)d->high, (double)direction_reach(d, d->low), (double)direction_reach(d, d->high),
                d->unit);
    }
    cli_say(a, "bounded by %s", n->bound);
    cli_say(a, "the generator with its walks is %s", args_text(a, "out"));
    json_put_str(o, "file", args_text(a, "out"));
    json_put_str(o, "bounds", n->bound);
    json_put(o, "walks", list);
    return cli_result(a, o);
}

static int walk_command(const Args *a)
{
    Err err = {0};
    Workspace *w = NULL;
    WalkNews last = {0};
    WalkSet *set = read_set(a, &err);
    if (!set) return cli_fail(&err);
    if (!share_open(&w, a, false, &err)) {
        free(set);
        return cli_fail(&err);
    }
    cli_save_on_interrupt(true);
    Job *job = walk_start(w, set, (Bell){0}, &err);
    if (job) watch(job, a, &last);
    bool ok = job && job_result(job, &err);
    job_free(job);
    workspace_close(w);
    return ok ? report(a, &last) : cli_fail(&err);
}

const Command command_walk = {
    "--out FILE [--steps N]",
    "Learns six directions of the generator: zoom, shift-x, shift-y, rotate, brightness, contrast.\n"
    "Each is taught to do to styles what the edit does to pictures, measured on other views, and\n"
    "bounded where it stops working or pictures stop looking real. The copy has another digest, so\n"
    "addresses name it; all its directions are described in words. SIGINT saves and ends with 130.",
    "  viewsmith walk --out fashion-walks.safetensors\n  viewsmith walk --model mine.safetensors --data "
    "photos "
    "--out mine-walks.safetensors",
    options,
    0,
    0,
    walk_command};
