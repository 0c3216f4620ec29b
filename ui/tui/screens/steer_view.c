/* How the Steer screen looks: the view, the sliders, the facts beside them, the strip below. */
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>

SteerLayout steer_layout(Rect area)
{
    SteerLayout l = {0};
    l.strip = rect_cut_bottom(&area, area.h >= 30 ? 11 : area.h >= 22 ? 8 : 6);
    if (area.w >= 100) l.facts = rect_cut_right(&area, 28);
    int side = area.h * 2 + 2; /* about square on cells twice as high as wide */
    l.picture = rect_cut_left(&area, side < area.w / 2 ? side : area.w / 2);
    l.sliders = area;
    return l;
}

int steer_slider_rows(Rect area)
{
    return steer_layout(area).sliders.h - 2;
}

static Rect strip_tile(Rect strip, int k)
{
    Rect in = rect_inset(strip, 1, 1), out[STRIP];
    static const int weight[STRIP] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    rect_columns(out, in, weight, STRIP, 1);
    return out[k];
}

int steer_strip_at(Rect strip, int x, int y)
{
    for (int k = 0; k < STRIP; k++)
        if (rect_has(strip_tile(strip, k), x, y)) return k;
    return -1;
}

static void draw_picture(const SteerScreen *s, const World *w, Canvas *c, Rect r)
{
    const Address *a = steer_now(s->history);
    char title[96], right[32] = "";
    if (a->source.kind == SOURCE_SEED)
        snprintf(title, sizeof title, "%s \u00b7 seed %llu", world_class(w, a->class), (unsigned long long)a->source.ref[0].id);
    else
        snprintf(title, sizeof title, "%s", world_class(w, a->class));
    if (s->view) snprintf(right, sizeof right, "%.0f ms", 1000 * s->view->seconds);
    Rect in = canvas_box(c, r, false, title, right);
    if (s->view && s->view->done) canvas_picture(c, in, &s->view->image[0], canvas_image_id(&s->view->image[0]));
}

static void draw_sliders(const SteerScreen *s, Canvas *c, Rect r)
{
    char title[64], right[32];
    snprintf(title, sizeof title, "Directions \u00b7 %s", s->set);
    snprintf(right, sizeof right, "step %.3g", s->step);
    sliders_draw(&s->list, c, canvas_box(c, r, true, title, right), s->slider, s->sliders, true);
}

static void draw_facts(const SteerScreen *s, const World *w, Canvas *c, Rect r)
{
    const Address *a = steer_now(s->history);
    char text[ADDRESS_BYTES_MAX + 1];
    if (rect_empty(r)) return;
    Rect in = rect_inset(canvas_box(c, r, false, "View", NULL), 1, 0);
    int y = in.y;
    canvas_print(c, in.x, y++, in.w, INK_TEXT | STYLE_BOLD, "%s", world_class(w, a->class));
    canvas_print(c, in.x, y++, in.w, INK_DIM, "psi       %.2f", (double)a->psi);
    canvas_print(c, in.x, y++, in.w, INK_DIM, "edits     %d", a->edits);
    canvas_print(c, in.x, y++, in.w, INK_DIM, "noise     %s", a->noise == NOISE_STORED ? "stored" : a->noise == NOISE_OFF ? "off" : "seeded");
    canvas_print(c, in.x, y++, in.w, INK_DIM, "undo      %d", steer_depth(s->history));
    rect_cut_top(&in, y - in.y + 1);
    if (address_print(text, a, NULL)) canvas_wrap(c, in, INK_FAINT, text);
}

/* The tile whose value is nearest to where the slider stands. */
static int nearest_tile(const SteerScreen *s)
{
    int best = 0;
    double value = s->slider[s->list.selected].value;
    for (int k = 1; k < STRIP; k++)
        if (fabs(steer_strip_value(s, k) - value) < fabs(steer_strip_value(s, best) - value)) best = k;
    return best;
}

static void draw_strip(const SteerScreen *s, Canvas *c, Rect r)
{
    char title[80], label[16];
    int now = nearest_tile(s);
    snprintf(title, sizeof title, "what \"%s\" would do", s->slider[s->list.selected].name);
    canvas_box(c, r, false, title, NULL);
    for (int k = 0; k < STRIP; k++) {
        Rect tile = strip_tile(r, k), name = rect_cut_top(&tile, 1);
        snprintf(label, sizeof label, "%+.2f", steer_strip_value(s, k));
        int n = (int)text_width(label);
        canvas_text(c, name.x + (name.w - n) / 2, name.y, name.w, k == now ? INK_ACCENT | STYLE_BOLD : INK_DIM, label);
        if (s->strip && k < s->strip->done) canvas_picture(c, tile, &s->strip->image[k], canvas_image_id(&s->strip->image[k]));
    }
}

void steer_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const SteerScreen *s = self;
    const World *w = app_world(app);
    SteerLayout l = steer_layout(area);
    draw_picture(s, w, c, l.picture);
    draw_sliders(s, c, l.sliders);
    draw_facts(s, w, c, l.facts);
    draw_strip(s, c, l.strip);
}
