/* From addresses to styles and pictures.
 *
 * Up to truncation the styles of an address are a weighted sum of w: the terms of its source on all layers
 * that no mix covers, and the terms of its mixes on theirs. Terms of many addresses share one run of the
 * mapping network. */
#include "latent/latent.h"
#include "base/rng.h"
#include "latent/direction.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { Z_DIM_MAX = 4096 }; /* model/generator.c accepts no more */

/* weight * w of one latent goes to `layers` (bit l: layer l + 1) of the styles. */
typedef struct {
    float *styles;
    float weight;
    uint32_t layers;
} Term;

/* One of one's own directions. */
typedef struct {
    char dir[ADDRESS_DIR_MAX + 1];
    uint32_t hash;
    float *vector; /* (w_dim) */
} Own;

struct Latent {
    Generator *g;
    GenExec *exec;
    LatentStore store;
    int batch, terms;
    Term *term;            /* waiting for their w: (batch) */
    float *z, *onehot, *w; /* of the waiting terms: (batch, z_dim), (batch, classes), (batch, w_dim) */
    float *stored;         /* one w or wp from the store: (layers, w_dim) */
    float *styles;         /* (batch, layers, w_dim) */
    float *noise;          /* seeded maps: (batch, noise floats) */
    float *picture;        /* scratch of pixel operators */
    Own *own;              /* one's own directions that were used so far */
    int owns;
    const float **maps; /* (batch) */
};

static size_t w_floats(const Latent *l)
{
    return (size_t)l->g->config.w_dim;
}

static size_t style_floats(const Latent *l)
{
    return (size_t)l->g->layers * w_floats(l);
}

static bool make_room(Latent *l, Err *err)
{
    const GeneratorConfig *c = &l->g->config;
    size_t n = (size_t)l->batch;
    l->term = calloc(n, sizeof *l->term);
    l->z = calloc(n * (size_t)c->z_dim, sizeof *l->z);
    l->onehot = calloc(n * (size_t)c->classes + 1, sizeof *l->onehot);
    l->w = calloc(n * w_floats(l), sizeof *l->w);
    l->stored = calloc(style_floats(l), sizeof *l->stored);
    l->styles = calloc(n * style_floats(l), sizeof *l->styles);
    l->noise = calloc(n * generator_noise_floats(l->g) + 1, sizeof *l->noise);
    l->picture = calloc(generator_image_floats(l->g), sizeof *l->picture);
    l->maps = calloc(n, sizeof *l->maps);
    if (l->term && l->z && l->onehot && l->w && l->stored && l->styles && l->noise && l->picture && l->maps)
        return true;
    return err_nomem(err, "making views");
}

Latent *latent_new(Generator *g, int batch, const char *store, Pool *pool, Err *err)
{
    Latent *l = calloc(1, sizeof *l);
    if (!l) return err_nomem(err, "making views"), NULL;
    l->g = generator_keep(g);
    l->batch = batch;
    l->exec = generator_exec(g, batch, pool, err);
    if (l->exec && store_open(&l->store, store, err) && make_room(l, err)) return l;
    latent_free(l);
    return NULL;
}

void latent_free(Latent *l)
{
    if (!l) return;
    gen_exec_free(l->exec);
    generator_drop(l->g);
    free(l->term);
    free(l->z);
    free(l->onehot);
    free(l->w);
    free(l->stored);
    free(l->styles);
    free(l->noise);
    free(l->picture);
    for (int i = 0; i < l->owns; i++) free(l->own[i].vector);
    free(l->own);
    free(l->maps);
    free(l);
}

const Generator *latent_generator(const Latent *l)
{
    return l->g;
}

/* ---- z ---- */

static double length_of(const float *z, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)z[i] * (double)z[i];
    return sqrt(sum);
}

static void displace(float *z, size_t n, uint64_t key, float strength)
{
    float t[Z_DIM_MAX];
    rng_fill_truncated(t, n, key, RNG_VIEW, 2);
    for (size_t i = 0; i < n; i++) z[i] += strength * t[i];
}

static uint64_t view_key(const LatentRef *ref, const AddressView *view)
{
    return rng_mix(rng_mix((uint64_t)ref->kind, ref->id), view->counter);
}

static bool is_layered(const AddressView *v)
{
    return !strcmp(v->kind, "layers") && v->strength > 0;
}

static float layer_strength(const AddressView *v, int layer)
{
    return v->layers ? v->layer[layer] : v->strength;
}

/* z as it lies behind ref. */
static bool plain_z(float *z, const Latent *l, const LatentRef *ref, Err *err)
{
    size_t n = (size_t)l->g->config.z_dim;
    if (ref->kind == REF_SEED) return generator_draw(z, l->g, ref->id), true;
    if (ref->kind != REF_Z) return err_set(err, ERR_USAGE, "a stored w has no z");
    return store_get(z, &l->store, ref, n, err);
}

bool latent_z(float *z, const Latent *l, const LatentRef *ref, const AddressView *view, Err *err)
{
    size_t n = (size_t)l->g->config.z_dim;
    if (!plain_z(z, l, ref, err)) return false;
    if (!view || !*view->kind || !(view->strength > 0) || is_layered(view)) return true;
    double before = length_of(z, n);
    displace(z, n, view_key(ref, view), view->strength);
    double scale = strcmp(view->kind, "angular") ? 1 : before / fmax(length_of(z, n), 1e-12);
    for (size_t i = 0; scale != 1 && i < n; i++) z[i] = (float)((double)z[i] * scale);
    return true;
}

/* ---- Weighted sums of w ---- */

/* w (w_dim), or with step w_dim one w per layer. */
static void add_w(const Latent *l, const Term *t, const float *w, size_t step)
{
    size_t n = w_floats(l);
    for (int layer = 0; layer < l->g->layers; layer++) {
        float *to = t->styles + (size_t)layer * n;
        const float *from = w + (size_t)layer * step;
        if (t->layers >> layer & 1)
            for (size_t i = 0; i < n; i++) to[i] += t->weight * from[i];
    }
}

static void flush_terms(Latent *l)
{
    if (l->terms == 0) return;
    generator_map(l->exec, l->w, l->z, l->onehot, l->terms);
    for (int i = 0; i < l->terms; i++) add_w(l, &l->term[i], l->w + (size_t)i * w_floats(l), 0);
    l->terms = 0;
}

static bool add_stored(Latent *l, const Term *t, const LatentRef *ref, Err *err)
{
    bool layered = ref->kind == REF_WP;
    if (!store_get(l->stored, &l->store, ref, layered ? style_floats(l) : w_floats(l), err)) return false;
    add_w(l, t, l->stored, layered ? w_floats(l) : 0);
    return true;
}

/* A term with z waits until the batch is full. layer: whose displacement by a view of kind layers; -1: none
 * of them. */
static bool add_z(Latent *l, Term t, const LatentRef *ref, const Address *a, int layer, Err *err)
{
    size_t classes = (size_t)l->g->config.classes, z_dim = (size_t)l->g->config.z_dim, at = (size_t)l->terms;
    float *z = l->z + at * z_dim;
    if (!latent_z(z, l, ref, &a->view, err)) return false;
    if (layer >= 0)
        displace(z, z_dim, rng_mix(view_key(ref, &a->view), (uint64_t)layer + 1),
                 layer_strength(&a->view, layer));
    memset(l->onehot + at * classes, 0, classes * sizeof *l->onehot);
    if (classes) l->onehot[at * classes + (size_t)a->class] = 1;
    l->term[l->terms++] = t;
    if (l->terms == l->batch) flush_terms(l);
    return true;
}

/* One z for each of the term's layers that is displaced, one for all the others. */
static bool add_layers(Latent *l, const Term *t, const LatentRef *ref, const Address *a, Err *err)
{
    uint32_t still = 0;
    for (int layer = 0; layer < l->g->layers; layer++) {
        uint32_t bit = 1u << layer;
        if (!(t->layers & bit)) continue;
        if (!(layer_strength(&a->view, layer) > 0))
            still |= bit;
        else if (!add_z(l, (Term){t->styles, t->weight, bit}, ref, a, layer, err))
            return false;
    }
    return !still || add_z(l, (Term){t->styles, t->weight, still}, ref, a, -1, err);
}

static bool add_term(Latent *l, Term t, const LatentRef *ref, const Address *a, Err *err)
{
    if (ref->kind == REF_W || ref->kind == REF_WP) return add_stored(l, &t, ref, err);
    return is_layered(&a->view) ? add_layers(l, &t, ref, a, err) : add_z(l, t, ref, a, -1, err);
}

static uint32_t layer_bits(LayerRange r)
{
    uint32_t up_to_last = r.last >= 32 ? UINT32_MAX : (1u << r.last) - 1;
    return r.first ? up_to_last & ~((1u << (r.first - 1)) - 1) : UINT32_MAX;
}

/* How much of each of a source's latents; returns how many they are. Blend: bilinear between the four
 * corners. */
static int source_weights(float weight[4], const AddressSource *s)
{
    float x = s->at[0], y = s->at[1];
    switch (s->kind) {
    case SOURCE_BLEND:
        weight[0] = (1 - x) * (1 - y);
        weight[1] = x * (1 - y);
        weight[2] = (1 - x) * y;
        weight[3] = x * y;
        return 4;
    case SOURCE_LERP:
        weight[0] = 1 - x;
        weight[1] = x;
        return 2;
    default:
        weight[0] = 1;
        return 1;
    }
}

static bool add_address(Latent *l, float *styles, const Address *a, Err *err)
{
    float weight[4];
    uint32_t free_layers = UINT32_MAX;
    memset(styles, 0, style_floats(l) * sizeof *styles);
    for (int i = 0; i < a->mixes; i++) {
        uint32_t layers = layer_bits(a->mix[i].range);
        free_layers &= ~layers;
        if (!add_term(l, (Term){styles, 1, layers}, &a->mix[i].ref, a, err)) return false;
    }
    int n = source_weights(weight, &a->source);
    for (int i = 0; i < n; i++)
        if (!add_term(l, (Term){styles, weight[i], free_layers}, &a->source.ref[i], a, err)) return false;
    return true;
}

/* ---- Truncation and edits ---- */

static void truncate_styles(const Latent *l, float *styles, const Address *a)
{
    size_t n = w_floats(l);
    const float *mean = l->g->w_mean + (a->class > 0 ? (size_t)a->class * n : 0);
    uint32_t layers = layer_bits(a->psi_range);
    for (int layer = 0; a->psi != 1 && layer < l->g->layers; layer++)
        if (layers >> layer & 1)
            for (size_t i = 0; i < n; i++) {
                float *s = styles + (size_t)layer * n + i;
                *s = mean[i] + a->psi * (*s - mean[i]);
            }
}

static const float *read_own(Latent *l, const AddressEdit *e, Err *err)
{
    char dir[ADDRESS_DIR_MAX + 16];
    Own *grown = realloc(l->own, (size_t)(l->owns + 1) * sizeof *grown);
    float *vector = malloc(w_floats(l) * sizeof *vector);
    if (grown) l->own = grown;
    snprintf(dir, sizeof dir, "%s.%08x", e->dir, e->hash);
    bool ok = (grown && vector) || err_nomem(err, "a direction");
    if (!ok || !direction_get(vector, NULL, NULL, &l->store, l->g, dir, err)) {
        free(vector);
        return NULL;
    }
    Own *own = &l->own[l->owns++];
    memcpy(own->dir, e->dir, sizeof own->dir);
    own->hash = e->hash;
    return own->vector = vector;
}

/* The vector of one of one's own directions; NULL and an error when it is not in the store. */
static const float *own_vector(Latent *l, const AddressEdit *e, Err *err)
{
    for (int i = 0; i < l->owns; i++)
        if (l->own[i].hash == e->hash && !strcmp(l->own[i].dir, e->dir)) return l->own[i].vector;
    return read_own(l, e, err);
}

static bool edit_styles(Latent *l, float *styles, const AddressEdit *e, Err *err)
{
    const Direction *d = e->hashed ? NULL : generator_direction(l->g, e->dir);
    const float *vector = d ? d->vector : own_vector(l, e, err);
    Term t = {styles, e->amount, layer_bits(e->range)};
    if (vector) add_w(l, &t, vector, d && d->layered ? w_floats(l) : 0);
    return vector != NULL;
}

/* err names the address's place in list where there are several. */
static bool place_error(Err *err, const Err *why, int i, int n)
{
    if (n == 1) return err_set(err, why->code, "%s", why->msg);
    return err_set(err, why->code, "address %d of %d: %s", i + 1, n, why->msg);
}

static bool add_all(Latent *l, float *styles, const Address *list, int n, Err *err)
{
    for (int i = 0; i < n; i++) {
        Err why = {0};
        if (latent_check(l->g, &list[i], &why) &&
            add_address(l, styles + (size_t)i * style_floats(l), &list[i], &why))
            continue;
        l->terms = 0;
        return place_error(err, &why, i, n);
    }
    return true;
}

bool latent_resolve(float *styles, Latent *l, const Address *list, int n, Err *err)
{
    if (!add_all(l, styles, list, n, err)) return false;
    flush_terms(l);
    for (int i = 0; i < n; i++) {
        float *s = styles + (size_t)i * style_floats(l);
        Err why = {0};
        truncate_styles(l, s, &list[i]);
        for (int k = 0; k < list[i].edits; k++)
            if (!edit_styles(l, s, &list[i].edit[k], &why)) return place_error(err, &why, i, n);
    }
    return true;
}

/* ---- Pictures ---- */

static const float *noise_maps(Latent *l, const Address *a, int at)
{
    size_t n = generator_noise_floats(l->g);
    float *maps = l->noise + (size_t)at * n;
    if (a->noise == NOISE_OFF) return NULL;
    if (a->noise == NOISE_STORED) return l->g->noise;
    rng_fill_normal(maps, n, a->noise_seed, RNG_NOISE);
    return maps;
}

/* n <= batch. */
static bool paint(float *images, Latent *l, const Address *list, int n, Err *err)
{
    const GeneratorConfig *c = &l->g->config;
    if (!latent_resolve(l->styles, l, list, n, err)) return false;
    for (int i = 0; i < n; i++) l->maps[i] = noise_maps(l, &list[i], i);
    generator_paint(l->exec, images, l->styles, l->maps, n);
    for (int i = 0; i < n; i++)
        pixel_ops_apply(images + (size_t)i * generator_image_floats(l->g), l->picture, c->channels, c->size,
                        c->size, list[i].pix, list[i].pixes);
    return true;
}

bool latent_images(float *images, Latent *l, const Address *list, int n, Err *err)
{
    for (int at = 0; at < n; at += l->batch) {
        int count = n - at < l->batch ? n - at : l->batch;
        if (!paint(images + (size_t)at * generator_image_floats(l->g), l, list + at, count, err))
            return false;
    }
    return true;
}
