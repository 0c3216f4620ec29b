/* How the Steer screen looks: the view, its sliders, what the focused one would do, meters and history beside
 * them. */
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 28, WIDE = 100, SLIDERS = 48, SLIDERS_BESIDE = 50, SLIDERS_WIDE = 58 };
enum {
    SIDE_LEAST = 22,
    LOW_LEAST = 6,
    TOP_LEAST = 9,
    PICTURE_LEAST = 12,
    SLIDERS_LEAST = 34
}; /* when borders are dragged */

#define SPLIT_PICTURE "steer.picture"
#define SPLIT_LOW     "steer.low"
#define SPLIT_SIDE    "steer.side"

/* --- layout --------------------------------------------------------------------------------------------- */

static int clamp(int x, int low, int high)
{
    return x > high ? high : x < low ? low : x;
}

/* What a person has dragged a border to, or the layout's own choice; in bounds in either case. */
static int chosen(const App *app, const char *name, int own, int low, int high)
{
    return clamp(app ? app_split(app, name, own) : own, low, high);
}

/* High enough that tiles are about square on cells twice as high as wide. */
static int strip_height(int width, int height)
{
    return 3 + clamp((width - 2) / STRIP / 2, 3, height / 3 - 3 > 3 ? height / 3 - 3 : 3);
}

/* A square picture, unless the sliders would have too little. */
static int picture_width(Rect area, bool beside)
{
    int square = area.h * 2 - 2, most = area.w - (area.w >= WIDE ? SLIDERS_WIDE
                                                  : beside       ? SLIDERS_BESIDE
                                                                 : SLIDERS);
    int least = beside ? area.w * 2 / 5 : area.w * 9 / 20;
    if (area.w < WIDE && most < least) most = least;
    return square < most ? square : most;
}

SteerLayout steer_layout(const SteerScreen *s, const App *app, Rect area)
{
    SteerLayout l = {0};
    bool wide = area.w >= WIDE;
    if (area.h >= 22) l.line = rect_cut_bottom(&area, 1);
    int side = chosen(app, SPLIT_SIDE, SIDE, SIDE_LEAST, area.w / 3);
    int low_h = strip_height(wide ? area.w - side : area.w, area.h);
    Rect low = rect_cut_bottom(&area, chosen(app, SPLIT_LOW, low_h, LOW_LEAST, area.h - TOP_LEAST));
    if (wide) {
        l.tree = rect_cut_right(&low, side);
        l.side = rect_cut_right(&area, side);
        l.strip = low;
    } else
        *(s->pane == PANE_SIDE ? &l.side : s->pane == PANE_TREE ? &l.tree : &l.strip) = low;
    l.picture = rect_cut_left(
        &area, chosen(app, SPLIT_PICTURE, picture_width(area, wide), PICTURE_LEAST, area.w - SLIDERS_LEAST));
    l.sliders = area;
    return l;
}

bool steer_narrow(const App *app)
{
    return app_body(app).w < WIDE;
}

int steer_borders(const void *self, const App *app, Rect area, Border *out, int max)
{
    const SteerScreen *s = self;
    SteerLayout l = steer_layout(s, app, area);
    int n = 0;
    if (s->page != PAGE_SLIDERS || max < 3) return 0;
    int low = area.y + area.h - !rect_empty(l.line) - (l.picture.y + l.picture.h),
        whole = l.picture.w + l.sliders.w;
    out[n++] = (Border){.name = SPLIT_PICTURE,
                        .bar = {l.sliders.x - 1, l.sliders.y, 2, l.sliders.h},
                        .vertical = true,
                        .low = PICTURE_LEAST,
                        .high = whole - SLIDERS_LEAST,
                        .at = l.picture.w};
    out[n++] = (Border){.name = SPLIT_LOW,
                        .bar = {area.x, l.picture.y + l.picture.h - 1, l.picture.w + l.sliders.w, 2},
                        .after = true,
                        .low = LOW_LEAST,
                        .high = low + l.picture.h - TOP_LEAST,
                        .at = low};
    if (area.w >= WIDE)
        out[n++] = (Border){.name = SPLIT_SIDE,
                            .bar = {l.side.x - 1, l.side.y, 2, l.side.h},
                            .vertical = true,
                            .after = true,
                            .low = SIDE_LEAST,
                            .high = area.w / 3,
                            .at = l.side.w};
    return n;
}

Rect steer_slider_list(const SteerLayout *l)
{
    Rect in = rect_inset(l->sliders, 1, 1);
    rect_cut_bottom(&in, 1); /* the caption */
    return in;
}

int steer_slider_rows(const SteerScreen *s, const App *app)
{
    SteerLayout l = steer_layout(s, app, app_body(app));
    return steer_slider_list(&l).h;
}

/* All of one width: a picture that is larger than its neighbour looks different. */
static Rect strip_tile(Rect strip, int i)
{
    Rect in = rect_inset(strip, 1, 1);
    int w = (in.w + 1) / STRIP - 1;
    return (Rect){in.x + (in.w + 1 - (w + 1) * STRIP) / 2 + i * (w + 1), in.y, w, in.h};
}

int steer_strip_at(Rect strip, int x, int y)
{
    for (int i = 0; i < STRIP; i++)
        if (rect_has(strip_tile(strip, i), x, y)) return i;
    return -1;
}

/* --- the view ------------------------------------------------------------------------------------------- */

void steer_picture(Canvas *c, Rect r, const Painting *p, int i)
{
    if (p && i >= 0 && i < p->done) canvas_picture(c, r, &p->image[i], canvas_image_id(&p->image[i]));
}

static void picture_title(const SteerScreen *s, const World *w, char *out, size_t cap)
{
    const Address *a =
        s->flip ? &w->marks.at[marks_find(s->flip == FLIP_A ? "A" : "B")] : steer_now(s->history);
    const char *class = world_class(w, a->class);
    char source[64];
    Address bare = {.source = a->source, .class = -1};
    steer_describe(source, sizeof source, w->g, NULL, &bare);
    snprintf(out, cap, "%s%s%s%s",
             s->flip == FLIP_A ? "A: "
             : s->flip         ? "B: "
                               : "",
             class, *class ? " · " : "", source);
}

static void draw_picture(const SteerScreen *s, const App *app, Canvas *c, const SteerLayout *l)
{
    char title[160], right[64] = "", line[96];
    AppTimes t = app_times(app);
    picture_title(s, app_world(app), title, sizeof title);
    double gen = s->view ? 1000 * s->view->seconds : 0;
    if (s->view && t.tty_ms > 0)
        snprintf(right, sizeof right, "gen %.0f · enc %.0f · tty %.0f ms", gen, t.encode_ms, t.tty_ms);
    if (s->view && (!*right || text_width(title) + text_width(right) + 8 > l->picture.w))
        snprintf(right, sizeof right, "%.0f ms", gen);
    Rect in = canvas_box(c, l->picture, false, title, right);
    if (rect_empty(l->side) && in.h > 8) {
        side_line(s, app, line, sizeof line);
        Rect low = rect_cut_bottom(&in, *line ? 1 : 0);
        canvas_text(c, low.x + 1, low.y, low.w - 1, INK_DIM, line);
    }
    if (s->flip)
        steer_picture(c, in, s->flipped && s->flipped->ticket == s->asked_flip ? s->flipped : NULL,
                      s->flip == FLIP_B);
    else if (s->invert && s->invert_news)
        canvas_picture(c, in, &s->invert_news->picture, canvas_image_id(&s->invert_news->picture));
    else
        steer_picture(c, in, s->view, 0);
}

/* --- sliders -------------------------------------------------------------------------------------------- */

static void draw_sliders(const SteerScreen *s, const World *w, Canvas *c, const SteerLayout *l)
{
    char title[96], right[96], layers[32] = "";
    bool limit = false;
    const Knob *k = steer_focused(s);
    if (*s->filter)
        snprintf(title, sizeof title, "Directions · \"%s\"", s->filter);
    else
        snprintf(title, sizeof title, "Directions%s", s->by_effect ? " · by effect" : "");
    if (s->range.first)
        snprintf(layers, sizeof layers, "layers %d-%d of %d · ", s->range.first, s->range.last, w->g->layers);
    snprintf(right, sizeof right, "%sstep %.3g", layers, s->step);
    Rect in = canvas_box(c, l->sliders, true, title, right), low = rect_cut_bottom(&in, 1);
    sliders_draw(&s->list, c, rect_inset(in, 1, 0), s->slider, s->rows, true);
    if (!k) return;
    steer_caption(s, k, title, sizeof title, &limit);
    canvas_text(c, low.x + 1, low.y, low.w - 2, limit ? INK_WARN : INK_FAINT, title);
}

/* --- the strip ------------------------------------------------------------------------------------------ */

static void label(Canvas *c, Rect r, const char *text, bool now)
{
    char marked[ADDRESS_DIR_MAX + 8];
    int room = r.w - text_width(text); /* brackets where they fit */
    snprintf(marked, sizeof marked, !now || room < 2 ? "%s" : room < 4 ? "[%s]" : "[ %s ]", text);
    int w = text_width(marked);
    canvas_text(c, r.x + (r.w > w ? (r.w - w) / 2 : 0), r.y, r.w, now ? INK_ACCENT | STYLE_BOLD : INK_DIM,
                marked);
}

static void value_text(const Knob *k, double value, char *out, size_t cap)
{
    if (!steer_reach(k, value, out, cap))
        snprintf(out, cap, k->low < 0 ? "%+.*f" : "%.*f", k->decimals, value);
}

static bool stands_at(const SteerScreen *s, const Knob *k, int i)
{
    return steer_strip_value(s, i) == steer_value(s, k, steer_now(s->history));
}

static void draw_strip(const SteerScreen *s, Canvas *c, Rect r)
{
    char title[128], text[ADDRESS_DIR_MAX + 1];
    const Knob *k = steer_focused(s);
    if (rect_empty(r)) return;
    if (k)
        snprintf(title, sizeof title, k->kind == KNOB_WAY ? "the way from %s" : "what \"%s\" would do",
                 k->name);
    else
        snprintf(title, sizeof title, "what these would do: %s", steer_group_name(steer_group(s)));
    canvas_box(c, r, false, title, NULL);
    bool fresh = s->strip && s->strip->ticket == s->asked_strip;
    int at[STRIP], n = k ? STRIP : steer_group_knobs(s, steer_group(s), at, STRIP);
    for (int i = 0; i < n; i++) {
        Rect tile = strip_tile(r, i), name = rect_cut_top(&tile, 1);
        if (k)
            value_text(k, steer_strip_value(s, i), text, sizeof text);
        else
            snprintf(text, sizeof text, "%s", s->knob[at[i]].name);
        label(c, name, text, k && stands_at(s, k, i));
        if (k || fresh) steer_picture(c, tile, s->strip, i);
    }
}

/* The address; of a long one the end, where the changes are. */
static void draw_line(const SteerScreen *s, Canvas *c, Rect r)
{
    char text[ADDRESS_BYTES_MAX + 1];
    if (rect_empty(r) || !address_print(text, steer_now(s->history), NULL)) return;
    const char *from = text;
    int room = r.w - 2, over = (int)strlen(text) - room;
    if (over > 0) from = text + over + 2;
    canvas_print(c, r.x + 1, r.y, room, INK_FAINT, "%s%s", over > 0 ? "… " : "", from);
}

void steer_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const SteerScreen *s = self;
    const World *w = app_world(app);
    if (s->page == PAGE_PLANE) {
        plane_draw(s, app, c, area);
        return;
    }
    if (s->page == PAGE_TREE) {
        tree_draw(s, app, c, area);
        return;
    }
    SteerLayout l = steer_layout(s, app, area);
    draw_picture(s, app, c, &l);
    draw_sliders(s, w, c, &l);
    if (s->invert && !rect_empty(l.strip))
        work_draw(s, c, l.strip);
    else
        draw_strip(s, c, l.strip);
    side_draw(s, app, c, l.side);
    if (!rect_empty(l.tree)) tree_pane(s, w, c, l.tree);
    draw_line(s, c, l.line);
}
