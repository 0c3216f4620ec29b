/* Corners drawn: the wall of what is kept, candidates below it, the selected view and the tags beside. */
#include "tui/screens/corners_state.h"
#include "tui/screens/readings.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, SIDE_NARROW = 26, LABELS = 2, TAG_ROWS = 8, LABEL = 9 };

static const int picture_rows[CORNERS_SIZES] = {3, 4, 6, 9, 13};

Wall corners_wall(const CornersScreen *s, const App *app, Rect box)
{
    int cw, ch;
    app_cell(app, &cw, &ch);
    return layout_wall(rect_inset(box, 1, 1), picture_rows[s->size], LABELS, cw, ch);
}

CornersLayout corners_layout(const CornersScreen *s, Rect area)
{
    CornersLayout out = {0};
    if (area.w >= 76) out.side = rect_cut_right(&area, area.w >= 100 ? SIDE : SIDE_NARROW);
    int below = picture_rows[s->size] + LABELS + 4;
    if (s->pane[PANE_FOUND].list.n)
        out.box[PANE_FOUND] = rect_cut_bottom(&area, below < area.h / 2 ? below : area.h / 2);
    out.box[PANE_KEPT] = area;
    return out;
}

/* --- walls ---------------------------------------------------------------------------------------------- */

static void first_line(char *out, size_t cap, const TrayItem *it, int pane)
{
    char score[24] = "";
    if (pane == PANE_FOUND && isfinite(it->score)) snprintf(score, sizeof score, " %.2f", (double)it->score);
    if (it->near)
        snprintf(out, cap, "#%lld%s \u2248 #%lld", (long long)it->id, score, (long long)it->near);
    else
        snprintf(out, cap, "#%lld%s%s", (long long)it->id, score, *it->note ? " \u270e" : "");
}

static void draw_wall(const CornersScreen *s, const App *app, Canvas *c, Rect box, int pane)
{
    const World *w = app_world(app);
    const CornersPane *p = &s->pane[pane];
    Wall wall = corners_wall(s, app, box);
    Tile tile[CANVAS_PICTURES];
    char label[CANVAS_PICTURES][32];
    uint64_t last = p->list.n > 0 ? (uint64_t)p->list.n - 1 : 0;
    int n = p->list.n ? grid_sight(&p->grid, &wall, last) : 0;
    if (n > CANVAS_PICTURES) n = CANVAS_PICTURES;
    for (int i = 0; i < n; i++) {
        const TrayItem *it = &p->list.item[p->grid.top + (uint64_t)i];
        first_line(label[i], sizeof label[i], it, pane);
        tile[i] = (Tile){.line = {label[i], *it->tags ? it->tags : world_class(w, it->class)},
                         .ink = it->near ? INK_WARN : INK_TEXT,
                         .image = &it->picture,
                         .id = it->picture.px ? canvas_image_id(&it->picture) : 0,
                         .picked = corners_picked(s, it->id)};
    }
    grid_draw(&p->grid, c, &wall, tile, n, s->focus == pane);
}

/* How far the search is, in front of the count. */
static void search_text(char *out, size_t cap, const CornersScreen *s)
{
    CornerNews *n = s->search ? (CornerNews *)job_news(s->search) : NULL;
    *out = 0;
    if (n) snprintf(out, cap, "%s %.0f %%, %d found \u00b7 ", n->phase, 100 * n->share, n->found);
    if (n) news_drop(&n->news);
}

static void draw_kept(const CornersScreen *s, const App *app, Canvas *c, Rect box)
{
    char right[CORNERS_WORDS + 128], search[64];
    int n = s->pane[PANE_KEPT].list.n;
    search_text(search, sizeof search, s);
    if (*s->words)
        snprintf(right, sizeof right, "%s%d of %d \u00b7 /%s", search, n, s->all, s->words);
    else
        snprintf(right, sizeof right, "%s%d", search, n);
    Rect in = canvas_box(c, box, s->focus == PANE_KEPT, "Corners", right);
    draw_wall(s, app, c, box, PANE_KEPT);
    if (n) return;
    const char *text =
        *s->words ? "Nothing in the tray fits the filter. / changes it."
                  : "The tray is empty. On any screen, t keeps the view you look at and T keeps it with "
                    "tags; I imports a folder, an archive or a picture.";
    canvas_wrap(
        c, rect_centre(in, in.w < 60 ? in.w - 4 : 56, canvas_wrap_lines(in.w < 60 ? in.w - 4 : 56, text)),
        INK_DIM, text);
}

static void draw_found(const CornersScreen *s, const App *app, Canvas *c, Rect box)
{
    char right[48];
    const TrayList *list = &s->pane[PANE_FOUND].list;
    snprintf(right, sizeof right, "%d \u00b7 %s", list->n,
             s->focus == PANE_FOUND ? "t keeps, x drops" : "Tab");
    canvas_box(c, box, s->focus == PANE_FOUND, "Candidates", right);
    draw_wall(s, app, c, box, PANE_FOUND);
}

/* --- the selected one ----------------------------------------------------------------------------------- */

static int line(Canvas *c, Rect in, int y, Style style, const char *label, const char *text)
{
    if (!*text || y >= in.y + in.h) return y;
    canvas_print(c, in.x, y, in.w, INK_DIM, "%s", label);
    canvas_text(c, in.x + LABEL, y, in.w - LABEL, style, text);
    return y + 1;
}

/* The parent as "#3" when the tray has it, else where it came from. */
static void parent_line(char *out, size_t cap, const CornersScreen *s, const TrayItem *it)
{
    const TrayList *list = &s->pane[PANE_KEPT].list;
    *out = 0;
    for (int i = 0; i < list->n; i++)
        if (!strcmp(list->item[i].address, it->parent))
            snprintf(out, cap, "#%lld", (long long)list->item[i].id);
    const char *source = strchr(it->parent, '/');
    if (!*out && source) snprintf(out, cap, "%.*s", (int)strcspn(source + 1, "/"), source + 1);
}

static int draw_meters(const CornersScreen *s, Canvas *c, Rect in, int y, const World *w)
{
    const MeterNews *n = s->meters;
    const TrayItem *it = corners_selected(s);
    if (!n || !n->done || n->ticket != s->asked || !it || it->id != s->asked_id) return y;
    Rect rest = {in.x, y, in.w, in.y + in.h - y};
    Readings r = {
        .meters = w->meters, .now = &n->meter[0], .class = it->class, .classes = w->g->config.classes};
    readings_draw(&r, c, &rest);
    return rest.y;
}

static int draw_facts(const CornersScreen *s, Canvas *c, Rect in, const World *w, const TrayItem *it)
{
    char text[96];
    int y = in.y;
    snprintf(text, sizeof text, "#%lld  %s", (long long)it->id, world_class(w, it->class));
    canvas_text(c, in.x, y++, in.w, INK_TEXT | STYLE_BOLD, text);
    y = line(c, in, y, INK_ACCENT, "tags", it->tags);
    snprintf(text, sizeof text, "#%lld (%.4f)", (long long)it->near, (double)it->nearness);
    y = line(c, in, y, INK_WARN, "like", it->near ? text : "");
    parent_line(text, sizeof text, s, it);
    y = line(c, in, y, INK_TEXT, "from", text);
    y = line(c, in, y, INK_TEXT, "found", it->origin);
    y = draw_meters(s, c, in, y, w);
    if (*it->note && y < in.y + in.h)
        y += canvas_wrap(c, (Rect){in.x, y, in.w, in.y + in.h - y}, INK_TEXT, it->note);
    return y;
}

static void draw_selected(const CornersScreen *s, const World *w, Canvas *c, Rect side)
{
    const TrayItem *it = corners_selected(s);
    char right[32] = "";
    if (s->picks) snprintf(right, sizeof right, "%d picked", s->picks);
    Rect in = canvas_box(c, side, false, "Selected", *right ? right : NULL);
    if (!it) return;
    Rect large = rect_cut_top(&in, in.h * 2 / 5);
    if (it->picture.px) canvas_picture(c, large, &it->picture, canvas_image_id(&it->picture));
    in = rect_inset(in, 1, 0);
    int y = draw_facts(s, c, in, w, it);
    rect_cut_top(&in, y - in.y + 1);
    canvas_wrap(c, in, INK_FAINT, it->address);
}

/* --- tags ----------------------------------------------------------------------------------------------- */

static Rect cut_tags(const CornersScreen *s, Rect *side)
{
    int rows = s->tags < TAG_ROWS ? s->tags : TAG_ROWS;
    return rows && side->h >= rows + 14 ? rect_cut_bottom(side, rows + 2) : (Rect){0};
}

const char *corners_tag_at(const CornersScreen *s, Rect side, int x, int y)
{
    Rect in = rect_inset(cut_tags(s, &side), 1, 1);
    return rect_has(in, x, y) && y - in.y < s->tags ? s->tag[y - in.y].name : NULL;
}

/* A bar per tag: how many, and which share of all that is kept. */
static void draw_tags(const CornersScreen *s, Canvas *c, Rect box)
{
    if (rect_empty(box)) return;
    Rect in = canvas_box(c, box, false, "Tags", NULL);
    for (int i = 0; i < s->tags && i < in.h; i++) {
        char text[24];
        int y = in.y + i, bar = in.w >= 28 ? 8 : 5;
        double share = s->all ? (double)s->tag[i].n / s->all : 0;
        snprintf(text, sizeof text, "%d %3.0f %%", s->tag[i].n, 100 * share);
        int right = canvas_right(c, in.x + in.w - 1, y, 10, INK_TEXT, text);
        gauge_meter(c, in.x + in.w - 12 - bar, y, bar, share, INK_ACCENT);
        canvas_text(c, in.x + 1, y, in.w - bar - 14, INK_TEXT, s->tag[i].name);
        (void)right;
    }
}

void corners_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const CornersScreen *s = self;
    CornersLayout at = corners_layout(s, area);
    draw_kept(s, app, c, at.box[PANE_KEPT]);
    if (!rect_empty(at.box[PANE_FOUND])) draw_found(s, app, c, at.box[PANE_FOUND]);
    if (rect_empty(at.side)) return;
    Rect tags = cut_tags(s, &at.side);
    int rows = corners_slice_rows(s);
    if (rows && at.side.h >= rows + 14) corners_slice_draw(s, c, rect_cut_bottom(&at.side, rows));
    draw_selected(s, app_world(app), c, at.side);
    draw_tags(s, c, tags);
}
