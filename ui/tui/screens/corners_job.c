/* Corners: exports and imports, and the searches that bring candidates; each a job with its line in the jobs
 * pane. */
#include "tui/screens/corners_state.h"
#include "base/file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- exports and imports -------------------------------------------------------------------------------- */

static void say_job(void *ctx, Job *job, AppJobLine *out)
{
    const CornersScreen *s = ctx;
    TrayNews *n = (TrayNews *)job_news(job);
    snprintf(out->line, sizeof out->line, "%.60s", s->job_path);
    if (!n) return;
    snprintf(out->line, sizeof out->line, "%d views \u00b7 %.60s", n->done, s->job_path);
    if (n->total) out->share = (double)n->done / n->total;
    news_drop(&n->news);
}

static bool follow_job(CornersScreen *s, App *app, Job *job, const char *title, const char *path,
                       const Err *err)
{
    if (!job) return app_fail(app, err), true;
    s->job = job;
    snprintf(s->job_path, sizeof s->job_path, "%s", path);
    AppJob line = {.job = job, .say = say_job, .ctx = s};
    snprintf(line.title, sizeof line.title, "%s", title);
    app_job_add(app, &line);
    app_notice(app, "%s %s \u2026", title, path);
    return true;
}

bool corners_export(CornersScreen *s, App *app, ExportKind kind, const char *path)
{
    World *w = app_world(app);
    Err err = {0};
    static const Action action[] = {[EXPORT_FOLDER] = ACT_EXPORT_FOLDER,
                                    [EXPORT_CLASSES] = ACT_EXPORT_CLASSES,
                                    [EXPORT_TAGS] = ACT_EXPORT_TAGS,
                                    [EXPORT_SHARDS] = ACT_EXPORT_SHARDS};
    char proposal[32];
    file_free_name(proposal, sizeof proposal, "corners", "");
    if (!path) return app_prompt(app, action[kind], proposal), true;
    if (s->job) return app_notice(app, "one export or import at a time: J shows it"), true;
    TrayFilter f = {.words = s->words};
    TrayExport what = {path, kind, 0};
    Job *job = tray_export_start(w->workspace, NULL, &f, s->pick, s->picks, &what, w->bell, &err);
    return follow_job(s, app, job, "export to", path, &err);
}

bool corners_import(CornersScreen *s, App *app, const char *path)
{
    World *w = app_world(app);
    Err err = {0};
    if (s->job) return app_notice(app, "one export or import at a time: J shows it"), true;
    return follow_job(s, app, tray_import_start(NULL, path, NULL, w->bell, &err), "import", path, &err);
}

bool corners_ask_export(const CornersScreen *s, App *app)
{
    if (!s->pane[PANE_KEPT].list.n && !s->picks) return app_notice(app, "there is nothing to export"), true;
    static const AppChoice choice[] = {{'f', "pictures", ACT_EXPORT_FOLDER},
                                       {'c', "by class", ACT_EXPORT_CLASSES},
                                       {'t', "by tag", ACT_EXPORT_TAGS},
                                       {'w', "WebDataset", ACT_EXPORT_SHARDS}};
    char text[200];
    int n = s->picks ? s->picks : s->pane[PANE_KEPT].list.n;
    snprintf(text, sizeof text,
             "%d %s view%s, each with its address, tags and the tensors it needs. An import of it restores "
             "the tray.",
             n,
             s->picks    ? "picked"
             : *s->words ? "filtered"
                         : "kept",
             n == 1 ? "" : "s");
    app_ask(app, "Export", text, choice, 4);
    return true;
}

/* Tells how a job ended; true: it did. */
static bool end_job(CornersScreen *s, App *app)
{
    if (!s->job || !job_wait(s->job, 0)) return false;
    Err err = {0};
    TrayNews *n = (TrayNews *)job_news(s->job);
    if (!job_result(s->job, &err))
        app_fail(app, &err);
    else if (n && n->exported.done)
        app_notice(app, "%d views exported to %s", n->exported.done, s->job_path);
    else if (n)
        app_notice(app, "%d new, %d there before, %d not taken%s%.120s", n->imported.added, n->imported.was,
                   n->imported.failed, n->imported.failed ? ": " : "", n->imported.why);
    if (n) news_drop(&n->news);
    app_job_drop(app, s->job);
    job_free(s->job);
    s->job = NULL;
    world_tray_changed(app);
    return true;
}

/* --- searches ------------------------------------------------------------------------------------------- */

static void say_search(void *ctx, Job *job, AppJobLine *out)
{
    CornerNews *n = (CornerNews *)job_news(job);
    (void)ctx;
    if (!n) return;
    snprintf(out->line, sizeof out->line, "%s \u00b7 %d of %d \u00b7 %ld seeds", n->phase, n->found,
             n->wanted, n->seeds);
    out->share = n->share;
    news_drop(&n->news);
}

/* Every search looks through seeds of its own: after the newest view of the tray. */
static uint64_t fresh_seed(const CornersScreen *s)
{
    int64_t newest = 0;
    for (int i = 0; i < CORNERS_PANES; i++) {
        const TrayList *list = &s->pane[i].list;
        if (list->n && list->item[list->n - 1].id > newest) newest = list->item[list->n - 1].id;
    }
    return corner_defaults().seed + (uint64_t)newest * 65536;
}

bool corners_search(CornersScreen *s, App *app, CornerWish wish)
{
    static const char *const title[CORNER_WISHES] = {"find more like these", "find what is unsure",
                                                     "find disagreement"};
    World *w = app_world(app);
    Err err = {0};
    int64_t *id = NULL;
    CornerConfig c = corner_defaults();
    if (s->search) return app_notice(app, "one search at a time: Escape stops it"), true;
    c.wish = wish;
    c.seed = fresh_seed(s);
    snprintf(c.encoder, sizeof c.encoder, "%s", wish == CORNER_DISAGREE ? w->encoder : "");
    if (wish == CORNER_LIKE && !(c.ids = corners_meant(s, &id)))
        return app_notice(app, "pick what it is to be like: Space"), true;
    c.id = id;
    s->search = corner_start(w->workspace, NULL, &c, w->bell, &err);
    free(id);
    if (!s->search) return app_fail(app, &err), true;
    s->wish = wish;
    s->follow = true;
    AppJob line = {.job = s->search, .say = say_search, .ctx = s};
    snprintf(line.title, sizeof line.title, "%s", title[wish]);
    app_job_add(app, &line);
    app_notice(app, "%s \u2026 Escape stops, J shows how far it is", title[wish]);
    return true;
}

bool corners_stop_search(CornersScreen *s, App *app)
{
    if (!s->search) return false;
    job_stop(s->search);
    app_notice(app, "stopping the search");
    return true;
}

static void tell_search(const CornersScreen *s, App *app, const CornerNews *n)
{
    if (n->found)
        app_notice(app, "%d candidate%s in %ld seeds, by %s: %st keeps, x drops%s%.150s", n->found,
                   n->found == 1 ? "" : "s", n->seeds, n->encoder,
                   s->focus == PANE_FOUND ? "" : "Tab goes there, ", *n->told ? "; " : "", n->told);
    else
        app_notice(app, "nothing found in %ld seeds: %d looked unreal, %d were known", n->seeds, n->unreal,
                   n->known);
}

static bool end_search(CornersScreen *s, App *app)
{
    if (!s->search || !job_wait(s->search, 0)) return false;
    Err err = {0};
    CornerNews *n = (CornerNews *)job_news(s->search);
    if (!job_result(s->search, &err))
        app_fail(app, &err);
    else if (n)
        tell_search(s, app, n);
    if (n) news_drop(&n->news);
    app_job_drop(app, s->search);
    job_free(s->search);
    s->search = NULL;
    world_tray_changed(app);
    return true;
}

bool corners_jobs(CornersScreen *s, App *app)
{
    bool ended = end_job(s, app);
    return end_search(s, app) || ended || s->search;
}

void corners_end_jobs(CornersScreen *s, App *app)
{
    if (s->job) app_job_drop(app, s->job);
    if (s->search) app_job_drop(app, s->search);
    job_free(s->job);
    job_free(s->search);
}
