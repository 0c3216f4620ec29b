/* Corners: whether a run with the tray's share knows its views better than one without it, as figures beside
 * them. */
#include "tui/screens/corners_state.h"
#include "tui/widgets/gauge.h"
#include <stdio.h>
#include <string.h>

static void say_slice(void *ctx, Job *job, AppJobLine *out)
{
    SliceNews *n = (SliceNews *)job_news(job);
    (void)ctx;
    if (!n) return;
    snprintf(out->line, sizeof out->line, "%s",
             n->items ? "views around what is kept" : "probes on real pictures");
    if (n->items) out->share = n->done / (double)n->items;
    news_drop(&n->news);
}

/* Proposes the newest run without the tray and the newest with it. */
static bool propose(const CornersScreen *s, App *app)
{
    SliceTask t;
    Err err = {0};
    char words[sizeof t.a + sizeof t.b + 2];
    if (!slice_task(&t, ((World *)app_world(app))->workspace, corners_tag(s), &err))
        return app_fail(app, &err), true;
    snprintf(words, sizeof words, "%s %s", t.a, t.b);
    return app_prompt(app, ACT_CORNERS_COMPARE, words), true;
}

bool corners_compare(CornersScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    SliceTask t = {.each = 32, .sigma = 0.3f};
    Err err = {0};
    if (s->slice) return app_notice(app, "one comparison at a time: Escape stops it"), true;
    if (!text) return propose(s, app);
    if (sscanf(text, "%63s %63s", t.a, t.b) != 2)
        return app_notice(app, "two runs are wanted: one without the tray, one with it"), true;
    snprintf(t.tag, sizeof t.tag, "%s", corners_tag(s));
    s->slice = slice_start(w->workspace, NULL, &t, w->bell, &err);
    if (!s->slice) return app_fail(app, &err), true;
    AppJob line = {.job = s->slice, .say = say_slice, .ctx = s};
    snprintf(line.title, sizeof line.title, "compare %.24s %.24s", t.a, t.b);
    app_job_add(app, &line);
    app_notice(app, "comparing %s and %s on %s \u2026", t.a, t.b, *t.tag ? t.tag : "all that is kept");
    return true;
}

bool corners_stop_compare(CornersScreen *s, App *app)
{
    if (!s->slice) return false;
    job_stop(s->slice);
    app_notice(app, "stopping the comparison");
    return true;
}

static void tell(App *app, const SliceNews *n)
{
    const Slice *e = &n->slice;
    app_notice(app, "%s %.1f %%, %s %.1f %%: %+.1f points [%+.1f, %+.1f]%s", n->task.a, 100 * e->a.value,
               n->task.b, 100 * e->b.value, 100 * e->gain.value, 100 * e->gain.low, 100 * e->gain.high,
               e->shown ? "" : ", which may be chance");
}

bool corners_slice_tick(CornersScreen *s, App *app)
{
    Err err = {0};
    if (!s->slice || !job_wait(s->slice, 0)) return false;
    SliceNews *n = (SliceNews *)job_news(s->slice);
    bool ok = job_result(s->slice, &err);
    if (!ok) app_fail(app, &err);
    if (ok && n) {
        if (s->sliced) news_drop(&s->sliced->news);
        s->sliced = (SliceNews *)news_keep(&n->news);
        tell(app, n);
    }
    if (n) news_drop(&n->news);
    app_job_drop(app, s->slice);
    job_free(s->slice);
    s->slice = NULL;
    return true;
}

void corners_end_slice(CornersScreen *s, App *app)
{
    if (s->slice) app_job_drop(app, s->slice);
    job_free(s->slice);
    if (s->sliced) news_drop(&s->sliced->news);
}

/* --- drawing -------------------------------------------------------------------------------------------- */

enum { ROWS = 7, NAME = 9, FIGURE = 7 };

int corners_slice_rows(const CornersScreen *s)
{
    return s->sliced ? ROWS : 0;
}

static void run_row(Canvas *c, Rect line, const char *run, const Figure *f, Ink ink)
{
    char text[16];
    snprintf(text, sizeof text, "%.1f %%", 100 * f->value);
    canvas_text(c, line.x, line.y, NAME - 1, INK_DIM, run);
    gauge_meter(c, line.x + NAME, line.y, line.w - NAME - FIGURE - 1, f->value, ink);
    canvas_right(c, line.x + line.w, line.y, FIGURE, INK_TEXT, text);
}

void corners_slice_draw(const CornersScreen *s, Canvas *c, Rect box)
{
    char title[64], gain[48];
    const SliceNews *n = s->sliced;
    const Slice *e = &n->slice;
    snprintf(title, sizeof title, "Seen right%s%.24s", *n->task.tag ? ": " : "", n->task.tag);
    Rect in = rect_inset(canvas_box(c, box, false, title, NULL), 1, 0);
    run_row(c, rect_cut_top(&in, 1), n->task.a, &e->a, INK_SERIES_1);
    run_row(c, rect_cut_top(&in, 1), n->task.b, &e->b, INK_SERIES_2);
    Ink ink = !e->shown ? INK_DIM : e->gain.value > 0 ? INK_GOOD : INK_BAD;
    snprintf(gain, sizeof gain, "%+.1f [%+.1f, %+.1f]", 100 * e->gain.value, 100 * e->gain.low,
             100 * e->gain.high);
    canvas_print(c, in.x, in.y, in.w, INK_DIM, "gain");
    canvas_text(c, in.x + NAME, in.y, in.w - NAME, ink, gain);
    canvas_print(c, in.x, in.y + 1, in.w, INK_FAINT, "%s",
                 e->shown ? "of 100, shown" : "of 100, may be chance");
    canvas_print(c, in.x, in.y + 2, in.w, INK_FAINT, "%d views around %d kept", e->views, e->items);
}
