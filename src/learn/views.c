/* The view makers: batches from a generator's stream or from real images, and where every row came from. */
#include "learn/views.h"
#include "base/digest.h"
#include "base/order.h"
#include "base/rng.h"
#include "latent/latent.h"
#include "learn/subset.h"

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

/* Who weighs views; weigher NULL: every view comes as often as it does. */
typedef struct {
    Weigher *weigher;
    float *corner; /* (corners) factors of the kept views */
} Weighing;

struct Views {
    ViewConfig config;
    Stream stream;
    Latent *latent;      /* generated views */
    const Dataset *real; /* real views, or those mixed into generated ones; NULL: none */
    int *pick;           /* (picks) which of them; NULL: all */
    int picks;
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
    int corners, corner_pairs, real_pairs;
    Weighing weighed, coming; /* of the settled step, and of those after it */
    uint64_t *index;          /* (N) samples of the settled step */
    int *again;               /* (N) how often their pairs were drawn anew */
    int redrawn;
    bool reweighed;
    struct Origin *origin; /* (N) room for views_origins */
};

/* Where a pair's pictures come from. */
typedef struct Origin {
    uint64_t id;
    int kind, pair;
} Origin;

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

Stream views_stream(const ViewConfig *c, const Generator *g)
{
    Stream s = stream_of(g, c->seed);
    s.anchors = c->anchors;
    s.neighbours = c->neighbours;
    s.psi = c->psi;
    s.plan = c->plan;
    if (!makers[c->maker].latent) s.plan.kinds = 0;
    return s;
}

bool views_moves(const ViewConfig *c, float sigma)
{
    return makers[c->maker].latent && view_plan_moves(&c->plan, sigma);
}

static bool open_generated(Views *v, Generator *g, Err *err)
{
    const ViewConfig *c = &v->config;
    if (!g) return err_set(err, ERR_USAGE, "views \"%s\" need a generator", views_name(c->maker));
    v->channels = g->config.channels;
    v->side = g->config.size;
    v->stream = views_stream(c, g);
    if (!view_plan_check(&v->stream.plan, g, err)) return false;
    v->list = calloc(2 * (size_t)c->pairs, sizeof *v->list);
    v->index = calloc((size_t)c->pairs, sizeof *v->index);
    v->again = calloc((size_t)c->pairs, sizeof *v->again);
    if (!v->list || !v->index || !v->again) return err_nomem(err, "views");
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

static bool choose_real(Views *v, Err *err)
{
    if (!v->real) return true;
    v->picks = v->real->n;
    if (v->config.per_class > 0)
        v->pick = subset_per_class(&v->picks, v->real->label, v->real->n, v->real->classes,
                                   v->config.per_class, v->config.seed, err);
    return v->pick || !v->config.per_class;
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
    if (v->latent && real && real->n > 0 && real->c == v->channels && real->h == v->side &&
        real->w == v->side)
        v->real = real;
    ok = ok && choose_real(v, err);
    if (ok) {
        v->counter = malloc(2 * (size_t)c->pairs * sizeof *v->counter);
        v->stage = pixel(v) ? malloc(views_floats(v) * sizeof *v->stage) : NULL;
        v->origin = malloc((size_t)c->pairs * sizeof *v->origin);
        ok = (v->counter && v->origin && (v->stage || !pixel(v))) || err_nomem(err, "views");
    }
    if (ok)
        *out = v;
    else
        views_free(v);
    return ok;
}

static void weighing_close(Weighing *w)
{
    weigher_free(w->weigher);
    free(w->corner);
    *w = (Weighing){0};
}

void views_free(Views *v)
{
    if (!v) return;
    if (v->latent) latent_free(v->latent);
    free(v->list);
    free(v->pick);
    free(v->stage);
    free(v->counter);
    free(v->origin);
    free(v->corner);
    free(v->movable);
    free(v->index);
    free(v->again);
    weighing_close(&v->weighed);
    weighing_close(&v->coming);
    free(v);
}

const Dataset *views_data(const Views *v)
{
    return v->real;
}

const Latent *views_latent(const Views *v)
{
    return v->latent;
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
        view_move(&moved, &v->stream.plan, 1, v->generator, 0);
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

/* The kept view that comes at place `at`; where they are weighed, the next one that is taken. */
static int corner_at(const Views *v, uint64_t at)
{
    uint64_t n = (uint64_t)v->corners;
    for (uint64_t k = 0;; k++) {
        uint64_t place = at + k;
        int which = (int)order_at(place % n, n, rng_mix(v->config.seed, place / n));
        const Weighing *w = &v->weighed;
        if (!w->weigher || k >= n) return which;
        Rng r = rng_at(rng_mix(rng_mix(v->config.seed, at), k), RNG_WEIGH);
        if (rng_uniform(&r) * weigher_most(w->weigher, v->corner[which].class) < w->corner[which])
            return which;
    }
}

static void corner_address(Address *out, const Views *v, uint64_t step, float sigma, int corner,
                           bool positive)
{
    uint64_t at = step * (uint64_t)v->corner_pairs + (uint64_t)corner;
    int which = corner_at(v, at);
    *out = v->corner[which];
    if (positive && v->movable[which]) view_move(out, &v->stream.plan, sigma, v->generator, at);
}

/* --- real pictures among generated ones ----------------------------------------------------------------- */

bool views_can_mix(const Views *v, Err *err)
{
    if (!v->latent) return err_set(err, ERR_USAGE, "this run learns from real pictures alone");
    if (!v->real)
        return err_set(
            err, ERR_USAGE,
            "this run has no real pictures of the generator's size to mix in: begin it with --mix");
    return pixel(v) ||
           err_set(err, ERR_USAGE,
                   "views that are not augmented cannot be mixed: both of a real pair would be one picture");
}

bool views_mix(Views *v, float share, Err *err)
{
    if (share > 0 && !views_can_mix(v, err)) return false;
    v->real_pairs = share_of(v->config.pairs - v->corner_pairs, share);
    return true;
}

int views_real_pairs(const Views *v)
{
    return v->real_pairs;
}

/* Which of k real pairs `pair` is, spread over those of n pairs that begin at no kept view; -1: none. */
static int mixed_of(int n, int corners, int k, int pair)
{
    if (!k || corner_of(corners, n, pair) >= 0) return -1;
    return corner_of(k, n - corners, pair - (int)((int64_t)pair * corners / n));
}

bool views_is_mixed(int pairs, float share, float mix, int pair)
{
    int corners = share_of(pairs, share);
    return mixed_of(pairs, corners, share_of(pairs - corners, mix), pair) >= 0;
}

static int real_of(const Views *v, int pair)
{
    return mixed_of(v->config.pairs, v->corner_pairs, v->real_pairs, pair);
}

int views_index(const Views *v, uint64_t step, int row)
{
    uint64_t n = (uint64_t)v->picks, at = sample_of(v, step, row);
    if (v->latent) at = step * (uint64_t)v->real_pairs + (uint64_t)real_of(v, row % v->config.pairs);
    int which = (int)order_at(at % n, n, rng_mix(v->config.seed, at / n));
    return v->pick ? v->pick[which] : which;
}

bool views_is_real(const Views *v, int row)
{
    return !v->latent || real_of(v, row % v->config.pairs) >= 0;
}

/* --- weights -------------------------------------------------------------------------------------------- */

bool views_weigh(Views *v, const Weight *list, int n, Err *err)
{
    Weighing w = {0};
    if (!v->latent) return err_set(err, ERR_USAGE, "only generated views are weighed");
    if (n && !weigher_new(&w.weigher, v->generator, v->config.psi, list, n, v->pool, err)) return false;
    if (n && v->corners) {
        w.corner = malloc((size_t)v->corners * sizeof *w.corner);
        bool ok = (w.corner || err_nomem(err, "weights of views")) &&
                  weigher_factors(w.corner, w.weigher, v->corner, v->corners, err);
        if (!ok) return weighing_close(&w), false;
    }
    weighing_close(&v->coming);
    v->coming = w;
    v->reweighed = true;
    return true;
}

bool views_settle(Views *v, uint64_t step, Err *err)
{
    int n = v->config.pairs;
    if (v->reweighed) {
        weighing_close(&v->weighed);
        v->weighed = v->coming;
        v->coming = (Weighing){0};
        v->reweighed = false;
    }
    v->redrawn = 0;
    memset(v->again, 0, (size_t)n * sizeof *v->again);
    if (!v->weighed.weigher) return true;
    for (int i = 0; i < n; i++) v->index[i] = sample_of(v, step, i);
    if (!weigher_settle(v->again, v->weighed.weigher, &v->stream, v->index, n, err)) return false;
    for (int i = 0; i < n; i++) v->redrawn += v->again[i] > 0;
    return true;
}

int views_redrawn(const Views *v)
{
    return v->redrawn;
}

/* Row `row`'s address before pixel augmentation. */
static void latent_address(Address *out, const Views *v, uint64_t step, float sigma, int row)
{
    Stream s = v->stream;
    s.sigma = sigma;
    Address anchor;
    int corner = corner_of(v->corner_pairs, v->config.pairs, row % v->config.pairs);
    if (corner >= 0) {
        corner_address(out, v, step, sigma, corner, row >= v->config.pairs);
        return;
    }
    int again = v->again[row % v->config.pairs];
    bool first = row < v->config.pairs;
    stream_pair_again(first ? out : &anchor, first ? NULL : out, &s, sample_of(v, step, row), again);
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

/* Pictures that were painted one after another to the rows that no real picture takes, from the last. */
static void spread(const Views *v, float *x, int rows, int painted)
{
    size_t floats = picture_floats(v);
    for (int row = rows - 1; row >= 0 && painted < row + 1; row--)
        if (!views_is_real(v, row))
            painted--, memmove(x + (size_t)row * floats, x + (size_t)painted * floats, floats * sizeof *x);
}

/* The pictures of all rows into x; a positive without a latent view is a copy of its anchor. */
static bool fill_generated(Views *v, float *x, uint64_t step, float sigma, Err *err)
{
    int pairs = v->config.pairs, n = 0;
    bool latent = views_moves(&v->config, sigma);
    int rows = latent ? 2 * pairs : pairs;
    if (!views_settle(v, step, err)) return false;
    for (int row = 0; row < rows; row++)
        if (!views_is_real(v, row)) latent_address(&v->list[n++], v, step, sigma, row);
    if (n && !latent_images(x, v->latent, v->list, n, err)) return false;
    spread(v, x, rows, n);
    size_t half = views_floats(v) / 2;
    if (!latent) memcpy(x + half, x, half * sizeof *x);
    return true;
}

static void fill_real(Views *v, float *x, uint64_t step)
{
    size_t floats = picture_floats(v), half = views_floats(v) / 2;
    for (int row = 0; row < v->config.pairs; row++) {
        if (!views_is_real(v, row)) continue;
        float *to = x + (size_t)row * floats;
        image_bytes_to_float(to, dataset_pixels(v->real, views_index(v, step, row)), floats);
        memcpy(to + half, to, floats * sizeof *to);
    }
}

bool views_fill(Views *v, float *x, uint64_t step, float sigma, Err *err)
{
    int rows = 2 * v->config.pairs;
    float *to = v->stage ? v->stage : x;
    if (v->latent && !fill_generated(v, to, step, sigma, err)) return false;
    if (!v->latent || v->real_pairs) fill_real(v, to, step);
    if (!v->stage) return true;
    for (int row = 0; row < rows; row++) v->counter[row] = counter_of(v, step, row);
    augment_batch(x, v->stage, rows, v->channels, v->side, v->side, &v->config.recipe, 0, v->counter,
                  v->pool);
    return true;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- origins -------------------------------------------------------------------------------------------- */

static Origin origin_of(const Views *v, uint64_t step, int pair)
{
    enum { REAL, KEPT, DRAWN };
    Address anchor;
    int corner = corner_of(v->corner_pairs, v->config.pairs, pair);
    if (views_is_real(v, pair)) return (Origin){(uint64_t)views_index(v, step, pair), REAL, pair};
    if (corner >= 0)
        return (Origin){(uint64_t)corner_at(v, step * (uint64_t)v->corner_pairs + (uint64_t)corner), KEPT,
                        pair};
    stream_pair_again(&anchor, NULL, &v->stream, sample_of(v, step, pair), v->again[pair]);
    return (Origin){anchor.source.ref[0].id, DRAWN, pair};
}

static int by_origin(const void *a, const void *b)
{
    const Origin *x = a, *y = b;
    if (x->kind != y->kind) return x->kind - y->kind;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : x->pair - y->pair;
}

int views_origins(int *origin, const Views *v, uint64_t step)
{
    Origin *o = v->origin;
    int n = v->config.pairs, distinct = 0;
    for (int i = 0; i < n; i++) o[i] = origin_of(v, step, i);
    qsort(o, (size_t)n, sizeof *o, by_origin);
    for (int i = 0; i < n; i++) {
        bool first = !i || o[i].kind != o[i - 1].kind || o[i].id != o[i - 1].id;
        distinct += first;
        origin[o[i].pair] = origin[o[i].pair + n] = first ? o[i].pair : origin[o[i - 1].pair];
    }
    return distinct;
}

uint64_t views_unique(const Views *v, uint64_t steps, uint64_t kept, uint64_t real)
{
    const ViewConfig *c = &v->config;
    uint64_t drawn = steps * (uint64_t)c->pairs, others = drawn - kept - real;
    uint64_t limit = v->latent ? c->anchors : (uint64_t)v->picks;
    uint64_t anchors = limit ? least(limit, others) : others, corners = least(kept, (uint64_t)v->corners);
    uint64_t mixed = real ? least(real, (uint64_t)v->picks) : 0, views = 0;
    bool pool = c->neighbours && c->anchors && c->anchors < UINT64_MAX / c->neighbours;
    if (views_moves(c, 1)) views = kept + (pool ? least(others, c->anchors * c->neighbours) : others);
    return anchors + corners + mixed + views;
}
