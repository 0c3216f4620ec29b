/* The map of the encoder's space: its points, what is in sight of it, the cursor and the box. */
#include "tui/screens/neighbours_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZOOM      1.5f
#define MARGIN    0.03f /* of the map around its points */
#define KEPT_MOST 64    /* views kept at once */

/* --- points --------------------------------------------------------------------------------------------- */

/* The layout in use: t-SNE's as soon as there is one of this atlas, else the plane. */
static const float *layout_of(const NearMap *m, const Atlas *a)
{
    bool tsne = !m->pca && m->news && m->news->atlas == a;
    return tsne ? m->news->xy : &a->xy[0][0];
}

static void box_of(float low[2], float high[2], const float *xy, int n)
{
    for (int k = 0; k < 2; k++) low[k] = high[k] = xy[k];
    for (int i = 0; i < 2 * n; i++) {
        low[i % 2] = fminf(low[i % 2], xy[i]);
        high[i % 2] = fmaxf(high[i % 2], xy[i]);
    }
}

static float unit_of(float x, float low, float high)
{
    return high > low ? MARGIN + (1 - 2 * MARGIN) * (x - low) / (high - low) : 0.5f;
}

/* Everything in 0..1 of the whole, the query too. */
static void settle(NeighboursScreen *s)
{
    NearMap *m = &s->map;
    const FinderNews *n = s->news;
    const Atlas *a = n ? n->atlas : NULL;
    float low[2], high[2], spot[2];
    m->placed = false;
    if (m->of != a) free(m->unit), m->unit = NULL;
    m->of = a;
    if (a && !m->unit) m->unit = malloc((size_t)a->n * sizeof *m->unit);
    if (!m->unit) m->of = NULL;
    if (!m->of) return;
    const float *xy = layout_of(m, a);
    box_of(low, high, xy, a->n);
    for (int i = 0; i < 2 * a->n; i++) m->unit[i / 2][i % 2] = unit_of(xy[i], low[i % 2], high[i % 2]);
    m->placed = n->placed && n->ticket == s->ticket;
    if (!m->placed) return;
    if (xy == &a->xy[0][0])
        memcpy(spot, n->plane, sizeof spot);
    else
        atlas_spot(spot, &n->place, xy);
    for (int k = 0; k < 2; k++) m->query[k] = fmaxf(0, fminf(1, unit_of(spot[k], low[k], high[k])));
}

/* --- laying out ----------------------------------------------------------------------------------------- */

static void end_job(NearMap *m)
{
    job_free(m->job);
    m->job = NULL;
}

/* Lays the newest points out, once. */
static void begin_job(NeighboursScreen *s, App *app)
{
    NearMap *m = &s->map;
    Err err = {0};
    end_job(m);
    atlas_drop(m->tried);
    m->tried = atlas_keep(s->news->atlas);
    m->job = map_start(s->news->atlas, &tsne_defaults, ((World *)app_world(app))->bell, &err);
    if (!m->job) app_fail(app, &err);
}

static bool take(NearMap *m)
{
    MapNews *n = m->job ? (MapNews *)job_news(m->job) : NULL;
    if (!n || n == m->news) {
        if (n) news_drop(&n->news);
        return false;
    }
    if (m->news) news_drop(&m->news->news);
    m->news = n;
    return true;
}

bool map_tick(NeighboursScreen *s, App *app)
{
    NearMap *m = &s->map;
    const Atlas *a = s->news ? s->news->atlas : NULL;
    bool newer = take(m),
         ended = m->job && job_state(m->job) != JOB_RUNNING && job_state(m->job) != JOB_PAUSED;
    if (ended) end_job(m);
    if (a && !m->pca && m->tried != a) begin_job(s, app);
    if (a || m->of) settle(s);
    return newer;
}

void map_close(NeighboursScreen *s)
{
    NearMap *m = &s->map;
    end_job(m);
    if (m->news) news_drop(&m->news->news);
    atlas_drop(m->tried);
    free(m->unit);
}

/* --- what is shown -------------------------------------------------------------------------------------- */

/* Six classes have colours of their own: those of the nearest pictures, then the first others. */
static void colour(const NeighboursScreen *s, const World *w, Ink ink[NEAR_CLASSES])
{
    int used = 0, count[NEAR_CLASSES] = {0};
    const FinderNews *n = s->news;
    for (int c = 0; c < NEAR_CLASSES; c++) ink[c] = INK_FAINT;
    for (int i = 0; n && i < n->hits[SPACE_ENCODER]; i++)
        if (n->hit[SPACE_ENCODER][i].label < NEAR_CLASSES) count[n->hit[SPACE_ENCODER][i].label]++;
    for (int c = 0; c < NEAR_CLASSES; c++)
        if (*finder_class(w->finder, c)) count[c]++;
    for (; used < 6; used++) {
        int best = 0;
        for (int c = 1; c < NEAR_CLASSES; c++)
            if (count[c] > count[best]) best = c;
        if (!count[best]) return;
        ink[best] = (Ink)(INK_SERIES_1 + used);
        count[best] = 0;
    }
}

Scatter map_scatter(const NeighboursScreen *s, const World *w, Ink *ink, bool *ring)
{
    const NearMap *m = &s->map;
    Ink of_class[NEAR_CLASSES];
    Scatter out = {(const float(*)[2])m->unit, ink, ring, m->of->n, m->view};
    colour(s, w, of_class);
    for (int i = 0; i < m->of->n; i++) {
        int c = m->of->label[i] % NEAR_CLASSES;
        ink[i] = m->hidden[c] ? INK_COUNT : m->boxed && map_in_box(m, i) ? INK_ACCENT : of_class[c];
        ring[i] = i >= m->of->real;
    }
    return out;
}

int map_point(const NeighboursScreen *s)
{
    const NearMap *m = &s->map;
    int best = -1;
    float least = INFINITY;
    for (int i = 0; m->of && i < m->of->n; i++) {
        float dx = m->unit[i][0] - m->at[0], dy = m->unit[i][1] - m->at[1], far = dx * dx + dy * dy;
        if (!m->hidden[m->of->label[i] % NEAR_CLASSES] && far < least) least = far, best = i;
    }
    return best;
}

bool map_in_box(const NearMap *m, int point)
{
    if (!m->boxed && !m->boxing) return false;
    for (int k = 0; k < 2; k++) {
        float a = m->box[0][k], b = m->boxing ? m->at[k] : m->box[1][k], x = m->unit[point][k];
        if (x < fminf(a, b) || x > fmaxf(a, b)) return false;
    }
    return !m->hidden[m->of->label[point] % NEAR_CLASSES];
}

bool map_keep(NeighboursScreen *s, App *app, const char *tags)
{
    const NearMap *m = &s->map;
    World *w = app_world(app);
    int kept = 0, in = 0;
    if (!m->boxed || !m->of) return false;
    for (int i = m->of->real; i < m->of->n; i++) {
        if (!map_in_box(m, i) || ++in > KEPT_MOST) continue;
        Address a = made_seed(w->g, m->of->origin[i]);
        world_keep(app, &a, tags);
        kept++;
    }
    if (in > kept)
        app_notice(app, "kept %d of the %d generated views of the box: a smaller one has the rest", kept, in);
    else if (kept > 1)
        app_notice(app, "kept %d generated views of the box", kept);
    if (!kept)
        app_notice(app, "no generated view is in the box: rings and the count beside it tell where they are");
    return true;
}

/* --- keys ----------------------------------------------------------------------------------------------- */

static Rect pane_of(const NeighboursScreen *s, const App *app)
{
    NeighboursLayout l = neighbours_layout(s, app, app_body(app));
    return map_inside(s, app_world(app), s->page == PAGE_MAP ? l.main : l.map);
}

/* The view follows the cursor out of sight. */
static void follow(NearMap *m)
{
    float *corner[2] = {&m->view.x, &m->view.y};
    for (int k = 0; k < 2; k++) {
        m->at[k] = fmaxf(0, fminf(1, m->at[k]));
        if (m->at[k] < *corner[k]) *corner[k] = m->at[k];
        if (m->at[k] > *corner[k] + m->view.span) *corner[k] = m->at[k] - m->view.span;
    }
    scatter_pan(&m->view, 0, 0);
}

static bool step(NearMap *m, Rect in, float columns, float rows)
{
    if (rect_empty(in)) return true;
    m->at[0] += columns / (float)in.w * m->view.span;
    m->at[1] -= rows / (float)in.h * m->view.span;
    follow(m);
    return true;
}

static bool zoom(NearMap *m, Rect in, float factor)
{
    int x, y;
    if (rect_empty(in)) return true;
    scatter_cell(in, &m->view, m->at, &x, &y);
    scatter_zoom(&m->view, in, x, y, factor);
    return true;
}

static bool set_box(NeighboursScreen *s, App *app)
{
    NearMap *m = &s->map;
    m->boxed = m->boxing;
    memcpy(m->box[m->boxing], m->at, sizeof m->at);
    m->boxing = !m->boxing;
    if (m->boxing) app_notice(app, "hjkl to the other corner, v again");
    return true;
}

static bool hide(NeighboursScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    bool *hidden = s->map.hidden;
    if (!strcmp(text, "none")) return memset(hidden, 0, sizeof s->map.hidden), true;
    for (int c = 0; c < NEAR_CLASSES; c++)
        if (*finder_class(w->finder, c) && !strcmp(finder_class(w->finder, c), text))
            return hidden[c] = !hidden[c], true;
    return app_notice(app, "no class is called \"%.40s\"", text), true;
}

static bool project(NeighboursScreen *s, App *app, const char *text)
{
    if (text && strcmp(text, "tsne") != 0 && strcmp(text, "pca") != 0)
        return app_notice(app, "a map is laid out by tsne or pca, not by \"%.40s\"", text), true;
    s->map.pca = text ? !strcmp(text, "pca") : !s->map.pca;
    return map_tick(s, app), true;
}

bool map_act(NeighboursScreen *s, App *app, const Event *ev)
{
    NearMap *m = &s->map;
    Rect in = pane_of(s, app);
    switch (ev->action) {
    case ACT_LEFT:
        return step(m, in, -1, 0);
    case ACT_RIGHT:
        return step(m, in, 1, 0);
    case ACT_UP:
        return step(m, in, 0, -1);
    case ACT_DOWN:
        return step(m, in, 0, 1);
    case ACT_PAGE_UP:
        return step(m, in, 0, -(float)in.h / 2);
    case ACT_PAGE_DOWN:
        return step(m, in, 0, (float)in.h / 2);
    case ACT_FIRST:
        return step(m, in, -(float)in.w / 2, 0);
    case ACT_LAST:
        return step(m, in, (float)in.w / 2, 0);
    case ACT_NEAR_LARGER:
        return zoom(m, in, ZOOM);
    case ACT_NEAR_SMALLER:
        return zoom(m, in, 1 / ZOOM);
    case ACT_NEAR_WHOLE:
        return m->view = (ScatterView){0, 0, 1}, true;
    case ACT_NEAR_BOX:
        return set_box(s, app);
    case ACT_NEAR_PROJECTION:
        return project(s, app, ev->text);
    case ACT_NEAR_HIDE:
        return ev->text ? hide(s, app, ev->text) : false;
    default:
        return false;
    }
}

/* --- the mouse ------------------------------------------------------------------------------------------ */

static bool press(NeighboursScreen *s, App *app, Rect pane, Rect in, const Event *ev)
{
    NearMap *m = &s->map;
    int class = map_legend_at(app_world(app), pane, ev->x, ev->y);
    if (class >= 0) return m->hidden[class] = !m->hidden[class], true;
    if (!rect_has(in, ev->x, ev->y)) return true;
    if (s->page != PAGE_MAP) s->page = PAGE_MAP;
    s->way.focus = m->boxed = m->boxing = false;
    scatter_place(m->at, in, &m->view, ev->x, ev->y);
    memcpy(m->box[0], m->at, sizeof m->at);
    m->dragging = true;
    return true;
}

bool map_mouse(NeighboursScreen *s, App *app, const Event *ev)
{
    NearMap *m = &s->map;
    NeighboursLayout l = neighbours_layout(s, app, app_body(app));
    Rect pane = s->page == PAGE_MAP ? l.main : l.map, in = map_inside(s, app_world(app), pane);
    if (ev->mouse == MOUSE_RELEASE && m->dragging) {
        m->dragging = false;
        m->boxed = m->boxing;
        if (m->boxing) memcpy(m->box[1], m->at, sizeof m->at);
        m->boxing = false;
        return true;
    }
    if (rect_empty(pane) || !rect_has(pane, ev->x, ev->y)) return false;
    if (ev->mouse == MOUSE_PRESS) return press(s, app, pane, in, ev);
    if (!rect_has(in, ev->x, ev->y)) return true;
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) {
        scatter_zoom(&m->view, in, ev->x, ev->y, ev->mouse == MOUSE_WHEEL_UP ? ZOOM : 1 / ZOOM);
    } else if (ev->mouse == MOUSE_DRAG && m->dragging) {
        m->boxing = true;
        scatter_place(m->at, in, &m->view, ev->x, ev->y);
    }
    return true;
}
