/* The way from the view to a picture: descent through the generator, watched, then views to go along. */
#include "tui/screens/neighbours_state.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void end_job(NearWay *way, App *app)
{
    if (way->job) app_job_drop(app, way->job);
    job_free(way->job);
    way->job = NULL;
}

void way_close(NeighboursScreen *s, App *app)
{
    NearWay *way = &s->way;
    end_job(way, app);
    if (way->news) news_drop(&way->news->news);
    if (way->painted) news_drop(&way->painted->news);
    *way = (NearWay){0};
}

bool way_shown(const NeighboursScreen *s)
{
    return s->way.job || s->way.frames;
}

void way_paint(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    if (w->painter && s->way.frames)
        s->way.wish = painter_ask(w->painter, PAINT_WAY, s->way.frame, s->way.frames);
}

/* --- walking -------------------------------------------------------------------------------------------- */

static void way_say(void *ctx, Job *job, AppJobLine *out)
{
    InvertNews *n = (InvertNews *)job_news(job);
    (void)ctx;
    if (!n) return;
    snprintf(out->line, sizeof out->line, "off by %.1f of 255", n->now.pixel);
    out->share = n->now.step / (double)n->now.steps;
    out->left = n->left;
    news_drop(&n->news);
}

/* Begins at the view, whatever is asked about. */
void way_begin(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    NearPick pick;
    Err err = {0};
    InvertConfig c = invert_defaults();
    bool busy = w->train && job_state(w->train) == JOB_RUNNING;
    if (s->way.focus) s->way.focus = false; /* to what is selected beside it */
    if (!near_pick(&pick, s, w) || !pick.picture) {
        app_notice(app, "select a picture to walk to");
        return;
    }
    way_close(s, app);
    c.from = &w->view;
    s->way.job = invert_approach(w->workspace, pick.picture, &c, WAY_FRAMES, busy ? 19 : 0, w->bell, &err);
    if (!s->way.job) {
        app_fail(app, &err);
        return;
    }
    AppJob listed = {.job = s->way.job, .say = way_say};
    snprintf(s->way.name, sizeof s->way.name, "%.40s", pick.name);
    snprintf(listed.title, sizeof listed.title, "walk to %.40s", pick.name);
    app_job_add(app, &listed);
}

static void arrive(NeighboursScreen *s, App *app)
{
    NearWay *way = &s->way;
    const InvertNews *n = way->news;
    way->frames = n->frames < WAY_FRAMES ? n->frames : WAY_FRAMES;
    memcpy(way->frame, n->frame, (size_t)way->frames * sizeof *way->frame);
    way->at = way->frames - 1;
    way_paint(s, app);
    app_notice(app, "the way to %s: off by %.1f of 255 at its end; Tab goes along it, Enter steers a frame",
               way->name, n->now.pixel);
}

bool way_tick(NeighboursScreen *s, App *app)
{
    NearWay *way = &s->way;
    Err err = {0};
    bool painted = world_take(app, PAINT_WAY, &way->painted);
    if (!way->job) return painted;
    JobState state = job_state(way->job);
    InvertNews *n = (InvertNews *)job_news(way->job);
    if (n && way->news) news_drop(&way->news->news);
    if (n) way->news = n;
    if (state == JOB_RUNNING || state == JOB_PAUSED) return true;
    bool ok = job_result(way->job, &err);
    end_job(way, app);
    if (ok && way->news && way->news->done)
        arrive(s, app);
    else if (err.code != ERR_CANCELLED)
        app_fail(app, &err);
    return true;
}

/* --- drawing -------------------------------------------------------------------------------------------- */

static Rect frame_place(const NeighboursScreen *s, const App *app, Rect r, int i)
{
    Rect in = rect_inset(r, 2, 1);
    int cw, ch, n = s->way.frames;
    app_cell(app, &cw, &ch);
    int h = in.h - 1, w = (h * ch + cw / 2) / cw, room = (in.w + 1) / n - 1;
    if (w > room) w = room, h = (w * cw + ch / 2) / ch;
    return (Rect){in.x + i * (w + 1), in.y, w, h < in.h - 1 ? h : in.h - 1};
}

int way_at(const NeighboursScreen *s, const App *app, Rect r, int x, int y)
{
    for (int i = 0; i < s->way.frames; i++) {
        Rect at = frame_place(s, app, r, i);
        at.h++;
        if (rect_has(at, x, y)) return i;
    }
    return -1;
}

static void draw_frames(const NeighboursScreen *s, const App *app, Canvas *c, Rect r)
{
    const NearWay *way = &s->way;
    const Painting *p = way->painted && way->painted->ticket == way->wish ? way->painted : NULL;
    for (int i = 0; i < way->frames; i++) {
        Rect at = frame_place(s, app, r, i);
        bool on = i == way->at;
        char text[16];
        snprintf(text, sizeof text, i ? "%d %%" : "view", 100 * i / (way->frames - 1));
        if (p && i < p->done)
            canvas_picture(c, at, &p->image[i], canvas_image_id(&p->image[i]));
        else
            canvas_fill(c, at, INK_FAINT, U'·');
        Rect label = {at.x, at.y + at.h, at.w, 1};
        canvas_text(c, label.x, label.y, label.w, on ? INK_ACCENT | STYLE_BOLD : INK_DIM, text);
        if (on && way->focus) canvas_tint(c, label, STYLE_BAR);
    }
}

/* While it walks: what is sought, and how near it is. */
static void draw_walk(const InvertNews *n, const App *app, Canvas *c, Rect in)
{
    int cw, ch;
    app_cell(app, &cw, &ch);
    int w = (in.h * ch + cw / 2) / cw;
    Rect now = rect_cut_left(&in, w), target = rect_cut_left(&in, w + 2);
    rect_cut_left(&target, 2);
    rect_cut_left(&in, 2);
    if (!n) return;
    canvas_picture(c, now, &n->picture, canvas_image_id(&n->picture));
    canvas_picture(c, target, &n->target, canvas_image_id(&n->target));
    gauge_meter(c, in.x, in.y, in.w > 40 ? 40 : in.w, n->now.step / (double)n->now.steps, INK_ACCENT);
    if (in.h > 1) canvas_print(c, in.x, in.y + 1, in.w, INK_DIM, "step %d of %d", n->now.step, n->now.steps);
    if (in.h > 2) canvas_print(c, in.x, in.y + 2, in.w, INK_DIM, "off by %.1f of 255", n->now.pixel);
}

void way_draw(const NeighboursScreen *s, const App *app, Canvas *c, Rect r)
{
    const NearWay *way = &s->way;
    char title[80], right[64] = "Escape stops";
    if (rect_empty(r)) return;
    snprintf(title, sizeof title, "%s %s", way->frames ? "The way to" : "Walking to", way->name);
    if (way->frames)
        snprintf(right, sizeof right, "%s", way->focus ? "h l · Enter steers" : "Tab goes along it");
    canvas_box(c, r, way->focus, title, right);
    if (way->frames)
        draw_frames(s, app, c, r);
    else
        draw_walk(way->news, app, c, rect_inset(r, 2, 1));
}
