/* Two views against each other: A and B in the same place, marks, and the way from A to B as a slider that
 * can play. */
#include "base/clock.h"
#include "engine/painter.h"
#include "latent/path.h"
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { A = 26, B = 27 }; /* their places among the marks */

#define FRAME (1.0 / 20) /* seconds between two steps of play */

/* --- flipping ------------------------------------------------------------------------------------------- */

static bool flip(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    if (!world_marked(app, "A") || !world_marked(app, "B")) return true;
    if (!s->flip && w->painter) s->asked_flip = painter_ask(w->painter, PAINT_FLIP, &w->marks.at[A], 2);
    s->flip = s->flip == FLIP_A ? FLIP_B : FLIP_A;
    s->waiting = true;
    return true;
}

/* --- the way -------------------------------------------------------------------------------------------- */

void compare_stop(SteerScreen *s, App *app)
{
    if (!s->playing) return;
    s->playing = false;
    world_record(app_world(app), NULL);
}

/* Where it had come to is written down before what is done there. */
void compare_forget(SteerScreen *s, App *app)
{
    compare_stop(s, app);
    if (!s->way) return;
    free(s->way);
    s->way = NULL;
    steer_knobs(s, app);
}

/* While it plays nothing is written down: where it stops is. */
void compare_put(SteerScreen *s, App *app, double t)
{
    World *w = app_world(app);
    char text[ADDRESS_BYTES_MAX + 8] = "go ";
    Err err = {0};
    s->way_at = (int)lround(fmin(fmax(t, 0), 1) * (WAY - 1));
    if (!address_print(text + 3, &s->way[s->way_at], &err) || !steer_do(s->history, w->g, text, "way", &err))
        app_fail(app, &err);
    else if (!s->playing)
        steer_changed(s, app, text);
    else
        steer_show(s, app), w->unsaid = true;
}

static bool open_way(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    LatentStore store;
    Err err = {0};
    if (!world_marked(app, "A") || !world_marked(app, "B")) return true;
    Address *way = malloc(WAY * sizeof *way);
    Latent *l = way ? steer_latent(s, w, &err) : NULL;
    if (!l || !store_open(&store, NULL, &err) ||
        !path_between(way, WAY, &w->marks.at[A], &w->marks.at[B], false, l, &store, &err)) {
        free(way);
        return app_fail(app, &err), true;
    }
    free(s->way);
    s->way = way;
    steer_knobs(s, app);
    steer_focus_on(s, app, steer_find_knob(s, "way"));
    compare_put(s, app, 0.5);
    app_notice(app, "from A to B: h l along the way, Space plays it, E writes it as an animation");
    return true;
}

static bool play(SteerScreen *s, App *app)
{
    if (!s->way) return app_notice(app, "there is no way yet: set A and B, then I"), true;
    if (s->playing) return compare_stop(s, app), true;
    s->playing = true;
    s->back = s->way_at == WAY - 1;
    s->play_at = clock_seconds();
    app_tick_at(app, s->play_at);
    return true;
}

bool compare_tick(SteerScreen *s, App *app)
{
    if (!s->playing) return false;
    double now = clock_seconds();
    if (now >= s->play_at) {
        int next = s->way_at + (s->back ? -2 : 2);
        if (next >= WAY - 1) s->back = true, next = WAY - 1;
        if (next <= 0) s->back = false, next = 0;
        compare_put(s, app, next / (double)(WAY - 1));
        s->play_at = now + FRAME;
    }
    app_tick_at(app, s->play_at);
    return true;
}

/* --- actions -------------------------------------------------------------------------------------------- */

static bool go_mark(SteerScreen *s, App *app, const char *letter)
{
    const Address *a = world_marked(app, letter);
    return a ? steer_take(s, app, a) : true;
}

bool compare_act(SteerScreen *s, App *app, const Event *ev)
{
    if (ev->action != ACT_FLIP) s->flip = FLIP_NO;
    switch (ev->action) {
    case ACT_FLIP:
        return flip(s, app);
    case ACT_MARK:
        return ev->text ? (world_mark(app, ev->text, steer_now(s->history)), true) : false;
    case ACT_MARK_GO:
        return ev->text ? go_mark(s, app, ev->text) : false;
    case ACT_SET_A:
        return world_mark(app, "A", steer_now(s->history)), side_ask(s, app), true;
    case ACT_SET_B:
        return world_mark(app, "B", steer_now(s->history)), true;
    case ACT_STEER_WAY:
        return open_way(s, app);
    case ACT_STEER_PLAY:
        return play(s, app);
    case ACT_STEER_NEW: {
        const Knob *k = steer_focused(s);
        return k && k->kind == KNOB_WAY ? play(s, app) : false;
    }
    default:
        compare_stop(s, app);
        return false;
    }
}
