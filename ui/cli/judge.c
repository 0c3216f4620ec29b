/* viewsmith judge: trains the encoder in whose features generators are measured. */
#include "cli/share.h"
#include "engine/judge_job.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    {"out", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Encoder file; FILE.checkpoint while it trains"},
    OPTION_DATA,
    {"size", OPTION_INTEGER, "N", NULL, 8, 256, false, "Side in pixels for a folder"},
    {"channels", OPTION_INTEGER, "1|3", NULL, 1, 3, false, "Grey or colour for a folder"},
    {"steps", OPTION_INTEGER, "N", NULL, 1, 1e9, false, "Budget in steps (4000)"},
    {"seconds", OPTION_NUMBER, "X", NULL, 0.1, 1e7, false, "Budget in seconds instead"},
    {"encoder", OPTION_TEXT, "SIZE", NULL, 0, 0, false, "tiny, small, a (small)"},
    {"batch", OPTION_INTEGER, "N", NULL, 2, 8192, false, "Images per step (128)"},
    {"rate", OPTION_NUMBER, "X", NULL, 1e-6, 10, false, "Learning rate (0.1)"},
    {"augment", OPTION_TEXT, "RECIPE", NULL, 0, 0, false, "Pixel views (light)"},
    {"resume", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Go on from FILE.checkpoint with its settings, bit for bit"},
    {"save-every", OPTION_NUMBER, "SECONDS", "30", 0.01, 86400, false, "Time between checkpoints"},
    OPTION_SEED_OF("Of weights and order"),
    {0},
};

static bool set_config(ClassifyConfig *c, const Args *a, Err *err)
{
    *c = classify_defaults();
    c->seed = args_seed(a, "seed");
    if (args_given(a, "steps") && args_given(a, "seconds"))
        return err_set(err, ERR_USAGE, "give --steps or --seconds, not both");
    if (args_given(a, "steps")) c->budget = (Budget){.steps = (uint64_t)args_integer(a, "steps")};
    if (args_given(a, "seconds")) c->budget = (Budget){.seconds = args_number(a, "seconds")};
    if (args_given(a, "encoder") && strlen(args_text(a, "encoder")) >= sizeof c->encoder)
        return err_set(err, ERR_USAGE, "--encoder is tiny, small or a");
    if (args_given(a, "encoder")) snprintf(c->encoder, sizeof c->encoder, "%s", args_text(a, "encoder"));
    if (args_given(a, "batch")) c->batch = (int)args_integer(a, "batch");
    if (args_given(a, "rate")) c->descent.rate = (float)args_number(a, "rate");
    return !args_given(a, "augment") || augment_parse(&c->recipe, args_text(a, "augment"), err);
}

static bool check_resume(const Args *a, Err *err)
{
    static const char *const fixed[] = {"steps", "seconds", "encoder", "batch", "rate", "augment", "seed"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (args_flag(a, "resume") && args_given(a, fixed[i]))
            return err_set(err, ERR_USAGE,
                           "--%s belongs to a new judge: a resumed one keeps its own settings", fixed[i]);
    return true;
}

static Judge *open_judge(const Args *a, Err *err)
{
    Judge *j = calloc(1, sizeof *j);
    if (!j) return err_nomem(err, "a judge"), NULL;
    const char *out = args_text(a, "out");
    bool ok = (out || err_set(err, ERR_USAGE, "judge wants --out FILE")) && check_resume(a, err) &&
              set_config(&j->config, a, err);
    if (!ok) {
        free(j);
        return NULL;
    }
    const char *data = args_text(a, "data"), *base = strrchr(out, '/');
    snprintf(j->path, sizeof j->path, "%s", out);
    snprintf(j->name, sizeof j->name, "%.*s", (int)strcspn(base ? base + 1 : out, "."),
             base ? base + 1 : out);
    snprintf(j->spec, sizeof j->spec, "%s", *data ? data : "fashion");
    j->size = (int)args_integer(a, "size");
    j->channels = (int)args_integer(a, "channels");
    j->resume = args_flag(a, "resume");
    j->threads = pool_default_threads();
    j->save_seconds = args_number(a, "save-every");
    return j;
}

static void show(const Args *a, const JudgeNews *n)
{
    char left[32] = "?", seen[32];
    text_count(seen, sizeof seen, (long long)n->now.images);
    if (isfinite(n->left)) text_duration(left, sizeof left, n->left);
    cli_progress(a, "judge %.0f %%  %s images  loss %.3f  accuracy %.3f  %s left", 100 * n->now.progress,
                 seen, n->now.loss, n->now.accuracy, left);
}

static void watch(Job *job, const Args *a, JudgeNews *last)
{
    bool named = false;
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.2);
        if (cli_interrupted()) job_stop(job);
        JudgeNews *n = (JudgeNews *)job_news(job);
        if (!n) continue;
        if (!named) cli_note(a, "%s", n->sentence);
        named = true;
        if (n->told[0] && strcmp(n->told, last->told)) cli_note(a, "%s", n->told);
        *last = *n;
        news_drop(&n->news);
        show(a, last);
    }
}

static int judge_command(const Args *a)
{
    Err err = {0};
    JudgeNews last = {0};
    char figure[40], out[3072];
    Judge *j = open_judge(a, &err);
    if (!j) return cli_fail(&err);
    snprintf(out, sizeof out, "%s", j->path);
    cli_save_on_interrupt(true);
    Job *job = judge_start(j, (Bell){0}, &err);
    if (!job) return cli_fail(&err);
    watch(job, a, &last);
    bool ok = job_result(job, &err);
    job_free(job);
    if (!ok) return cli_fail(&err);
    share_figure(figure, &last.valid);
    cli_say(a, "accuracy on the validation pictures: %s; the judge is %s", figure, out);
    Json *o = json_make();
    json_put_str(o, "file", out);
    share_put_figure(o, "accuracy_valid", &last.valid);
    json_put_int(o, "images_seen", (int64_t)last.now.images);
    json_put_num(o, "seconds", last.now.elapsed);
    return cli_result(a, o);
}

const Command command_judge = {
    "--out FILE [--steps N]",
    "Trains an encoder with labels on the training split (cross-entropy) and writes it with its card:\n"
    "what it saw, its accuracy on the held-out validation pictures, the command that makes it again.\n"
    "viewsmith quality measures generators in its features. SIGINT saves and ends with status 130;\n"
    "kill -9 loses at most --save-every seconds.",
    "  viewsmith judge --out models/judge-fashion.safetensors\n  viewsmith judge --out judge.safetensors "
    "--resume",
    options,
    0,
    0,
    judge_command};
