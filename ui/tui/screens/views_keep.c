/* What a session keeps of Views: place, class, psi, order, plane, what is selected. Marks are the world's. */
#include "tui/screens/views_state.h"
#include <stdio.h>
#include <stdlib.h>

/* Seeds as text: JSON numbers end at 2^53. */
static void put_seed(Json *o, const char *key, uint64_t seed)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    json_put_str(o, key, text);
}

static uint64_t get_seed(const Json *o, const char *key, uint64_t otherwise)
{
    const char *text = json_str(o, key, NULL);
    uint64_t seed;
    return text && world_seed(text, &seed, NULL) ? seed : otherwise;
}

static void put_plane(Json *o, const SeedPlane *p)
{
    static const char *const corner[] = {"a", "b", "c", "d"};
    Json *plane = json_make();
    for (int k = 0; k < 4; k++) put_seed(plane, corner[k], p->seed[k]);
    json_put_int(plane, "class", p->class);
    json_put_num(plane, "x", (double)p->x);
    json_put_num(plane, "y", (double)p->y);
    json_put_num(plane, "span", (double)p->span);
    json_put_int(plane, "column", p->cx);
    json_put_int(plane, "row", p->cy);
    json_put(o, "plane", plane);
}

void views_save(const void *self, Json *out)
{
    const ViewsScreen *v = self;
    bool sorted = views_is_sorted(v);
    char text[ADDRESS_BYTES_MAX + 1];
    Json *picks = json_make_array();
    put_seed(out, "base", v->base);
    put_seed(out, "top", sorted ? v->sorted.first : v->grid.top);
    put_seed(out, "at", sorted ? v->sorted.first : v->grid.at);
    json_put_int(out, "class", v->class);
    json_put_num(out, "psi", (double)v->psi);
    if (v->sized) json_put_int(out, "size", v->size);
    if (*v->space) json_put_str(out, "space", v->space);
    json_put_str(out, "sort", meter_order_name(v->sorted.by));
    if (v->plane.on) put_plane(out, &v->plane);
    for (int i = 0; i < v->picks; i++)
        if (address_print(text, &v->pick[i].address, NULL)) json_add_str(picks, text);
    json_put(out, "picked", picks);
}

static float between(double x, double low, double high, double otherwise)
{
    return (float)(x >= low && x <= high ? x : otherwise);
}

static void get_plane(ViewsScreen *v, const Json *o)
{
    SeedPlane *p = &v->plane;
    *p = (SeedPlane){.on = true, .class = (int)json_int(o, "class", 0)};
    static const char *const corner[] = {"a", "b", "c", "d"};
    for (int k = 0; k < 4; k++) p->seed[k] = get_seed(o, corner[k], (uint64_t)k);
    p->span = between(json_num(o, "span", 1), 0.001, 1, 1);
    p->x = between(json_num(o, "x", 0), 0, 1 - (double)p->span, 0);
    p->y = between(json_num(o, "y", 0), 0, 1 - (double)p->span, 0);
    p->cx = (int)json_int(o, "column", 0);
    p->cy = (int)json_int(o, "row", 0);
}

static void get_picks(ViewsScreen *v, const World *w, const Json *list)
{
    const char *text;
    Address a;
    if (!v->pick) v->pick = malloc(PICKS_MAX * sizeof *v->pick);
    for (size_t i = 0; v->pick && i < json_count(list) && v->picks < PICKS_MAX; i++) {
        if (!json_value_str(json_at(list, i), &text) || !address_parse(&a, text, NULL)) continue;
        if (latent_check(w->g, &a, NULL)) v->pick[v->picks++] = (Pick){a, album_key(&a)};
    }
}

bool views_load(void *self, App *app, const Json *in, Err *err)
{
    ViewsScreen *v = self;
    World *w = app_world(app);
    int classes = w->g->config.classes, class = (int)json_int(in, "class", -1);
    int size = (int)json_int(in, "size", -1);
    MeterOrder by = ORDER_SEED;
    if (class < -1 || class >= (classes ? classes : 1))
        return err_set(err, ERR_FORMAT,
                       "the wall of the session shows class %d, which the generator does not have", class);
    v->base = get_seed(in, "base", v->base);
    v->class = class;
    v->psi = between(json_num(in, "psi", 0.8), 0, 1.5, 0.8);
    v->sized = size >= 0 && size < SIZES;
    if (v->sized) v->size = size;
    v->grid = (Grid){get_seed(in, "top", v->base), get_seed(in, "at", v->base)};
    if (json_get(in, "picked")) get_picks(v, w, json_get(in, "picked"));
    if (json_get(in, "plane")) get_plane(v, json_get(in, "plane"));
    if (v->plane.class < 0 || v->plane.class >= classes) v->plane.class = 0;
    if (json_get(in, "space")) views_measure_in(v, app, json_str(in, "space", "judge"), NULL);
    views_move(v, app, 0, 0);
    if (!v->plane.on && meter_order_named(&by, json_str(in, "sort", "seed"), NULL) && by != ORDER_SEED)
        views_sort(v, app, by);
    return true;
}
