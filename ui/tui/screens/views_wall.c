/* The wall of Views: seeds without end or an order of some, what is painted of them, and the selected view's
 * meters. */
#include "tui/screens/views_state.h"
#include <stdlib.h>

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

int views_side_width(Rect body)
{
    return body.w >= 126 ? 38 : body.w >= 96 ? 32 : body.w >= 76 ? 26 : 0;
}

Rect views_wall_area(Rect body)
{
    rect_cut_right(&body, views_side_width(body));
    return rect_inset(body, 1, 1);
}

static Wall wall_of_size(const App *app, Rect body, int size)
{
    int cw, ch;
    app_cell(app, &cw, &ch);
    return layout_wall(views_wall_area(body), picture_rows(app)[size], 1, cw, ch);
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

/* In sight, then what a wall to be written needs, then a page further on. */
static int wanted(ViewsScreen *v, const World *w, const Wall *wall, Address *list)
{
    if (v->plane.on) {
        int n = missing_cells(v, w, list);
        v->waiting = n > 0;
        return n;
    }
    int sight = grid_sight(&v->grid, wall, views_last(v));
    int n = missing(v, w, v->grid.top, sight, list, 0);
    n = pick_wanted(v, list, n, PAINTER_MAX);
    v->waiting = n > 0;
    uint64_t left = views_last(v) - v->grid.top - (uint64_t)(sight - 1);
    int ahead = left < (uint64_t)sight ? (int)left : sight;
    return ahead > 0 ? missing(v, w, v->grid.top + (uint64_t)sight, ahead, list, n) : n;
}

static void ask_pictures(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    Wall wall = views_wall(v, app, app_body(app));
    if (!w->painter || wall.cols * wall.rows < 1) return;
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
