/* Neighbours: a view, a file or a real picture against the real pictures, as three spaces see them. */
#include "tui/screens/neighbours_state.h"
#include "tui/screens/screens.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the query ------------------------------------------------------------------------------------------ */

const Image *neighbours_query(const NeighboursScreen *s)
{
    if (s->kind != QUERY_VIEW) return &s->picture;
    return s->painted && s->painted->done ? &s->painted->image[0] : NULL;
}

static void ask_view(NeighboursScreen *s, App *app, const Address *a)
{
    World *w = app_world(app);
    s->kind = QUERY_VIEW;
    s->view = *a;
    s->ticket = 0;
    s->wish = w->painter ? painter_ask(w->painter, PAINT_QUERY, a, 1) : 0;
    image_free(&s->picture);
}

/* The finder is asked as soon as the picture is there. */
static void ask_finder(NeighboursScreen *s, App *app)
{
    Finder *f = world_finder(app);
    const Image *picture = neighbours_query(s);
    if (!f || s->ticket || (s->kind != QUERY_REAL && !picture)) return;
    s->ticket =
        s->kind == QUERY_REAL ? finder_ask_index(f, s->index, FINDER_K) : finder_ask(f, picture, FINDER_K);
}

static bool take_file(NeighboursScreen *s, App *app, const char *path)
{
    World *w = app_world(app);
    Thing t;
    Err err = {0};
    if (!thing_open(&t, w->workspace, path, &err)) return app_fail(app, &err), true;
    bool view = t.has_address && latent_check(w->g, &t.address, &err);
    if (view) {
        world_show(w, &t.address, NULL);
    } else if (t.kind == THING_ADDRESS) {
        app_fail(app, &err);
    } else if (t.kind == THING_PICTURE) {
        const char *slash = strrchr(path, '/');
        image_free(&s->picture);
        s->picture = t.picture;
        t.picture = (Image){0};
        s->kind = QUERY_FILE;
        s->ticket = s->wish = 0;
        snprintf(s->name, sizeof s->name, "%.120s", slash ? slash + 1 : path);
        ask_finder(s, app);
    } else {
        app_notice(app, "%.200s is %s: a picture or an address can be asked about", path,
                   thing_kind_name(t.kind));
    }
    thing_close(&t);
    return true;
}

static const Neighbour *selected(const NeighboursScreen *s)
{
    return s->news && s->item < s->news->hits[s->space] ? &s->news->hit[s->space][s->item] : NULL;
}

static bool take_real(NeighboursScreen *s, App *app)
{
    const Neighbour *hit = selected(s);
    Image copy;
    if (!hit) return app_notice(app, "no neighbour is selected yet"), true;
    if (!image_copy(&copy, &s->news->picture[s->space][s->item], NULL)) return false;
    image_free(&s->picture);
    s->picture = copy;
    s->kind = QUERY_REAL;
    s->index = hit->index;
    s->label = hit->label;
    s->ticket = s->wish = 0;
    s->item = 0;
    ask_finder(s, app);
    return true;
}

static bool show(App *app, const Address *a)
{
    Err err = {0};
    if (!world_show(app_world(app), a, &err)) app_fail(app, &err);
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

/* Takes over a view that was chosen here or on another screen. */
static bool catch_up(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    if (s->seen == w->changes && (s->kind != QUERY_VIEW || s->wish)) return false;
    s->seen = w->changes;
    ask_view(s, app, &w->view);
    return true;
}

/* --- the encoder ---------------------------------------------------------------------------------------- */

static void use_encoder(NeighboursScreen *s, App *app, Encoder *e, Encoder *untrained, const char *of)
{
    Finder *f = world_finder(app);
    if (!f) return;
    encoder_drop(s->encoder);
    s->encoder = encoder_keep(e);
    snprintf(s->encoder_of, sizeof s->encoder_of, "%s", of);
    finder_encoder(f, e, untrained);
}

/* A file or run by name, else the newest run that has one; none is no error. */
static void seek_encoder(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    const char *what = w->encoder;
    Encoder *e = NULL, *untrained = NULL;
    Err err = {0};
    char of[32] = "the newest run";
    snprintf(s->sought, sizeof s->sought, "%s", what);
    if (workspace_encoder(&e, &untrained, w->workspace, what, &err)) {
        if (*what)
            snprintf(of, sizeof of, "%s%.20s", strchr(what, '/') ? "" : "run ",
                     strchr(what, '/') ? "a file" : what);
        use_encoder(s, app, e, untrained, of);
    } else if (*what) {
        app_fail(app, &err);
    }
    encoder_drop(e);
    encoder_drop(untrained);
}

/* While a run goes on its newest weights are taken, but never before the bank of the last ones is full: else
 * none would. */
static void follow_run(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    TrainNews *n = w->train && !*w->encoder ? (TrainNews *)job_news(w->train) : NULL;
    char of[32];
    if (!n) return;
    bool filling = s->encoder && s->news && s->news->total && s->news->filled[SPACE_ENCODER] < s->news->total;
    bool fits = n->encoder && w->g && n->encoder->config.side == w->g->config.size;
    if (fits && n->encoder != s->encoder && !filling) {
        snprintf(of, sizeof of, "run %s step %llu", n->id, (unsigned long long)n->encoder_step);
        use_encoder(s, app, n->encoder, n->twin, of);
    }
    news_drop(&n->news);
}

/* --- events --------------------------------------------------------------------------------------------- */

static bool move(NeighboursScreen *s, const App *app, int columns, int spaces)
{
    NeighboursLayout l = neighbours_layout(app, app_body(app));
    int n = s->news ? s->news->hits[s->space] : 0;
    s->space += spaces;
    s->space = s->space < 0 ? 0 : s->space >= FINDER_SPACES ? FINDER_SPACES - 1 : s->space;
    if (n > l.shown) n = l.shown;
    s->item += columns;
    s->item = s->item >= n ? n - 1 : s->item;
    if (s->item < 0) s->item = 0;
    return true;
}

static bool save(NeighboursScreen *s, App *app, const char *path)
{
    const Image *picture = neighbours_query(s);
    if (!path) return false;
    if (s->kind != QUERY_VIEW || !picture)
        app_notice(app, s->kind == QUERY_VIEW ? "the picture is still being made"
                                              : "only generated views have an address to keep");
    else
        world_save(app, &s->view, picture, path);
    return true;
}

static bool steer(NeighboursScreen *s, App *app)
{
    if (s->kind != QUERY_VIEW)
        return app_notice(app, "only generated views can be steered: Space takes one"), true;
    app_go(app, CONTEXT_STEER, NULL);
    return true;
}

static bool open_text(NeighboursScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Thing t;
    Err err = {0};
    if (!thing_open(&t, w->workspace, text, &err)) return app_fail(app, &err), true;
    bool encoder = t.kind == THING_ENCODER || t.kind == THING_RUN;
    if (encoder) {
        snprintf(w->encoder, sizeof w->encoder, "%s", t.kind == THING_RUN ? t.run.id : t.path);
        seek_encoder(s, app);
    }
    thing_close(&t);
    return encoder || take_file(s, app, text);
}

static bool act(NeighboursScreen *s, App *app, const Event *ev)
{
    World *w = app_world(app);
    switch (ev->action) {
    case ACT_LEFT:
        return move(s, app, -1, 0);
    case ACT_RIGHT:
        return move(s, app, 1, 0);
    case ACT_UP:
        return move(s, app, 0, -1);
    case ACT_DOWN:
        return move(s, app, 0, 1);
    case ACT_FIRST:
        return move(s, app, -FINDER_K, 0);
    case ACT_LAST:
        return move(s, app, FINDER_K, 0);
    case ACT_NEAR_STEER:
        return steer(s, app);
    case ACT_NEAR_REAL:
        return take_real(s, app);
    case ACT_NEAR_FILE:
        return ev->text ? take_file(s, app, ev->text) : false;
    case ACT_NEAR_NEW:
        return new_view(s, app);
    case ACT_NEAR_SPACE:
        return s->space = (s->space + 1) % FINDER_SPACES, move(s, app, 0, 0);
    case ACT_NEAR_CLASS:
        return ev->text ? set_class(s, app, ev->text) : false;
    case ACT_UNDO:
        return s->kind != QUERY_VIEW ? show(app, &w->view)
                                     : (app_notice(app, "the query is the view already"), true);
    case ACT_SAVE:
        return save(s, app, ev->text);
    case ACT_COPY:
        return world_copy(app, &w->view), true;
    case ACT_TRAY:
        return world_keep(app, &w->view, NULL);
    case ACT_TRAY_TAGS:
        return ev->text ? world_keep(app, &w->view, ev->text) : false;
    case ACT_OPEN:
        return ev->text ? open_text(s, app, ev->text) : false;
    default:
        return false;
    }
}

static bool mouse(NeighboursScreen *s, App *app, const Event *ev)
{
    NeighboursLayout l = neighbours_layout(app, app_body(app));
    int space, item;
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)
        return move(s, app, 0, ev->mouse == MOUSE_WHEEL_UP ? -1 : 1);
    if (ev->mouse != MOUSE_PRESS || !neighbours_at(&l, ev->x, ev->y, &space, &item)) return false;
    bool again = space == s->space && item == s->item;
    s->space = space;
    s->item = item;
    return again ? take_real(s, app) : true;
}

/* --- the screen ----------------------------------------------------------------------------------------- */

static bool neighbours_open(void *self, App *app, Err *err)
{
    NeighboursScreen *s = self;
    World *w = app_world(app);
    (void)err;
    s->class = -1;
    s->seen = w->changes;
    if (world_finder(app)) seek_encoder(s, app);
    ask_view(s, app, &w->view);
    if (*w->query) take_file(s, app, w->query);
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
    if (strcmp(s->sought, w->encoder)) seek_encoder(s, app);
    changed |= world_take(app, PAINT_QUERY, &s->painted);
    if (s->kind != QUERY_VIEW || (s->painted && s->painted->ticket == s->wish)) ask_finder(s, app);
    if (w->finder && take_news(s, w->finder)) {
        follow_run(s, app);
        changed = true;
    } else if (w->finder && w->train) {
        follow_run(s, app);
    }
    s->waiting = (w->painter && painter_busy(w->painter)) || (w->finder && finder_busy(w->finder)) ||
                 (s->ticket && (!s->news || s->news->ticket < s->ticket));
    return changed;
}

static bool neighbours_busy(const void *self)
{
    return ((const NeighboursScreen *)self)->waiting;
}

static void neighbours_close(void *self, App *app)
{
    NeighboursScreen *s = self;
    (void)app;
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
                                  .busy = neighbours_busy,
                                  .close = neighbours_close};
