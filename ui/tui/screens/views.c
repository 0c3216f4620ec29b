/* Views: an endless wall of pictures the generator makes, by seed, class and truncation. */
#include "tui/screens/screens.h"
#include "tui/widgets/grid.h"
#include "tui/world.h"
#include <stdio.h>
#include <stdlib.h>

#define WALL_TILES 1000000 /* tiles one can scroll to from the first seed */
#define SIZES      5

static const int picture_rows[SIZES] = {3, 4, 6, 9, 13};

typedef struct {
    uint64_t first; /* seed of tile 0 */
    int class;      /* -1: all in turn */
    float psi;
    int size; /* index into picture_rows */
    Grid grid;
    Painting *shown;
    int shown_from, asked_from; /* tiles */
    uint64_t asked;                      /* serial */
    bool waiting;                        /* the last wish has not been answered whole */
} ViewsScreen;

static Wall wall_of(const ViewsScreen *v, const App *app, Rect area)
{
    int cw, ch;
    app_cell(app, &cw, &ch);
    return layout_wall(area, picture_rows[v->size], 1, cw, ch);
}

static Rect wall_area(Rect body)
{
    if (body.w >= 96) rect_cut_right(&body, 30);
    return rect_inset(body, 1, 1);
}

static Address tile_address(const ViewsScreen *v, const World *w, int i)
{
    int classes = w->g->config.classes, class = v->class >= 0 ? v->class : i % (classes ? classes : 1);
    return address_of_seed(w->g->slug, w->g->digest, v->first + (uint64_t)i, classes ? class : -1, v->psi);
}

/* Asks for the tiles in sight, and a page beyond. */
static void ask_wall(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    Wall wall = wall_of(v, app, wall_area(app_body(app)));
    int page = wall.cols * wall.rows, from = v->grid.top * wall.cols, n = 2 * page;
    if (page < 1 || n > CANVAS_PICTURES) n = page;
    if (n < 1 || !w->painter) return;
    Address *list = malloc((size_t)n * sizeof *list);
    if (!list) return;
    for (int i = 0; i < n; i++) list[i] = tile_address(v, w, from + i);
    v->asked = painter_ask(w->painter, PAINT_WALL, list, n);
    v->asked_from = from;
    v->waiting = v->asked != 0;
    free(list);
}

static void forget(ViewsScreen *v)
{
    if (v->shown) news_drop(&v->shown->news);
    v->shown = NULL;
}

static bool views_open(void *self, App *app, Err *err)
{
    ViewsScreen *v = self;
    (void)err;
    v->first = app_seed(app);
    v->class = -1;
    v->psi = 0.8f;
    v->size = 2;
    ask_wall(v, app);
    return true;
}

static const Image *tile_image(const ViewsScreen *v, int i, uint64_t *id)
{
    int at = i - v->shown_from;
    if (!v->shown || at < 0 || at >= v->shown->done) return NULL;
    *id = canvas_image_id(&v->shown->image[at]);
    return &v->shown->image[at];
}

static bool set_class(ViewsScreen *v, App *app, const char *text)
{
    Err err = {0};
    World *w = app_world(app);
    int class;
    if (!workspace_class(&class, w->workspace, text, &err)) return app_fail(app, &err), true;
    v->class = class;
    forget(v);
    ask_wall(v, app);
    return true;
}

static bool set_psi(ViewsScreen *v, App *app, double psi)
{
    v->psi = (float)(psi < 0 ? 0 : psi > 1.5 ? 1.5 : (double)(int)(psi * 100 + 0.5) / 100);
    ask_wall(v, app);
    return true;
}

static bool set_seed(ViewsScreen *v, App *app, const char *text)
{
    Err err = {0};
    if (!world_seed(text, &v->first, &err)) return app_fail(app, &err), true;
    v->grid = (Grid){0};
    forget(v);
    ask_wall(v, app);
    return true;
}

static bool resize_tiles(ViewsScreen *v, App *app, int by)
{
    int size = v->size + by;
    if (size < 0 || size >= SIZES) return false;
    v->size = size;
    Wall wall = wall_of(v, app, wall_area(app_body(app)));
    grid_move(&v->grid, &wall, WALL_TILES, 0, 0);
    ask_wall(v, app);
    return true;
}

static bool move(ViewsScreen *v, App *app, int columns, int rows)
{
    Wall wall = wall_of(v, app, wall_area(app_body(app)));
    int top = v->grid.top;
    grid_move(&v->grid, &wall, WALL_TILES, columns, rows);
    if (v->grid.top != top) ask_wall(v, app);
    return true;
}

static bool show_selected(ViewsScreen *v, App *app, Context where)
{
    World *w = app_world(app);
    Err err = {0};
    Address a = tile_address(v, w, v->grid.selected);
    if (!world_show(w, &a, &err)) return app_fail(app, &err), true;
    app_go(app, where, NULL);
    return true;
}

static bool save_selected(ViewsScreen *v, App *app, const char *path)
{
    World *w = app_world(app);
    uint64_t id;
    Address a = tile_address(v, w, v->grid.selected);
    const Image *image = tile_image(v, v->grid.selected, &id);
    if (image)
        world_save(app, &a, image, path);
    else
        app_notice(app, "the picture is still being made");
    return true;
}

static bool open_text(App *app, const char *text)
{
    World *w = app_world(app);
    Err err = {0};
    Address a;
    if (!world_read(w, text, &a, &err) || !world_show(w, &a, &err)) return app_fail(app, &err), true;
    app_go(app, CONTEXT_STEER, NULL);
    return true;
}

static bool act(ViewsScreen *v, App *app, Action action, const char *text)
{
    World *w = app_world(app);
    Wall wall = wall_of(v, app, wall_area(app_body(app)));
    double psi;
    Err err = {0};
    Address a = tile_address(v, w, v->grid.selected);
    switch (action) {
    case ACT_UP: return move(v, app, 0, -1);
    case ACT_DOWN: return move(v, app, 0, 1);
    case ACT_LEFT: return move(v, app, -1, 0);
    case ACT_RIGHT: return move(v, app, 1, 0);
    case ACT_PAGE_UP: return move(v, app, 0, -wall.rows);
    case ACT_PAGE_DOWN: return move(v, app, 0, wall.rows);
    case ACT_FIRST: return move(v, app, 0, -WALL_TILES);
    case ACT_VIEWS_STEER: return show_selected(v, app, CONTEXT_STEER);
    case ACT_VIEWS_NEIGHBOURS: return show_selected(v, app, CONTEXT_NEIGHBOURS);
    case ACT_VIEWS_NEW: v->first += (uint64_t)(wall.cols * wall.rows); return move(v, app, 0, -WALL_TILES), forget(v), ask_wall(v, app), true;
    case ACT_VIEWS_CLASS: return text ? set_class(v, app, text) : false;
    case ACT_VIEWS_PSI_DOWN: return set_psi(v, app, v->psi - 0.05);
    case ACT_VIEWS_PSI_UP: return set_psi(v, app, v->psi + 0.05);
    case ACT_VIEWS_PSI:
        if (text && !world_number(text, 0, 1.5, &psi, &err)) return app_fail(app, &err), true;
        return text ? set_psi(v, app, psi) : false;
    case ACT_VIEWS_SEED: return text ? set_seed(v, app, text) : false;
    case ACT_VIEWS_LARGER: return resize_tiles(v, app, 1);
    case ACT_VIEWS_SMALLER: return resize_tiles(v, app, -1);
    case ACT_TRAY: return world_keep(app, &a, NULL);
    case ACT_TRAY_TAGS: return text ? world_keep(app, &a, text) : false;
    case ACT_COPY: return world_copy(app, &a), true;
    case ACT_SAVE: return text ? save_selected(v, app, text) : false;
    case ACT_OPEN: return text ? open_text(app, text) : false;
    default: return false;
    }
}

static bool mouse(ViewsScreen *v, App *app, const Event *ev)
{
    Wall wall = wall_of(v, app, wall_area(app_body(app)));
    if (ev->mouse == MOUSE_WHEEL_UP) return move(v, app, 0, -1);
    if (ev->mouse == MOUSE_WHEEL_DOWN) return move(v, app, 0, 1);
    int hit = ev->mouse == MOUSE_PRESS ? grid_hit(&v->grid, &wall, WALL_TILES, ev->x, ev->y) : -1;
    if (hit < 0) return false;
    if (hit == v->grid.selected) return show_selected(v, app, CONTEXT_STEER);
    v->grid.selected = hit;
    return true;
}

static bool views_update(void *self, App *app, const Event *ev)
{
    ViewsScreen *v = self;
    switch (ev->kind) {
    case EV_ACTION: return act(v, app, ev->action, ev->text);
    case EV_PASTE: return open_text(app, ev->text);
    case EV_MOUSE: return mouse(v, app, ev);
    case EV_RESIZE: return move(v, app, 0, 0), ask_wall(v, app), true;
    default: return false;
    }
}

/* The first part of a new wall waits for more, unless there is nothing else to show. */
static bool views_tick(void *self, App *app)
{
    ViewsScreen *v = self;
    World *w = app_world(app);
    if (!v->asked) ask_wall(v, app);
    Painting *p = w->painter ? (Painting *)painter_look(w->painter, PAINT_WALL) : NULL;
    if (!p) return false;
    bool whole = p->done == p->n || p->err.code, mine = p->ticket == v->asked;
    bool newer = !v->shown || p->ticket > v->shown->ticket || p->done > v->shown->done;
    if (!mine || !newer || (!whole && v->shown && v->shown->ticket != p->ticket)) return news_drop(&p->news), false;
    if (p->err.code) app_fail(app, &p->err);
    forget(v);
    v->shown = p;
    v->shown_from = v->asked_from;
    v->waiting = !whole;
    return true;
}

static void draw_side(const ViewsScreen *v, const World *w, Canvas *c, Rect side)
{
    char text[ADDRESS_BYTES_MAX + 1];
    Address a = tile_address(v, w, v->grid.selected);
    Rect in = canvas_box(c, side, false, "Selected", NULL);
    Rect large = rect_cut_top(&in, in.h * 2 / 5);
    uint64_t id;
    const Image *image = tile_image(v, v->grid.selected, &id);
    if (image) canvas_picture(c, large, image, id);
    in = rect_inset(in, 1, 1);
    int y = in.y;
    canvas_print(c, in.x, y++, in.w, INK_TEXT | STYLE_BOLD, "%s", world_class(w, a.class));
    canvas_print(c, in.x, y++, in.w, INK_DIM, "seed   %llu", (unsigned long long)a.source.ref[0].id);
    canvas_print(c, in.x, y++, in.w, INK_DIM, "psi    %.2f", (double)v->psi);
    canvas_print(c, in.x, y++, in.w, INK_DIM, "shows  %s", v->class < 0 ? "all classes" : world_class(w, v->class));
    rect_cut_top(&in, y - in.y + 1);
    if (address_print(text, &a, NULL)) canvas_wrap(c, in, INK_FAINT, text);
}

static void views_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const ViewsScreen *v = self;
    const World *w = app_world(app);
    Rect body = area, side = {0};
    if (body.w >= 96) side = rect_cut_right(&body, 30);
    char right[64];
    snprintf(right, sizeof right, "%s \u00b7 \u03c8 %.2f", v->class < 0 ? "all classes" : world_class(w, v->class), (double)v->psi);
    canvas_box(c, body, true, "Views", right);
    Wall wall = wall_of(v, app, wall_area(area));
    int page = wall.cols * wall.rows, from = v->grid.top * wall.cols;
    Tile tile[CANVAS_PICTURES];
    char label[CANVAS_PICTURES][24];
    if (page > 0 && page <= CANVAS_PICTURES) {
        for (int i = 0; i < page; i++) {
            Address a = tile_address(v, w, from + i);
            snprintf(label[i], sizeof label[i], "%s", v->class < 0 && a.class >= 0 ? world_class(w, a.class) : "");
            if (!label[i][0]) snprintf(label[i], sizeof label[i], "%llu", (unsigned long long)a.source.ref[0].id);
            tile[i] = (Tile){.line = {label[i], NULL}, .ink = INK_DIM};
            tile[i].image = tile_image(v, from + i, &tile[i].id);
        }
        Grid local = {0, v->grid.selected - from};
        grid_draw(&local, c, &wall, tile, page, true);
    }
    if (!rect_empty(side)) draw_side(v, w, c, side);
}

static bool views_busy(const void *self)
{
    return ((const ViewsScreen *)self)->waiting;
}

static void views_close(void *self, App *app)
{
    (void)app;
    forget(self);
}

const Screen screen_views = {.name = "Views", .context = CONTEXT_VIEWS, .size = sizeof(ViewsScreen), .open = views_open,
                             .update = views_update, .tick = views_tick, .view = views_view, .busy = views_busy,
                             .close = views_close};
