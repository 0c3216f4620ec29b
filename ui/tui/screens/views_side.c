/* The right column of Views: the selected view large, what is measured of it, and the real pictures nearest
 * to it. */
#include "tui/screens/readings.h"
#include "tui/screens/views_state.h"
#include <stdio.h>
#include <string.h>

#define LABELS 9 /* columns of a row's name */

/* --- rows ----------------------------------------------------------------------------------------------- */

/* One line off the top; false when there is none. */
static bool next_line(Rect *in, Rect *line)
{
    if (in->h < 1) return false;
    *line = rect_cut_top(in, 1);
    return true;
}

static void row(Canvas *c, Rect *in, const char *name, Ink ink, const char *text)
{
    Rect line;
    if (!next_line(in, &line)) return;
    canvas_text(c, line.x, line.y, LABELS, INK_DIM, name);
    canvas_text(c, line.x + LABELS, line.y, line.w - LABELS, ink, text);
}

/* Pictures side by side with their cosines below: fewer where they are made of blocks and would tell nothing.
 */
static void nearest(Canvas *c, Rect *in, const Meter *m, const App *app)
{
    int cell_w, cell_h, n = app_blocks(app) ? METER_NEIGHBOURS / 2 : METER_NEIGHBOURS;
    app_cell(app, &cell_w, &cell_h);
    int w = (in->w - n + 1) / n, h = (w * cell_w + cell_h / 2) / cell_h;
    if (!m->picture[0] || in->h < h + 2 || w < 3) return;
    rect_cut_top(in, in->h > h + 4);
    Rect band = rect_cut_top(in, h + 1);
    for (int k = 0; k < n && m->picture[k]; k++) {
        Rect at = {band.x + k * (w + 1), band.y, w, h};
        char score[16];
        snprintf(score, sizeof score, "%.*f", w < 5 ? 2 : 3, (double)m->score[k]);
        canvas_picture(c, at, m->picture[k], canvas_image_id(m->picture[k]));
        canvas_text(c, at.x, at.y + h, w, INK_DIM, *score == '0' ? score + 1 : score);
    }
}

static void meter_rows(const ViewsScreen *v, const App *app, Canvas *c, Rect *in, const Address *a)
{
    const World *w = app_world(app);
    const MeterNews *n = v->meter;
    if (!n || !n->done || !address_equal(a, &n->address[0])) return;
    const Meter *m = &n->meter[0];
    Readings r = {
        .meters = w->meters, .now = m, .class = a->class, .classes = w->g->config.classes, .from_a = true};
    readings_draw(&r, c, in);
    char text[64];
    if (n->total && !n->real) {
        snprintf(text, sizeof text, "%d of %d", n->filled, n->total);
        row(c, in, "reals", INK_DIM, text);
    }
    nearest(c, in, m, app);
    if (*n->why && in->h > 3) rect_cut_top(in, 1), rect_cut_top(in, canvas_wrap(c, *in, INK_DIM, n->why));
}

/* The address with its lines broken before a field where it can be. */
static int address_lines(Canvas *c, Rect in, const char *text)
{
    int x = 0, y = 0;
    while (*text && y < in.h) {
        int n = 1 + (int)strcspn(text + 1, "/");
        if (x && x + n > in.w) x = 0, y++;
        if (y < in.h) canvas_print(c, in.x + x, in.y + y, in.w - x, INK_FAINT, "%.*s", n, text);
        x += n;
        text += n;
    }
    return y + 1;
}

/* In which space all that was measured; said where there is room, below everything else. */
static void space_line(const MeterNews *n, Canvas *c, Rect in)
{
    char text[256];
    if (!n || !*n->space || in.h < 3) return;
    snprintf(text, sizeof text, "measured in %s", n->space);
    if (n->real) snprintf(text, sizeof text, "measured in %s against %d of %s", n->space, n->total, n->data);
    int lines = canvas_wrap_lines(in.w, text);
    if (lines + 1 < in.h) canvas_wrap(c, rect_cut_bottom(&in, lines), INK_FAINT, text);
}

/* What the tray knows of it. */
static void tray_rows(const ViewsScreen *v, Canvas *c, Rect *in, const Address *a)
{
    const KeptView *k = views_kept(v, a);
    char text[128];
    if (!k) return;
    snprintf(text, sizeof text, "#%lld %s", (long long)k->id, k->tags);
    row(c, in, "tray", INK_GOOD, text);
    if (*k->note) row(c, in, "note", INK_DIM, k->note);
    snprintf(text, sizeof text, "#%lld %.3f", (long long)k->near, (double)k->nearness);
    if (k->near) row(c, in, "like", INK_WARN, text);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void source_rows(Canvas *c, Rect *in, const Address *a)
{
    char text[64];
    const LatentRef *r = a->source.ref;
    snprintf(text, sizeof text, "%llu", (unsigned long long)r[0].id);
    if (a->source.kind == SOURCE_BLEND)
        snprintf(text, sizeof text, "%.4g, %.4g", (double)a->source.at[0], (double)a->source.at[1]);
    row(c, in, a->source.kind == SOURCE_BLEND ? "place" : "seed", INK_TEXT, text);
}

static const Image *large_picture(const ViewsScreen *v, const World *w, const Address *a, uint64_t *id)
{
    const char letter[2] = {v->flip, 0};
    return album_find(v->album, v->flip ? &w->marks.at[marks_find(letter)] : a, id);
}

void views_column(const ViewsScreen *v, const App *app, Canvas *c, Rect side)
{
    const World *w = app_world(app);
    char text[ADDRESS_BYTES_MAX + 1], title[64];
    Address a = views_selected(v, w);
    uint64_t id;
    snprintf(title, sizeof title, "%s%s",
             v->flip == 'A' ? "A"
             : v->flip      ? "B"
                            : world_class(w, a.class),
             !v->flip && a.class < 0 ? "Selected" : "");
    Rect in = rect_inset(canvas_box(c, side, v->flip != 0, title, NULL), 1, 0);
    int cw, ch;
    app_cell(app, &cw, &ch);
    int full = (in.w * cw + ch / 2) / ch, room = in.h - (in.h >= 26 ? 16 : 12);
    bool tight = in.h < 22;
    const Image *image = large_picture(v, w, &a, &id);
    Rect large = rect_cut_top(&in, full < room ? full : room > 4 ? room : 4);
    if (image) canvas_picture(c, large, image, id);
    rect_cut_top(&in, !tight);
    source_rows(c, &in, &a);
    tray_rows(v, c, &in, &a);
    meter_rows(v, app, c, &in, &a);
    rect_cut_top(&in, !tight);
    if (address_print(text, &a, NULL)) rect_cut_top(&in, address_lines(c, in, text));
    space_line(v->meter, c, in);
}
