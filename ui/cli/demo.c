/* viewsmith demo: browse, steer, train and inspect in under three minutes, with pictures and figures left
 * behind. */
#include "cli/share.h"
#include "engine/demo.h"
#include <stdio.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_DATA,
    {"out", OPTION_TEXT, "DIR", "demo-out", 0, 0, false, "Folder for the pictures and the summary"},
    {"seconds", OPTION_NUMBER, "X", "75", 1, 86400, false, "Training time of the third act"},
    OPTION_SEED_OF("Of views, weights and stream"),
    {0},
};

static bool heard(void *ctx, const char *what, double share)
{
    cli_progress(ctx, "%3.0f %%  %s", 100 * share, what);
    return !cli_interrupted();
}

static void print(const Args *a, const DemoResult *r)
{
    char linear[40], knn[40], linear0[40], knn0[40];
    share_figure(linear, &r->trained.linear), share_figure(knn, &r->trained.knn);
    share_figure(linear0, &r->untrained.linear), share_figure(knn0, &r->untrained.knn);
    cli_say(a, "an encoder trained on %llu generated views, on %d real pictures it has not seen (%s):",
            (unsigned long long)r->views, r->trained.held, r->split);
    cli_say(a, "  linear probe %s, untrained %s", linear, linear0);
    cli_say(a, "  kNN          %s, untrained %s", knn, knn0);
    for (int i = 0; i < r->files; i++) cli_say(a, "%s", r->file[i]);
    cli_say(a, "%.0f seconds", r->seconds);
}

static int demo_command(const Args *a)
{
    Err err = {0};
    Workspace *w;
    Demo d = {.seed = args_seed(a, "seed"),
              .train_seconds = args_number(a, "seconds"),
              .threads = pool_default_threads()};
    DemoResult r;
    const char *folder = args_text(a, "out");
    if (snprintf(d.folder, sizeof d.folder, "%s", folder) >= (int)sizeof d.folder)
        err_set(&err, ERR_USAGE, "the path of --out is too long");
    if (err.code != ERR_OK || !share_open(&w, a, false, &err)) return cli_fail(&err);
    d.workspace = w;
    cli_save_on_interrupt(true);
    bool ok = demo_run(&r, &d, heard, (void *)(uintptr_t)a, &err);
    if (ok) print(a, &r);
    workspace_close(w);
    return ok ? cli_result(a, demo_json(&r)) : cli_fail(&err);
}

const Command command_demo = {
    "[--out DIR]",
    "1 a wall of views, 2 a steered strip, 3 an encoder trained on generated views with its curve,\n"
    "4 the nearest real pictures of a steered view; each PNG carries its addresses. A summary has the\n"
    "figures.",
    "  viewsmith demo --out demo-out --json",
    options,
    0,
    0,
    demo_command};
