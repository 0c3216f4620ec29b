/* How the Neighbours screen looks: the query, a row of real pictures for every space, the map of the
 * encoder's space. */
#include "base/text.h"
#include "tui/screens/neighbours_state.h"
#include "tui/widgets/gauge.h"
#include "tui/widgets/scatter.h"
#include <stdio.h>
#include <string.h>

#define TILES_WANTED 6 /* neighbours in a row, where there is room */
#define MAP_CLASSES  5 /* classes with a colour of their own: those the neighbours have */

/* --- layout --------------------------------------------------------------------------------------------- */

/* Height of one space's part: a line of words, the picture, its labels. */
static Rect part_of(const NeighboursLayout *l, int space)
{
    Rect in = rect_inset(l->rows, 2, 1), part[FINDER_SPACES];
    static const int weight[FINDER_SPACES] = {1, 1, 1};
    rect_rows(part, in, weight, FINDER_SPACES, 0);
    return part[space];
}

/* As large as leaves room for TILES_WANTED in a line; in two lines where the part is high. */
static void fit_tiles(NeighboursLayout *l, int cw, int ch)
{
    Rect part = part_of(l, FINDER_SPACES - 1);
    l->labels = part.h >= 7 ? 2 : 1;
    l->lines = part.h >= 15 ? 2 : 1;
    l->tile_h = (part.h - 1) / l->lines - l->labels - (part.h >= 9);
    do {
        l->tile_w = (l->tile_h * ch + cw / 2) / cw;
        if (l->tile_w < 4) l->tile_w = 4;
        l->columns = (part.w + 1) / (l->tile_w + 1);
    } while (l->columns < TILES_WANTED && --l->tile_h > 1);
    if (l->tile_h < 1) l->tile_h = 1;
    l->shown = l->columns * l->lines < FINDER_K ? l->columns * l->lines : FINDER_K;
}

NeighboursLayout neighbours_layout(const App *app, Rect area)
{
    NeighboursLayout l = {0};
    int cw, ch;
    app_cell(app, &cw, &ch);
    bool third = area.w >= 150;
    if (third) l.map = rect_cut_right(&area, area.w / 4);
    Rect left = rect_cut_left(&area, area.w >= 120 ? 32 : area.w >= 90 ? 28 : 20);
    if (!third && left.h >= 26) l.map = rect_cut_bottom(&left, left.h / 2);
    l.query = left;
    l.rows = area;
    fit_tiles(&l, cw, ch);
    return l;
}

static Rect tile_of(const NeighboursLayout *l, int space, int i)
{
    Rect part = part_of(l, space);
    int x = l->columns ? i % l->columns : 0, y = l->columns ? i / l->columns : 0;
    return (Rect){part.x + x * (l->tile_w + 1), part.y + 1 + y * (l->tile_h + l->labels), l->tile_w,
                  l->tile_h + l->labels};
}

bool neighbours_at(const NeighboursLayout *l, int x, int y, int *space, int *item)
{
    for (int s = 0; s < FINDER_SPACES; s++)
        for (int i = 0; i < l->shown; i++)
            if (rect_has(tile_of(l, s, i), x, y)) {
                *space = s;
                *item = i;
                return true;
            }
    return false;
}

/* --- the rows ------------------------------------------------------------------------------------------- */

/* The label that most of the hits have, and how many. */
static int most_common(const FinderNews *n, int space, int hits, int *label)
{
    int best = 0;
    for (int i = 0; i < hits; i++) {
        int same = 0;
        for (int k = 0; k < hits; k++) same += n->hit[space][k].label == n->hit[space][i].label;
        if (same > best) {
            best = same;
            *label = n->hit[space][i].label;
        }
    }
    return best;
}

static void head_text(const NeighboursScreen *s, int space, char *name, size_t cap)
{
    static const char *const title[FINDER_SPACES] = {"encoder", "pixels", "untrained encoder"};
    if (space == SPACE_ENCODER && s->encoder)
        snprintf(name, cap, "%s \u00b7 %s", title[space], s->encoder_of);
    else
        snprintf(name, cap, "%s", title[space]);
}

/* The space, how far its bank is, and what most of the neighbours are. */
static void draw_head(const NeighboursScreen *s, const World *w, Canvas *c, Rect line, int space, int shown)
{
    char name[64], text[64], count[32];
    const FinderNews *n = s->news;
    bool on = space == s->space;
    head_text(s, space, name, sizeof name);
    int x = line.x + canvas_text(c, line.x, line.y, line.w, on ? INK_TEXT | STYLE_BOLD : INK_TEXT, name) + 2;
    if (!n || !n->total) return;
    if (n->filled[space] > 0 && n->filled[space] < n->total) {
        text_count(count, sizeof count, n->filled[space]);
        gauge_meter(c, x, line.y, 8, (double)n->filled[space] / n->total, INK_ACCENT);
        canvas_print(c, x + 10, line.y, line.x + line.w - x - 10, INK_DIM, "%s of them embedded", count);
        return;
    }
    int label = -1, same = most_common(n, space, shown, &label);
    if (!same || !*finder_class(w->finder, label)) return;
    snprintf(text, sizeof text, "%d of %d %s", same, shown, finder_class(w->finder, label));
    if (x + text_width(text) <= line.x + line.w)
        canvas_right(c, line.x + line.w, line.y, line.x + line.w - x, INK_DIM, text);
}

static void draw_hit(const NeighboursScreen *s, const World *w, const NeighboursLayout *l, Canvas *c,
                     int space, int i)
{
    const FinderNews *n = s->news;
    const Neighbour *hit = &n->hit[space][i];
    const char *class = finder_class(w->finder, hit->label);
    Rect tile = tile_of(l, space, i), picture = rect_cut_top(&tile, l->tile_h);
    bool on = space == s->space && i == s->item;
    char score[16];
    snprintf(score, sizeof score, l->tile_w >= 5 ? "%.3f" : "%.2f", (double)hit->score);
    canvas_picture(c, picture, &n->picture[space][i], canvas_image_id(&n->picture[space][i]));
    canvas_text(c, tile.x, tile.y, tile.w, on ? INK_ACCENT | STYLE_BOLD : INK_TEXT, score);
    if (l->labels > 1) canvas_text(c, tile.x, tile.y + 1, tile.w, INK_DIM, class);
    if (on) canvas_tint(c, tile, STYLE_BAR);
}

/* Why a row is empty, in words. */
static const char *empty_text(const NeighboursScreen *s, int space)
{
    const FinderNews *n = s->news;
    if (n && n->err.code) return n->err.msg;
    if (!n || !n->total) return "The real pictures are being opened.";
    if (space == SPACE_ENCODER && !s->encoder)
        return "There is no encoder yet: train one with 3, or open a run or an encoder file with o.";
    if (space == SPACE_UNTRAINED && !s->encoder)
        return "The same encoder before it learnt anything, to compare with.";
    if (space == SPACE_UNTRAINED && !n->filled[space])
        return "The untrained twin is made with a run's first probe.";
    return "Being embedded; the first answers come soon.";
}

static void draw_row(const NeighboursScreen *s, const World *w, const NeighboursLayout *l, Canvas *c,
                     int space)
{
    Rect part = part_of(l, space), line = rect_cut_top(&part, 1);
    int hits = s->news && s->ticket && s->news->ticket == s->ticket ? s->news->hits[space] : 0;
    if (hits > l->shown) hits = l->shown;
    draw_head(s, w, c, line, space, hits);
    for (int i = 0; i < hits; i++) draw_hit(s, w, l, c, space, i);
    if (!hits) canvas_wrap(c, rect_inset(part, 0, part.h > 4), INK_DIM, empty_text(s, space));
}

static void draw_rows(const NeighboursScreen *s, const World *w, const NeighboursLayout *l, Canvas *c)
{
    char right[96] = "", count[32];
    if (s->news && s->news->total) {
        text_count(count, sizeof count, s->news->total);
        snprintf(right, sizeof right, "cosine \u00b7 exact \u00b7 %s%s", count,
                 l->rows.w >= 70 ? " training pictures" : "");
    }
    canvas_box(c, l->rows, true, "Nearest real", right);
    for (int space = 0; space < FINDER_SPACES; space++) draw_row(s, w, l, c, space);
}

/* --- the query ------------------------------------------------------------------------------------------ */

static void query_title(const NeighboursScreen *s, const World *w, char *out, size_t cap)
{
    const Address *a = &s->view;
    if (s->kind == QUERY_FILE)
        snprintf(out, cap, "%.60s", s->name);
    else if (s->kind == QUERY_REAL)
        snprintf(out, cap, "real %d", s->index);
    else if (a->source.kind == SOURCE_SEED)
        snprintf(out, cap, "%s%sseed %llu", world_class(w, a->class), a->class >= 0 ? " \u00b7 " : "",
                 (unsigned long long)a->source.ref[0].id);
    else
        snprintf(out, cap, "%s", world_class(w, a->class));
}

/* Which neighbour the cursor is on, under the query's picture. */
static void draw_selected(const NeighboursScreen *s, const World *w, Canvas *c, Rect in)
{
    const FinderNews *n = s->news;
    if (!n || s->item >= n->hits[s->space] || in.h < 1) return;
    const Neighbour *hit = &n->hit[s->space][s->item];
    canvas_print(c, in.x, in.y, in.w, INK_ACCENT | STYLE_BOLD, "real %d", hit->index);
    if (in.h < 2) return;
    canvas_print(c, in.x, in.y + 1, in.w, INK_DIM, "%s \u00b7 %.3f", finder_class(w->finder, hit->label),
                 (double)hit->score);
    if (in.h > 2) canvas_print(c, in.x, in.y + 2, in.w, INK_FAINT, "n asks about it");
}

static void draw_query(const NeighboursScreen *s, const World *w, const App *app, Canvas *c, Rect r)
{
    char title[96];
    int cw, ch;
    const Image *picture = neighbours_query(s);
    app_cell(app, &cw, &ch);
    query_title(s, w, title, sizeof title);
    Rect in = rect_inset(canvas_box(c, r, false, title, NULL), 1, 0);
    int side = in.w * cw / ch; /* rows of a square as wide as the box */
    if (side > in.h - 3) side = in.h - 3;
    Rect top = rect_cut_top(&in, side > 1 ? side : in.h);
    if (picture)
        canvas_picture(c, top, picture, canvas_image_id(picture));
    else
        canvas_fill(c, rect_centre(top, top.h * ch / cw, top.h), INK_FAINT, U'·');
    draw_selected(s, w, c, in);
}

/* --- the map -------------------------------------------------------------------------------------------- */

/* The classes among the hits of the encoder's row, the most frequent first; returns how many. */
static int shown_classes(const FinderNews *n, int label[MAP_CLASSES])
{
    int count[FINDER_K] = {0}, seen[FINDER_K], classes = 0, out = 0;
    for (int i = 0; i < n->hits[SPACE_ENCODER]; i++) {
        int k = 0;
        while (k < classes && seen[k] != n->hit[SPACE_ENCODER][i].label) k++;
        if (k == classes) seen[classes++] = n->hit[SPACE_ENCODER][i].label;
        count[k]++;
    }
    for (; out < MAP_CLASSES && out < classes; out++) {
        int best = 0;
        for (int k = 1; k < classes; k++)
            if (count[k] > count[best]) best = k;
        label[out] = seen[best];
        count[best] = 0;
    }
    return out;
}

static void draw_legend(const World *w, Canvas *c, Rect line, const int *label, int n)
{
    int x = line.x;
    for (int i = 0; i < n; i++) {
        const char *name = finder_class(w->finder, label[i]);
        int need = 2 + text_width(name);
        Ink ink = (Ink)(INK_SERIES_1 + i);
        if (x + need > line.x + line.w) return;
        canvas_put(c, x, line.y, ink, c->ascii ? (char32_t)scatter_mark(ink) : U'●');
        canvas_text(c, x + 2, line.y, need - 2, INK_DIM, name);
        x += need + 2;
    }
}

static void draw_map(const NeighboursScreen *s, const World *w, Canvas *c, Rect r)
{
    int label[MAP_CLASSES], x, y;
    char right[32] = "";
    const FinderNews *n = s->news;
    bool there = n && n->points;
    if (rect_empty(r)) return;
    if (there) snprintf(right, sizeof right, "PCA of %d", n->points);
    Rect in = rect_inset(canvas_box(c, r, false, "Map", right), 1, 0);
    if (!there) {
        canvas_wrap(c, in, INK_DIM,
                    s->encoder ? "The map is drawn when the encoder has seen every real picture."
                               : "The encoder's space in two dimensions, once there is one.");
        return;
    }
    Ink ink[FINDER_MAP];
    int classes = shown_classes(n, label);
    Rect line = rect_cut_bottom(&in, 1);
    for (int i = 0; i < n->points; i++) {
        ink[i] = INK_FAINT;
        for (int k = 0; k < classes; k++)
            if (n->label[i] == label[k]) ink[i] = (Ink)(INK_SERIES_1 + k);
    }
    scatter_draw(c, in, n->xy, ink, n->points);
    draw_legend(w, c, line, label, classes);
    if (!n->placed) return;
    scatter_cell(in, n->query_xy, &x, &y);
    canvas_put(c, x, y, INK_TEXT | STYLE_BOLD | STYLE_REVERSE, U'×');
}

void neighbours_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const NeighboursScreen *s = self;
    const World *w = app_world(app);
    NeighboursLayout l = neighbours_layout(app, area);
    draw_query(s, w, app, c, l.query);
    draw_rows(s, w, &l, c);
    draw_map(s, w, c, l.map);
}
