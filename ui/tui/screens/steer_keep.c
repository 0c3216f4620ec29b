/* What a session keeps of the Steer screen: the tree of states, the focus, what is folded. */
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 64 }; /* states; of a longer history the way to where it stands */

static const char *const group_key[GROUPS] = {"view", "walks", "mine", "pca", "sefa", "more", "pixels"};

/* --- saving --------------------------------------------------------------------------------------------- */

static int row_of(const Tree *t, const Address *a)
{
    for (int i = 0; i < t->nodes; i++)
        if (t->node[i].address == a) return i;
    return -1;
}

/* Rows to keep, each after its parent: all, or the last ones on the way to now. */
static int choose(const Tree *t, int row[KEPT])
{
    int n = 0, at = 0;
    if (t->nodes <= KEPT) {
        for (; n < t->nodes; n++) row[n] = n;
        return n;
    }
    while (at < t->nodes && !t->node[at].now) at++;
    for (; at >= 0 && at < t->nodes && n < KEPT; at = t->node[at].before ? row_of(t, t->node[at].before) : -1)
        row[n++] = at;
    for (int i = 0; i < n / 2; i++) {
        int other = row[i];
        row[i] = row[n - 1 - i], row[n - 1 - i] = other;
    }
    return n;
}

static void put_states(const SteerScreen *s, Json *o)
{
    Json *all = json_make_array();
    char text[ADDRESS_BYTES_MAX + 1];
    int row[KEPT], n = choose(&s->tree, row);
    for (int i = 0; i < n; i++) {
        const SteerNode *node = &s->tree.node[row[i]];
        Json *state = json_make();
        int from = -1;
        for (int k = 0; k < i; k++)
            if (s->tree.node[row[k]].address == node->before) from = k;
        json_put_str(state, "address", address_print(text, node->address, NULL) ? text : "");
        if (from >= 0) json_put_int(state, "from", from);
        if (node->now) json_put_int(o, "now", i);
        json_add(all, state);
    }
    json_put(o, "states", all);
}

void steer_save(const void *self, Json *o)
{
    const SteerScreen *s = self;
    const Knob *k = steer_focused(s);
    Json *folded = json_make_array();
    for (int g = 0; g < GROUPS; g++)
        if (s->folded[g]) json_add_str(folded, group_key[g]);
    json_put(o, "folded", folded);
    json_put_str(o, k ? "focus" : "heading", k ? k->dir : group_key[steer_group(s)]);
    json_put_num(o, "step", s->step);
    json_put_bool(o, "by effect", s->by_effect);
    json_put_int(o, "first layer", s->range.first);
    json_put_int(o, "last layer", s->range.last);
    json_put_int(o, "pane", s->pane);
    put_states(s, o);
}

/* --- taking up ------------------------------------------------------------------------------------------ */

static bool read_state(const World *w, const Json *state, Address *a)
{
    const char *text = json_is_object(state) ? json_str(state, "address", NULL) : NULL;
    return text && address_parse(a, text, NULL) && latent_check(w->g, a, NULL);
}

/* A state that cannot be made any more (another model, a lost file) ends the list there. */
static Steer *take_states(const World *w, const Json *all, int64_t now)
{
    Address a;
    Steer *history = NULL;
    int id[KEPT], n = 0;
    for (; n < (int)json_count(all) && n < KEPT && read_state(w, json_at(all, (size_t)n), &a); n++) {
        int64_t from = json_int(json_at(all, (size_t)n), "from", 0);
        bool ok = true;
        if (!history)
            ok = (history = steer_new(&a, NULL)) != NULL;
        else
            ok = from >= 0 && from < n && steer_go(history, id[from]) && steer_push(history, &a, NULL);
        if (!ok) break;
        id[n] = steer_id(history);
    }
    if (n) steer_go(history, id[now >= 0 && now < n ? now : n - 1]);
    return history;
}

static void take_looks(SteerScreen *s, App *app, const Json *in)
{
    const World *w = app_world(app);
    const Json *folded = json_get(in, "folded");
    const char *name;
    for (size_t i = 0; folded && i < json_count(folded); i++)
        for (int g = 0; g < GROUPS; g++)
            if (json_value_str(json_at(folded, i), &name) && !strcmp(name, group_key[g])) s->folded[g] = true;
    double step = json_num(in, "step", 0.25);
    s->step = step >= 1.0 / 64 && step <= 2 ? step : 0.25;
    s->by_effect = json_bool(in, "by effect", false);
    LayerRange r = {(int)json_int(in, "first layer", 0), (int)json_int(in, "last layer", 0)};
    if (r.first >= 1 && r.first <= r.last && r.last <= w->g->layers) s->range = r;
    int64_t pane = json_int(in, "pane", 0);
    s->pane = pane > 0 && pane < PANES ? (SteerPane)pane : PANE_STRIP;
    steer_rows(s, w);
    int at = steer_find_knob(s, json_str(in, "focus", ""));
    if (at >= 0) steer_focus_on(s, app, at);
    for (int i = 0; i < s->rows; i++)
        if (s->row[i].heading && !strcmp(group_key[s->row[i].at], json_str(in, "heading", "")))
            s->list.selected = i;
    sliders_move(&s->list, s->rows, 0, steer_slider_rows(s, app));
}

bool steer_load(void *self, App *app, const Json *in, Err *err)
{
    SteerScreen *s = self;
    World *w = app_world(app);
    const Json *all = json_get(in, "states");
    Steer *history = all && json_is_array(all) ? take_states(w, all, json_int(in, "now", -1)) : NULL;
    if (history && !address_equal(steer_now(history), &w->view) && !steer_push(history, &w->view, err)) {
        steer_free(history);
        return false;
    }
    if (history) {
        steer_free(s->history);
        s->history = history;
    }
    memset(s->folded, 0, sizeof s->folded);
    take_looks(s, app, in);
    tree_update(s);
    steer_fill(s, w);
    steer_ask(s, app);
    return true;
}
