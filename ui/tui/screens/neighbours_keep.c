/* What a session keeps of Neighbours: what is asked, how it is looked at, the map's part in sight, the way.
 */
#include "tui/screens/neighbours_state.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const page_name[NEAR_PAGES] = {"rows", "wall", "map", "confusion"};

static void put_map(Json *o, const NearMap *m)
{
    Json *map = json_make(), *hidden = json_make_array();
    json_put_bool(map, "pca", m->pca);
    json_put_num(map, "x", (double)m->view.x);
    json_put_num(map, "y", (double)m->view.y);
    json_put_num(map, "span", (double)m->view.span);
    json_put_num(map, "at x", (double)m->at[0]);
    json_put_num(map, "at y", (double)m->at[1]);
    for (int c = 0; c < NEAR_CLASSES; c++)
        if (m->hidden[c]) json_add_int(hidden, c);
    json_put(map, "hidden", hidden);
    json_put(o, "map", map);
}

static void put_way(Json *o, const NearWay *way)
{
    char text[ADDRESS_BYTES_MAX + 1];
    Json *frames = json_make_array();
    for (int i = 0; i < way->frames; i++)
        json_add_str(frames, address_print(text, &way->frame[i], NULL) ? text : "");
    json_put(o, "way", frames);
    json_put_str(o, "way to", way->name);
    json_put_int(o, "frame", way->at);
}

void neighbours_save(const void *self, Json *out)
{
    const NeighboursScreen *s = self;
    json_put_str(out, "page", page_name[s->page]);
    json_put_str(out, "space", space_name((Space)s->space));
    json_put_str(out, "metric", metric_name(s->metric));
    json_put_str(out, "among", among_name(s->among));
    json_put_int(out, "item", s->item);
    json_put_int(out, "size", s->size);
    json_put_int(out, "class", s->class);
    if (s->kind == QUERY_REAL) json_put_int(out, "real", s->origin);
    if (s->kind == QUERY_FILE && *s->path) json_put_str(out, "file", s->path);
    put_map(out, &s->map);
    if (s->way.frames) put_way(out, &s->way);
    json_put_int(out, "cell label", s->slices.label);
    json_put_int(out, "cell guess", s->slices.guess);
}

/* --- taking up ------------------------------------------------------------------------------------------ */

static float share(const Json *o, const char *key, double otherwise)
{
    double x = json_num(o, key, otherwise);
    return (float)(x >= 0 && x <= 1 ? x : otherwise);
}

static void get_map(NearMap *m, const Json *o)
{
    const Json *hidden = json_get(o, "hidden");
    int64_t c;
    m->pca = json_bool(o, "pca", false);
    m->view = (ScatterView){share(o, "x", 0), share(o, "y", 0), share(o, "span", 1)};
    scatter_pan(&m->view, 0, 0);
    m->at[0] = share(o, "at x", 0.5);
    m->at[1] = share(o, "at y", 0.5);
    for (size_t i = 0; hidden && i < json_count(hidden); i++)
        if (json_value_int(json_at(hidden, i), &c) && c >= 0 && c < NEAR_CLASSES) m->hidden[c] = true;
}

/* A frame that cannot be made any more ends the way. */
static void get_way(NearWay *way, const World *w, const Json *frames, const Json *in)
{
    const char *text;
    for (size_t i = 0; i < json_count(frames) && way->frames < WAY_FRAMES; i++) {
        Address *a = &way->frame[way->frames];
        if (!json_value_str(json_at(frames, i), &text) || !address_parse(a, text, NULL) ||
            !latent_check(w->g, a, NULL))
            break;
        way->frames++;
    }
    if (way->frames < 2) way->frames = 0;
    snprintf(way->name, sizeof way->name, "%s", json_str(in, "way to", ""));
    int64_t at = json_int(in, "frame", 0);
    way->at = at >= 0 && at < way->frames ? (int)at : 0;
}

static int number(const Json *in, const char *key, int low, int high, int otherwise)
{
    int64_t x = json_int(in, key, otherwise);
    return x >= low && x <= high ? (int)x : otherwise;
}

bool neighbours_load(void *self, App *app, const Json *in, Err *err)
{
    NeighboursScreen *s = self;
    World *w = app_world(app);
    Space space = SPACE_ENCODER;
    Metric metric = METRIC_COSINE;
    Among among = AMONG_REAL;
    if (!space_named(&space, json_str(in, "space", "encoder"), err) ||
        !metric_named(&metric, json_str(in, "metric", "cosine"), err) ||
        !among_named(&among, json_str(in, "among", "real"), err))
        return false;
    s->space = space;
    s->metric = metric;
    s->among = among;
    for (int p = 0; p < NEAR_PAGES; p++)
        if (!strcmp(json_str(in, "page", "rows"), page_name[p])) s->page = (NearPage)p;
    s->size = number(in, "size", 0, NEAR_SIZES, 0);
    s->class = number(in, "class", -1, w->g->config.classes - 1, -1);
    s->slices.label = number(in, "cell label", 0, NEAR_CLASSES, 0);
    s->slices.guess = number(in, "cell guess", 0, NEAR_CLASSES, 0);
    if (json_get(in, "map")) get_map(&s->map, json_get(in, "map"));
    if (json_get(in, "way")) get_way(&s->way, w, json_get(in, "way"), in);
    way_paint(s, app);
    s->ticket = 0;
    if (json_get(in, "real")) near_ask_real(s, app, number(in, "real", 0, INT32_MAX, 0));
    if (json_get(in, "file")) near_take_text(s, app, json_str(in, "file", ""));
    s->item = number(in, "item", 0, FINDER_K - 1, 0);
    s->wall.at = (uint64_t)s->item;
    if (s->among == AMONG_TRAY) world_tray(app);
    return true;
}
