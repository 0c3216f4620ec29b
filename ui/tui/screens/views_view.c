/* How the wall of Views looks: pictures, a line under each, and on its upper edge what it is. */
#include "tui/screens/views_state.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LABEL 48
#define SURE  0.5f /* below this the judge does not really see that class */

typedef char Label[LABEL];

/* ".41", "1.07" */
static const char *short_number(char out[16], double x)
{
    snprintf(out, 16, "%.2f", x);
    return *out == '0' ? out + 1 : out;
}

/* ".41 coat", or what else there is room for. */
static void meter_label(Label out, const Meter *m, MeterOrder by, const World *w, int class)
{
    char number[16];
    float shown = by == ORDER_CLASS ? m->own : fabsf(meter_order_value(m, by));
    const char *name = by == ORDER_CLASS || by == ORDER_ENTROPY ? meters_class(w->meters, m->class[0])
                                                                : world_class(w, class);
    if (isnan(shown))
        snprintf(out, LABEL, "\u2013 %s", name);
    else
        snprintf(out, LABEL, "%s %s", short_number(number, (double)shown), name);
}

static void seed_label(Label out, const ViewsScreen *v, const World *w, const Address *a)
{
    if (v->class < 0 && a->class >= 0)
        snprintf(out, LABEL, "%s", world_class(w, a->class));
    else
        snprintf(out, LABEL, "%llu", (unsigned long long)a->source.ref[0].id);
}

/* Its number in the tray behind the label. */
static Ink kept_ink(Label label, const ViewsScreen *v, const Address *a, Ink otherwise)
{
    const KeptView *k = views_kept(v, a);
    size_t n = strlen(label);
    if (!k) return otherwise;
    snprintf(label + n, LABEL - n, " #%lld", (long long)k->id);
    return INK_GOOD;
}

static Tile wall_tile(const ViewsScreen *v, const World *w, int i, Label label)
{
    uint64_t place = v->grid.top + (uint64_t)i;
    Address a = views_at(v, w, place);
    const Meter *m = views_sort_meter(v, place);
    if (m)
        meter_label(label, m, v->sorted.by, w, a.class);
    else
        seed_label(label, v, w, &a);
    Tile t = {.line = {label}, .ink = kept_ink(label, v, &a, INK_DIM), .picked = views_picked(v, &a)};
    t.image = album_find(v->album, &a, &t.id);
    return t;
}

/* In the plane the line tells what the judge sees there: where one class becomes another. */
static Tile plane_tile(const ViewsScreen *v, const World *w, int i, Label label)
{
    char number[16];
    Address a = seeds_cell(v, w, i);
    const Meter *m = seeds_meter(v, i);
    bool seen = m && m->class[0] >= 0, other = seen && m->class[0] != a.class;
    snprintf(label, LABEL, "%.2f,%.2f", (double)a.source.at[0], (double)a.source.at[1]);
    if (seen)
        snprintf(label, LABEL, "%s %s", short_number(number, (double)m->share[0]),
                 meters_class(w->meters, m->class[0]));
    Ink ink = other ? INK_WARN : seen && m->share[0] < SURE ? INK_TEXT : INK_DIM;
    Tile t = {.line = {label}, .ink = kept_ink(label, v, &a, ink), .picked = views_picked(v, &a)};
    t.image = album_find(v->album, &a, &t.id);
    return t;
}

/* --- the upper edge ------------------------------------------------------------------------------------- */

static void sorting_text(char *out, size_t cap, const ViewsScreen *v)
{
    const Sorted *s = &v->sorted;
    const MeterNews *n = s->news && s->news->ticket == s->ticket ? s->news : NULL;
    if (views_is_sorted(v))
        snprintf(out, cap, "%s \u00b7 %d views", meter_order_says(s->by), s->n);
    else if (n && n->done == s->n)
        snprintf(out, cap, "real pictures %d of %d", n->filled, n->total);
    else
        snprintf(out, cap, "sorting %d of %d", n ? n->done : 0, s->n);
}

/* What is shown, most telling first, as far as `width` columns hold it. */
static void edge_text(char *out, size_t cap, const ViewsScreen *v, const World *w, int width)
{
    char picks[32] = "", order[64] = "", class[48] = "", psi[16], zoom[24] = "";
    const SeedPlane *p = &v->plane;
    const char *const part[] = {picks, order, zoom, class, psi};
    if (v->picks) snprintf(picks, sizeof picks, "%d selected", v->picks);
    if (p->on)
        snprintf(zoom, sizeof zoom, "%.0f\u00d7", 1 / (double)p->span);
    else if (v->sorted.by != ORDER_SEED)
        sorting_text(order, sizeof order, v);
    int shown = p->on ? p->class : v->class;
    snprintf(class, sizeof class, "%s", shown < 0 ? "all classes" : world_class(w, shown));
    snprintf(psi, sizeof psi, "\u03c8 %.2f", (double)v->psi);
    *out = 0;
    for (size_t i = 0, n = 0; i < sizeof part / sizeof *part; i++) {
        if (!*part[i] || text_width(out) + 3 + text_width(part[i]) > width) continue;
        int wrote = snprintf(out + n, cap - n, "%s%s", n ? " \u00b7 " : "", part[i]);
        n += wrote > 0 ? (size_t)wrote : 0;
    }
}

static void title_text(char *out, size_t cap, const ViewsScreen *v)
{
    const uint64_t *s = v->plane.seed;
    if (!v->plane.on)
        snprintf(out, cap, "Views");
    else
        snprintf(out, cap, "Plane of seeds %llu %llu %llu %llu", (unsigned long long)s[0],
                 (unsigned long long)s[1], (unsigned long long)s[2], (unsigned long long)s[3]);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void draw_wall(const ViewsScreen *v, const World *w, Canvas *c, const Wall *wall)
{
    Tile tile[CANVAS_PICTURES];
    Label label[CANVAS_PICTURES];
    int n = v->plane.on ? wall->cols * wall->rows : grid_sight(&v->grid, wall, views_last(v));
    if (n > CANVAS_PICTURES) n = CANVAS_PICTURES;
    for (int i = 0; i < n; i++)
        tile[i] = v->plane.on ? plane_tile(v, w, i, label[i]) : wall_tile(v, w, i, label[i]);
    Grid plane = {0, (uint64_t)(v->plane.cy * v->plane.cols + v->plane.cx)};
    grid_draw(v->plane.on ? &plane : &v->grid, c, wall, tile, n, true);
}

int views_hints(const void *self, Action *out, int max)
{
    static const Action all[] = {ACT_VIEWS_STEER,  ACT_VIEWS_NEW,       ACT_VIEWS_SORT, ACT_VIEWS_PICK,
                                 ACT_VIEWS_PLANE,  ACT_VIEWS_CLASS,     ACT_VIEWS_SEED, ACT_VIEWS_PSI_UP,
                                 ACT_VIEWS_LARGER, ACT_VIEWS_NEIGHBOURS};
    static const Action picked[] = {ACT_VIEWS_PICK, ACT_TRAY, ACT_VIEWS_WALL, ACT_VIEWS_SORT,
                                    ACT_VIEWS_PICK_ALL};
    static const Action plane[] = {ACT_VIEWS_STEER, ACT_VIEWS_LARGER, ACT_VIEWS_NEW, ACT_VIEWS_PICK,
                                   ACT_VIEWS_PLANE};
    const ViewsScreen *v = self;
    const Action *from = v->plane.on ? plane : v->picks ? picked : all;
    int n = v->plane.on ? 5 : v->picks ? 5 : 10;
    for (int i = 0; i < n && i < max; i++) out[i] = from[i];
    return n < max ? n : max;
}

void views_view(const void *self, const App *app, Canvas *c, Rect area)
{
    const ViewsScreen *v = self;
    const World *w = app_world(app);
    char title[128], edge[128];
    Rect body = area, side = rect_cut_right(&body, views_side_width(app, area));
    title_text(title, sizeof title, v);
    edge_text(edge, sizeof edge, v, w, body.w - text_width(title) - 8);
    canvas_box(c, body, true, title, edge);
    Wall wall = views_wall(v, app, area);
    draw_wall(v, w, c, &wall);
    if (!rect_empty(side)) views_column(v, app, c, side);
}
