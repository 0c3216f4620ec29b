/* The kinds of latent view: names, what a generator can make of them, and the address that a view is. */
#include "latent/view_kind.h"
#include "base/rng.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(kind)     (1u << VIEW_##kind)
#define STRENGTH_MOST 10.0f

static const struct {
    const char *name;
    bool moves_z;
    const char *help;
} table[] = {
#define X(id, name, moves_z, help) {name, moves_z, help},
    VIEW_KINDS(X)
#undef X
};

const ViewPlan view_plan_gauss = {.kinds = BIT(GAUSS), .reach = 1};

const char *view_kind_name(ViewKind k)
{
    return table[k].name;
}

const char *view_kind_help(ViewKind k)
{
    return table[k].help;
}

/* --- words */

static bool find_kind(int *out, const char *name, size_t n, Err *err)
{
    char names[VIEW_KINDS_TEXT + 16] = "none";
    for (int k = 0; k < VIEW_KIND_COUNT; k++) {
        if (strlen(table[k].name) == n && !strncmp(table[k].name, name, n)) return *out = k, true;
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, ", %s", table[k].name);
    }
    return err_set(err, ERR_USAGE, "no kind of view \"%.*s\"; there are %s, joined by +",
                   (int)(n < 40 ? n : 40), name, names);
}

bool view_kinds_read(uint32_t *out, const char *text, Err *err)
{
    uint32_t kinds = 0;
    const char *mover = NULL;
    if (!strcmp(text, "none")) return *out = 0, true;
    for (const char *at = text;; at++) {
        int k;
        size_t n = strcspn(at, "+");
        if (!find_kind(&k, at, n, err)) return false;
        if (table[k].moves_z && mover && strcmp(mover, table[k].name))
            return err_set(err, ERR_USAGE, "views %s and %s both move z: take one of them", mover,
                           table[k].name);
        if (table[k].moves_z) mover = table[k].name;
        kinds |= 1u << k;
        at += n;
        if (!*at) break;
    }
    *out = kinds;
    return true;
}

void view_kinds_text(char out[VIEW_KINDS_TEXT], uint32_t kinds)
{
    size_t n = 0;
    snprintf(out, VIEW_KINDS_TEXT, "none");
    for (int k = 0; k < VIEW_KIND_COUNT; k++)
        if (kinds >> k & 1)
            n += (size_t)snprintf(out + n, VIEW_KINDS_TEXT - n, "%s%s", n ? "+" : "", table[k].name);
}

static bool read_group(float layer[ADDRESS_LAYERS_MAX], const char **at)
{
    char *end;
    long first = strtol(*at, &end, 10), last = first;
    if (end == *at) return false;
    if (*end == '-') {
        const char *from = end + 1;
        last = strtol(from, &end, 10);
        if (end == from) return false;
    }
    if (*end != ':' || first < 1 || last < first || last > ADDRESS_LAYERS_MAX) return false;
    const char *number = end + 1;
    float strength = strtof(number, &end);
    if (end == number || !(strength >= 0 && strength <= STRENGTH_MOST)) return false;
    for (long l = first; l <= last; l++) layer[l - 1] = strength;
    *at = end;
    return true;
}

bool view_layers_read(float layer[ADDRESS_LAYERS_MAX], const char *text, Err *err)
{
    float read[ADDRESS_LAYERS_MAX] = {0};
    bool ok = !strcmp(text, "none");
    for (const char *at = text; !ok; at++) {
        if (!read_group(read, &at) || (*at && *at != ','))
            return err_set(err, ERR_USAGE,
                           "strengths of layers are written 1-2:0.2,3-6:0.8 (layers 1 to %d, strengths 0 to "
                           "%g), not \"%.60s\"",
                           ADDRESS_LAYERS_MAX, (double)STRENGTH_MOST, text);
        if (!*at) break;
    }
    memcpy(layer, read, sizeof read);
    return true;
}

static bool same(float a, float b)
{
    return !(a < b) && !(a > b);
}

void view_layers_text(char out[VIEW_LAYERS_TEXT], const float layer[ADDRESS_LAYERS_MAX])
{
    char number[32];
    size_t n = 0;
    snprintf(out, VIEW_LAYERS_TEXT, "none");
    for (int first = 0, last; first < ADDRESS_LAYERS_MAX; first = last + 1) {
        for (last = first; last + 1 < ADDRESS_LAYERS_MAX && same(layer[last + 1], layer[first]);) last++;
        if (!(layer[first] > 0) || !text_float(number, sizeof number, layer[first])) continue;
        n += (size_t)snprintf(out + n, VIEW_LAYERS_TEXT - n, "%s%d-%d:%s", n ? "," : "", first + 1, last + 1,
                              number);
    }
}

/* --- what a generator can make */

static bool is_walk(const Direction *d)
{
    return *d->unit && d->low < d->high;
}

static int count_walks(const Generator *g)
{
    int n = 0;
    for (int i = 0; i < g->directions; i++) n += is_walk(&g->direction[i]);
    return n;
}

static bool check_layers(const ViewPlan *p, const Generator *g, Err *err)
{
    bool some = false;
    for (int l = 0; l < ADDRESS_LAYERS_MAX; l++) {
        some |= p->layer[l] > 0;
        if (p->layer[l] > 0 && l >= g->layers)
            return err_set(err, ERR_USAGE, "strengths of layers reach layer %d, but %s has %d style layers",
                           l + 1, g->slug, g->layers);
    }
    return some || err_set(err, ERR_USAGE,
                           "views of kind layers need their strengths, such as 1-2:0.2,3-%d:0.8", g->layers);
}

bool view_plan_check(const ViewPlan *p, const Generator *g, Err *err)
{
    if (p->kinds & BIT(LAYERS) && !check_layers(p, g, err)) return false;
    if (p->kinds & BIT(INDEPENDENT) && !g->config.classes)
        return err_set(err, ERR_USAGE, "views of kind independent share a class, and %s has none", g->slug);
    if (p->kinds & (BIT(WALK) | BIT(WALKS)) && !count_walks(g))
        return err_set(err, ERR_USAGE, "%s has no walks whose reach is measured: viewsmith walk makes them",
                       g->slug);
    return true;
}

bool view_takes_sigma(const ViewPlan *p)
{
    return p->kinds & (BIT(GAUSS) | BIT(ANGULAR));
}

bool view_plan_moves(const ViewPlan *p, float sigma)
{
    return p->kinds & ~(BIT(GAUSS) | BIT(ANGULAR)) || (view_takes_sigma(p) && sigma > 0);
}

/* --- moving */

static uint64_t key_of(const Address *a, uint64_t counter)
{
    return rng_mix(rng_mix((uint64_t)a->source.ref[0].kind, a->source.ref[0].id), counter);
}

static void move_z(Address *a, const ViewPlan *p, float sigma, const Generator *g, uint64_t counter)
{
    AddressView v = {.counter = counter};
    ViewKind kind = p->kinds & BIT(LAYERS)    ? VIEW_LAYERS
                    : p->kinds & BIT(ANGULAR) ? VIEW_ANGULAR
                                              : VIEW_GAUSS;
    bool layered = kind == VIEW_LAYERS;
    if (!layered && !(view_takes_sigma(p) && sigma > 0)) return;
    snprintf(v.kind, sizeof v.kind, "%s", table[kind].name);
    v.strength = sigma;
    if (layered) address_view_layers(&v, p->layer, g->layers);
    a->view = v;
}

/* Amount of walk d, drawn from r: always one draw. */
static float amount_of(const Direction *d, const ViewPlan *p, Rng *r)
{
    return p->reach * (d->low + (d->high - d->low) * rng_uniform(r));
}

static void take_walk(Address *a, const Direction *d, float amount)
{
    if (a->edits == ADDRESS_EDITS_MAX) return;
    AddressEdit *e = &a->edit[a->edits++];
    memset(e, 0, sizeof *e);
    snprintf(e->dir, sizeof e->dir, "%s", d->name);
    e->amount = amount;
}

static void take_walks(Address *a, const ViewPlan *p, const Generator *g, uint64_t key)
{
    Rng r = rng_at(key, RNG_WALK);
    int walks = count_walks(g), chosen = (int)rng_below(&r, (uint32_t)walks);
    for (int i = 0, walk = 0; i < g->directions; i++) {
        if (!is_walk(&g->direction[i])) continue;
        float amount = amount_of(&g->direction[i], p, &r);
        if (p->kinds & BIT(WALKS) || walk == chosen) take_walk(a, &g->direction[i], amount);
        walk++;
    }
    address_normalise(a, NULL);
}

void view_move(Address *a, const ViewPlan *p, float sigma, const Generator *g, uint64_t counter)
{
    uint64_t key = key_of(a, counter);
    bool drawn = a->source.kind == SOURCE_SEED;
    if (p->kinds & BIT(INDEPENDENT) && drawn) a->source.ref[0].id = rng_mix(key, RNG_LATENT);
    move_z(a, p, sigma, g, counter);
    if (p->kinds & (BIT(WALK) | BIT(WALKS))) take_walks(a, p, g, key);
}
