/* The view makers: batches from a generator's stream or from real images, and where every row came from. */
#include "learn/views.h"
#include "base/digest.h"
#include "base/rng.h"
#include "latent/latent.h"
#include "latent/stream.h"
#include "learn/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAINT = 64 }; /* pictures a generator makes at a time */

static const struct {
    const char *name, *help;
    bool generator, latent, pixel;
} makers[] = {
#define X(id, name, generator, latent, pixel, help) {name, help, generator, latent, pixel},
    VIEW_MAKERS(X)
#undef X
};

struct Views {
    ViewConfig config;
    Stream stream;
    Latent *latent;      /* generated views */
    const Dataset *real; /* real views */
    Pool *pool;
    int channels, side;
    char hash[9]; /* of the recipe */
    uint32_t hash_bits;
    Address *list;        /* (2N): the batch being made; NULL for real views */
    float *stage;         /* (2N,C,H,W) before pixel augmentation; NULL when there is none */
    uint64_t *counter;    /* (2N) */
    Generator *generator; /* not kept: that of `latent` */
    Address *corner;      /* (corners) addresses that a share of the pairs begins at */
    bool *movable;        /* (corners) */
    int corners, corner_pairs;
};

const char *views_name(ViewMaker m)
{
    return makers[m].name;
}

const char *views_help(ViewMaker m)
{
    return makers[m].help;
}

bool views_generated(ViewMaker m)
{
    return makers[m].generator;
}

bool views_named(ViewMaker *out, const char *name, Err *err)
{
    char names[256] = "";
    for (int m = 0; m < VIEWS_COUNT; m++) {
        if (!strcmp(makers[m].name, name)) return *out = (ViewMaker)m, true;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", m ? ", " : "", makers[m].name);
    }
    return err_set(err, ERR_USAGE, "no source of views \"%s\"; there are %s", name, names);
}

static bool pixel(const Views *v)
{
    return makers[v->config.maker].pixel && !augment_is_none(&v->config.recipe);
}

static bool open_generated(Views *v, Generator *g, Err *err)
{
    const ViewConfig *c = &v->config;
    if (!g) return err_set(err, ERR_USAGE, "views \"%s\" need a generator", views_name(c->maker));
    v->channels = g->config.channels;
    v->side = g->config.size;
    v->stream = stream_of(g, c->seed);
    v->stream.anchors = c->anchors;
    v->stream.psi = c->psi;
    v->list = calloc(2 * (size_t)c->pairs, sizeof *v->list);
    if (!v->list) return err_nomem(err, "views");
    v->latent = latent_new(g, PAINT, NULL, v->pool, err);
    v->generator = g;
    return v->latent != NULL;
}

static bool open_real(Views *v, const Dataset *real, Err *err)
{
    if (!real) return err_set(err, ERR_USAGE, "views \"real\" need a data set");
    if (real->n < 1 || real->w != real->h)
        return err_set(err, ERR_USAGE, "views: the pictures of %s must be square, and at least one",
                       real->name);
    v->real = real;
    v->channels = real->c;
    v->side = real->h;
    return true;
}

bool views_new(Views **out, const ViewConfig *c, Generator *generator, const Dataset *real, Pool *pool,
               Err *err)
{
    Views *v = calloc(1, sizeof *v);
    if (!v) return err_nomem(err, "views");
    v->config = *c;
    v->pool = pool;
    augment_hash(v->hash, &c->recipe);
    v->hash_bits = (uint32_t)strtoul(v->hash, NULL, 16);
    bool ok =
        (c->pairs >= 1 && c->pairs <= 65536) || err_set(err, ERR_USAGE, "views: pairs must be 1 to 65,536");
    ok = ok && (makers[c->maker].generator ? open_generated(v, generator, err) : open_real(v, real, err));
    if (ok) {
        v->counter = malloc(2 * (size_t)c->pairs * sizeof *v->counter);
        v->stage = pixel(v) ? malloc(views_floats(v) * sizeof *v->stage) : NULL;
        ok = (v->counter && (v->stage || !pixel(v))) || err_nomem(err, "views");
    }
    if (ok)
        *out = v;
    else
        views_free(v);
    return ok;
}

void views_free(Views *v)
{
    if (!v) return;
    if (v->latent) latent_free(v->latent);
    free(v->list);
    free(v->stage);
    free(v->counter);
    free(v->corner);
    free(v->movable);
    free(v);
}

int views_channels(const Views *v)
{
    return v->channels;
}

int views_side(const Views *v)
{
    return v->side;
}

static size_t picture_floats(const Views *v)
{
    return (size_t)v->channels * (size_t)v->side * (size_t)v->side;
}

size_t views_floats(const Views *v)
{
    return 2 * (size_t)v->config.pairs * picture_floats(v);
}

static uint64_t counter_of(const Views *v, uint64_t step, int row)
{
    return rng_mix(rng_mix(v->config.seed, step), (uint64_t)row);
}

static uint64_t sample_of(const Views *v, uint64_t step, int row)
{
    return step * (uint64_t)v->config.pairs + (uint64_t)(row % v->config.pairs);
}

int views_index(const Views *v, uint64_t step, int row)
{
    uint64_t n = (uint64_t)v->real->n, at = sample_of(v, step, row);
    return (int)order_at(at % n, n, rng_mix(v->config.seed, at / n));
}

/* --- corners
 * -------------------------------------------------------------------------------------------------- */

uint64_t views_corners_mark(const Address *list, int n)
{
    char text[ADDRESS_BYTES_MAX + 1];
    DigestState state;
    uint64_t mark = 0;
    digest_begin(&state);
    for (int i = 0; i < n; i++)
        if (address_print(text, &list[i], NULL)) digest_add(&state, text, strlen(text) + 1);
    Digest d = digest_end(&state);
    for (int i = 0; i < 8; i++) mark = mark << 8 | d.byte[i];
    return mark >> 2 ? mark >> 2 : 1;
}

static int share_of(int pairs, float share)
{
    int k = (int)(share * (float)pairs + 0.5f);
    return !(share > 0) ? 0 : k < 1 ? 1 : k;
}

static void move_view(Address *a, float sigma, uint64_t counter)
{
    a->view = (AddressView){.kind = "gauss", .strength = sigma, .counter = counter};
}

bool views_corners(Views *v, const Address *list, int n, Err *err)
{
    if (!v->latent) return err_set(err, ERR_USAGE, "a share from the tray needs views of a generator");
    if (n < 1) return err_set(err, ERR_USAGE, "a share from the tray needs at least one view of this model");
    for (int i = 0; i < n; i++)
        if (!latent_check(v->generator, &list[i], err)) return false;
    v->corner = malloc((size_t)n * sizeof *v->corner);
    v->movable = malloc((size_t)n * sizeof *v->movable);
    if (!v->corner || !v->movable) return err_nomem(err, "views");
    memcpy(v->corner, list, (size_t)n * sizeof *list);
    for (int i = 0; i < n; i++) {
        Address moved = list[i];
        move_view(&moved, 1, 0);
        v->movable[i] = latent_check(v->generator, &moved, NULL);
    }
    v->corners = n;
    return true;
}

bool views_share(Views *v, float share, Err *err)
{
    if (share > 0 && !v->corners)
        return err_set(err, ERR_USAGE,
                       "the run takes a share of its pairs from the tray, but was given none");
    v->corner_pairs = share_of(v->config.pairs, share);
    return true;
}

int views_corner_pairs(const Views *v)
{
    return v->corner_pairs;
}

/* k corners are spread over n pairs: which of them `pair` is, -1: none. */
static int corner_of(int64_t k, int64_t n, int pair)
{
    int64_t before = pair * k / n;
    return (pair + 1) * k / n > before ? (int)before : -1;
}

bool views_is_corner(int pairs, float share, int pair)
{
    return corner_of(share_of(pairs, share), pairs, pair) >= 0;
}

static void corner_address(Address *out, const Views *v, uint64_t step, float sigma, int corner,
                           bool positive)
{
    uint64_t n = (uint64_t)v->corners, at = step * (uint64_t)v->corner_pairs + (uint64_t)corner;
    int which = (int)order_at(at % n, n, rng_mix(v->config.seed, at / n));
    *out = v->corner[which];
    if (positive && sigma > 0 && v->movable[which]) move_view(out, sigma, at);
}

/* Row `row`'s address before pixel augmentation. */
static void latent_address(Address *out, const Views *v, uint64_t step, float sigma, int row)
{
    Stream s = v->stream;
    s.sigma = makers[v->config.maker].latent ? sigma : 0;
    Address anchor;
    int corner = corner_of(v->corner_pairs, v->config.pairs, row % v->config.pairs);
    if (corner >= 0) {
        corner_address(out, v, step, s.sigma, corner, row >= v->config.pairs);
        return;
    }
    if (row < v->config.pairs)
        stream_pair(out, NULL, &s, sample_of(v, step, row));
    else
        stream_pair(&anchor, out, &s, sample_of(v, step, row));
}

void views_address(Address *out, const Views *v, uint64_t step, float sigma, int row)
{
    latent_address(out, v, step, sigma, row);
    if (!pixel(v)) return;
    AddressView *view = &out->view;
    if (!*view->kind) snprintf(view->kind, sizeof view->kind, "gauss"); /* of strength 0 */
    snprintf(view->recipe, sizeof view->recipe, "%s", v->config.recipe.name);
    view->recipe_hash = v->hash_bits;
    view->recipe_counter = counter_of(v, step, row);
}

/* The pictures of all rows into x; a positive without a latent view is a copy of its anchor. */
static bool fill_generated(Views *v, float *x, uint64_t step, float sigma, Err *err)
{
    int pairs = v->config.pairs;
    bool latent = makers[v->config.maker].latent && sigma > 0;
    int rows = latent ? 2 * pairs : pairs;
    for (int row = 0; row < rows; row++) latent_address(&v->list[row], v, step, sigma, row);
    if (!latent_images(x, v->latent, v->list, rows, err)) return false;
    size_t half = views_floats(v) / 2;
    if (!latent) memcpy(x + half, x, half * sizeof *x);
    return true;
}

static void fill_real(Views *v, float *x, uint64_t step)
{
    size_t floats = picture_floats(v), half = views_floats(v) / 2;
    for (int row = 0; row < v->config.pairs; row++)
        image_bytes_to_float(x + (size_t)row * floats, dataset_pixels(v->real, views_index(v, step, row)),
                             floats);
    memcpy(x + half, x, half * sizeof *x);
}

bool views_fill(Views *v, float *x, uint64_t step, float sigma, Err *err)
{
    int rows = 2 * v->config.pairs;
    float *to = v->stage ? v->stage : x;
    if (v->latent && !fill_generated(v, to, step, sigma, err)) return false;
    if (v->real) fill_real(v, to, step);
    if (!v->stage) return true;
    for (int row = 0; row < rows; row++) v->counter[row] = counter_of(v, step, row);
    augment_batch(x, v->stage, rows, v->channels, v->side, v->side, &v->config.recipe, 0, v->counter,
                  v->pool);
    return true;
}

uint64_t views_unique(const Views *v, uint64_t steps, uint64_t kept)
{
    uint64_t drawn = steps * (uint64_t)v->config.pairs;
    uint64_t limit = v->real ? (uint64_t)v->real->n : v->config.anchors, others = drawn - kept;
    uint64_t anchors = limit && limit < others ? limit : others;
    uint64_t corners = kept < (uint64_t)v->corners ? kept : (uint64_t)v->corners;
    return anchors + corners + (makers[v->config.maker].latent ? drawn : 0);
}
