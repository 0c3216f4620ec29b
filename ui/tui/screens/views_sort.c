/* The wall in order of a meter: a list of views is measured beside the screen; once all is known, they change
 * places once. */
#include "tui/screens/views_state.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void views_unsort(ViewsScreen *v)
{
    Sorted *s = &v->sorted;
    if (s->news) news_drop(&s->news->news);
    free(s->list);
    free(s->order);
    *s = (Sorted){.by = ORDER_SEED};
}

const Meter *views_sort_meter(const ViewsScreen *v, uint64_t place)
{
    const Sorted *s = &v->sorted;
    if (!views_is_sorted(v) || !s->news || place >= (uint64_t)s->n) return NULL;
    return &s->news->meter[s->order[place]];
}

/* The views picked, where they are several, else those from a seed on. */
static int list_views(ViewsScreen *v, const World *w, uint64_t first, Address **out)
{
    int n = v->picks > 1 ? v->picks < METERS_MAX ? v->picks : METERS_MAX : SORTED_VIEWS;
    if (v->picks <= 1 && UINT64_MAX - first < (uint64_t)n) first = UINT64_MAX - (uint64_t)(n - 1);
    Address *list = malloc((size_t)n * sizeof *list);
    for (int i = 0; list && i < n; i++)
        list[i] = v->picks > 1 ? v->pick[i].address : views_at(v, w, first + (uint64_t)i);
    *out = list;
    return n;
}

static void measure_list(ViewsScreen *v, App *app, MeterOrder by, uint64_t first)
{
    World *w = app_world(app);
    Meters *m = world_meters(app);
    Sorted next = {.by = by, .first = first, .from = views_selected(v, w)};
    Grid shown = v->grid;
    if (!m) return;
    if (views_is_sorted(v)) shown = (Grid){v->sorted.first, v->sorted.first};
    views_unsort(v);
    v->grid = shown; /* by seed until the order is known */
    next.n = list_views(v, w, first, &next.list);
    if (!next.list) return;
    next.ticket = meters_ask(m, METER_WALL, next.list, next.n, &next.from);
    v->sorted = next;
    v->measuring = true;
    views_ask(v, app);
}

static void put_in_order(ViewsScreen *v, App *app)
{
    Sorted *s = &v->sorted;
    if (!s->order) s->order = malloc((size_t)s->n * sizeof *s->order);
    if (!s->order) return;
    meter_sort(s->order, s->news->meter, s->n, s->by);
    v->grid = (Grid){0};
    views_ask(v, app);
}

static bool known(const Sorted *s)
{
    return s->news && s->news->ticket == s->ticket && s->news->done == s->n;
}

void views_sort(ViewsScreen *v, App *app, MeterOrder by)
{
    World *w = app_world(app);
    Sorted *s = &v->sorted;
    Address selected = views_selected(v, w);
    if (v->plane.on) seeds_leave(v, app);
    if (by == ORDER_SEED) {
        bool seed = selected.source.kind == SOURCE_SEED;
        views_unsort(v);
        views_go(v, app, seed ? selected.source.ref[0].id : v->base);
        return;
    }
    /* Of the same views all meters are known; only the distance has another beginning. */
    if (known(s) && s->order && (by != ORDER_DISTANCE || address_equal(&s->from, &selected)) &&
        v->picks < 2) {
        s->by = by;
        put_in_order(v, app);
        return;
    }
    measure_list(v, app, by, s->by == ORDER_SEED ? v->grid.top : s->first);
}

void views_sort_again(ViewsScreen *v, App *app)
{
    if (v->sorted.by != ORDER_SEED) measure_list(v, app, v->sorted.by, v->sorted.first);
}

/* Nothing to sort by: said once, and the wall stays by seed. */
static bool nothing_known(const Sorted *s)
{
    for (int i = 0; i < s->n; i++)
        if (!isnan(meter_order_value(&s->news->meter[i], s->by))) return false;
    return true;
}

bool views_sort_tick(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    Sorted *s = &v->sorted;
    if (s->by == ORDER_SEED || v->plane.on || !world_take_meters(app, METER_WALL, &s->news)) return false;
    bool more = s->by == ORDER_REALISM && !s->news->real && meters_busy(w->meters, true);
    if (s->order || !known(s) || more) return true;
    if (nothing_known(s)) {
        app_notice(app, "these views cannot be sorted by %s: %s", meter_order_name(s->by), s->news->why);
        views_unsort(v);
        return true;
    }
    put_in_order(v, app);
    return true;
}
