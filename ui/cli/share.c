/* Shared by subcommands. */
#include "cli/share.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_if_known(const Args *a, const char *name)
{
    for (const Option *o = a->row->command->option; o->name; o++)
        if (!strcmp(o->name, name)) return args_text(a, name);
    return NULL;
}

bool share_open(Workspace **out, const Args *a, bool bare, Err *err)
{
    WorkspaceOptions o = {text_if_known(a, "model"), text_if_known(a, "data"), text_if_known(a, "runs")};
    bool asks_card = o.model && o.data && !*o.data; /* a model named says which real pictures are meant */
    return bare && !asks_card ? workspace_open_bare(out, &o, err) : workspace_open(out, &o, err);
}

void share_put_figure(Json *o, const char *key, const Figure *f)
{
    char ci[64];
    snprintf(ci, sizeof ci, "%s_ci", key);
    json_put_num(o, key, f->value);
    json_put_interval(o, ci, f->low, f->high);
}

void share_figure(char out[40], const Figure *f)
{
    snprintf(out, 40, "%.1f %% [%.1f, %.1f]", 100 * f->value, 100 * f->low, 100 * f->high);
}

void share_put_probe(Json *o, const ProbeResult *trained, const ProbeResult *untrained, const char *split)
{
    share_put_figure(o, "linear", &trained->linear);
    share_put_figure(o, "knn", &trained->knn);
    if (isfinite(trained->classifier.value)) share_put_figure(o, "classifier", &trained->classifier);
    if (untrained) {
        share_put_figure(o, "untrained_linear", &untrained->linear);
        share_put_figure(o, "untrained_knn", &untrained->knn);
    } else {
        json_put_num(o, "untrained_linear", NAN);
        json_put_num(o, "untrained_knn", NAN);
    }
    json_put_bool(o, "frozen", trained->frozen && (!untrained || untrained->frozen));
    json_put_str(o, "split", split);
}

static void show(const Args *a, const TrainNews *n)
{
    char views[32], left[32] = "?", probe[64] = "";
    text_count(views, sizeof views, (long long)n->now.views);
    if (isfinite(n->left)) text_duration(left, sizeof left, n->left);
    if (n->probes) {
        const TrainProbe *p = &n->probe[n->probes - 1];
        snprintf(probe, sizeof probe, "  kNN %.1f linear %.1f", 100 * p->knn.value, 100 * p->linear.value);
    }
    cli_progress(a, "run %s %s %.0f %%  step %llu  loss %.3f  %s views  %.0f/s  %s left%s", n->id, n->phase,
                 100 * n->progress, (unsigned long long)n->now.step, n->now.loss, views, n->views_second,
                 left, probe);
}

bool share_watch_train(Job *job, const Args *a, TrainNews **last, Err *err)
{
    char told[256] = "";
    TrainNews *n = NULL;
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.2);
        if (cli_interrupted()) job_stop(job);
        if (n) news_drop(&n->news);
        n = (TrainNews *)job_news(job);
        if (!n) continue;
        if (n->told[0] && strcmp(told, n->told)) cli_note(a, "%s", n->told);
        memcpy(told, n->told, sizeof told);
        show(a, n);
    }
    if (last)
        *last = n;
    else if (n)
        news_drop(&n->news);
    return job_result(job, err);
}
