/* The plane between four seeds: each cell is the bilinear blend of their latents at its place, judged as it
 * is seen. */
#include "tui/screens/views_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SPAN_LEAST 0.01f
#define PLACES     10000 /* parts that 0..1 is rounded to, so that addresses stay short */

/* Where cell i of `cells` lies. */
static float along(float from, float span, int i, int cells)
{
    float x = cells > 1 ? from + span * (float)i / (float)(cells - 1) : from + span / 2;
    return roundf(x * PLACES) / PLACES;
}

Address seeds_cell(const ViewsScreen *v, const World *w, int i)
{
    const SeedPlane *p = &v->plane;
    int cols = p->cols > 0 ? p->cols : 1;
    Address a =
        address_of_seed(w->g->slug, w->g->digest, p->seed[0], w->g->config.classes ? p->class : -1, v->psi);
    a.source.kind = SOURCE_BLEND;
    for (int k = 0; k < 4; k++) a.source.ref[k] = (LatentRef){REF_SEED, p->seed[k]};
    a.source.at[0] = along(p->x, p->span, i % cols, cols);
    a.source.at[1] = along(p->y, p->span, i / cols, p->rows);
    return a;
}

static int clamp(int x, int high)
{
    return x < 0 || high < 0 ? 0 : x > high ? high : x;
}

void seeds_fit(SeedPlane *p, const Wall *wall)
{
    if (wall->cols < 1 || wall->rows < 1) return;
    p->cols = wall->cols;
    p->rows = wall->rows;
    p->cx = clamp(p->cx, p->cols - 1);
    p->cy = clamp(p->cy, p->rows - 1);
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool read_seeds(uint64_t seed[4], const char *text, Err *err)
{
    char word[4][24] = {{0}};
    if (sscanf(text, "%23[0-9] %23[0-9] %23[0-9] %23[0-9]", word[0], word[1], word[2], word[3]) != 4)
        return err_set(err, ERR_USAGE, "\"%s\" are not four seeds with blanks between them", text);
    for (int k = 0; k < 4; k++)
        if (!world_seed(word[k], &seed[k], err)) return false;
    return true;
}

/* The four views picked when they are just that, plain ones of a seed each. */
static bool picked_seeds(uint64_t seed[4], const ViewsScreen *v)
{
    if (v->picks != 4) return false;
    for (int k = 0; k < 4; k++) {
        if (v->pick[k].address.source.kind != SOURCE_SEED) return false;
        seed[k] = v->pick[k].address.source.ref[0].id;
    }
    return true;
}

void seeds_show(ViewsScreen *v, App *app, const char *seeds)
{
    World *w = app_world(app);
    SeedPlane *p = &v->plane;
    Address a = views_selected(v, w);
    uint64_t seed[4];
    Err err = {0};
    if (seeds && !read_seeds(seed, seeds, &err)) {
        app_fail(app, &err);
        return;
    }
    for (int k = 0; !seeds && k < 4; k++) seed[k] = a.source.ref[0].id + (uint64_t)k;
    if (!seeds) picked_seeds(seed, v);
    if (v->sorted.by != ORDER_SEED) views_unsort(v), v->grid = (Grid){seed[0], seed[0]};
    if (p->news) news_drop(&p->news->news);
    *p = (SeedPlane){.on = true, .class = a.class, .span = 1};
    for (int k = 0; k < 4; k++) p->seed[k] = seed[k];
    views_ask(v, app);
}

void seeds_leave(ViewsScreen *v, App *app)
{
    if (v->plane.news) news_drop(&v->plane.news->news);
    v->plane = (SeedPlane){0};
    views_move(v, app, 0, 0);
}

/* --- moving --------------------------------------------------------------------------------------------- */

/* The cursor first, then the part in sight by a cell. */
static void step(int *at, float *from, float span, int cells, int by)
{
    int to = *at + by;
    if (to >= 0 && to < cells) {
        *at = to;
        return;
    }
    float cell = cells > 1 ? span / (float)(cells - 1) : span;
    *at = clamp(to, cells - 1);
    *from = fminf(fmaxf(*from + cell * (float)(to - *at), 0), 1 - span);
}

void seeds_move(ViewsScreen *v, App *app, int columns, int rows)
{
    SeedPlane *p = &v->plane;
    Wall wall = views_wall(v, app, app_body(app));
    seeds_fit(p, &wall);
    step(&p->cx, &p->x, p->span, p->cols, columns);
    step(&p->cy, &p->y, p->span, p->rows, rows);
}

/* The selected cell stays where it is as far as the edges allow. */
static float zoomed(float from, float span, float next, int at, int cells)
{
    float share = cells > 1 ? (float)at / (float)(cells - 1) : 0.5f;
    return fminf(fmaxf(from + share * (span - next), 0), 1 - next);
}

void seeds_zoom(ViewsScreen *v, App *app, bool in)
{
    SeedPlane *p = &v->plane;
    float next = in ? p->span / 2 : fminf(p->span * 2, 1);
    if (next < SPAN_LEAST) return;
    p->x = zoomed(p->x, p->span, next, p->cx, p->cols);
    p->y = zoomed(p->y, p->span, next, p->cy, p->rows);
    p->span = next;
    views_ask(v, app);
}

/* --- meters --------------------------------------------------------------------------------------------- */

void seeds_ask(ViewsScreen *v, App *app)
{
    World *w = app_world(app);
    SeedPlane *p = &v->plane;
    Meters *m = world_meters(app);
    int n = p->cols * p->rows < METERS_MAX ? p->cols * p->rows : METERS_MAX;
    Address *list = m && n > 0 ? malloc((size_t)n * sizeof *list) : NULL;
    if (!list) return;
    for (int i = 0; i < n; i++) list[i] = seeds_cell(v, w, i);
    bool same = p->news && p->news->ticket == p->ticket && p->news->n == n && p->news->address &&
                address_equal(&list[0], &p->news->address[0]) &&
                address_equal(&list[n - 1], &p->news->address[n - 1]);
    if (!same) {
        p->ticket = meters_ask(m, METER_WALL, list, n, NULL);
        v->measuring = true;
    }
    free(list);
}

bool seeds_tick(ViewsScreen *v, App *app)
{
    return v->plane.on && world_take_meters(app, METER_WALL, &v->plane.news);
}

const Meter *seeds_meter(const ViewsScreen *v, int i)
{
    const SeedPlane *p = &v->plane;
    bool there = p->news && p->news->ticket == p->ticket && i < p->news->done;
    return there ? &p->news->meter[i] : NULL;
}
