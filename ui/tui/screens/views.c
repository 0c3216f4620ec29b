/* Views: an endless wall of pictures the generator makes, by seed, class and truncation, or in order of a
 * meter. */
#include "tui/screens/views_state.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tui/screens/screens.h"
#include <stdlib.h>
#include <string.h>

#define FRESH_SEEDS 1000000 /* a new wall begins below this: seeds one can read */
#define LOOK_AGAIN  0.1

static bool views_open(void *self, App *app, Err *err)
{
    ViewsScreen *v = self;
    v->album = calloc(1, sizeof *v->album);
    if (!v->album) return err_nomem(err, "the wall");
    v->base = app_seed(app);
    v->class = -1;
    v->psi = 0.8f;
    views_choose_size(v, app);
    views_go(v, app, v->base);
    return true;
}

/* --- what is shown -------------------------------------------------------------------------------------- */

/* Class, psi or place changed: all is another view. */
static bool changed(ViewsScreen *v, App *app)
{
    views_sort_again(v, app);
    views_move(v, app, 0, 0);
    return true;
}

static bool set_class(ViewsScreen *v, App *app, const char *text)
{
    Err err = {0};
    World *w = app_world(app);
    int class;
    if (!workspace_class(&class, w->workspace, text, &err)) return app_fail(app, &err), true;
    v->class = class;
    if (class >= 0) v->plane.class = class;
    return changed(v, app);
}

static bool set_psi(ViewsScreen *v, App *app, double psi)
{
    v->psi = (float)(psi < 0 ? 0 : psi > 1.5 ? 1.5 : (double)(int)(psi * 100 + 0.5) / 100);
    return changed(v, app);
}

static bool begin_at(ViewsScreen *v, App *app, uint64_t seed)
{
    MeterOrder by = v->sorted.by;
    views_unsort(v);
    if (v->plane.on) seeds_leave(v, app);
    v->base = seed;
    views_go(v, app, seed);
    if (by != ORDER_SEED) views_sort(v, app, by);
    return true;
}

static bool set_seed(ViewsScreen *v, App *app, const char *text)
{
    Err err = {0};
    uint64_t seed;
    if (!world_seed(text, &seed, &err)) return app_fail(app, &err), true;
    return begin_at(v, app, seed);
}

/* Other corners of the plane, or another place of the wall: which one depends on where it stood. */
static bool fresh(ViewsScreen *v, App *app)
{
    if (!v->plane.on) return begin_at(v, app, rng_mix(v->base, 1) % FRESH_SEEDS);
    for (int k = 0; k < 4; k++) v->plane.seed[k] += 4;
    views_ask(v, app);
    return true;
}

static bool sort(ViewsScreen *v, App *app, const char *name)
{
    MeterOrder by = (MeterOrder)((v->sorted.by + 1) % ORDER_COUNT);
    Err err = {0};
    if (name && !meter_order_named(&by, name, &err)) return app_fail(app, &err), true;
    views_sort(v, app, by);
    return true;
}

static bool zoom(ViewsScreen *v, App *app, bool in)
{
    if (!v->plane.on) return views_resize(v, app, in ? 1 : -1);
    seeds_zoom(v, app, in);
    return true;
}

static bool measure_in(ViewsScreen *v, App *app, const char *what)
{
    Err err = {0};
    if (!views_measure_in(v, app, what, &err)) return app_fail(app, &err), true;
    views_sort_again(v, app);
    return true;
}

/* --- going elsewhere ------------------------------------------------------------------------------------ */

static bool show(App *app, const Address *a, Context where)
{
    World *w = app_world(app);
    Err err = {0};
    if (!world_show(w, a, &err)) return app_fail(app, &err), true;
    app_go(app, where, NULL);
    return true;
}

bool views_show(ViewsScreen *v, App *app, Context where)
{
    Address a = views_selected(v, app_world(app));
    return show(app, &a, where);
}

static bool save_selected(ViewsScreen *v, App *app, const char *path)
{
    Address a = views_selected(v, app_world(app));
    const Image *image = album_find(v->album, &a, NULL);
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
    if (!world_read(w, text, &a, &err)) return app_fail(app, &err), true;
    return show(app, &a, CONTEXT_STEER);
}

/* --- marks, A and B ------------------------------------------------------------------------------------- */

/* A plain view of one seed has a place on the wall; others are shown in Steer. */
static bool go_to(ViewsScreen *v, App *app, const Address *a)
{
    World *w = app_world(app);
    Address plain = address_of_seed(w->g->slug, w->g->digest, a->source.ref[0].id, a->class, a->psi);
    if (a->source.kind != SOURCE_SEED || !address_equal(a, &plain)) return show(app, a, CONTEXT_STEER);
    v->psi = a->psi;
    if (v->class >= 0) v->class = a->class;
    views_unsort(v);
    if (v->plane.on) seeds_leave(v, app);
    if (v->class < 0 && a->class >= 0) v->base = a->source.ref[0].id - (uint64_t)a->class;
    views_go(v, app, a->source.ref[0].id);
    return true;
}

/* A, then B, then A in the place of the selected view. */
static bool flip(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    char next[2] = {v->flip == 'A' ? 'B' : 'A', 0};
    if (!world_marked(app, next)) return true;
    v->flip = next[0];
    if (w->painter) painter_ask(w->painter, PAINT_FLIP, &w->marks.at[marks_find("A")], 2);
    return true;
}

static bool mark(ViewsScreen *v, App *app, const char *letter)
{
    Address a = views_selected(v, app_world(app));
    world_mark(app, letter, &a);
    views_ask(v, app); /* the distance is from A */
    return true;
}

/* --- actions -------------------------------------------------------------------------------------------- */

static bool leave_one(ViewsScreen *v, App *app)
{
    if (v->plane.on)
        seeds_leave(v, app);
    else if (v->picks)
        pick_none(v);
    else if (v->sorted.by != ORDER_SEED)
        views_sort(v, app, ORDER_SEED);
    else
        return false;
    return true;
}

static bool psi_text(ViewsScreen *v, App *app, const char *text)
{
    double psi;
    Err err = {0};
    if (!world_number(text, 0, 1.5, &psi, &err)) return app_fail(app, &err), true;
    return set_psi(v, app, psi);
}

/* Those that take words; without them the prompt opens. */
static bool act_with(ViewsScreen *v, App *app, Action action, const char *text)
{
    const Address *marked;
    switch (action) {
    case ACT_VIEWS_CLASS:
        return set_class(v, app, text);
    case ACT_VIEWS_PSI:
        return psi_text(v, app, text);
    case ACT_VIEWS_SEED:
        return set_seed(v, app, text);
    case ACT_VIEWS_SPACE:
        return measure_in(v, app, text);
    case ACT_VIEWS_WALL:
        return pick_save(v, app, text), true;
    case ACT_SAVE:
        return save_selected(v, app, text);
    case ACT_OPEN:
        return open_text(app, text);
    case ACT_TRAY_TAGS:
        return pick_keep(v, app, text), true;
    case ACT_MARK:
        return mark(v, app, text);
    case ACT_MARK_GO:
        return (marked = world_marked(app, text)) ? go_to(v, app, marked) : true;
    default:
        return false;
    }
}

/* Steps over the wall, a whole page at a time or one; picking takes both ends. */
static const struct {
    Action action;
    int columns, rows;
    bool page, picks;
} steps[] = {{ACT_UP, 0, -1, false, false},
             {ACT_DOWN, 0, 1, false, false},
             {ACT_LEFT, -1, 0, false, false},
             {ACT_RIGHT, 1, 0, false, false},
             {ACT_PAGE_UP, 0, -1, true, false},
             {ACT_PAGE_DOWN, 0, 1, true, false},
             {ACT_VIEWS_PICK_LEFT, -1, 0, false, true},
             {ACT_VIEWS_PICK_RIGHT, 1, 0, false, true},
             {ACT_VIEWS_PICK_UP, 0, -1, false, true},
             {ACT_VIEWS_PICK_DOWN, 0, 1, false, true}};

static bool step(ViewsScreen *v, App *app, Action action)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i].action != action) continue;
        int page = steps[i].page ? views_wall(v, app, app_body(app)).rows : 1;
        if (steps[i].picks)
            pick_step(v, app, steps[i].columns, steps[i].rows);
        else
            views_move(v, app, steps[i].columns, steps[i].rows * page);
        return true;
    }
    return false;
}

/* To the beginning: of the plane in sight, of the order, or to the seed where the wall began. */
static bool first(ViewsScreen *v, App *app)
{
    if (!v->plane.on && !views_is_sorted(v)) return begin_at(v, app, v->base);
    views_move(v, app, INT16_MIN, v->plane.on ? INT16_MIN : 0);
    return true;
}

static bool last(ViewsScreen *v, App *app)
{
    if (!v->plane.on && !views_is_sorted(v)) return false;
    views_move(v, app, INT16_MAX, v->plane.on ? INT16_MAX : 0);
    return true;
}

static bool copy(ViewsScreen *v, App *app)
{
    Address a = views_selected(v, app_world(app));
    world_copy(app, &a);
    return true;
}

static bool toggle_plane(ViewsScreen *v, App *app, const char *seeds)
{
    if (v->plane.on && !seeds)
        seeds_leave(v, app);
    else
        seeds_show(v, app, seeds);
    return true;
}

static bool act(ViewsScreen *v, App *app, Action action, const char *text)
{
    if (action != ACT_FLIP) v->flip = 0;
    if (text && act_with(v, app, action, text)) return true;
    if (step(v, app, action)) return true;
    switch (action) {
    case ACT_FIRST:
        return first(v, app);
    case ACT_LAST:
        return last(v, app);
    case ACT_VIEWS_STEER:
        return views_show(v, app, CONTEXT_STEER);
    case ACT_VIEWS_NEIGHBOURS:
        return views_show(v, app, CONTEXT_NEIGHBOURS);
    case ACT_VIEWS_NEW:
        return fresh(v, app);
    case ACT_VIEWS_PSI_DOWN:
        return set_psi(v, app, (double)v->psi - 0.05);
    case ACT_VIEWS_PSI_UP:
        return set_psi(v, app, (double)v->psi + 0.05);
    case ACT_VIEWS_LARGER:
        return zoom(v, app, true);
    case ACT_VIEWS_SMALLER:
        return zoom(v, app, false);
    case ACT_VIEWS_SORT:
        return sort(v, app, text);
    case ACT_VIEWS_PLANE:
        return toggle_plane(v, app, text);
    case ACT_VIEWS_PICK:
        return pick_toggle(v, app), true;
    case ACT_VIEWS_PICK_ALL:
        return pick_sight(v, app), true;
    case ACT_SET_A:
        return mark(v, app, "A");
    case ACT_SET_B:
        return mark(v, app, "B");
    case ACT_FLIP:
        return flip(v, app);
    case ACT_TRAY:
        return pick_keep(v, app, NULL), true;
    case ACT_COPY:
        return copy(v, app);
    case ACT_CANCEL:
        return leave_one(v, app);
    default:
        return false;
    }
}

static bool views_update(void *self, App *app, const Event *ev)
{
    ViewsScreen *v = self;
    switch (ev->kind) {
    case EV_ACTION:
        return act(v, app, ev->action, ev->text);
    case EV_PASTE:
        return open_text(app, ev->text);
    case EV_MOUSE:
        return views_mouse(v, app, ev);
    case EV_RESIZE:
        return views_choose_size(v, app), views_align(v, app), true;
    default:
        return false;
    }
}

/* --- news ----------------------------------------------------------------------------------------------- */

/* A whole answer may leave something in sight unpainted: the wish was older than the place. */
static bool take_pictures(ViewsScreen *v, App *app)
{
    if (!world_take(app, PAINT_WALL, &v->painting)) return false;
    if (v->painting->ticket != v->asked) return false;
    album_take(v->album, v->painting, &v->taken);
    bool over = v->painting->done == v->painting->n;
    if (v->painting->err.code) v->waiting = false;
    if (over && v->waiting) views_ask(v, app);
    return true;
}

static bool take_flip(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    Painting *p = v->flip && w->painter ? (Painting *)painter_look(w->painter, PAINT_FLIP) : NULL;
    int taken = 0;
    if (!p) return false;
    album_take(v->album, p, &taken);
    news_drop(&p->news);
    return true;
}

/* Meters are on their way, or real pictures are still being looked at. */
static void look_again(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    v->measuring = v->measuring && w->meters && meters_busy(w->meters, true);
    if (v->measuring) app_tick_at(app, clock_seconds() + LOOK_AGAIN);
}

static bool views_tick(void *self, App *app)
{
    ViewsScreen *v = self;
    if (!v->asked) views_ask(v, app);
    bool drawn = take_pictures(v, app);
    drawn |= take_flip(v, app);
    drawn |= world_take_meters(app, METER_VIEW, &v->meter);
    drawn |= views_sort_tick(v, app);
    drawn |= seeds_tick(v, app);
    drawn |= pick_tick(v, app);
    drawn |= kept_tick(v, app);
    look_again(v, app);
    return drawn;
}

static bool views_busy(const void *self)
{
    const ViewsScreen *v = self;
    bool sorting = v->sorted.by != ORDER_SEED && !v->sorted.order;
    return v->waiting || v->measuring || sorting || *v->saving;
}

static void views_close(void *self, App *app)
{
    ViewsScreen *v = self;
    (void)app;
    views_unsort(v);
    if (v->plane.news) news_drop(&v->plane.news->news);
    if (v->meter) news_drop(&v->meter->news);
    if (v->painting) news_drop(&v->painting->news);
    if (v->album) album_close(v->album);
    free(v->album);
    free(v->pick);
    free(v->kept);
}

const Screen screen_views = {.name = "Views",
                             .context = CONTEXT_VIEWS,
                             .size = sizeof(ViewsScreen),
                             .open = views_open,
                             .update = views_update,
                             .tick = views_tick,
                             .view = views_view,
                             .hints = views_hints,
                             .borders = views_borders,
                             .busy = views_busy,
                             .close = views_close,
                             .save = views_save,
                             .load = views_load};
