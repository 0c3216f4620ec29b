/* Steer: one view large, everything that moves it as sliders, what each would do, and what became of it. */
#include "engine/painter.h"
#include "latent/steer.h"
#include "tui/screens/screens.h"
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- events --------------------------------------------------------------------------------------------- */

/* Takes over a view that another screen has chosen. */
static bool catch_up(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Err err = {0};
    if (s->seen == w->changes) return false;
    s->seen = w->changes;
    compare_forget(s, app);
    if (!steer_push(s->history, &w->view, &err)) app_fail(app, &err);
    tree_update(s);
    steer_fill(s, w);
    steer_ask(s, app);
    return true;
}

static bool open_page(SteerScreen *s, App *app, const Event *ev)
{
    if (ev->action == ACT_STEER_TREE) return tree_open(s, app);
    if (ev->action == ACT_STEER_PLANE) return plane_open(s, app, ev->text);
    if (ev->action != ACT_FOCUS_NEXT && ev->action != ACT_FOCUS_BACK) return false;
    s->pane = (SteerPane)((s->pane + (ev->action == ACT_FOCUS_NEXT ? 1 : PANES - 1)) % PANES);
    return true;
}

static bool act(SteerScreen *s, App *app, const Event *ev)
{
    if (s->page == PAGE_TREE && tree_act(s, app, ev)) return true;
    if (s->page == PAGE_PLANE && plane_act(s, app, ev)) return true;
    bool done =
        work_act(s, app, ev) || compare_act(s, app, ev) || open_page(s, app, ev) || steer_act(s, app, ev);
    if (done && s->page == PAGE_PLANE && ev->action != ACT_STEER_PLANE)
        s->page = PAGE_SLIDERS; /* its middle is another view */
    return done;
}

static bool wheel(SteerScreen *s, App *app, const Event *ev)
{
    bool up = ev->mouse == MOUSE_WHEEL_UP;
    if (s->page == PAGE_TREE)
        return tree_act(s, app, &(Event){.kind = EV_ACTION, .action = up ? ACT_UP : ACT_DOWN});
    return s->page == PAGE_SLIDERS && steer_nudge(s, app, up ? 1 : -1);
}

static bool click_page(SteerScreen *s, App *app, const Event *ev)
{
    if (ev->mouse != MOUSE_PRESS) return false;
    if (s->page == PAGE_TREE) return tree_click(s, app, app_body(app), ev->x, ev->y);
    int at = plane_hit(s, app_body(app), ev->x, ev->y);
    if (at < 0) return false;
    bool again = at == s->plane.y * s->plane.cols + s->plane.x;
    s->plane.x = at % s->plane.cols, s->plane.y = at / s->plane.cols;
    return again ? plane_act(s, app, &(Event){.kind = EV_ACTION, .action = ACT_STEER_TAKE}) : true;
}

/* Of a slider: to that value; of a heading: to that slider. */
static bool click_strip(SteerScreen *s, App *app, int i)
{
    const Knob *k = steer_focused(s);
    int at[STRIP], n = k ? 0 : steer_group_knobs(s, steer_group(s), at, STRIP);
    if (k) return steer_set(s, app, k, steer_strip_value(s, i));
    if (i < n) steer_focus_on(s, app, at[i]);
    steer_ask(s, app);
    return true;
}

static bool click_slider(SteerScreen *s, App *app, const SteerLayout *l, const Event *ev)
{
    double value = NAN;
    int hit = sliders_hit(&s->list, rect_inset(steer_slider_list(l), 1, 0), s->slider, s->rows, ev->x, ev->y,
                          &value);
    if (hit < 0) return false;
    if (s->row[hit].heading && ev->mouse != MOUSE_PRESS) return false;
    s->list.selected = hit;
    if (s->row[hit].heading) return steer_act(s, app, &(Event){.kind = EV_ACTION, .action = ACT_STEER_TAKE});
    if (isfinite(value)) return steer_set(s, app, steer_focused(s), value);
    steer_ask(s, app);
    return true;
}

static bool mouse(SteerScreen *s, App *app, const Event *ev)
{
    SteerLayout l = steer_layout(s, app, app_body(app));
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) return wheel(s, app, ev);
    if (ev->mouse == MOUSE_RELEASE) return false;
    if (s->page != PAGE_SLIDERS) return click_page(s, app, ev);
    s->flip = FLIP_NO;
    compare_stop(s, app);
    int i = rect_empty(l.strip) ? -1 : steer_strip_at(l.strip, ev->x, ev->y);
    if (i >= 0) return click_strip(s, app, i);
    int id = rect_empty(l.tree) ? 0 : tree_pane_hit(s, l.tree, ev->x, ev->y);
    if (id && ev->mouse == MOUSE_PRESS && steer_go(s->history, id)) {
        compare_forget(s, app);
        steer_changed(s, app, NULL);
        return true;
    }
    return click_slider(s, app, &l, ev);
}

static bool steer_update(void *self, App *app, const Event *ev)
{
    SteerScreen *s = self;
    s->narrow = steer_narrow(app);
    catch_up(s, app);
    switch (ev->kind) {
    case EV_ACTION:
        return act(s, app, ev);
    case EV_PASTE:
        return steer_act(s, app, &(Event){.kind = EV_ACTION, .action = ACT_OPEN, .text = ev->text});
    case EV_MOUSE:
        return mouse(s, app, ev);
    default:
        return false;
    }
}

/* --- the screen ----------------------------------------------------------------------------------------- */

static bool steer_open(void *self, App *app, Err *err)
{
    SteerScreen *s = self;
    World *w = app_world(app);
    s->history = steer_new(&w->view, err);
    if (!s->history) return false;
    s->step = 0.25;
    s->seen = w->changes;
    s->narrow = steer_narrow(app);
    tree_update(s);
    steer_knobs(s, app);
    for (int k = 0; k < 2 && s->rows > steer_slider_rows(s, app); k++) { /* what there is no room for */
        s->folded[k ? GROUP_PIXEL : GROUP_SEFA] = true;
        steer_rows(s, w);
    }
    for (int i = 0; i < s->knobs && s->list.selected == 0; i++)
        if (s->knob[i].kind == KNOB_DIRECTION) steer_focus_on(s, app, i);
    steer_ask(s, app);
    return true;
}

static bool steer_tick(void *self, App *app)
{
    SteerScreen *s = self;
    World *w = app_world(app);
    bool news = catch_up(s, app);
    s->narrow = steer_narrow(app);
    if (!s->asked_view) steer_ask(s, app);
    /* An answer to an older wish is shown too: it is where the hand has just been. */
    if (world_take(app, PAINT_VIEW, &s->view)) app_draw_now(app);
    if (world_take(app, PAINT_FLIP, &s->flipped)) app_draw_now(app);
    news |= world_take(app, PAINT_STRIP, &s->strip);
    news |= world_take(app, PAINT_PLANE, &s->planes);
    news |= world_take(app, PAINT_TREE, &s->thumbs);
    if (world_take(app, PAINT_EFFECT, &s->effect) && s->by_effect && s->effect->ticket == s->asked_effect &&
        s->effect->done == s->effect->n) {
        steer_take_effects(s, w);
        news = true;
    }
    news |= work_tick(s, app);
    news |= compare_tick(s, app);
    news |= side_tick(s, app);
    s->waiting = work_busy(s) || (w->painter && painter_busy(w->painter)) || s->meters_at > 0 ||
                 (w->meters && meters_busy(w->meters, false));
    return news;
}

static bool steer_busy(const void *self)
{
    return ((const SteerScreen *)self)->waiting;
}

static int steer_hints(const void *self, Action *out, int max)
{
    static const Action pages[] = {ACT_STEER_TAKE, ACT_CANCEL};
    static const Action sliders[] = {
        ACT_STEER_MORE, ACT_STEER_MUCH_MORE, ACT_STEER_DIRECTIONS, ACT_STEER_SET, ACT_STEER_ZERO,
        ACT_STEER_NEW,  ACT_STEER_CLASS,     ACT_STEER_TREE,       ACT_STEER_WAY, ACT_STEER_NEIGHBOURS};
    const SteerScreen *s = self;
    bool page = s->page != PAGE_SLIDERS;
    const Action *list = page ? pages : sliders;
    int n = 0, all = page ? (int)(sizeof pages / sizeof *pages) : (int)(sizeof sliders / sizeof *sliders);
    for (int i = 0; i < all && n < max; i++) {
        if (i == 3 && s->narrow && !page) out[n++] = ACT_FOCUS_NEXT; /* where panes share a place */
        if (n < max) out[n++] = list[i];
    }
    return n;
}

/* The i-th thing that :do could be told: a pixel operator with its values, a direction, or one of the rest.
 */
static bool offer_command(const SteerScreen *s, int i, char *out, size_t cap)
{
    static const char *const rest[] = {"psi 0.8\ttruncation",
                                       "class \tby name or number",
                                       "mix 12 4-6\tlayers 4 to 6 of seed 12",
                                       "mix off",
                                       "noise off\tno noise at all",
                                       "noise 7\tother noise",
                                       "noise stored\tthe model's own",
                                       "view off",
                                       "reset\twithout all that was changed"};
    if (i < PIXEL_OPS) return steer_pixel_form(s, (PixelOpKind)i, out, cap);
    i -= PIXEL_OPS;
    if (i < PIXEL_OPS) return snprintf(out, cap, "px %s off", pixel_op_name((PixelOpKind)i)) > 0;
    i -= PIXEL_OPS;
    if (i < (int)(sizeof rest / sizeof *rest)) return snprintf(out, cap, "%s", rest[i]) > 0;
    i -= (int)(sizeof rest / sizeof *rest);
    for (int k = 0; k < s->knobs; k++)
        if (s->knob[k].kind == KNOB_DIRECTION && !i--)
            return snprintf(out, cap, "set %s \t%s", s->knob[k].dir, s->knob[k].is->caption) > 0;
    return false;
}

/* Completes arguments that are about sliders and layers. */
static bool steer_offer(const void *self, const App *app, Action action, int i, char *out, size_t cap)
{
    static const char *const ranges[] = {"all", "coarse", "middle", "fine"};
    const SteerScreen *s = self;
    (void)app;
    if (action == ACT_STEER_RANGE && i < 4) return snprintf(out, cap, "%s", ranges[i]) > 0;
    if (action == ACT_STEER_DO) return offer_command(s, i, out, cap);
    bool names = action == ACT_STEER_PLANE || action == ACT_STEER_FILTER;
    return names && i < s->knobs && snprintf(out, cap, "%s", s->knob[i].dir) > 0;
}

static void drop(Painting *p)
{
    if (p) news_drop(&p->news);
}

static void steer_close(void *self, App *app)
{
    SteerScreen *s = self;
    work_close(s, app);
    drop(s->view), drop(s->strip), drop(s->effect), drop(s->flipped), drop(s->planes), drop(s->thumbs);
    if (s->meter) news_drop(&s->meter->news);
    latent_free(s->latent);
    pool_free(s->pool);
    directions_free(&s->own);
    free(s->way);
    free(s->tree.node);
    steer_free(s->history);
}

const Screen screen_steer = {.name = "Steer",
                             .context = CONTEXT_STEER,
                             .size = sizeof(SteerScreen),
                             .open = steer_open,
                             .update = steer_update,
                             .tick = steer_tick,
                             .view = steer_view,
                             .hints = steer_hints,
                             .busy = steer_busy,
                             .save = steer_save,
                             .load = steer_load,
                             .borders = steer_borders,
                             .offer = steer_offer,
                             .close = steer_close};
