/* The wall of Views: seeds without end or an order of some, what is painted of them, and the selected view's
 * meters. */
#include "tui/screens/views_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_NAME       "views.side"
#define SIDE_WINDOW     76 /* columns from which on there is room for it */
#define SIDE_LEAST      22
#define ENOUGH_SHARP    12 /* pictures in sight, before they may be larger */
#define ENOUGH_BLOCKS   6
#define READABLE_BLOCKS 3 /* of the sizes, the first whose pictures can be told apart */
#define LARGEST_FIRST   6 /* of the sizes, until a person asks for more */

/* Rows of a picture. Blocks have two dots a row: seven rows are every other pixel of 28, fourteen all of
 * them. */
static const int sharp_rows[SIZES] = {3, 4, 5, 6, 7, 8, 9, 10, 12, 14};
static const int block_rows[SIZES] = {4, 5, 6, 7, 8, 9, 10, 11, 12, 14};

static const int *picture_rows(const App *app)
{
    return app_blocks(app) ? block_rows : sharp_rows;
}

static int most_side(Rect body)
{
    return body.w / 2;
}

int views_side_width(const App *app, Rect body)
{
    if (body.w < SIDE_WINDOW) return 0;
    int w = app_split(app, SIDE_NAME, body.w >= 126 ? 38 : body.w >= 96 ? 32 : 26);
    return w < SIDE_LEAST ? SIDE_LEAST : w > most_side(body) ? most_side(body) : w;
}

int views_borders(const void *self, const App *app, Rect area, Border *out, int max)
{
    int w = views_side_width(app, area);
    (void)self;
    if (!w || max < 1) return 0;
    *out = (Border){.name = SIDE_NAME,
                    .bar = {area.x + area.w - w - 1, area.y, 2, area.h},
                    .vertical = true,
                    .after = true,
                    .low = SIDE_LEAST,
                    .high = most_side(area),
                    .at = w};
    return 1;
}

static Rect wall_area(const App *app, Rect body)
{
    rect_cut_right(&body, views_side_width(app, body));
    return rect_inset(body, 1, 1);
}

static Wall wall_of_size(const App *app, Rect body, int size)
{
    int cw, ch;
    app_cell(app, &cw, &ch);
    return layout_wall(wall_area(app, body), picture_rows(app)[size], 1, cw, ch);
}

Wall views_wall(const ViewsScreen *v, const App *app, Rect body)
{
    return wall_of_size(app, body, v->size);
}

/* Cells of the wall that pictures cover; 0 where there are too few of them. */
static int covered(const App *app, int size)
{
    Wall w = wall_of_size(app, app_body(app), size);
    int n = w.cols * w.rows;
    return n >= (app_blocks(app) ? ENOUGH_BLOCKS : ENOUGH_SHARP) ? n * w.tile_w * w.tile_h : 0;
}

void views_choose_size(ViewsScreen *v, const App *app)
{
    if (v->sized) return;
    v->size = app_blocks(app) ? READABLE_BLOCKS : 0;
    for (int size = v->size + 1; size <= LARGEST_FIRST; size++)
        if (covered(app, size) >= covered(app, v->size)) v->size = size;
    while (v->size > 0 && !covered(app, v->size)) v->size--;
}

bool views_resize(ViewsScreen *v, App *app, int by)
{
    int size = v->size + by;
    Wall w = size >= 0 && size < SIZES ? wall_of_size(app, app_body(app), size) : (Wall){0};
    if (w.cols * w.rows < 1 || w.cols * w.rows > CANVAS_PICTURES / 2) return false;
    v->size = size;
    v->sized = true;
    views_align(v, app);
    return true;
}

/* --- which view is where -------------------------------------------------------------------------------- */

bool views_is_sorted(const ViewsScreen *v)
{
    return v->sorted.by != ORDER_SEED && v->sorted.order;
}

uint64_t views_last(const ViewsScreen *v)
{
    return views_is_sorted(v) ? (uint64_t)(v->sorted.n - 1) : UINT64_MAX;
}

Address views_at(const ViewsScreen *v, const World *w, uint64_t place)
{
    int classes = w->g->config.classes, class = v->class;
    if (views_is_sorted(v)) return v->sorted.list[v->sorted.order[place]];
    if (class < 0 && classes) { /* in turn, before the base too */
        uint64_t turn = place >= v->base
                            ? (place - v->base) % (uint64_t)classes
                            : (uint64_t)(classes - 1) - (v->base - place - 1) % (uint64_t)classes;
        class = (int)turn;
    }
    return address_of_seed(w->g->slug, w->g->digest, place, classes ? class : -1, v->psi);
}

Address views_selected(const ViewsScreen *v, const World *w)
{
    const SeedPlane *p = &v->plane;
    if (!p->on) return views_at(v, w, v->grid.at);
    return seeds_cell(v, w, p->cy * p->cols + p->cx);
}

/* --- pictures and meters -------------------------------------------------------------------------------- */

/* Adds the views of places from..from+n-1 that the album lacks. */
static int missing(const ViewsScreen *v, const World *w, uint64_t from, int n, Address *list, int have)
{
    for (int i = 0; i < n && have < PAINTER_MAX; i++) {
        Address a = views_at(v, w, from + (uint64_t)i);
        if (!album_find(v->album, &a, NULL)) list[have++] = a;
    }
    return have;
}

static int missing_cells(const ViewsScreen *v, const World *w, Address *list)
{
    int n = 0;
    for (int i = 0; i < v->plane.cols * v->plane.rows && n < PAINTER_MAX; i++) {
        Address a = seeds_cell(v, w, i);
        if (!album_find(v->album, &a, NULL)) list[n++] = a;
    }
    return n;
}

/* Adds a page further on, the way the wall moves. */
static int ahead(const ViewsScreen *v, const World *w, int sight, Address *list, int n)
{
    uint64_t above = v->grid.top, below = views_last(v) - v->grid.top - (uint64_t)(sight - 1);
    uint64_t room = v->upward ? above : below;
    int more = room < (uint64_t)sight ? (int)room : sight;
    uint64_t from = v->upward ? above - (uint64_t)more : above + (uint64_t)sight;
    return more > 0 ? missing(v, w, from, more, list, n) : n;
}

/* In sight, then what a wall to be written needs, then a page further on. */
static int wanted(ViewsScreen *v, const World *w, const Wall *wall, Address *list)
{
    bool plane = v->plane.on;
    int sight = plane ? 0 : grid_sight(&v->grid, wall, views_last(v));
    int n = plane ? missing_cells(v, w, list) : missing(v, w, v->grid.top, sight, list, 0);
    n = pick_wanted(v, list, n, PAINTER_MAX);
    v->waiting = n > 0;
    return sight ? ahead(v, w, sight, list, n) : n;
}

static void ask_pictures(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    Wall wall = views_wall(v, app, app_body(app));
    if (!w->painter) return;
    Address *list = malloc(PAINTER_MAX * sizeof *list);
    if (!list) return;
    int n = wanted(v, w, &wall, list);
    if (n) {
        v->asked = painter_ask(w->painter, PAINT_WALL, list, n);
        v->taken = 0;
    }
    free(list);
}

static void ask_meters(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    Meters *m = world_meters(app);
    Address a = views_selected(v, w);
    const Address *from = w->marks.set[marks_find("A")] ? &w->marks.at[marks_find("A")] : NULL;
    uint64_t key = album_key(&a) ^ (from ? 3 * album_key(from) : 0);
    if (!m || key == v->meter_key) return;
    v->meter_key = key;
    v->asked_meter = meters_ask(m, METER_VIEW, &a, 1, from);
    v->measuring = true;
}

/* False, naming both, unless e takes the generator's pictures. */
static bool fits(const Encoder *e, const Generator *g, Err *err)
{
    if (e->config.side == g->config.size && e->config.channels == g->config.channels) return true;
    return err_set(err, ERR_USAGE, "%s takes pictures of %d x %d, %s makes %d x %d", e->name, e->config.side,
                   e->config.side, g->slug, g->config.size, g->config.size);
}

bool views_measure_in(ViewsScreen *v, App *app, const char *what, Err *err)
{
    World *w = app_world(app);
    Meters *m = world_meters(app);
    Encoder *e = NULL;
    bool judge = !strcmp(what, "judge");
    if (!m || (!judge && !workspace_encoder(&e, NULL, w->workspace, what, err))) return !m;
    bool ok = !e || fits(e, w->g, err);
    if (ok) meters_encoder(m, e);
    if (ok) snprintf(v->space, sizeof v->space, "%s", judge ? "" : what);
    encoder_drop(e);
    v->measuring |= ok;
    return ok;
}

void views_ask(ViewsScreen *v, App *app)
{
    if (v->plane.on) {
        Wall wall = views_wall(v, app, app_body(app));
        seeds_fit(&v->plane, &wall);
        seeds_ask(v, app);
    }
    ask_pictures(v, app);
    ask_meters(v, app);
}

/* --- moving --------------------------------------------------------------------------------------------- */

void views_move(ViewsScreen *v, App *app, int64_t columns, int64_t rows)
{
    Wall wall = views_wall(v, app, app_body(app));
    if (v->plane.on)
        seeds_move(v, app, (int)columns, (int)rows);
    else
        grid_move(&v->grid, &wall, views_last(v), columns, rows);
    if (rows || columns) v->upward = rows < 0 || (!rows && columns < 0);
    views_ask(v, app);
}

void views_align(ViewsScreen *v, App *app)
{
    Wall wall = views_wall(v, app, app_body(app));
    uint64_t from = views_is_sorted(v) ? 0 : v->base, top = v->grid.top;
    if (wall.cols > 0 && top > from) v->grid.top -= (top - from) % (uint64_t)wall.cols;
    views_move(v, app, 0, 0);
}

void views_go(ViewsScreen *v, App *app, uint64_t seed)
{
    v->grid = (Grid){seed, seed};
    views_align(v, app);
}
