/* Every change of the view on the Steer screen: one command each, remembered, written down, painted. */
#include "engine/painter.h"
#include "latent/store.h"
#include "tui/screens/steer_state.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- pictures ------------------------------------------------------------------------------------------- */

static double even(const Knob *k, int i)
{
    return k->low + (k->high - k->low) * i / (STRIP - 1);
}

/* Evenly from end to end, but the nearest to where the slider stands is where it stands. */
double steer_strip_value(const SteerScreen *s, int i)
{
    const Knob *k = steer_focused(s);
    if (!k) return 0;
    double value = steer_value(s, k, steer_now(s->history)), step = (k->high - k->low) / (STRIP - 1);
    return step > 0 && lround((value - k->low) / step) == i ? value : even(k, i);
}

/* What each of a group's first sliders does: the strip of a heading. */
static int ask_group(SteerScreen *s, const World *w, Address *list)
{
    int at[STRIP], n = steer_group_knobs(s, steer_group(s), at, STRIP);
    for (int i = 0; i < n; i++) {
        const Knob *k = &s->knob[at[i]];
        list[i] = *steer_now(s->history);
        steer_put(s, w, &list[i], k, k->high / (k->kind == KNOB_DIRECTION ? 1.5 : 2), NULL);
    }
    return n;
}

static void ask_strip(SteerScreen *s, const World *w)
{
    Address list[STRIP];
    const Knob *k = steer_focused(s);
    int n = k ? STRIP : ask_group(s, w, list);
    for (int i = 0; k && i < n; i++) {
        list[i] = *steer_now(s->history);
        steer_put(s, w, &list[i], k, steer_strip_value(s, i), NULL);
    }
    if (n) s->asked_strip = painter_ask(w->painter, PAINT_STRIP, list, n);
}

/* How far a quarter of its range moves the picture, for each direction: two standard deviations of most, more
 * of a walk. */
static void ask_effects(SteerScreen *s, const World *w)
{
    Address *list = malloc((size_t)(s->knobs + 1) * sizeof *list);
    int n = 1;
    if (!list) return;
    list[0] = *steer_now(s->history);
    for (int i = 0; i < s->knobs; i++) {
        const Knob *k = &s->knob[i];
        if (k->kind != KNOB_DIRECTION) continue;
        double value = steer_value(s, k, list), by = (k->high - k->low) / 4,
               to = value + (value + by <= k->high ? by : -by);
        list[n] = list[0];
        steer_put(s, w, &list[n++], k, to, NULL);
    }
    s->asked_effect = painter_ask(w->painter, PAINT_EFFECT, list, n);
    free(list);
}

void steer_ask(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    if (!w->painter) return;
    s->asked_view = painter_ask(w->painter, PAINT_VIEW, steer_now(s->history), 1);
    ask_strip(s, w);
    if (s->by_effect) ask_effects(s, w);
    side_ask(s, app);
    s->waiting = true;
}

/* --- changes -------------------------------------------------------------------------------------------- */

void steer_show(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    w->view = *steer_now(s->history);
    s->kept[0] = '\0'; /* until it was looked up */
    if (memcmp(&w->start.source, &w->view.source, sizeof w->view.source)) w->start = w->view;
    s->seen = ++w->changes;
    tree_update(s);
    steer_fill(s, w);
    steer_ask(s, app);
}

void steer_changed(SteerScreen *s, App *app, const char *done)
{
    World *w = app_world(app);
    steer_show(s, app);
    world_record(w, done); /* the picture is being made while this is written */
}

bool steer_command(SteerScreen *s, App *app, const char *text, const char *merge)
{
    World *w = app_world(app);
    Err err = {0};
    if (!steer_do(s->history, w->g, text, merge, &err)) return app_fail(app, &err), true;
    compare_forget(s, app); /* what else was moved is not on the way */
    steer_changed(s, app, text);
    return true;
}

bool steer_take(SteerScreen *s, App *app, const Address *a)
{
    World *w = app_world(app);
    Err err = {0};
    if (!latent_check(w->g, a, &err) || !steer_push(s->history, a, &err)) return app_fail(app, &err), true;
    compare_forget(s, app);
    steer_changed(s, app, NULL);
    return true;
}

bool steer_set(SteerScreen *s, App *app, const Knob *k, double value)
{
    char text[ADDRESS_BYTES_MAX + 32], merge[64];
    if (k->kind == KNOB_WAY) {
        compare_put(s, app, value);
        return true;
    }
    steer_knob_command(s, k, value, text, sizeof text);
    snprintf(merge, sizeof merge, "%s %d-%d", k->dir, s->range.first, s->range.last);
    return steer_command(s, app, text, merge);
}

static bool fold(SteerScreen *s, App *app, Group g, bool folded)
{
    s->folded[g] = folded;
    steer_rows(s, app_world(app));
    steer_ask(s, app);
    return true;
}

bool steer_nudge(SteerScreen *s, App *app, double steps)
{
    const Knob *k = steer_focused(s);
    if (!k) return fold(s, app, steer_group(s), steps < 0);
    return steer_set(s, app, k, steer_value(s, k, steer_now(s->history)) + steps * s->step * k->scale);
}

static bool new_seed(SteerScreen *s, App *app)
{
    char text[48];
    const Address *a = steer_now(s->history);
    uint64_t next = a->source.kind == SOURCE_SEED ? a->source.ref[0].id + 1 : app_seed(app);
    compare_forget(s, app);
    snprintf(text, sizeof text, "seed %llu", (unsigned long long)next);
    return steer_command(s, app, text, NULL);
}

static bool zero_all(SteerScreen *s, App *app)
{
    Address a = *steer_now(s->history);
    memset(a.edit, 0, sizeof a.edit);
    memset(a.pix, 0, sizeof a.pix);
    a.edits = a.pixes = 0;
    return steer_take(s, app, &a);
}

/* --- naming views --------------------------------------------------------------------------------------- */

/* "#12" */
static bool from_tray(App *app, const char *word, Address *out, Err *err)
{
    Tray *tray = world_tray(app);
    TrayList list;
    if (!tray) return err_set(err, ERR_IO, "the tray is not open");
    if (!tray_get(&list, tray, strtoll(word + 1, NULL, 10), err)) return false;
    bool ok = address_parse(out, list.item[0].address, err) && tray_supply(tray, out, err);
    tray_list_free(&list);
    return ok;
}

bool steer_named(App *app, const char *word, Address *out, Err *err)
{
    World *w = app_world(app);
    const char *letter = *word == '\'' ? word + 1 : word;
    int place = *word == '\'' || !strcmp(word, "A") || !strcmp(word, "B") ? marks_find(letter) : -1;
    if (place >= 0 && !w->marks.set[place]) return err_set(err, ERR_USAGE, "nothing is marked %s", letter);
    if (place >= 0) {
        *out = w->marks.at[place];
        return true;
    }
    if (isdigit((unsigned char)*word) && strspn(word, "0123456789") == strlen(word)) {
        *out = w->view;
        out->source = (AddressSource){.kind = SOURCE_SEED, .ref = {{REF_SEED, strtoull(word, NULL, 10)}}};
        out->edits = out->mixes = 0;
        return address_normalise(out, err);
    }
    if (*word == '#') return from_tray(app, word, out, err);
    return world_read(w, word, out, err);
}

Latent *steer_latent(SteerScreen *s, World *w, Err *err)
{
    if (!s->pool) s->pool = pool_new(1, 0, err);
    if (s->pool && !s->latent) s->latent = latent_new(w->g, 2, NULL, s->pool, err);
    return s->latent;
}

/* --- mixing styles -------------------------------------------------------------------------------------- */

/* A seed's own style where nothing else is in the address; else what its styles came to is kept in the store.
 */
static bool ref_of(SteerScreen *s, World *w, const Address *a, LatentRef *out, Err *err)
{
    LatentStore store;
    if (a->source.kind == SOURCE_SEED && !a->edits && !a->mixes) return *out = a->source.ref[0], true;
    Latent *l = steer_latent(s, w, err);
    size_t count = (size_t)w->g->layers * (size_t)w->g->config.w_dim;
    float *styles = l ? malloc(count * sizeof *styles) : NULL;
    bool ok = styles && latent_resolve(styles, l, a, 1, err) && store_open(&store, NULL, err) &&
              store_put(out, &store, REF_WP, styles, count, err);
    free(styles);
    return ok;
}

static bool mix(SteerScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Err err = {0};
    Address a;
    LatentRef ref;
    char word[ADDRESS_BYTES_MAX + 1], line[96], name[24];
    int first = 0, last = 0, used = 0;
    if (!strcmp(text, "off")) return steer_command(s, app, "mix off", NULL);
    if (sscanf(text, "%1024s %d-%d%n", word, &first, &last, &used) != 3 || text[used]) {
        app_notice(app, "a mix is a view and layers, like: 4711 4-%d, B 1-2, 'k 3-4, or off", w->g->layers);
        return true;
    }
    if (!steer_named(app, word, &a, &err) || !ref_of(s, w, &a, &ref, &err)) return app_fail(app, &err), true;
    latent_ref_print(name, &ref);
    snprintf(line, sizeof line, "mix %s %d-%d", name, first, last);
    return steer_command(s, app, line, NULL);
}

/* --- layers --------------------------------------------------------------------------------------------- */

/* "2-4", "3", "all", or a third of the layers by name. */
static bool read_range(const char *text, int layers, LayerRange *out)
{
    int third = layers / 3 > 0 ? layers / 3 : 1, used = 0;
    const struct {
        const char *name;
        LayerRange range;
    } named[] = {{"all", {0, 0}},
                 {"coarse", {1, third}},
                 {"middle", {third + 1, layers - third}},
                 {"fine", {layers - third + 1, layers}}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (!strcmp(text, named[i].name)) return *out = named[i].range, true;
    *out = (LayerRange){0, 0};
    if (sscanf(text, "%d-%d%n", &out->first, &out->last, &used) != 2 || text[used]) {
        if (sscanf(text, "%d%n", &out->first, &used) != 1 || text[used]) return false;
        out->last = out->first;
    }
    if (out->first == 1 && out->last == layers) *out = (LayerRange){0, 0};
    return out->last == 0 || (out->first >= 1 && out->first <= out->last && out->last <= layers);
}

static bool set_range(SteerScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    LayerRange range;
    if (!read_range(text, w->g->layers, &range)) {
        app_notice(app, "layers are like 1-%d, %d, all, coarse, middle or fine", w->g->layers, w->g->layers);
        return true;
    }
    s->range = range;
    steer_fill(s, w);
    steer_ask(s, app);
    return true;
}

/* --- actions -------------------------------------------------------------------------------------------- */

static bool focus_by(SteerScreen *s, App *app, int by)
{
    sliders_move(&s->list, s->rows, by, steer_slider_rows(s, app));
    steer_ask(s, app);
    return true;
}

/* Scrolls so that the group at the selected row is seen as a whole, where it fits. */
static void show_group(SteerScreen *s, App *app)
{
    int first = s->list.selected, last = first, rows = steer_slider_rows(s, app);
    while (first > 0 && !s->row[first].heading) first--;
    while (last + 1 < s->rows && !s->row[last + 1].heading) last++;
    if (last >= s->list.top + rows) s->list.top = last - rows + 1;
    if (first < s->list.top) s->list.top = first;
}

/* To the heading of the next group (or of one group), opened. */
static bool to_group(SteerScreen *s, App *app, int group)
{
    int n = s->rows, at = s->list.selected;
    for (int i = 1; i <= n; i++) {
        int r = (at + i) % n;
        if (!s->row[r].heading || (group >= 0 && s->row[r].at != group)) continue;
        s->folded[s->row[r].at] = false;
        s->list.selected = r;
        break;
    }
    steer_rows(s, app_world(app));
    if (s->list.selected + 1 < s->rows && !s->row[s->list.selected + 1].heading) s->list.selected++;
    show_group(s, app);
    return focus_by(s, app, 0);
}

static bool set_filter(SteerScreen *s, App *app, const char *text)
{
    char before[sizeof s->filter];
    snprintf(before, sizeof before, "%s", s->filter);
    snprintf(s->filter, sizeof s->filter, "%s", text);
    for (int i = 0; i < s->knobs; i++) {
        if (!steer_passes(s, &s->knob[i])) continue;
        if (*text) steer_focus_on(s, app, i); /* the first of them */
        steer_rows(s, app_world(app));
        return focus_by(s, app, 0);
    }
    snprintf(s->filter, sizeof s->filter, "%s", before);
    app_notice(app, "no slider is called or does \"%s\"", text);
    return true;
}

static bool sort(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    s->by_effect = !s->by_effect;
    for (int i = 0; !s->by_effect && i < s->knobs; i++) s->knob[i].effect = 0;
    steer_rows(s, w);
    if (s->by_effect && w->painter) ask_effects(s, w);
    app_notice(app, s->by_effect ? "by effect: the bars are how far a quarter of its range moves this picture"
                                 : "in their own order");
    return true;
}

static bool type_value(SteerScreen *s, App *app, const char *text)
{
    const Knob *k = steer_focused(s);
    Err err = {0};
    double value;
    if (!text && k) return false;
    if (!k) return app_notice(app, "select a slider first"), true;
    if (!world_number(text, k->low, k->high, &value, &err)) return app_fail(app, &err), true;
    return steer_set(s, app, k, value);
}

static bool zero(SteerScreen *s, App *app)
{
    const Knob *k = steer_focused(s);
    return k ? steer_set(s, app, k, k->rest) : false;
}

static bool psi_by(SteerScreen *s, App *app, double by)
{
    int i = steer_find_knob(s, "psi");
    return i >= 0 && steer_set(s, app, &s->knob[i], (double)steer_now(s->history)->psi + by);
}

static bool act_slider(SteerScreen *s, App *app, const Event *ev)
{
    switch (ev->action) {
    case ACT_STEER_LESS:
        return steer_nudge(s, app, -1);
    case ACT_STEER_MORE:
        return steer_nudge(s, app, 1);
    case ACT_STEER_MUCH_LESS:
        return steer_nudge(s, app, -5);
    case ACT_STEER_MUCH_MORE:
        return steer_nudge(s, app, 5);
    case ACT_STEER_ZERO:
        return zero(s, app);
    case ACT_STEER_STEP_DOWN:
        s->step = fmax(s->step / 2, 1.0 / 64);
        return true;
    case ACT_STEER_STEP_UP:
        s->step = fmin(s->step * 2, 2);
        return true;
    case ACT_STEER_SET:
        return type_value(s, app, ev->text);
    case ACT_STEER_DIRECTIONS:
        return to_group(s, app, -1);
    case ACT_STEER_PIXELS:
        return to_group(s, app, GROUP_PIXEL);
    case ACT_STEER_SORT:
        return sort(s, app);
    case ACT_UP:
        return focus_by(s, app, -1);
    case ACT_DOWN:
        return focus_by(s, app, 1);
    case ACT_PAGE_UP:
        return focus_by(s, app, -steer_slider_rows(s, app));
    case ACT_PAGE_DOWN:
        return focus_by(s, app, steer_slider_rows(s, app));
    case ACT_FIRST:
        return focus_by(s, app, -KNOBS_MAX - GROUPS);
    case ACT_LAST:
        return focus_by(s, app, KNOBS_MAX + GROUPS);
    default:
        return false;
    }
}

/* The actions that take words: false opens the prompt. */
static bool act_words(SteerScreen *s, App *app, Action action, const char *text)
{
    static const struct {
        Action action;
        const char *verb; /* of the steering command; "": the words are the whole command */
    } verb[] = {
        {ACT_STEER_SEED, "seed "}, {ACT_STEER_CLASS, "class "}, {ACT_STEER_PSI, "psi "}, {ACT_STEER_DO, ""}};
    char line[ADDRESS_BYTES_MAX + 32];
    if (!text) return false;
    for (size_t i = 0; i < sizeof verb / sizeof *verb; i++) {
        if (verb[i].action != action) continue;
        snprintf(line, sizeof line, "%s%s", verb[i].verb, text);
        return steer_command(s, app, line, NULL);
    }
    switch (action) {
    case ACT_STEER_MIX:
        return mix(s, app, text);
    case ACT_STEER_RANGE:
        return set_range(s, app, text);
    case ACT_STEER_FILTER:
        return set_filter(s, app, text);
    default:
        return false;
    }
}

static bool undo(SteerScreen *s, App *app, bool done, const char *nothing)
{
    if (!done) return app_notice(app, "%s", nothing), true;
    compare_forget(s, app);
    steer_changed(s, app, NULL);
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

static bool go_to(SteerScreen *s, App *app, const char *text)
{
    Err err = {0};
    Address a;
    if (!text) return false;
    if (!steer_named(app, text, &a, &err)) return app_fail(app, &err), true;
    return steer_take(s, app, &a);
}

bool steer_act(SteerScreen *s, App *app, const Event *ev)
{
    switch (ev->action) {
    case ACT_STEER_ZERO_ALL:
        return zero_all(s, app);
    case ACT_STEER_NEW:
        return new_seed(s, app);
    case ACT_STEER_PSI_DOWN:
        return psi_by(s, app, -0.05);
    case ACT_STEER_PSI_UP:
        return psi_by(s, app, 0.05);
    case ACT_STEER_NEIGHBOURS:
        return app_go(app, CONTEXT_NEIGHBOURS, NULL);
    case ACT_STEER_TAKE:
        return steer_focused(s) ? app_go(app, CONTEXT_NEIGHBOURS, NULL)
                                : fold(s, app, steer_group(s), !s->folded[steer_group(s)]);
    case ACT_UNDO:
        return undo(s, app, steer_undo(s->history), "nothing to undo");
    case ACT_REDO:
        return undo(s, app, steer_redo(s->history), "nothing to redo");
    case ACT_TRAY:
        return world_keep(app, steer_now(s->history), NULL);
    case ACT_TRAY_TAGS:
        return ev->text ? world_keep(app, steer_now(s->history), ev->text) : false;
    case ACT_COPY:
        return world_copy(app, steer_now(s->history)), true;
    case ACT_SAVE:
        return save(s, app, ev->text);
    case ACT_OPEN:
        return go_to(s, app, ev->text);
    case ACT_CANCEL:
        return *s->filter ? set_filter(s, app, "") : false;
    default:
        return act_slider(s, app, ev) || act_words(s, app, ev->action, ev->text);
    }
}
