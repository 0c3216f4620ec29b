/* How Neighbours looks: the query and whether it is a copy, a row for every space or a wall of one, and
 * around them the map and the way. */
#include "base/text.h"
#include "tui/screens/neighbours_state.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TILES_WANTED 6 /* neighbours in a row, where there is room */
#define QUERY_NAME   "neighbours.query"
#define QUERY_LEAST  18
#define ENOUGH       18 /* pictures on the wall, before they may be larger */

/* --- layout --------------------------------------------------------------------------------------------- */

/* Height of one space's part: a line of words, the picture, its labels. */
static Rect part_of(const NeighboursLayout *l, int space)
{
    Rect in = rect_inset(l->main, 2, 1), part[FINDER_SPACES];
    static const int weight[FINDER_SPACES] = {1, 1, 1};
    rect_rows(part, in, weight, l->spaces, 0);
    return part[space];
}

/* As large as leaves room for TILES_WANTED in a line; in two lines where the part is high. */
static void fit_tiles(NeighboursLayout *l, int cw, int ch)
{
    Rect part = part_of(l, l->spaces - 1);
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

/* Pictures as large as lets most of them be seen, unless a person chose a size. */
static void fit_wall(NeighboursLayout *l, int size, int cw, int ch)
{
    static const int rows[NEAR_SIZES + 1] = {0, 3, 4, 5, 7, 9, 12};
    Rect in = rect_inset(l->main, 1, 1);
    int best = size ? size : NEAR_SIZES;
    for (; !size && best > 1; best--) {
        Wall w = layout_wall(in, rows[best], 2, cw, ch);
        if (w.cols * w.rows >= ENOUGH) break;
    }
    l->wall = layout_wall(in, rows[best], 2, cw, ch);
}

static int query_width(const App *app, Rect area)
{
    int w = app_split(app, QUERY_NAME, area.w >= 120 ? 32 : area.w >= 90 ? 28 : 20);
    return w < QUERY_LEAST ? QUERY_LEAST : w > area.w / 2 ? area.w / 2 : w;
}

NeighboursLayout neighbours_layout(const NeighboursScreen *s, const App *app, Rect area)
{
    NeighboursLayout l = {0};
    int cw, ch;
    app_cell(app, &cw, &ch);
    bool aside = s->page == PAGE_ROWS || s->page == PAGE_WALL, third = aside && area.w >= 150;
    if (third) l.map = rect_cut_right(&area, area.w * 3 / 10);
    Rect left = rect_cut_left(&area, query_width(app, area));
    if (!third && s->page != PAGE_SLICES && (left.h >= 26 || !aside))
        l.map = rect_cut_bottom(&left, left.h / 2);
    l.query = left;
    if (way_shown(s)) l.way = rect_cut_bottom(&area, area.h >= 36 ? 10 : area.h >= 28 ? 8 : 6);
    l.main = area;
    l.spaces = FINDER_SPACES - (s->encoder && near_lacks_twin(s));
    if (s->page == PAGE_ROWS) fit_tiles(&l, cw, ch);
    if (s->page == PAGE_WALL) fit_wall(&l, s->size, cw, ch);
    return l;
}

int neighbours_borders(const void *self, const App *app, Rect area, Border *out, int max)
{
    const NeighboursScreen *s = self;
    int w = neighbours_layout(s, app, area).query.w;
    if (max < 1 || w < QUERY_LEAST) return 0;
    *out = (Border){.name = QUERY_NAME,
                    .bar = {area.x + w - 1, area.y, 2, area.h},
                    .vertical = true,
                    .low = QUERY_LEAST,
                    .high = area.w / 2,
                    .at = w};
    return 1;
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
    for (int s = 0; s < l->spaces; s++)
        for (int i = 0; i < l->shown; i++)
            if (rect_has(tile_of(l, s, i), x, y)) {
                *space = s;
                *item = i;
                return true;
            }
    return false;
}

int neighbours_hints(const void *self, Action *out, int max)
{
    static const Action rows[] = {ACT_NEAR_STEER, ACT_NEAR_REAL, ACT_NEAR_WALK,   ACT_NEAR_FILE,
                                  ACT_NEAR_WALL,  ACT_NEAR_MAP,  ACT_NEAR_SLICES, ACT_NEAR_METRIC,
                                  ACT_NEAR_AMONG, ACT_TRAY,      ACT_NEAR_NEW};
    static const Action map[] = {ACT_NEAR_STEER, ACT_NEAR_REAL,   ACT_NEAR_WALK, ACT_NEAR_BOX,
                                 ACT_TRAY,       ACT_NEAR_LARGER, ACT_NEAR_HIDE, ACT_NEAR_PROJECTION,
                                 ACT_NEAR_WHOLE, ACT_NEAR_MAP};
    static const Action slices[] = {ACT_NEAR_STEER, ACT_FOCUS_NEXT, ACT_NEAR_REAL, ACT_NEAR_WALK,
                                    ACT_NEAR_SLICES};
    static const Action way[] = {ACT_NEAR_STEER, ACT_TRAY, ACT_FOCUS_NEXT, ACT_CANCEL};
    static const struct {
        const Action *list;
        int n;
    } of[NEAR_PAGES + 1] = {{rows, sizeof rows / sizeof *rows},
                            {rows, sizeof rows / sizeof *rows},
                            {map, sizeof map / sizeof *map},
                            {slices, sizeof slices / sizeof *slices},
                            {way, sizeof way / sizeof *way}};
    const NeighboursScreen *s = self;
    int k = s->way.focus ? NEAR_PAGES : (int)s->page, n = 0;
    if (!s->way.focus && s->way.frames && n < max) out[n++] = ACT_FOCUS_NEXT;
    for (int i = 0; i < of[k].n && n < max; i++) out[n++] = of[k].list[i];
    return n;
}

/* --- words ---------------------------------------------------------------------------------------------- */

void near_score(char *out, size_t cap, Metric m, float score, int width)
{
    int decimals = m == METRIC_COSINE ? 3 : fabsf(score) < 10 ? 2 : fabsf(score) < 100 ? 1 : 0;
    if (m == METRIC_COSINE && width < 5) decimals = 2;
    snprintf(out, cap, "%.*f", decimals, (double)score);
}

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
        snprintf(name, cap, "%s · %s", title[space], s->encoder_of);
    else
        snprintf(name, cap, "%s", title[space]);
}

/* Hits of the query as it is asked now; 0 while it is being answered. */
static int hits_of(const NeighboursScreen *s, int space)
{
    const FinderNews *n = s->news;
    return n && s->ticket && n->ticket == s->ticket ? n->hits[space] : 0;
}

/* Not all pictures have been looked at yet: how many of them the answer is among. */
static bool growing(const NeighboursScreen *s, int space, int *done, int *total)
{
    const FinderNews *n = s->news;
    *total = n ? n->total[s->among] : 0;
    *done = hits_of(s, space) ? n->searched[space] : n ? n->filled[s->among][space] : 0;
    return *total && *done < *total && (*done || n->filled[s->among][space]);
}

/* Why a row is empty, in words. */
static const char *empty_text(const NeighboursScreen *s, int space)
{
    const FinderNews *n = s->news;
    if (n && n->err.code) return n->err.msg;
    if (!n || !n->total[AMONG_REAL]) return "The real pictures are being opened.";
    if (space == SPACE_ENCODER && !s->encoder)
        return "There is no encoder yet: train one with 3, or open a run or an encoder file with o.";
    if (space == SPACE_UNTRAINED && !s->encoder)
        return "The same encoder before it learnt anything, to compare with.";
    if (space == SPACE_UNTRAINED && !n->filled[AMONG_REAL][space])
        return near_lacks_twin(s) ? "The judge has no untrained twin; a run has."
                                  : "The untrained twin is made with a run's first probe.";
    if (s->among == AMONG_TRAY && !s->waiting)
        return "Nothing is in the tray yet: t keeps a view on any screen.";
    return "Being embedded; the first answers come soon.";
}

/* --- the rows ------------------------------------------------------------------------------------------- */

/* How far the bank is, by what the answer is among. */
static void draw_growth(Canvas *c, Rect line, int done, int total)
{
    char a[32], b[32];
    text_count(a, sizeof a, done);
    text_count(b, sizeof b, total);
    if (line.w < 24) return;
    gauge_meter(c, line.x, line.y, 8, (double)done / total, INK_ACCENT);
    canvas_print(c, line.x + 10, line.y, line.w - 10, INK_DIM, "among %s of %s so far", a, b);
}

static void draw_head(const NeighboursScreen *s, const World *w, Canvas *c, Rect line, int space, int shown)
{
    char name[64], text[64];
    int done, total, label = -1;
    bool on = space == s->space;
    head_text(s, space, name, sizeof name);
    int x = line.x + canvas_text(c, line.x, line.y, line.w, on ? INK_TEXT | STYLE_BOLD : INK_TEXT, name) + 2;
    if (growing(s, space, &done, &total)) {
        draw_growth(c, (Rect){x, line.y, line.x + line.w - x, 1}, done, total);
        return;
    }
    int same = shown ? most_common(s->news, space, shown, &label) : 0;
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
    Rect tile = tile_of(l, space, i), picture = rect_cut_top(&tile, l->tile_h);
    bool on = space == s->space && i == s->item;
    char score[16];
    near_score(score, sizeof score, n->metric, hit->score, l->tile_w);
    canvas_picture(c, picture, &n->picture[space][i], canvas_image_id(&n->picture[space][i]));
    canvas_text(c, tile.x, tile.y, tile.w, on ? INK_ACCENT | STYLE_BOLD : INK_TEXT, score);
    if (l->labels > 1)
        canvas_text(c, tile.x, tile.y + 1, tile.w, INK_DIM, finder_class(w->finder, hit->label));
    if (on) canvas_tint(c, tile, STYLE_BAR);
}

static void draw_row(const NeighboursScreen *s, const World *w, const NeighboursLayout *l, Canvas *c,
                     int space)
{
    Rect part = part_of(l, space), line = rect_cut_top(&part, 1);
    int hits = hits_of(s, space) < l->shown ? hits_of(s, space) : l->shown;
    draw_head(s, w, c, line, space, hits);
    for (int i = 0; i < hits; i++) draw_hit(s, w, l, c, space, i);
    if (!hits) canvas_wrap(c, rect_inset(part, 0, part.h > 4), INK_DIM, empty_text(s, space));
}

static const char *const box_title[AMONGS] = {"Nearest real", "Nearest generated", "Nearest in the tray"};

/* The metric, and how many pictures there are to be nearest among. */
static void box_right(const NeighboursScreen *s, int width, char *out, size_t cap)
{
    char count[32];
    int total = s->news ? s->news->total[s->among] : 0;
    text_count(count, sizeof count, total);
    if (!total)
        snprintf(out, cap, "%s", metric_says(s->metric));
    else if (width < 66)
        snprintf(out, cap, "%s · %s", metric_name(s->metric), count);
    else
        snprintf(out, cap, "%s · exact · %s%s%s", metric_says(s->metric), count, width >= 70 ? " " : "",
                 width >= 70 ? among_says(s->among) : "");
}

static void draw_rows(const NeighboursScreen *s, const World *w, const NeighboursLayout *l, Canvas *c)
{
    char right[96];
    box_right(s, l->main.w, right, sizeof right);
    canvas_box(c, l->main, !s->way.focus, box_title[s->among], right);
    for (int space = 0; space < l->spaces; space++) draw_row(s, w, l, c, space);
}

/* --- the wall ------------------------------------------------------------------------------------------- */

static void draw_wall(const NeighboursScreen *s, const World *w, const NeighboursLayout *l, Canvas *c)
{
    Tile tile[FINDER_K] = {{0}};
    char title[96], name[64], right[96], score[FINDER_K][16];
    const FinderNews *n = s->news;
    int hits = hits_of(s, s->space), done, total;
    head_text(s, s->space, name, sizeof name);
    box_right(s, l->main.w, right, sizeof right);
    snprintf(title, sizeof title, l->main.w < 76 ? "%.0s%s" : "%s: %s", box_title[s->among], name);
    canvas_box(c, l->main, !s->way.focus, title, right);
    if (growing(s, s->space, &done, &total))
        draw_growth(c, (Rect){l->main.x + 2, l->main.y + l->main.h - 1, l->main.w - 4, 1}, done, total);
    if (!hits) {
        canvas_wrap(c, rect_inset(l->main, 2, 1), INK_DIM, empty_text(s, s->space));
        return;
    }
    int sight = grid_sight(&s->wall, &l->wall, (uint64_t)(hits - 1));
    for (int i = 0; i < sight; i++) {
        int at = (int)s->wall.top + i;
        const Image *im = &n->picture[s->space][at];
        near_score(score[i], sizeof score[i], n->metric, n->hit[s->space][at].score, l->wall.tile_w);
        tile[i] = (Tile){.image = im, .id = canvas_image_id(im), .ink = INK_TEXT};
        tile[i].line[0] = score[i];
        tile[i].line[1] = finder_class(w->finder, n->hit[s->space][at].label);
    }
    grid_draw(&s->wall, c, &l->wall, tile, sight, !s->way.focus);
}

/* --- the query ------------------------------------------------------------------------------------------ */

static void query_title(const NeighboursScreen *s, const World *w, char *out, size_t cap)
{
    const Address *a = &s->view;
    if (s->kind == QUERY_FILE)
        snprintf(out, cap, "%.60s", s->name);
    else if (s->kind == QUERY_REAL)
        snprintf(out, cap, "real:%d", s->origin);
    else if (a->source.kind == SOURCE_SEED)
        snprintf(out, cap, "%s%sseed %llu", world_class(w, a->class), a->class >= 0 ? " · " : "",
                 (unsigned long long)a->source.ref[0].id);
    else
        snprintf(out, cap, "%s", world_class(w, a->class));
}

/* Lines that say whether it is a copy, in the space under the cursor. */
static int copy_lines(const NeighboursScreen *s, int width, char line[3][64])
{
    const FinderNews *n = s->news;
    const char *space = space_name((Space)s->space);
    bool wide = width >= 22;
    if (!n || n->ticket != s->ticket || !n->judged[s->space]) return 0;
    const CopyVerdict *v = &n->copy[s->space];
    snprintf(line[0], 64, wide ? "copy of a real? %s" : "copy? %s", v->copied ? "it may be" : "no");
    if (!isfinite(v->ratio))
        snprintf(line[1], 64, "by %s", space);
    else
        snprintf(line[1], 64, wide ? "%.1f× null · %s" : "%.1f× null", (double)v->ratio, space);
    snprintf(line[2], 64, wide ? "%.0f %% of unseen nearer" : "%.0f %% nearer", 100 * (double)v->nearer);
    return 3;
}

static void draw_copy(const NeighboursScreen *s, Canvas *c, Rect *in)
{
    char line[3][64];
    int n = copy_lines(s, in->w, line);
    if (n > in->h) n = in->h;
    bool copied = n && s->news->copy[s->space].copied;
    for (int i = 0; i < n; i++)
        canvas_text(c, in->x, in->y + i, in->w,
                    i        ? INK_DIM
                    : copied ? INK_WARN | STYLE_BOLD
                             : INK_GOOD,
                    line[i]);
    if (n) rect_cut_top(in, n + (in->h > n + 2));
}

/* What the cursor is on, under the query's picture. */
static void draw_selected(const NeighboursScreen *s, const World *w, Canvas *c, Rect in)
{
    NearPick pick;
    char score[16] = "";
    if (in.h < 1 || s->page == PAGE_MAP || !near_pick(&pick, s, w)) return;
    if (isfinite(pick.score)) near_score(score, sizeof score, s->metric, pick.score, 8);
    canvas_text(c, in.x, in.y, in.w, INK_ACCENT | STYLE_BOLD, pick.name);
    if (in.h > 1)
        canvas_print(c, in.x, in.y + 1, in.w, INK_DIM, "%s%s%s", finder_class(w->finder, pick.label),
                     *score ? " · " : "", score);
    if (in.h > 2)
        canvas_text(c, in.x, in.y + 2, in.w, INK_FAINT,
                    pick.made ? "Enter steers, n asks" : "n asks, i walks there");
}

static void draw_query(const NeighboursScreen *s, const World *w, const App *app, Canvas *c, Rect r)
{
    char title[96], line[3][64];
    int cw, ch, words = 4 + copy_lines(s, r.w - 4, line);
    const Image *picture = near_query(s);
    app_cell(app, &cw, &ch);
    query_title(s, w, title, sizeof title);
    Rect in = rect_inset(canvas_box(c, r, false, title, NULL), 1, 0);
    int side = in.w * cw / ch; /* rows of a square as wide as the box */
    if (side > in.h - words) side = in.h - words;
    if (side < in.h / 3) side = in.h / 3;
    Rect top = rect_cut_top(&in, side);
    if (picture)
        canvas_picture(c, top, picture, canvas_image_id(picture));
    else
        canvas_fill(c, rect_centre(top, top.h * ch / cw, top.h), INK_FAINT, U'·');
    draw_copy(s, c, &in);
    draw_selected(s, w, c, in);
}

void neighbours_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const NeighboursScreen *s = self;
    const World *w = app_world(app);
    NeighboursLayout l = neighbours_layout(s, app, area);
    draw_query(s, w, app, c, l.query);
    if (s->page == PAGE_ROWS) draw_rows(s, w, &l, c);
    if (s->page == PAGE_WALL) draw_wall(s, w, &l, c);
    if (s->page == PAGE_SLICES) slices_draw(s, app, c, l.main);
    if (s->page == PAGE_MAP) {
        map_draw(s, app, c, l.main);
        map_draw_point(s, app, c, l.map);
    } else {
        map_draw(s, app, c, l.map);
    }
    way_draw(s, app, c, l.way);
}
