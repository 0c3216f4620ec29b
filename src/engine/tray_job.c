/* Exports and imports on a thread of their own. */
#include "engine/tray_job.h"
#include "engine/tray_db.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16 };

typedef struct {
    const Workspace *w; /* NULL: an import */
    Tray *tray;
    TrayList list; /* an export's */
    ExportKind kind;
    int shard;
    char path[4096], tags[TRAY_TAGS_MAX + 1];
    Job *job;
    TrayNews now;
} Work;

static void news_close(News *news)
{
    free(news);
}

static void publish(Work *w)
{
    TrayNews *n = malloc(sizeof *n);
    if (!n) return;
    *n = w->now;
    n->news.close = news_close;
    job_publish(w->job, &n->news);
}

static bool progress(void *ctx, int done, int n)
{
    Work *w = ctx;
    w->now.done = done;
    w->now.total = n;
    publish(w);
    return job_going(w->job);
}

static bool run_export(Work *w, Err *err)
{
    Pool *pool = pool_new(pool_default_threads(), 19, err);
    Latent *l = pool ? latent_new(w->w->generator, BATCH, NULL, pool, err) : NULL;
    TrayExport what = {w->path, w->kind, w->shard};
    bool ok = l && tray_export(&w->now.exported, &what, &w->list, w->tray, l, progress, w, err);
    latent_free(l);
    pool_free(pool);
    return ok;
}

static bool run(Job *job, void *work, Err *err)
{
    Work *w = work;
    w->job = job;
    bool ok =
        w->w ? run_export(w, err)
             : tray_import(&w->now.imported, w->path, w->tray, *w->tags ? w->tags : NULL, progress, w, err);
    publish(w);
    return ok;
}

static void work_close(void *work)
{
    Work *w = work;
    tray_list_free(&w->list);
    tray_close(w->tray);
    free(w);
}

/* Opens what both need; NULL on failure. */
static Work *work_new(const char *tray, const char *path, Err *err)
{
    Work *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "a job"), NULL;
    if (snprintf(w->path, sizeof w->path, "%s", path) < (int)sizeof w->path && *path) {
        if (tray_open(&w->tray, tray, err)) return w;
    } else {
        err_set(err, ERR_USAGE, "a path of 1 to %zu bytes is wanted", sizeof w->path - 1);
    }
    free(w);
    return NULL;
}

static bool wanted(int64_t id, const int64_t *list, int n)
{
    for (int i = 0; i < n; i++)
        if (list[i] == id) return true;
    return n == 0;
}

/* Leaves the items of the list that are in id. */
static void choose(TrayList *list, const int64_t *id, int n)
{
    int kept = 0;
    for (int i = 0; i < list->n; i++)
        if (wanted(list->item[i].id, id, n))
            list->item[kept++] = list->item[i];
        else
            tray_item_free(&list->item[i]);
    list->n = kept;
}

Job *tray_export_start(const Workspace *ws, const char *tray, const TrayFilter *f, const int64_t *id, int n,
                       const TrayExport *what, Bell bell, Err *err)
{
    static const JobKind kind = {"export", run, work_close, 19};
    Work *w = work_new(tray, what->path, err);
    if (!w) return NULL;
    w->w = ws;
    w->kind = what->kind;
    w->shard = what->shard;
    bool ok = tray_list(&w->list, w->tray, f, err);
    if (ok) choose(&w->list, id, n);
    if (ok && !w->list.n) ok = err_set(err, ERR_USAGE, "there is nothing in the tray to export");
    if (ok) return job_start(&kind, w, bell, err);
    work_close(w);
    return NULL;
}

Job *tray_import_start(const char *tray, const char *path, const char *tags, Bell bell, Err *err)
{
    static const JobKind kind = {"import", run, work_close, 19};
    Work *w = work_new(tray, path, err);
    if (!w) return NULL;
    snprintf(w->tags, sizeof w->tags, "%s", tags ? tags : "");
    return job_start(&kind, w, bell, err);
}
