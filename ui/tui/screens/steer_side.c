/* Beside the picture: what a judge sees in the view, how far it is from the start, and the real pictures
 * nearest to it. */
#include "base/clock.h"
#include "engine/painter.h"
#include "tui/screens/readings.h"
#include "tui/screens/steer_state.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define REST 0.12 /* seconds without a change before the view is measured */

/* --- asking --------------------------------------------------------------------------------------------- */

/* A where there is one, else the view without anything that was steered. */
static Address start_of(const SteerScreen *s, const World *w)
{
    int a = marks_find("A");
    if (w->marks.set[a]) return w->marks.at[a];
    Address start = *steer_now(s->history);
    start.edits = start.mixes = start.pixes = 0;
    return start;
}

void side_ask(SteerScreen *s, App *app)
{
    s->meters_at = clock_seconds() + REST;
    app_tick_at(app, s->meters_at);
}

/* What the tray knows of the view. A tray that is there is opened for looking, none is made. */
static void look_up(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Tray *tray = w->tray || (!s->kept_asked && tray_exists()) ? world_tray(app) : NULL;
    TrayList list;
    s->kept_asked = true;
    s->kept[0] = '\0';
    if (!tray || !tray_find(&list, tray, steer_now(s->history), NULL)) return;
    if (list.n) snprintf(s->kept, sizeof s->kept, "#%lld %s", (long long)list.item[0].id, list.item[0].tags);
    tray_list_free(&list);
    s->kept_seen = tray_changes(tray);
}

/* The view and where it began are measured when the hand rests and the painter has nothing to do. */
static void ask_now(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Meters *m = world_meters(app);
    Address list[2] = {*steer_now(s->history), start_of(s, w)};
    s->meters_at = 0;
    look_up(s, app);
    if (m) s->asked_meter = meters_ask(m, METER_VIEW, list, 2, &list[1]);
}

bool side_tick(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    if (s->meters_at > 0 && clock_seconds() >= s->meters_at && !(w->painter && painter_busy(w->painter)))
        ask_now(s, app);
    if (s->meters_at > 0) app_tick_at(app, fmax(s->meters_at, clock_seconds() + 0.02));
    bool changed = w->tray && tray_changes(w->tray) != s->kept_seen;
    if (changed) look_up(s, app);
    return world_take_meters(app, METER_VIEW, &s->meter) || changed;
}

/* --- words ---------------------------------------------------------------------------------------------- */

/* The meters of the view as it is now; NULL while they are not there. */
static const Meter *now(const SteerScreen *s)
{
    const MeterNews *n = s->meter;
    return n && n->done == 2 && !n->err.code ? &n->meter[0] : NULL;
}

static const char *class_text(const App *app, int class)
{
    const World *w = app_world(app);
    return class >= 0 && w->meters ? meters_class(w->meters, class) : "";
}

static Readings readings(const SteerScreen *s, const App *app)
{
    const World *w = app_world(app);
    return (Readings){.meters = w->meters,
                      .now = now(s),
                      .start = &s->meter->meter[1],
                      .class = steer_now(s->history)->class,
                      .classes = w->g->config.classes,
                      .from_a = w->marks.set[marks_find("A")]};
}

void side_line(const SteerScreen *s, const App *app, char *out, size_t cap)
{
    *out = '\0';
    if (!now(s)) return;
    Readings r = readings(s, app);
    readings_line(out, cap, &r);
}

/* --- drawing -------------------------------------------------------------------------------------------- */

static void figures(const SteerScreen *s, const App *app, Canvas *c, Rect *in)
{
    Readings r = readings(s, app);
    readings_draw(&r, c, in);
}

static void thumbs(const SteerScreen *s, const App *app, Canvas *c, Rect in)
{
    const Meter *m = now(s);
    int w = (in.w + 1) / METER_NEIGHBOURS - 1; /* of one size */
    char text[8];
    for (int i = 0; i < METER_NEIGHBOURS && m->nearest[i] >= 0; i++) {
        Rect r = {in.x + i * (w + 1), in.y, w, in.h}, name = rect_cut_bottom(&r, 1),
             score = rect_cut_bottom(&r, 1);
        if (m->picture[i]) canvas_picture(c, r, m->picture[i], canvas_image_id(m->picture[i]));
        snprintf(text, sizeof text, "%.2f", (double)m->score[i]);
        canvas_text(c, score.x, score.y, score.w, i ? INK_DIM : INK_TEXT, *text == '0' ? text + 1 : text);
        canvas_text(c, name.x, name.y, name.w, INK_FAINT, class_text(app, m->label[i]));
    }
}

/* Why there is less than there could be. */
static void missing(const SteerScreen *s, Canvas *c, Rect in)
{
    const MeterNews *n = s->meter;
    if (!n || rect_empty(in)) return;
    if (n->total && n->filled < n->total) {
        canvas_text(c, in.x, in.y, in.w, INK_DIM, "looking at real pictures");
        if (in.h > 1) gauge_meter(c, in.x, in.y + 1, in.w, n->filled / (double)n->total, INK_DIM);
    } else if (*n->why)
        canvas_wrap(c, in, INK_FAINT, n->why);
}

static void facts(const SteerScreen *s, Canvas *c, Rect *in)
{
    if (*s->kept) {
        Rect tray = rect_cut_top(in, 1);
        canvas_print(c, tray.x, tray.y, tray.w, INK_GOOD, "tray %s", s->kept);
    }
    const Address *a = steer_now(s->history);
    char tail[64] = "";
    Rect line = rect_cut_top(in, 1);
    if (a->mixes) snprintf(tail, sizeof tail, " · %d mixed", a->mixes);
    canvas_print(c, line.x, line.y, line.w, INK_DIM, "psi %.2f · %d moved%s", (double)a->psi,
                 a->edits + a->pixes, tail);
    line = rect_cut_top(in, 1);
    canvas_print(c, line.x, line.y, line.w, INK_DIM, "noise %s",
                 a->noise == NOISE_STORED ? "stored"
                 : a->noise == NOISE_OFF  ? "off"
                                          : "seeded");
}

static void upright(const SteerScreen *s, const App *app, Canvas *c, Rect in)
{
    const Meter *m = now(s);
    if (m && m->nearest[0] >= 0) {
        int w = (in.w - METER_NEIGHBOURS + 1) / METER_NEIGHBOURS;
        thumbs(s, app, c, rect_cut_top(&in, (w + 1) / 2 + 2));
        rect_cut_top(&in, 1);
    }
    if (m && m->class[0] >= 0) {
        figures(s, app, c, &in);
        rect_cut_top(&in, 1);
    }
    if (m && m->nearest[0] < 0) {
        Rect why = rect_cut_top(&in, in.h - 3);
        missing(s, c, why);
    }
    if (in.h >= 2) facts(s, c, &in);
}

/* A low pane: pictures left, figures right. */
static void lying(const SteerScreen *s, const App *app, Canvas *c, Rect in)
{
    const Meter *m = now(s);
    if (!m) return;
    Rect left =
        rect_cut_left(&in, m->nearest[0] >= 0 ? (in.h - 2) * 2 * METER_NEIGHBOURS + METER_NEIGHBOURS : 0);
    if (!rect_empty(left)) thumbs(s, app, c, left);
    rect_cut_left(&in, 1);
    if (in.w > 40) in.w = 40;
    if (m->class[0] >= 0) figures(s, app, c, &in);
    if (m->nearest[0] < 0) missing(s, c, in);
}

void side_draw(const SteerScreen *s, const App *app, Canvas *c, Rect r)
{
    if (rect_empty(r)) return;
    const char *space = s->meter && *s->meter->space ? s->meter->space : NULL;
    Rect in = rect_inset(canvas_box(c, r, false, "Nearest real", space && r.w > 36 ? space : NULL), 1, 0);
    if (r.h >= 12)
        upright(s, app, c, in);
    else
        lying(s, app, c, in);
}
