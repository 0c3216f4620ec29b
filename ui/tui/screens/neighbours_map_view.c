/* How the map looks: its points, the legend, and the picture under the cursor. */
#include "base/text.h"
#include "tui/screens/neighbours_state.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- the legend ----------------------------------------------------------------------------------------- */

/* Where class `class` stands in the legend of a pane so wide: names one after the other, in as many lines as
 * they need. */
static Rect legend_place(const World *w, int width, int class)
{
    Rect at = {0, 0, 0, 1};
    for (int c = 0; c <= class; c++) {
        at.x += at.w ? at.w + 1 : 0;
        at.w = 2 + text_width(finder_class(w->finder, c));
        if (at.x && at.x + at.w > width) at.x = 0, at.y++;
    }
    return at;
}

static int classes_of(const World *w)
{
    int n = 0;
    while (w->finder && n < NEAR_CLASSES && *finder_class(w->finder, n)) n++;
    return n;
}

static Rect legend_of(const World *w, Rect pane)
{
    Rect in = rect_inset(pane, 2, 1);
    int n = classes_of(w), lines = n ? legend_place(w, in.w, n - 1).y + 1 : 0;
    return lines * 4 <= in.h ? rect_cut_bottom(&in, lines) : (Rect){0};
}

Rect map_inside(const NeighboursScreen *s, const World *w, Rect pane)
{
    Rect in = rect_inset(pane, 2, 1);
    (void)s;
    rect_cut_bottom(&in, legend_of(w, pane).h);
    return in;
}

int map_legend_at(const World *w, Rect pane, int x, int y)
{
    Rect legend = legend_of(w, pane);
    for (int c = 0; !rect_empty(legend) && c < classes_of(w); c++) {
        Rect at = legend_place(w, legend.w, c);
        if (rect_has((Rect){legend.x + at.x, legend.y + at.y, at.w, 1}, x, y)) return c;
    }
    return -1;
}

static void draw_legend(const NeighboursScreen *s, const World *w, Canvas *c, Rect pane,
                        const Scatter *points)
{
    Rect legend = legend_of(w, pane);
    Ink of[NEAR_CLASSES];
    for (int k = 0; k < NEAR_CLASSES; k++) of[k] = INK_FAINT;
    for (int i = 0; i < points->n; i++)
        if (points->ink[i] != INK_COUNT && points->ink[i] != INK_ACCENT)
            of[s->map.of->label[i] % NEAR_CLASSES] = points->ink[i];
    for (int k = 0; !rect_empty(legend) && k < classes_of(w); k++) {
        Rect at = legend_place(w, legend.w, k);
        bool hidden = s->map.hidden[k];
        int x = legend.x + at.x, y = legend.y + at.y;
        canvas_put(c, x, y, hidden ? INK_FAINT : of[k],
                   hidden     ? U'·'
                   : c->ascii ? (char32_t)scatter_mark(of[k])
                              : U'●');
        canvas_text(c, x + 2, y, at.w - 2, hidden ? INK_FAINT : INK_DIM, finder_class(w->finder, k));
    }
}

/* --- points --------------------------------------------------------------------------------------------- */

static void draw_box(const NearMap *m, Canvas *c, Rect in)
{
    int x[2], y[2];
    if (!m->boxing && !m->boxed) return;
    scatter_cell(in, &m->view, m->box[0], &x[0], &y[0]);
    scatter_cell(in, &m->view, m->boxing ? m->at : m->box[1], &x[1], &y[1]);
    int left = x[0] < x[1] ? x[0] : x[1], top = y[0] < y[1] ? y[0] : y[1];
    canvas_tint(c, (Rect){left, top, abs(x[1] - x[0]) + 1, abs(y[1] - y[0]) + 1}, STYLE_BAR);
}

static void draw_cursor(const NeighboursScreen *s, Canvas *c, Rect in)
{
    const NearMap *m = &s->map;
    int x, y;
    if (m->placed && scatter_cell(in, &m->view, m->query, &x, &y))
        canvas_put(c, x, y, INK_TEXT | STYLE_BOLD | STYLE_REVERSE, U'×');
    if (s->page == PAGE_MAP && scatter_cell(in, &m->view, m->at, &x, &y))
        canvas_put(c, x, y, INK_ACCENT | STYLE_BOLD | STYLE_REVERSE, U'+');
}

static void title_of(const NeighboursScreen *s, char *right, size_t cap, int width)
{
    const NearMap *m = &s->map;
    const MapNews *n = m->news;
    bool laid = !m->pca && n && n->atlas == m->of;
    if (!m->of)
        snprintf(right, cap, "%s", m->pca ? "PCA" : "t-SNE");
    else if (laid && !n->settled)
        snprintf(right, cap, "t-SNE settles · %d of %d", n->step, n->steps);
    else if (laid && width >= 76)
        snprintf(right, cap, "t-SNE of %d real, %d generated · keeps %.1f of 10 neighbours, PCA %.1f",
                 m->of->real, m->of->n - m->of->real, 10 * n->kept, 10 * n->kept_plane);
    else
        snprintf(right, cap, "%s of %d", laid ? "t-SNE" : "PCA", m->of->n);
}

static void why_none(const NeighboursScreen *s, Canvas *c, Rect in)
{
    canvas_wrap(c, in, INK_DIM,
                s->encoder
                    ? "The map is drawn when the encoder has seen every real picture and some generated ones."
                    : "The encoder's space in two dimensions, once there is an encoder: train one with 3, or "
                      "open one with o.");
}

void map_draw(const NeighboursScreen *s, const App *app, Canvas *c, Rect r)
{
    const World *w = app_world(app);
    char right[128];
    bool large = s->page == PAGE_MAP;
    if (rect_empty(r)) return;
    title_of(s, right, sizeof right, r.w);
    canvas_box(c, r, large && !s->way.focus, large && s->encoder ? s->encoder_of : "Map", right);
    Rect in = map_inside(s, w, r);
    Ink *ink = s->map.of ? malloc((size_t)s->map.of->n * (sizeof *ink + sizeof(bool))) : NULL;
    if (!ink) {
        why_none(s, c, in);
        return;
    }
    Scatter points = map_scatter(s, w, ink, (bool *)(ink + s->map.of->n));
    scatter_draw(c, in, &points);
    draw_box(&s->map, c, in);
    draw_legend(s, w, c, r, &points);
    draw_cursor(s, c, in);
    free(ink);
}

/* --- under the cursor ----------------------------------------------------------------------------------- */

static void draw_counts(const NeighboursScreen *s, Canvas *c, Rect line)
{
    const NearMap *m = &s->map;
    int real = 0, made = 0;
    for (int i = 0; m->of && i < m->of->n; i++)
        if (map_in_box(m, i)) i < m->of->real ? real++ : made++;
    canvas_print(c, line.x, line.y, line.w, INK_ACCENT, "box: %d real", real);
    if (line.h > 1)
        canvas_print(c, line.x, line.y + 1, line.w, INK_ACCENT, "%d made: t%s", made,
                     line.w < 20 ? "" : " keeps");
}

void map_draw_point(const NeighboursScreen *s, const App *app, Canvas *c, Rect r)
{
    const World *w = app_world(app);
    NearPick pick;
    int cw, ch;
    app_cell(app, &cw, &ch);
    bool there = near_pick(&pick, s, w);
    Rect in = rect_inset(canvas_box(c, r, false, there ? pick.name : "Under the cursor", NULL), 1, 0);
    bool box = s->map.boxing || s->map.boxed;
    Rect words = rect_cut_bottom(&in, box ? 4 : 2);
    int side = in.w * cw / ch;
    Rect top = rect_cut_top(&in, side < in.h ? side : in.h);
    if (!there) return;
    if (pick.picture && top.h > 0) canvas_picture(c, top, pick.picture, canvas_image_id(pick.picture));
    canvas_text(c, words.x, words.y, words.w, INK_TEXT, finder_class(w->finder, pick.label));
    canvas_text(c, words.x, words.y + 1, words.w, INK_DIM, pick.made ? "generated" : "real");
    if (box) draw_counts(s, c, (Rect){words.x, words.y + 2, words.w, words.h - 2});
}
