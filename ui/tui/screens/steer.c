/* Steer: one view large, its directions as sliders, and a strip that shows what the focused slider would do. */
#include "latent/steer.h"
#include "tui/screens/screens.h"
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- pictures ------------------------------------------------------------------------------------------- */

static double slider_of(const Address *a, const char *direction)
{
    for (int i = 0; i < a->edits; i++)
        if (!strcmp(a->edit[i].dir, direction) && !a->edit[i].range.first) return a->edit[i].amount;
    return 0;
}

/* Slider 0 is psi, the others are the directions of the set in their order. */
static void fill_sliders(SteerScreen *s, const World *w)
{
    const Address *a = steer_now(s->history);
    s->slider[0] = (Slider){.name = "psi", .low = 0, .high = 1.5, .value = a->psi, .decimals = 2};
    for (int i = 1; i < s->sliders; i++) {
        const Direction *d = &w->g->direction[s->direction[i]];
        s->slider[i] = (Slider){.name = d->name, .low = -4, .high = 4, .value = slider_of(a, d->name), .decimals = 2,
                                .note = s->note[i]};
    }
}

static void slider_command(const SteerScreen *s, char *out, size_t cap, int i, double value)
{
    char number[32];
    if (!text_float(number, sizeof number, (float)value)) snprintf(number, sizeof number, "0");
    if (i == 0)
        snprintf(out, cap, "psi %s", number);
    else
        snprintf(out, cap, "set %s %s", s->slider[i].name, number);
}

double steer_strip_value(const SteerScreen *s, int k)
{
    const Slider *at = &s->slider[s->list.selected];
    return at->low + (at->high - at->low) * k / (STRIP - 1);
}

/* The view at once, then what the focused slider would do. */
static void ask_pictures(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Address strip[STRIP];
    char command[96];
    if (!w->painter) return;
    s->asked_view = painter_ask(w->painter, PAINT_VIEW, steer_now(s->history), 1);
    for (int k = 0; k < STRIP; k++) {
        strip[k] = *steer_now(s->history);
        slider_command(s, command, sizeof command, s->list.selected, steer_strip_value(s, k));
        steer_apply(&strip[k], w->g, command, NULL);
    }
    s->asked_strip = painter_ask(w->painter, PAINT_STRIP, strip, STRIP);
    s->waiting = true;
}

/* How far two standard deviations of each direction move the picture: the order of the sliders by effect. */
static void ask_effects(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Address *list = malloc((size_t)(s->sliders + 1) * sizeof *list);
    char command[96];
    if (!list || !w->painter) {
        free(list);
        return;
    }
    list[0] = *steer_now(s->history);
    for (int i = 1; i < s->sliders; i++) {
        list[i] = list[0];
        slider_command(s, command, sizeof command, i, s->slider[i].value + 2);
        steer_apply(&list[i], w->g, command, NULL);
    }
    s->asked_effect = painter_ask(w->painter, PAINT_EFFECT, list, s->sliders);
    free(list);
}

/* --- directions ----------------------------------------------------------------------------------------- */

static bool in_set(const Direction *d, const char *set)
{
    size_t n = strlen(set);
    return !strncmp(d->name, set, n) && d->name[n] == '-';
}

/* The sets are the beginnings of names up to the first dash: pca, sefa ... */
static void choose_set(SteerScreen *s, const World *w, const char *set)
{
    snprintf(s->set, sizeof s->set, "%s", set);
    s->sliders = 1;
    for (int i = 0; i < w->g->directions && s->sliders < SLIDERS_MAX; i++)
        if (in_set(&w->g->direction[i], set)) {
            snprintf(s->note[s->sliders], sizeof s->note[0], "%.0f %%", 100 * (double)w->g->direction[i].share);
            s->direction[s->sliders++] = i;
        }
    if (s->list.selected >= s->sliders) s->list.selected = s->sliders - 1;
    fill_sliders(s, w);
}

static void next_set(SteerScreen *s, const World *w)
{
    char set[SET_NAME] = "";
    bool past = false;
    for (int pass = 0; pass < 2 && !*set; pass++)
        for (int i = 0; i < w->g->directions && !*set; i++) {
            const char *name = w->g->direction[i].name;
            bool same = in_set(&w->g->direction[i], s->set);
            if ((past || pass) && !same) snprintf(set, sizeof set, "%.*s", (int)strcspn(name, "-"), name);
            past = past || same;
        }
    if (*set) choose_set(s, w, set);
}

/* Sorts the sliders by how much they changed the picture. */
static void sort_by_effect(SteerScreen *s, const World *w, const Painting *p)
{
    double effect[SLIDERS_MAX] = {0};
    for (int i = 1; i < s->sliders && i < p->done; i++) {
        size_t n = (size_t)p->image[0].w * p->image[0].h * p->image[0].c;
        for (size_t k = 0; k < n; k++) effect[i] += abs(p->image[i].px[k] - p->image[0].px[k]);
        effect[i] /= (double)n;
        snprintf(s->note[i], sizeof s->note[0], "\u0394 %.0f", effect[i]);
    }
    for (int i = 2; i < s->sliders; i++)
        for (int k = i; k > 1 && effect[k] > effect[k - 1]; k--) {
            char note[NOTE];
            double e = effect[k];
            int d = s->direction[k];
            memcpy(note, s->note[k], NOTE);
            effect[k] = effect[k - 1], s->direction[k] = s->direction[k - 1], memcpy(s->note[k], s->note[k - 1], NOTE);
            effect[k - 1] = e, s->direction[k - 1] = d, memcpy(s->note[k - 1], note, NOTE);
        }
    fill_sliders(s, w);
}

/* --- changes -------------------------------------------------------------------------------------------- */

/* done: the command that led here, for the journal; NULL where there was none (undo, a paste). */
static void changed(SteerScreen *s, App *app, const char *done)
{
    World *w = app_world(app);
    w->view = *steer_now(s->history);
    s->seen = ++w->changes;
    fill_sliders(s, w);
    ask_pictures(s, app);
    world_record(w, done); /* the picture is being made while this is written */
}

static bool command(SteerScreen *s, App *app, const char *text, const char *merge)
{
    World *w = app_world(app);
    Err err = {0};
    if (!steer_do(s->history, w->g, text, merge, &err)) return app_fail(app, &err), true;
    changed(s, app, text);
    return true;
}

static bool set_slider(SteerScreen *s, App *app, int i, double value)
{
    char text[96];
    const Slider *at = &s->slider[i];
    value = round(value * 1000) / 1000;
    value = value < at->low ? at->low : value > at->high ? at->high : value;
    slider_command(s, text, sizeof text, i, value);
    return command(s, app, text, at->name);
}

static bool nudge(SteerScreen *s, App *app, double steps)
{
    int i = s->list.selected;
    double step = i == 0 ? s->step / 5 : s->step;
    return set_slider(s, app, i, s->slider[i].value + steps * step);
}

/* A command with the person's words after its verb; `text` NULL means the prompt has just opened. */
static bool command_with(SteerScreen *s, App *app, const char *verb, const char *text)
{
    char line[ADDRESS_BYTES_MAX + 32];
    if (!text) return false;
    snprintf(line, sizeof line, "%s %s", verb, text);
    return command(s, app, line, NULL);
}

static bool new_seed(SteerScreen *s, App *app)
{
    char text[48];
    const Address *a = steer_now(s->history);
    uint64_t next = a->source.kind == SOURCE_SEED ? a->source.ref[0].id + 1 : app_seed(app);
    snprintf(text, sizeof text, "seed %llu", (unsigned long long)next);
    return command(s, app, text, NULL);
}

static bool zero_all(SteerScreen *s, App *app)
{
    char text[96];
    World *w = app_world(app);
    Address a = *steer_now(s->history);
    Err err = {0};
    while (a.edits) {
        snprintf(text, sizeof text, "set %s 0", a.edit[0].dir);
        if (a.edit[0].range.first)
            snprintf(text, sizeof text, "set %s 0 %d-%d", a.edit[0].dir, a.edit[0].range.first, a.edit[0].range.last);
        if (!steer_apply(&a, w->g, text, &err)) return app_fail(app, &err), true;
    }
    if (!steer_push(s->history, &a, &err)) return app_fail(app, &err), true;
    changed(s, app, NULL);
    return true;
}

static bool go_to(SteerScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Err err = {0};
    Address a;
    if (!world_read(w, text, &a, &err) || !latent_check(w->g, &a, &err) || !steer_push(s->history, &a, &err))
        return app_fail(app, &err), true;
    changed(s, app, NULL);
    return true;
}

static bool select_slider(SteerScreen *s, App *app, int by)
{
    sliders_move(&s->list, s->slider, s->sliders, by, steer_slider_rows(app_body(app)));
    ask_pictures(s, app);
    return true;
}

static bool save(SteerScreen *s, App *app, const char *path)
{
    if (!path) return false;
    if (!s->view || s->view->ticket != s->asked_view || !s->view->done)
        app_notice(app, "the picture is still being made");
    else
        world_save(app, steer_now(s->history), &s->view->image[0], path);
    return true;
}

static bool act_slider(SteerScreen *s, App *app, const Event *ev)
{
    double value;
    Err err = {0};
    const Slider *at = &s->slider[s->list.selected];
    switch (ev->action) {
    case ACT_STEER_LESS: return nudge(s, app, -1);
    case ACT_STEER_MORE: return nudge(s, app, 1);
    case ACT_STEER_MUCH_LESS: return nudge(s, app, -5);
    case ACT_STEER_MUCH_MORE: return nudge(s, app, 5);
    case ACT_STEER_ZERO: return set_slider(s, app, s->list.selected, s->list.selected ? 0 : 1);
    case ACT_STEER_STEP_DOWN: s->step = fmax(s->step / 2, 1.0 / 64); return true;
    case ACT_STEER_STEP_UP: s->step = fmin(s->step * 2, 2); return true;
    case ACT_STEER_SET:
        if (!ev->text) return false;
        if (!world_number(ev->text, at->low, at->high, &value, &err)) return app_fail(app, &err), true;
        return set_slider(s, app, s->list.selected, value);
    case ACT_UP: return select_slider(s, app, -1);
    case ACT_DOWN: return select_slider(s, app, 1);
    case ACT_PAGE_UP:
    case ACT_FIRST: return select_slider(s, app, -SLIDERS_MAX);
    case ACT_PAGE_DOWN:
    case ACT_LAST: return select_slider(s, app, SLIDERS_MAX);
    default: return false;
    }
}

static bool act_view(SteerScreen *s, App *app, const Event *ev)
{
    World *w = app_world(app);
    switch (ev->action) {
    case ACT_STEER_ZERO_ALL: return zero_all(s, app);
    case ACT_STEER_NEW: return new_seed(s, app);
    case ACT_STEER_SEED: return command_with(s, app, "seed", ev->text);
    case ACT_STEER_CLASS: return command_with(s, app, "class", ev->text);
    case ACT_STEER_PSI: return command_with(s, app, "psi", ev->text);
    case ACT_STEER_PSI_DOWN: return set_slider(s, app, 0, s->slider[0].value - 0.05);
    case ACT_STEER_PSI_UP: return set_slider(s, app, 0, s->slider[0].value + 0.05);
    case ACT_STEER_DIRECTIONS: next_set(s, w); ask_pictures(s, app); return true;
    case ACT_STEER_SORT: ask_effects(s, app); return true;
    case ACT_STEER_NEIGHBOURS: return app_go(app, CONTEXT_NEIGHBOURS, NULL);
    case ACT_UNDO: return steer_undo(s->history) ? (changed(s, app, NULL), true) : (app_notice(app, "nothing to undo"), true);
    case ACT_REDO: return steer_redo(s->history) ? (changed(s, app, NULL), true) : (app_notice(app, "nothing to redo"), true);
    case ACT_TRAY: return world_keep(app, steer_now(s->history), NULL);
    case ACT_TRAY_TAGS: return ev->text ? world_keep(app, steer_now(s->history), ev->text) : false;
    case ACT_COPY: return world_copy(app, steer_now(s->history)), true;
    case ACT_SAVE: return save(s, app, ev->text);
    case ACT_OPEN: return ev->text ? go_to(s, app, ev->text) : false;
    default: return act_slider(s, app, ev);
    }
}

static bool mouse(SteerScreen *s, App *app, const Event *ev)
{
    SteerLayout l = steer_layout(app_body(app));
    double value = NAN;
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN) return nudge(s, app, ev->mouse == MOUSE_WHEEL_UP ? 1 : -1);
    if (ev->mouse == MOUSE_RELEASE) return false;
    int k = steer_strip_at(l.strip, ev->x, ev->y);
    if (k >= 0) return set_slider(s, app, s->list.selected, steer_strip_value(s, k));
    int hit = sliders_hit(&s->list, rect_inset(l.sliders, 1, 1), s->slider, s->sliders, ev->x, ev->y, &value);
    if (hit < 0) return false;
    s->list.selected = hit;
    if (isfinite(value)) return set_slider(s, app, hit, value);
    ask_pictures(s, app);
    return true;
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
    choose_set(s, w, "pca");
    if (s->sliders > 1) s->list.selected = 1;
    ask_pictures(s, app);
    return true;
}

/* Takes over a view that another screen has chosen. */
static bool catch_up(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Err err = {0};
    if (s->seen == w->changes) return false;
    s->seen = w->changes;
    if (!steer_push(s->history, &w->view, &err)) app_fail(app, &err);
    fill_sliders(s, w);
    ask_pictures(s, app);
    return true;
}

static bool steer_update(void *self, App *app, const Event *ev)
{
    SteerScreen *s = self;
    catch_up(s, app);
    switch (ev->kind) {
    case EV_ACTION: return act_view(s, app, ev);
    case EV_PASTE: return go_to(s, app, ev->text);
    case EV_MOUSE: return mouse(s, app, ev);
    default: return false;
    }
}

static bool steer_tick(void *self, App *app)
{
    SteerScreen *s = self;
    World *w = app_world(app);
    bool news = catch_up(s, app);
    if (!s->asked_view) ask_pictures(s, app);
    /* An answer to an older wish is shown too: it is where the hand has just been. */
    if (world_take(app, PAINT_VIEW, &s->view)) app_draw_now(app);
    news |= world_take(app, PAINT_STRIP, &s->strip);
    if (world_take(app, PAINT_EFFECT, &s->effect) && s->effect->done == s->effect->n) {
        sort_by_effect(s, w, s->effect);
        news = true;
    }
    s->waiting = w->painter && painter_busy(w->painter);
    return news;
}

static bool steer_busy(const void *self)
{
    return ((const SteerScreen *)self)->waiting;
}

static void steer_close(void *self, App *app)
{
    SteerScreen *s = self;
    (void)app;
    if (s->view) news_drop(&s->view->news);
    if (s->strip) news_drop(&s->strip->news);
    if (s->effect) news_drop(&s->effect->news);
    steer_free(s->history);
}

const Screen screen_steer = {.name = "Steer", .context = CONTEXT_STEER, .size = sizeof(SteerScreen), .open = steer_open,
                             .update = steer_update, .tick = steer_tick, .view = steer_view, .busy = steer_busy,
                             .close = steer_close};
