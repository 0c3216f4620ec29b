/* Neighbours: a view, a file or a real picture against real and generated pictures, as three spaces see them.
 */
#include "tui/screens/neighbours_state.h"
#include "tui/screens/screens.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is selected ----------------------------------------------------------------------------------- */

static bool pick_frame(NearPick *out, const NearWay *way)
{
    bool there = way->painted && way->painted->ticket == way->wish && way->painted->done > way->at;
    out->made = true;
    out->address = way->frame[way->at];
    out->picture = there ? &way->painted->image[way->at] : NULL;
    out->label = out->address.class;
    snprintf(out->name, sizeof out->name, "frame %d of %d", way->at + 1, way->frames);
    return true;
}

static bool pick_point(NearPick *out, const World *w, const Atlas *a, int point)
{
    out->picture = &a->picture[point];
    out->label = a->label[point];
    out->made = point >= a->real;
    if (out->made)
        out->address = made_seed(w->g, a->origin[point]);
    else
        out->real = a->origin[point];
    snprintf(out->name, sizeof out->name, out->made ? "seed %d" : "real:%d", a->origin[point]);
    return true;
}

static bool pick_held(NearPick *out, const NearSlices *k)
{
    const ConfusionNews *n = k->news;
    if (!n || !k->focus || k->grid.at >= (uint64_t)k->n) return false;
    int at = n->confusion.index[k->place[k->grid.at]];
    out->picture = &k->picture[k->grid.at];
    out->label = n->held.label[at];
    snprintf(out->name, sizeof out->name, "held-out %d", n->held.origin[at]);
    return true;
}

static void name_hit(char *out, size_t cap, Among among, int origin)
{
    static const char *const before[AMONGS] = {"real:", "seed ", "#"};
    snprintf(out, cap, "%s%d", before[among], origin);
}

/* An item's address stands in the tray. */
static bool item_address(Address *out, const World *w, int id)
{
    TrayList one = {0};
    bool ok = w->tray && tray_get(&one, w->tray, id, NULL) && address_parse(out, one.item[0].address, NULL);
    tray_list_free(&one);
    return ok;
}

static bool pick_hit(NearPick *out, const NeighboursScreen *s, const World *w)
{
    const FinderNews *n = s->news;
    if (!n || !s->ticket || n->ticket != s->ticket || s->item >= n->hits[s->space]) return false;
    int origin = n->origin[s->space][s->item];
    out->picture = &n->picture[s->space][s->item];
    out->label = n->hit[s->space][s->item].label;
    out->score = n->hit[s->space][s->item].score;
    if (n->among == AMONG_REAL) out->real = origin;
    if (n->among == AMONG_SEEDS) out->made = true, out->address = made_seed(w->g, origin);
    if (n->among == AMONG_TRAY) out->made = item_address(&out->address, w, origin);
    name_hit(out->name, sizeof out->name, n->among, origin);
    return true;
}

bool near_pick(NearPick *out, const NeighboursScreen *s, const World *w)
{
    *out = (NearPick){.label = -1, .score = NAN, .real = -1};
    if (s->way.focus && s->way.frames) return pick_frame(out, &s->way);
    if (s->page == PAGE_SLICES) return pick_held(out, &s->slices);
    if (s->page != PAGE_MAP) return pick_hit(out, s, w);
    const NearMap *m = &s->map;
    int point = map_point(s);
    return point >= 0 && pick_point(out, w, m->of, point);
}

/* --- what keys do --------------------------------------------------------------------------------------- */

static bool show(App *app, const Address *a)
{
    Err err = {0};
    if (!world_show(app_world(app), a, &err)) app_fail(app, &err);
    return true;
}

static bool ask_picked(NeighboursScreen *s, App *app)
{
    NearPick pick;
    Image copy;
    if (!near_pick(&pick, s, app_world(app))) return app_notice(app, "no picture is selected yet"), true;
    if (pick.made) return show(app, &pick.address);
    if (pick.real >= 0) return near_ask_real(s, app, pick.real), true;
    if (image_copy(&copy, pick.picture, NULL)) near_ask_picture(s, app, &copy, pick.name, "");
    return true;
}

static bool steer(NeighboursScreen *s, App *app)
{
    NearPick pick;
    bool made = near_pick(&pick, s, app_world(app)) && pick.made;
    if (made && !show(app, &pick.address)) return true;
    if (!made && s->kind != QUERY_VIEW)
        return app_notice(app, "only generated views can be steered: i walks to a real picture"), true;
    app_go(app, CONTEXT_STEER, NULL);
    return true;
}

/* The next seed after the view's, of the class that was chosen or the one whose turn it is. */
static bool new_view(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    uint64_t seed = w->view.source.kind == SOURCE_SEED ? w->view.source.ref[0].id + 1 : app_seed(app);
    int classes = w->g->config.classes, class = s->class >= 0 ? s->class
                                                : classes     ? (int)(seed % (uint64_t)classes)
                                                              : -1;
    Address a = address_of_seed(w->g->slug, w->g->digest, seed, class, w->view.psi);
    return show(app, &a);
}

static bool set_class(NeighboursScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Err err = {0};
    int class;
    if (!workspace_class(&class, w->workspace, text, &err)) return app_fail(app, &err), true;
    s->class = class;
    return new_view(s, app);
}

/* The selected generated view, else the query where it is one. */
static const Address *meant(const NeighboursScreen *s, const World *w, NearPick *pick)
{
    if (near_pick(pick, s, w) && pick->made) return &pick->address;
    return s->kind == QUERY_VIEW ? &s->view : NULL;
}

static bool keep(NeighboursScreen *s, App *app, const char *tags)
{
    NearPick pick;
    if (s->page == PAGE_MAP && !s->way.focus && map_keep(s, app, tags)) return true;
    const Address *a = meant(s, app_world(app), &pick);
    if (!a)
        return app_notice(app, "only generated views have an address to keep: i walks to a real picture"),
               true;
    return world_keep(app, a, tags);
}

static bool save(NeighboursScreen *s, App *app, const char *path)
{
    NearPick pick;
    const Address *a = meant(s, app_world(app), &pick);
    const Image *picture = a == &s->view ? near_query(s) : a ? pick.picture : NULL;
    if (!a)
        app_notice(app, "only generated views have an address to keep");
    else if (!picture)
        app_notice(app, "the picture is still being made");
    else
        world_save(app, a, picture, path);
    return true;
}

static bool copy(NeighboursScreen *s, App *app)
{
    NearPick pick;
    const Address *a = meant(s, app_world(app), &pick);
    if (a) return world_copy(app, a), true;
    return app_notice(app, "only generated views have an address"), true;
}

static bool open_text(NeighboursScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Thing t = {0};
    if (strcmp(text, "judge") && (!strncmp(text, "real:", 5) || !thing_open(&t, w->workspace, text, NULL)))
        return near_take_text(s, app, text);
    bool judge = !t.path[0] && !t.has_address && !t.picture.px;
    bool encoder = judge || t.kind == THING_ENCODER || t.kind == THING_RUN;
    if (encoder) {
        snprintf(w->encoder, sizeof w->encoder, "%s",
                 judge                 ? "judge"
                 : t.kind == THING_RUN ? t.run.id
                                       : t.path);
        near_seek_encoder(s, app);
    }
    thing_close(&t);
    return encoder || near_take_text(s, app, text);
}

static void go_page(NeighboursScreen *s, App *app, NearPage page)
{
    s->page = s->page == page ? PAGE_ROWS : page;
    s->way.focus = false;
    if (s->page == PAGE_SLICES) slices_open(s, app);
}

/* From the nearest thing that can be left to the rows. */
static bool leave_one(NeighboursScreen *s, App *app)
{
    if (s->way.job)
        way_close(s, app), app_notice(app, "the walk was stopped");
    else if (s->way.focus)
        s->way.focus = false;
    else if (s->page == PAGE_MAP && (s->map.boxing || s->map.boxed))
        s->map.boxing = s->map.boxed = false;
    else if (s->page == PAGE_SLICES && s->slices.focus)
        s->slices.focus = false;
    else if (way_shown(s))
        way_close(s, app);
    else if (s->page != PAGE_ROWS)
        s->page = PAGE_ROWS;
    else
        return false;
    return true;
}

/* --- moving --------------------------------------------------------------------------------------------- */

static bool move_rows(NeighboursScreen *s, const App *app, int columns, int spaces)
{
    NeighboursLayout l = neighbours_layout(s, app, app_body(app));
    s->space += spaces;
    s->space = s->space < 0 ? 0 : s->space >= l.spaces ? l.spaces - 1 : s->space;
    int n = s->news ? s->news->hits[s->space] : 0;
    if (n > l.shown) n = l.shown;
    s->item += columns;
    s->item = s->item >= n ? n - 1 : s->item;
    if (s->item < 0) s->item = 0;
    return true;
}

static bool move_wall(NeighboursScreen *s, const App *app, int columns, int rows)
{
    NeighboursLayout l = neighbours_layout(s, app, app_body(app));
    int n = s->news ? s->news->hits[s->space] : 0;
    if (n < 1) return false;
    grid_move(&s->wall, &l.wall, (uint64_t)(n - 1), columns, rows);
    s->item = (int)s->wall.at;
    return true;
}

static bool move_way(NearWay *way, int by)
{
    way->at += by;
    way->at = way->at < 0 ? 0 : way->at >= way->frames ? way->frames - 1 : way->at;
    return true;
}

static const struct {
    Action action;
    int columns, rows;
    bool page;
} steps[] = {{ACT_UP, 0, -1, false},     {ACT_DOWN, 0, 1, false},          {ACT_LEFT, -1, 0, false},
             {ACT_RIGHT, 1, 0, false},   {ACT_FIRST, -FINDER_K, 0, false}, {ACT_LAST, FINDER_K, 0, false},
             {ACT_PAGE_UP, 0, -1, true}, {ACT_PAGE_DOWN, 0, 1, true}};

static bool step(NeighboursScreen *s, const App *app, Action action)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i].action != action) continue;
        int columns = steps[i].columns, rows = steps[i].rows;
        if (s->way.focus) return move_way(&s->way, columns + rows);
        if (s->page == PAGE_ROWS) return move_rows(s, app, columns, rows);
        int page = steps[i].page ? neighbours_layout(s, app, app_body(app)).wall.rows : 1;
        return move_wall(s, app, columns, rows * page);
    }
    return false;
}

static bool resize(NeighboursScreen *s, const App *app, int by)
{
    int size = s->size ? s->size + by : by > 0 ? 4 : 2;
    if (s->page != PAGE_WALL || size < 1 || size > NEAR_SIZES) return false;
    s->size = size;
    return move_wall(s, app, 0, 0);
}

/* --- actions -------------------------------------------------------------------------------------------- */

/* Those that take words; without them the prompt opens. */
static bool act_with(NeighboursScreen *s, App *app, Action action, const char *text)
{
    switch (action) {
    case ACT_NEAR_FILE:
        return near_take_text(s, app, text);
    case ACT_NEAR_CLASS:
        return set_class(s, app, text);
    case ACT_SAVE:
        return save(s, app, text);
    case ACT_TRAY_TAGS:
        return keep(s, app, text);
    case ACT_OPEN:
        return open_text(s, app, text);
    default:
        return false;
    }
}

static bool undo(NeighboursScreen *s, App *app)
{
    const World *w = app_world(app);
    if (s->kind == QUERY_VIEW) return app_notice(app, "the query is the view already"), true;
    return near_ask_view(s, app, &w->view), true;
}

static bool focus_next(NeighboursScreen *s)
{
    if (!s->way.frames) return false;
    s->way.focus = !s->way.focus;
    return true;
}

static bool act(NeighboursScreen *s, App *app, const Event *ev)
{
    if (ev->text && act_with(s, app, ev->action, ev->text)) return true;
    if (!s->way.focus && s->page == PAGE_MAP && map_act(s, app, ev)) return true;
    if (!s->way.focus && s->page == PAGE_SLICES && slices_act(s, app, ev)) return true;
    if (step(s, app, ev->action)) return true;
    switch (ev->action) {
    case ACT_NEAR_STEER:
        return steer(s, app);
    case ACT_NEAR_REAL:
        return ask_picked(s, app);
    case ACT_NEAR_NEW:
        return new_view(s, app);
    case ACT_NEAR_SPACE:
        return near_set_space(s, app, ev->text);
    case ACT_NEAR_METRIC:
        return near_set_metric(s, app, ev->text);
    case ACT_NEAR_AMONG:
        return near_set_among(s, app, ev->text);
    case ACT_NEAR_WALL:
        return go_page(s, app, PAGE_WALL), true;
    case ACT_NEAR_MAP:
        return go_page(s, app, PAGE_MAP), true;
    case ACT_NEAR_SLICES:
        return go_page(s, app, PAGE_SLICES), true;
    case ACT_NEAR_PROJECTION:
    case ACT_NEAR_HIDE:
        return map_act(s, app, ev);
    case ACT_NEAR_WALK:
        return way_begin(s, app), true;
    case ACT_NEAR_LARGER:
        return resize(s, app, 1);
    case ACT_NEAR_SMALLER:
        return resize(s, app, -1);
    case ACT_FOCUS_NEXT:
    case ACT_FOCUS_BACK:
        return focus_next(s);
    case ACT_UNDO:
        return undo(s, app);
    case ACT_COPY:
        return copy(s, app);
    case ACT_TRAY:
        return keep(s, app, NULL);
    case ACT_CANCEL:
        return leave_one(s, app);
    default:
        return false;
    }
}

/* --- the mouse ------------------------------------------------------------------------------------------ */

static bool mouse_rows(NeighboursScreen *s, App *app, const NeighboursLayout *l, const Event *ev)
{
    int space, item;
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)
        return move_rows(s, app, 0, ev->mouse == MOUSE_WHEEL_UP ? -1 : 1);
    if (ev->mouse != MOUSE_PRESS || !neighbours_at(l, ev->x, ev->y, &space, &item)) return false;
    bool again = space == s->space && item == s->item;
    s->space = space;
    s->item = item;
    return again ? ask_picked(s, app) : move_rows(s, app, 0, 0);
}

static bool mouse_wall(NeighboursScreen *s, App *app, const NeighboursLayout *l, const Event *ev)
{
    int n = s->news ? s->news->hits[s->space] : 0;
    uint64_t hit;
    if (n < 1) return false;
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)
        grid_scroll(&s->wall, &l->wall, (uint64_t)(n - 1), ev->mouse == MOUSE_WHEEL_UP ? -1 : 1);
    else if (ev->mouse != MOUSE_PRESS || !grid_hit(&hit, &s->wall, &l->wall, (uint64_t)(n - 1), ev->x, ev->y))
        return false;
    else if (s->wall.at == hit)
        return ask_picked(s, app);
    else
        s->wall.at = hit;
    s->item = (int)s->wall.at;
    return true;
}

static bool mouse_way(NeighboursScreen *s, App *app, Rect r, const Event *ev)
{
    int frame = way_at(s, app, r, ev->x, ev->y);
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)
        return move_way(&s->way, ev->mouse == MOUSE_WHEEL_UP ? -1 : 1);
    if (ev->mouse != MOUSE_PRESS || frame < 0) return false;
    bool again = s->way.focus && frame == s->way.at;
    s->way.focus = true;
    s->way.at = frame;
    return again ? steer(s, app) : true;
}

static bool mouse(NeighboursScreen *s, App *app, const Event *ev)
{
    NeighboursLayout l = neighbours_layout(s, app, app_body(app));
    if (rect_has(l.way, ev->x, ev->y)) return mouse_way(s, app, l.way, ev);
    if (map_mouse(s, app, ev)) return true;
    if (!rect_has(l.main, ev->x, ev->y)) return false;
    if (ev->mouse == MOUSE_PRESS) s->way.focus = false;
    if (s->page == PAGE_ROWS) return mouse_rows(s, app, &l, ev);
    return s->page == PAGE_WALL ? mouse_wall(s, app, &l, ev) : slices_mouse(s, app, ev);
}

/* --- the screen ----------------------------------------------------------------------------------------- */

static bool neighbours_open(void *self, App *app, Err *err)
{
    NeighboursScreen *s = self;
    World *w = app_world(app);
    (void)err;
    s->class = -1;
    s->seen = w->changes;
    s->map.view = (ScatterView){0, 0, 1};
    s->map.at[0] = s->map.at[1] = 0.5f;
    if (world_finder(app)) near_seek_encoder(s, app);
    near_ask_view(s, app, &w->view);
    if (*w->query) near_take_text(s, app, w->query);
    return true;
}

/* Takes over a view that was chosen here or on another screen. */
static bool catch_up(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    if (s->seen == w->changes && (s->kind != QUERY_VIEW || s->wish)) return false;
    s->seen = w->changes;
    near_ask_view(s, app, &w->view);
    return true;
}

static bool neighbours_update(void *self, App *app, const Event *ev)
{
    NeighboursScreen *s = self;
    bool drawn = catch_up(s, app);
    switch (ev->kind) {
    case EV_ACTION:
        drawn |= act(s, app, ev);
        break;
    case EV_PASTE:
        drawn |= open_text(s, app, ev->text);
        break;
    case EV_MOUSE:
        drawn |= mouse(s, app, ev);
        break;
    default:
        break;
    }
    return catch_up(s, app) || drawn;
}

static bool take_news(NeighboursScreen *s, Finder *f)
{
    FinderNews *n = (FinderNews *)finder_look(f);
    if (!n || n == s->news) {
        if (n) news_drop(&n->news);
        return false;
    }
    if (s->news) news_drop(&s->news->news);
    s->news = n;
    return true;
}

static bool neighbours_tick(void *self, App *app)
{
    NeighboursScreen *s = self;
    World *w = app_world(app);
    bool changed = catch_up(s, app);
    if (strcmp(s->sought, w->encoder)) near_seek_encoder(s, app);
    changed |= world_take(app, PAINT_QUERY, &s->painted);
    near_ask_finder(s, app);
    changed |= w->finder && take_news(s, w->finder);
    if (w->finder && (changed || w->train)) near_follow_run(s, app);
    changed |= map_tick(s, app);
    changed |= way_tick(s, app);
    changed |= slices_tick(s, app);
    s->waiting = (w->painter && painter_busy(w->painter)) || (w->finder && finder_busy(w->finder)) ||
                 (s->ticket && (!s->news || s->news->ticket < s->ticket)) || s->way.job || s->slices.job ||
                 (s->map.job && job_state(s->map.job) == JOB_RUNNING);
    return changed;
}

static bool neighbours_busy(const void *self)
{
    return ((const NeighboursScreen *)self)->waiting;
}

static void neighbours_close(void *self, App *app)
{
    NeighboursScreen *s = self;
    map_close(s);
    way_close(s, app);
    slices_close(s, app);
    if (s->painted) news_drop(&s->painted->news);
    if (s->news) news_drop(&s->news->news);
    encoder_drop(s->encoder);
    image_free(&s->picture);
}

const Screen screen_neighbours = {.name = "Neighbours",
                                  .context = CONTEXT_NEIGHBOURS,
                                  .size = sizeof(NeighboursScreen),
                                  .open = neighbours_open,
                                  .update = neighbours_update,
                                  .tick = neighbours_tick,
                                  .view = neighbours_view,
                                  .hints = neighbours_hints,
                                  .borders = neighbours_borders,
                                  .busy = neighbours_busy,
                                  .close = neighbours_close,
                                  .save = neighbours_save,
                                  .load = neighbours_load};
