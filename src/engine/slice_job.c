/* The job that compares two runs on the views under a tag, and the choice of the two. */
#include "engine/slice_job.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const Workspace *w;
    char path[4096];
    Job *job;
    SliceNews now;
} Work;

static void news_close(News *news)
{
    free(news);
}

static void publish(Work *w)
{
    SliceNews *n = malloc(sizeof *n);
    if (!n) return;
    *n = w->now;
    n->news.close = news_close;
    job_publish(w->job, &n->news);
}

static bool progress(void *ctx, int done, int items)
{
    Work *w = ctx;
    w->now.done = done;
    w->now.items = items;
    publish(w);
    return job_going(w->job);
}

static bool compare(Work *w, Tray *tray, Pool *pool, Err *err)
{
    const SliceTask *t = &w->now.task;
    Encoder *a = NULL, *b = NULL;
    TrayList items = {0};
    bool ok =
        workspace_encoder(&a, NULL, w->w, t->a, err) && workspace_encoder(&b, NULL, w->w, t->b, err) &&
        tray_list(&items, tray, &(TrayFilter){.tag = *t->tag ? t->tag : NULL}, err) &&
        slice_compare(&w->now.slice, w->w, tray, &items, a, b, t->each, t->sigma, progress, w, pool, err);
    tray_list_free(&items);
    encoder_drop(a);
    encoder_drop(b);
    return ok;
}

static bool slice_run(Job *job, void *arg, Err *err)
{
    Work *w = arg;
    Tray *tray = NULL;
    w->job = job;
    publish(w);
    Pool *pool = pool_new(pool_default_threads(), 19, err);
    bool ok = pool && tray_open(&tray, *w->path ? w->path : NULL, err) && compare(w, tray, pool, err);
    if (ok) publish(w);
    tray_close(tray);
    pool_free(pool);
    return ok;
}

Job *slice_start(const Workspace *ws, const char *tray, const SliceTask *t, Bell bell, Err *err)
{
    static const JobKind kind = {"compare", slice_run, free, 19};
    Work *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "a slice"), NULL;
    *w = (Work){.w = ws, .now = {.task = *t}};
    snprintf(w->path, sizeof w->path, "%s", tray ? tray : "");
    return job_start(&kind, w, bell, err);
}

/* --- which two ------------------------------------------------------------------------------------------ */

static bool has(const RunInfo *run, const char *file)
{
    char path[4096];
    return file_join(path, sizeof path, run->folder, file, NULL) && file_exists(path);
}

/* The newest run with an encoder that took from the tray, or did not. */
static bool newest(char *out, size_t cap, const RunInfo *run, long n, bool tray)
{
    while (n-- > 0) {
        if (!has(&run[n], "encoder.safetensors") || has(&run[n], "tray.jsonl") != tray) continue;
        return snprintf(out, cap, "%s", run[n].id) > 0;
    }
    return false;
}

bool slice_task(SliceTask *out, const Workspace *w, const char *tag, Err *err)
{
    RunInfo *run = NULL;
    *out = (SliceTask){.each = 32, .sigma = 0.3f};
    snprintf(out->tag, sizeof out->tag, "%s", tag ? tag : "");
    long n = runs_list(&run, w->runs, err);
    if (n < 0) return false;
    bool ok = newest(out->b, sizeof out->b, run, n, true) ||
              err_set(err, ERR_USAGE, "no run has learnt from the tray yet: train one with a share of it");
    ok = ok && (newest(out->a, sizeof out->a, run, n, false) ||
                err_set(err, ERR_USAGE, "there is no run without the tray to compare run %s with", out->b));
    free(run);
    return ok;
}
