/* Two directions at once: a page of pictures, one slider across, one up, the view in the middle. */
#include "engine/painter.h"
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 7 };

/* --- cells ---------------------------------------------------------------------------------------------- */

static const Knob *axis(const SteerScreen *s, bool up)
{
    return &s->knob[up ? s->plane.up : s->plane.across];
}

/* The view's own value in the middle, steps to both sides; rows go upwards. */
static double at_cell(const SteerScreen *s, bool up, int i)
{
    const Knob *k = axis(s, up);
    int away = up ? s->plane.rows / 2 - i : i - s->plane.cols / 2;
    double value = steer_value(s, k, steer_now(s->history)) + away * s->plane.step * k->scale;
    return value < k->low ? k->low : value > k->high ? k->high : value;
}

static bool cell_address(const SteerScreen *s, const World *w, int x, int y, Address *out, Err *err)
{
    *out = *steer_now(s->history);
    return steer_put(s, w, out, axis(s, false), at_cell(s, false, x), err) &&
           steer_put(s, w, out, axis(s, true), at_cell(s, true, y), err);
}

/* Rows by the height, then as many columns of square pictures as fit; odd, so that there is a middle. */
static void fit(Plane *p, Rect area)
{
    int w = area.w - 2 - LABEL, h = area.h - 3;
    p->rows = h >= 45 ? 7 : h >= 20 ? 5 : 3;
    p->cols = w / (2 * (h / p->rows) + 1);
    p->cols = p->cols > PLANE_SIDE ? PLANE_SIDE : p->cols < 3 ? 3 : p->cols - (p->cols % 2 == 0);
    p->x = p->cols / 2, p->y = p->rows / 2;
}

static bool ask(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Plane *p = &s->plane;
    int n = p->cols * p->rows;
    Address *list = w->painter ? calloc((size_t)n, sizeof *list) : NULL;
    if (!list) return true;
    for (int i = 0; i < n; i++) cell_address(s, w, i % p->cols, i / p->cols, &list[i], NULL);
    s->asked_plane = painter_ask(w->painter, PAINT_PLANE, list, n);
    free(list);
    s->waiting = true;
    return true;
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool no_axis(App *app, const char *name)
{
    app_notice(app, "there is no slider \"%s\": two names are wanted, like: pca-1 pca-2", name);
    return true;
}

/* Without words the prompt opens with the focused slider and the one below it. */
bool plane_open(SteerScreen *s, App *app, const char *axes)
{
    char name[2][ADDRESS_DIR_MAX + 1] = {"", ""}, initial[2 * ADDRESS_DIR_MAX + 4];
    if (!axes) {
        const Knob *k = steer_focused(s);
        int at = k ? (int)(k - s->knob) : steer_find_knob(s, "psi"),
            next = at + 1 < s->knobs ? at + 1 : at - 1;
        snprintf(initial, sizeof initial, "%s %s", s->knob[at].dir, s->knob[next].dir);
        app_prompt(app, ACT_STEER_PLANE, initial);
        return true;
    }
    if (sscanf(axes, "%47s %47s", name[0], name[1]) < 1) return no_axis(app, axes);
    int across = steer_find_knob(s, name[0]), up = steer_find_knob(s, name[1]);
    if (across < 0 || up < 0 || across == up) return no_axis(app, across < 0 ? name[0] : name[1]);
    s->plane = (Plane){.across = across, .up = up, .step = 1};
    fit(&s->plane, app_body(app));
    s->page = PAGE_PLANE;
    return ask(s, app);
}

/* --- actions -------------------------------------------------------------------------------------------- */

static bool move(SteerScreen *s, int dx, int dy)
{
    Plane *p = &s->plane;
    int x = p->x + dx, y = p->y + dy;
    p->x = x < 0 ? 0 : x >= p->cols ? p->cols - 1 : x;
    p->y = y < 0 ? 0 : y >= p->rows ? p->rows - 1 : y;
    return true;
}

static bool take(SteerScreen *s, App *app)
{
    Address a;
    Err err = {0};
    s->page = PAGE_SLIDERS;
    if (!cell_address(s, app_world(app), s->plane.x, s->plane.y, &a, &err)) return app_fail(app, &err), true;
    return steer_take(s, app, &a);
}

static bool wider(SteerScreen *s, App *app, double by)
{
    s->plane.step = fmin(fmax(s->plane.step * by, 1.0 / 16), 2);
    return ask(s, app);
}

bool plane_act(SteerScreen *s, App *app, const Event *ev)
{
    switch (ev->action) {
    case ACT_STEER_LESS:
        return move(s, -1, 0);
    case ACT_STEER_MORE:
        return move(s, 1, 0);
    case ACT_UP:
        return move(s, 0, -1);
    case ACT_DOWN:
        return move(s, 0, 1);
    case ACT_STEER_STEP_DOWN:
        return wider(s, app, 0.5);
    case ACT_STEER_STEP_UP:
        return wider(s, app, 2);
    case ACT_STEER_TAKE:
        return take(s, app);
    case ACT_STEER_PLANE:
    case ACT_CANCEL:
        s->page = PAGE_SLIDERS;
        return true;
    default:
        return false;
    }
}

/* --- looks ---------------------------------------------------------------------------------------------- */

static Rect inside(Rect area)
{
    Rect in = rect_inset(area, 1, 1);
    rect_cut_left(&in, LABEL);
    rect_cut_bottom(&in, 1);
    return in;
}

/* All of one size: a picture that is larger than its neighbour looks different. */
static Rect cell_at(const SteerScreen *s, Rect area, int x, int y)
{
    const Plane *p = &s->plane;
    Rect in = inside(area);
    int w = (in.w + 1) / p->cols - 1, h = in.h / p->rows;
    return (Rect){in.x + (in.w + 1 - (w + 1) * p->cols) / 2 + x * (w + 1),
                  in.y + (in.h - h * p->rows) / 2 + y * h, w, h};
}

int plane_hit(const SteerScreen *s, Rect area, int x, int y)
{
    for (int i = 0; i < s->plane.cols * s->plane.rows; i++)
        if (rect_has(cell_at(s, area, i % s->plane.cols, i / s->plane.cols), x, y)) return i;
    return -1;
}

static void labels(const SteerScreen *s, Canvas *c, Rect area)
{
    const Plane *p = &s->plane;
    char text[24];
    for (int x = 0; x < p->cols; x++) {
        Rect r = cell_at(s, area, x, p->rows - 1);
        snprintf(text, sizeof text, "%+.*f", axis(s, false)->decimals, at_cell(s, false, x));
        canvas_text(c, r.x + (r.w - text_width(text)) / 2, area.y + area.h - 2, r.w,
                    x == p->x ? INK_ACCENT | STYLE_BOLD : INK_DIM, text);
    }
    for (int y = 0; y < p->rows; y++) {
        Rect r = cell_at(s, area, 0, y);
        snprintf(text, sizeof text, "%+.*f", axis(s, true)->decimals, at_cell(s, true, y));
        canvas_right(c, area.x + LABEL, r.y + r.h / 2, LABEL - 1,
                     y == p->y ? INK_ACCENT | STYLE_BOLD : INK_DIM, text);
    }
}

void plane_draw(const SteerScreen *s, const App *app, Canvas *c, Rect area)
{
    const Plane *p = &s->plane;
    char title[160], right[48];
    (void)app;
    snprintf(title, sizeof title, "%s → across, %s ↑ up", axis(s, false)->name, axis(s, true)->name);
    snprintf(right, sizeof right, "step %.3g · Enter takes", p->step);
    canvas_box(c, area, true, title, right);
    labels(s, c, area);
    for (int i = 0; i < p->cols * p->rows; i++) {
        Rect r = cell_at(s, area, i % p->cols, i / p->cols);
        bool on = i == p->y * p->cols + p->x;
        if (on && r.x > area.x) /* brackets in the gaps, so that no pixel of the picture is lost */
            for (int y = r.y; y < r.y + r.h; y++) {
                canvas_put(c, r.x - 1, y, INK_ACCENT | STYLE_BOLD, U'▌');
                canvas_put(c, r.x + r.w, y, INK_ACCENT | STYLE_BOLD, U'▐');
            }
        if (s->planes && s->planes->ticket == s->asked_plane) steer_picture(c, r, s->planes, i);
    }
}
