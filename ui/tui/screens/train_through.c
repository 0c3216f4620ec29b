/* The time machine: what a run's encoder took for alike at each of its kept checkpoints, by a view's real
 * neighbours. */
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>

void through_drop(TrainScreen *s)
{
    if (s->through_news) news_drop(&s->through_news->news);
    job_free(s->through);
    s->through = NULL;
    s->through_news = NULL;
    s->through_told = false;
}

void through_open(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    Err err = {0};
    ThroughQuery query = {.has_address = true, .address = w->view};
    bool again = s->through != NULL;
    through_drop(s);
    if (again) return;
    if (s->page || !*s->shown.id) {
        app_notice(app, "open a run first");
        return;
    }
    s->kept_at = 0;
    follow_kept(s);
    s->through = through_start(w->workspace, &s->shown, &query, THROUGH_REAL, w->bell, &err);
    if (!s->through) {
        app_fail(app, &err);
        return;
    }
    step_close(s);
    s->on_curves = true;
    if (!isfinite(s->cursor) && s->kept.count) s->cursor = (float)s->kept.step[s->kept.count - 1];
}

static void tell_end(TrainScreen *s, App *app)
{
    Err err = {0};
    JobState state = job_state(s->through);
    s->through_told = state != JOB_RUNNING && state != JOB_PAUSED;
    if (s->through_told && !job_result(s->through, &err)) app_fail(app, &err);
}

bool through_take(TrainScreen *s, App *app)
{
    if (!s->through) return false;
    bool told = s->through_told;
    if (!told) tell_end(s, app); /* asked first: the last news come before the end */
    ThroughNews *n = (ThroughNews *)job_news(s->through);
    bool newer = n && n != s->through_news;
    if (newer && s->through_news) news_drop(&s->through_news->news);
    if (newer)
        s->through_news = n;
    else if (n)
        news_drop(&n->news);
    return newer || told != s->through_told;
}

void through_move(TrainScreen *s, int by)
{
    const History *h = &s->kept;
    int at = 0;
    for (int i = 1; i < h->count; i++)
        if ((float)h->step[i] <= s->cursor) at = i;
    at += by;
    if (h->count) s->cursor = (float)h->step[at < 0 ? 0 : at >= h->count ? h->count - 1 : at];
}

/* --- drawing -------------------------------------------------------------------------------------------- */

static void draw_hit(const ThroughNews *n, const ThroughStep *at, int i, Canvas *c, Rect tile)
{
    char text[32];
    Rect picture = rect_cut_top(&tile, tile.h - 2);
    canvas_picture(c, picture, &at->picture[i], canvas_image_id(&at->picture[i]));
    snprintf(text, sizeof text, "%.3f", (double)at->hit[i].score);
    canvas_text(c, tile.x, tile.y, tile.w, INK_DIM, text);
    canvas_text(c, tile.x, tile.y + 1, tile.w, INK_DIM, through_class(n, at->hit[i].label));
}

static void draw_step(const ThroughNews *n, int step, Canvas *c, Rect in, int tile_w)
{
    Rect query = rect_cut_left(&in, tile_w + 3);
    query.w = tile_w;
    Rect words = rect_cut_bottom(&query, 2);
    canvas_picture(c, query, &n->query, canvas_image_id(&n->query));
    canvas_text(c, words.x, words.y, words.w, INK_ACCENT, "view");
    for (int i = 0; i < THROUGH_K && n->at[step].picture[i].px; i++) {
        Rect tile = {in.x + i * (tile_w + 1), in.y, tile_w, in.h};
        if (tile.x + tile.w <= in.x + in.w) draw_hit(n, &n->at[step], i, c, tile);
    }
}

void through_draw(const TrainScreen *s, const App *app, Canvas *c, Rect r)
{
    const ThroughNews *n = s->through_news;
    char title[96] = "Neighbours of the view through this run", right[64] = "";
    int cw, ch, step = n && isfinite(s->cursor) ? through_find(n, (uint64_t)s->cursor) : -1;
    app_cell(app, &cw, &ch);
    if (step >= 0)
        snprintf(title, sizeof title, "Neighbours at step %llu", (unsigned long long)n->at[step].step);
    if (n && n->done < n->n)
        snprintf(right, sizeof right, "%d of %d checkpoints", n->done, n->n);
    else if (n)
        snprintf(right, sizeof right, "of %d training pictures \u00b7 h l step", n->real);
    Rect in = rect_inset(canvas_box(c, r, true, title, right), 1, 0);
    int tile_h = in.h - 2, tile_w = (tile_h * ch + cw / 2) / cw;
    if (step >= 0 && tile_h > 0)
        draw_step(n, step, c, in, tile_w);
    else
        canvas_wrap(c, in, INK_DIM, "Its first checkpoint looks at the pictures.");
}
