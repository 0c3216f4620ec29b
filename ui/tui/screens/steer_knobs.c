/* What can be moved on the Steer screen: psi, the way from A to B, directions in groups, pixel operators. */
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const group_name[GROUPS] = {
    [GROUP_VIEW] = "this view",        [GROUP_WALK] = "walks",           [GROUP_OWN] = "mine",
    [GROUP_PCA] = "PCA of w",          [GROUP_SEFA] = "SeFa of weights", [GROUP_MORE] = "more directions",
    [GROUP_PIXEL] = "pixel operators",
};

const char *steer_group_name(Group g)
{
    return group_name[g];
}

/* --- finding them --------------------------------------------------------------------------------------- */

/* The values of pixel operators that have a slider. */
static const struct {
    const char *name, *unit;
    PixelOpKind op;
    int part;
    double rest, scale;
    int decimals;
} pixel[] = {
    {"rotate", "°", PIXEL_ROTATE, 0, 0, 20, 0},         {"occlude", NULL, PIXEL_OCCLUDE, 2, 0, 0.2, 2},
    {"occlude x", NULL, PIXEL_OCCLUDE, 0, 0.5, 0.2, 2}, {"occlude y", NULL, PIXEL_OCCLUDE, 1, 0.5, 0.2, 2},
    {"shade", NULL, PIXEL_OCCLUDE, 3, -1, 0.5, 2},      {"blur", " px", PIXEL_BLUR, 0, 0, 1, 2},
    {"noise", NULL, PIXEL_NOISE, 0, 0, 0.2, 2},
};

enum { PIXELS = sizeof pixel / sizeof *pixel };

/* NULL where there are too many. */
static Knob *add(SteerScreen *s, KnobKind kind, Group group, const char *dir, const char *name)
{
    if (s->knobs == KNOBS_MAX) return NULL;
    Knob *k = &s->knob[s->knobs++];
    *k = (Knob){.kind = kind, .group = group, .scale = 1, .decimals = 2};
    snprintf(k->dir, sizeof k->dir, "%s", dir);
    snprintf(k->name, sizeof k->name, "%s", name);
    return k;
}

static Knob *add_direction(SteerScreen *s, Group group, const char *dir, const Direction *d)
{
    Knob *k = add(s, KNOB_DIRECTION, group, dir, d->name);
    if (!k) return NULL;
    k->is = d;
    k->low = d->low < d->high ? (double)d->low : -4;
    k->high = d->low < d->high ? (double)d->high : 4;
    k->scale = exp2(round(log2((k->high - k->low) / 8))); /* walks go farther: a step of theirs is longer */
    return k;
}

static void add_own(SteerScreen *s)
{
    for (int i = 0; i < s->own.n; i++) {
        Knob *k = add_direction(s, GROUP_OWN, s->own.own[i].dir, &s->own.own[i].is);
        if (k) learn_words(&s->own.own[i], k->more, sizeof k->more);
    }
}

static Group group_of(const Direction *d)
{
    if (*d->unit) return GROUP_WALK;
    if (!strncmp(d->name, "pca-", 4)) return GROUP_PCA;
    return !strncmp(d->name, "sefa-", 5) ? GROUP_SEFA : GROUP_MORE;
}

static void add_pixels(SteerScreen *s)
{
    char dir[ADDRESS_DIR_MAX + 1];
    for (int i = 0; i < PIXELS; i++) {
        const PixelParam *p = pixel_param(pixel[i].op, pixel[i].part);
        snprintf(dir, sizeof dir, "px-%s%s%s", pixel_op_name(p->op), p->strength ? "" : ".",
                 p->strength ? "" : p->name);
        Knob *k = add(s, KNOB_PIXEL, GROUP_PIXEL, dir, pixel[i].name);
        if (!k) return;
        k->op = pixel[i].op, k->part = pixel[i].part, k->unit = pixel[i].unit;
        k->low = (double)p->low, k->high = (double)p->high, k->rest = pixel[i].rest;
        k->scale = pixel[i].scale, k->decimals = pixel[i].decimals;
    }
}

void steer_knobs(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    char focus[ADDRESS_DIR_MAX + 1] = "";
    if (steer_focused(s)) snprintf(focus, sizeof focus, "%s", steer_focused(s)->dir);
    LatentStore store;
    directions_free(&s->own);
    if (store_open(&store, NULL, NULL)) direction_list(&s->own, &store, w->g, NULL);
    s->knobs = 0;
    Knob *k = s->way ? add(s, KNOB_WAY, GROUP_VIEW, "way", "A to B") : NULL;
    if (k) k->high = 1, k->scale = 0.2;
    k = add(s, KNOB_PSI, GROUP_VIEW, "psi", "psi");
    k->high = 1.5, k->rest = 1, k->scale = 0.2;
    for (int g = GROUP_WALK; g < GROUP_PIXEL; g++) {
        if (g == GROUP_OWN) add_own(s);
        for (int i = 0; i < w->g->directions; i++)
            if ((int)group_of(&w->g->direction[i]) == g)
                add_direction(s, (Group)g, w->g->direction[i].name, &w->g->direction[i]);
    }
    add_pixels(s);
    steer_rows(s, w);
    int at = *focus ? steer_find_knob(s, focus) : -1;
    if (at >= 0) steer_focus_on(s, app, at);
}

int steer_find_knob(const SteerScreen *s, const char *name)
{
    for (int i = 0; i < s->knobs; i++)
        if (!strcmp(s->knob[i].dir, name)) return i;
    for (int i = 0; i < s->knobs; i++)
        if (!strcmp(s->knob[i].name, name)) return i;
    return -1;
}

/* --- rows ----------------------------------------------------------------------------------------------- */

bool steer_passes(const SteerScreen *s, const Knob *k)
{
    return !*s->filter || strcasestr(k->name, s->filter) || (k->is && strcasestr(k->is->caption, s->filter));
}

/* The knobs of one group in their order, those that the filter lets through; returns how many. */
static int in_group(const SteerScreen *s, Group g, int out[KNOBS_MAX])
{
    int n = 0;
    for (int i = 0; i < s->knobs; i++) {
        if (s->knob[i].group != g || !steer_passes(s, &s->knob[i])) continue;
        int at = n++;
        for (; s->by_effect && at > 0 && s->knob[out[at - 1]].effect < s->knob[i].effect; at--)
            out[at] = out[at - 1];
        out[at] = i;
    }
    return n;
}

int steer_group_knobs(const SteerScreen *s, Group g, int *out, int max)
{
    int list[KNOBS_MAX], n = in_group(s, g, list);
    n = n < max ? n : max;
    memcpy(out, list, (size_t)n * sizeof *out);
    return n;
}

void steer_rows(SteerScreen *s, const World *w)
{
    Row was = s->rows ? s->row[s->list.selected] : (Row){true, -1};
    int list[KNOBS_MAX], found = -1;
    s->rows = 0;
    for (int g = 0; g < GROUPS; g++) {
        int n = in_group(s, (Group)g, list);
        if (!n) continue;
        s->row[s->rows++] = (Row){true, g};
        for (int i = 0; i < n && (!s->folded[g] || *s->filter); i++)
            s->row[s->rows++] = (Row){false, list[i]};
    }
    for (int i = 0; i < s->rows; i++)
        if (s->row[i].heading == was.heading && s->row[i].at == was.at) found = i;
    if (found < 0 && s->list.selected >= s->rows) found = s->rows - 1;
    if (found >= 0) s->list.selected = found;
    steer_fill(s, w);
}

const Knob *steer_focused(const SteerScreen *s)
{
    if (s->list.selected >= s->rows || s->row[s->list.selected].heading) return NULL;
    return &s->knob[s->row[s->list.selected].at];
}

Group steer_group(const SteerScreen *s)
{
    if (s->list.selected >= s->rows) return GROUP_VIEW;
    const Row *r = &s->row[s->list.selected];
    return r->heading ? (Group)r->at : s->knob[r->at].group;
}

void steer_focus_on(SteerScreen *s, App *app, int i)
{
    if (!steer_passes(s, &s->knob[i])) *s->filter = '\0';
    s->folded[s->knob[i].group] = false;
    steer_rows(s, app_world(app));
    for (int r = 0; r < s->rows; r++)
        if (!s->row[r].heading && s->row[r].at == i) s->list.selected = r;
    sliders_move(&s->list, s->rows, 0, steer_slider_rows(s, app));
}

/* --- values --------------------------------------------------------------------------------------------- */

static const PixelOp *find_op(const Address *a, PixelOpKind kind)
{
    for (int i = 0; i < a->pixes; i++)
        if (a->pix[i].kind == kind) return &a->pix[i];
    return NULL;
}

static double direction_value(const SteerScreen *s, const Knob *k, const Address *a)
{
    char dir[ADDRESS_DIR_MAX + 16];
    for (int i = 0; i < a->edits; i++) {
        const AddressEdit *e = &a->edit[i];
        snprintf(dir, sizeof dir, e->hashed ? "%s.%08x" : "%s", e->dir, (unsigned)e->hash);
        if (!strcmp(dir, k->dir) && e->range.first == s->range.first && e->range.last == s->range.last)
            return (double)e->amount;
    }
    return 0;
}

double steer_value(const SteerScreen *s, const Knob *k, const Address *a)
{
    const PixelOp *op = k->kind == KNOB_PIXEL ? find_op(a, k->op) : NULL;
    switch (k->kind) {
    case KNOB_WAY:
        return s->way_at / (double)(WAY - 1);
    case KNOB_PSI:
        return (double)a->psi;
    case KNOB_DIRECTION:
        return direction_value(s, k, a);
    default:
        return op && k->part < op->values ? (double)op->value[k->part] : k->rest;
    }
}

bool steer_pixel_form(const SteerScreen *s, PixelOpKind kind, char *out, size_t cap)
{
    const PixelOp *now = find_op(steer_now(s->history), kind);
    PixelOp op = now ? *now : pixel_op_new(kind);
    const PixelParam *p;
    size_t n = (size_t)snprintf(out, cap, "px %s", pixel_op_name(kind));
    for (int i = 0; i < op.values && (p = pixel_param(kind, i)) && n < cap; i++)
        n += (size_t)snprintf(out + n, cap - n, " %s=%.4g", p->name, (double)op.value[i]);
    for (int i = 0; (p = pixel_param(kind, i)) && n < cap; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s %.6g to %.6g", i ? ", " : "\t", p->name,
                              (double)p->least, (double)p->most);
    return true;
}

void steer_knob_command(const SteerScreen *s, const Knob *k, double value, char *out, size_t cap)
{
    char number[32], text[ADDRESS_BYTES_MAX + 1], range[32] = "";
    value = round((value < k->low ? k->low : value > k->high ? k->high : value) * 1000) / 1000;
    if (!text_float(number, sizeof number, (float)value)) snprintf(number, sizeof number, "0");
    if (s->range.first) snprintf(range, sizeof range, " %d-%d", s->range.first, s->range.last);
    if (k->kind == KNOB_WAY)
        snprintf(out, cap, "go %s",
                 address_print(text, &s->way[lround(value * (WAY - 1))], NULL) ? text : "");
    else if (k->kind == KNOB_PSI)
        snprintf(out, cap, "psi %s", number);
    else if (k->kind == KNOB_PIXEL)
        snprintf(out, cap, "px %s %s=%s", pixel_op_name(k->op), pixel_param(k->op, k->part)->name, number);
    else
        snprintf(out, cap, "set %s %s%s", k->dir, number, range);
}

bool steer_put(const SteerScreen *s, const World *w, Address *a, const Knob *k, double value, Err *err)
{
    char text[ADDRESS_BYTES_MAX + 32];
    steer_knob_command(s, k, value, text, sizeof text);
    return steer_apply(a, w->g, text, err);
}

/* --- what the list shows -------------------------------------------------------------------------------- */

/* "+14°", "1.2 times", "-3 px": what a walk reaches at this amount. */
bool steer_reach(const Knob *k, double value, char *out, size_t cap)
{
    float reach = k->is ? direction_reach(k->is, (float)value) : NAN;
    if (!isfinite(reach)) return false;
    if (!strcmp(k->is->unit, "deg"))
        snprintf(out, cap, "%+.0f°", (double)reach);
    else if (!strcmp(k->is->unit, "times"))
        snprintf(out, cap, "×%.2f", (double)reach);
    else
        snprintf(out, cap, "%+.1f %s", (double)reach, k->is->unit);
    return true;
}

static void note_of(const Knob *k, double value, char *out, size_t cap)
{
    *out = '\0';
    if (!k->is || (value != k->rest && steer_reach(k, value, out, cap))) return;
    if (*k->is->caption)
        snprintf(out, cap, "%s", k->is->caption);
    else if (k->is->share > 0)
        snprintf(out, cap, "%.0f %%", 100 * (double)k->is->share);
}

static bool at_limit(const Knob *k, double value)
{
    return k->group == GROUP_WALK && (value <= k->low || value >= k->high);
}

static Slider heading_of(SteerScreen *s, int row, int g)
{
    int list[KNOBS_MAX], n = in_group(s, (Group)g, list), moved = 0;
    for (int i = 0; i < n; i++) {
        const Knob *k = &s->knob[list[i]];
        moved += g != GROUP_VIEW && steer_value(s, k, steer_now(s->history)) != k->rest;
    }
    bool open = !s->folded[g] || *s->filter;
    snprintf(s->unit[row], NOTE, "%s %s", open ? "▾" : "▸", group_name[g]);
    s->note[row][0] = '\0';
    if (moved && !open)
        snprintf(s->note[row], NOTE, "%d, %d moved", n, moved);
    else if (!open)
        snprintf(s->note[row], NOTE, "%d", n);
    return (Slider){.name = s->unit[row], .note = s->note[row], .heading = true};
}

void steer_fill(SteerScreen *s, const World *w)
{
    double largest = 0;
    (void)w;
    for (int i = 0; i < s->knobs; i++) largest = fmax(largest, s->knob[i].effect);
    for (int r = 0; r < s->rows; r++) {
        if (s->row[r].heading) {
            s->slider[r] = heading_of(s, r, s->row[r].at);
            continue;
        }
        const Knob *k = &s->knob[s->row[r].at];
        double value = steer_value(s, k, steer_now(s->history));
        note_of(k, value, s->note[r], NOTE);
        s->slider[r] = (Slider){.name = k->name,
                                .low = k->low,
                                .high = k->high,
                                .value = value,
                                .unit = k->unit,
                                .note = s->note[r],
                                .decimals = k->decimals,
                                .effect = largest > 0 ? k->effect / largest : 0,
                                .warn = at_limit(k, value)};
    }
}

void steer_caption(const SteerScreen *s, const Knob *k, char *out, size_t cap, bool *limit)
{
    char reach[48] = "";
    double value = steer_value(s, k, steer_now(s->history));
    *limit = at_limit(k, value);
    steer_reach(k, value, reach, sizeof reach);
    if (*limit)
        snprintf(out, cap, "%s %s is as far as the generator goes: O has pixel operators", k->name, reach);
    else if (*k->more)
        snprintf(out, cap, "%s: %s", k->name, k->more);
    else if (k->is && *k->is->caption)
        snprintf(out, cap, "%s: %s%s%s", k->name, k->is->caption, *reach ? ", now " : "", reach);
    else if (*reach)
        snprintf(out, cap, "%s: now %s", k->name, reach);
    else if (k->is && k->is->share > 0)
        snprintf(out, cap, "%s: %.1f %% of the %s", k->name, 100 * (double)k->is->share,
                 k->group == GROUP_SEFA ? "weights' gain" : "variance of w");
    else
        *out = '\0';
}

/* --- by effect ------------------------------------------------------------------------------------------ */

static double difference(const Image *a, const Image *b)
{
    double sum = 0;
    size_t n = (size_t)a->w * (size_t)a->h * (size_t)a->c;
    for (size_t i = 0; i < n; i++) sum += abs(a->px[i] - b->px[i]);
    return n ? sum / (double)n : 0;
}

/* The painting holds the view, then one picture for every knob that is a direction. */
void steer_take_effects(SteerScreen *s, const World *w)
{
    const Painting *p = s->effect;
    for (int i = 0, at = 1; i < s->knobs && at < p->done; i++)
        if (s->knob[i].kind == KNOB_DIRECTION) s->knob[i].effect = difference(&p->image[at++], &p->image[0]);
    steer_rows(s, w);
}
