/* Rejection sampling of the stream by likeness to examples. */
#include "learn/weigh.h"
#include "base/rng.h"
#include <stdlib.h>
#include <string.h>

enum { CALIBRATION = 400, NEAR_COUNT = CALIBRATION * WEIGH_NEAR / 100, TRIES = 64 };

typedef struct {
    float factor;
    int class;
    float *style; /* (floats) */
    double reach; /* squared distance within which a view is like it */
} Rule;

struct Weigher {
    Latent *latent;
    size_t floats; /* of a view's styles */
    int n;
    Rule rule[WEIGH_MAX];
};

static double distance(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
    return sum;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How far the nearest share of the class lies, from a sample of it that is always the same. */
static bool calibrate(Rule *r, Weigher *w, float psi, float *style, Err *err)
{
    double d[CALIBRATION];
    const Generator *g = latent_generator(w->latent);
    Address *list = malloc(CALIBRATION * sizeof *list);
    if (!list) return err_nomem(err, "weights of views");
    for (int i = 0; i < CALIBRATION; i++)
        list[i] = address_of_seed(g->slug, g->digest, rng_mix((uint64_t)i, RNG_WEIGH), r->class, psi);
    bool ok = latent_resolve(style, w->latent, list, CALIBRATION, err);
    free(list);
    if (!ok) return false;
    for (int i = 0; i < CALIBRATION; i++) d[i] = distance(style + (size_t)i * w->floats, r->style, w->floats);
    qsort(d, CALIBRATION, sizeof *d, ascending);
    r->reach = d[NEAR_COUNT - 1];
    return true;
}

static bool add_rule(Weigher *w, const Weight *weight, float psi, float *style, Err *err)
{
    Rule *r = &w->rule[w->n];
    Address plain = weight->like;
    plain.view = (AddressView){0};
    if (!latent_check(latent_generator(w->latent), &plain, err)) return false;
    r->factor = weight->factor;
    r->class = plain.class;
    r->style = malloc(w->floats * sizeof *r->style);
    if (!r->style) return err_nomem(err, "weights of views");
    w->n++;
    return latent_resolve(r->style, w->latent, &plain, 1, err) && calibrate(r, w, psi, style, err);
}

bool weigher_new(Weigher **out, Generator *g, float psi, const Weight *list, int n, Pool *pool, Err *err)
{
    Weigher *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "weights of views");
    w->floats = (size_t)g->layers * (size_t)g->config.w_dim;
    w->latent = latent_new(g, 64, NULL, pool, err);
    float *style = malloc(CALIBRATION * w->floats * sizeof *style);
    bool ok = w->latent && (style || err_nomem(err, "weights of views"));
    for (int i = 0; ok && i < n; i++) ok = add_rule(w, &list[i], psi, style, err);
    free(style);
    if (ok)
        *out = w;
    else
        weigher_free(w);
    return ok;
}

void weigher_free(Weigher *w)
{
    if (!w) return;
    for (int i = 0; i < w->n; i++) free(w->rule[i].style);
    latent_free(w->latent);
    free(w);
}

float weigher_most(const Weigher *w, int class)
{
    float most = 1;
    for (int i = 0; i < w->n; i++)
        if (w->rule[i].class == class && w->rule[i].factor > most) most = w->rule[i].factor;
    return most;
}

static bool concerns(const Weigher *w, int class)
{
    for (int i = 0; i < w->n; i++)
        if (w->rule[i].class == class) return true;
    return false;
}

static float factor_of(const Weigher *w, const float *style, int class)
{
    for (int i = w->n - 1; i >= 0; i--)
        if (w->rule[i].class == class && distance(style, w->rule[i].style, w->floats) <= w->rule[i].reach)
            return w->rule[i].factor;
    return 1;
}

bool weigher_factors(float *out, Weigher *w, const Address *list, int n, Err *err)
{
    float *style = malloc((size_t)(n + 1) * w->floats * sizeof *style);
    if (!style) return err_nomem(err, "weights of views");
    bool ok = latent_resolve(style, w->latent, list, n, err);
    for (int i = 0; ok && i < n; i++) out[i] = factor_of(w, style + (size_t)i * w->floats, list[i].class);
    free(style);
    return ok;
}

/* Draw k of a sample is taken or not, whenever it is asked. */
static bool accepted(const Weigher *w, const Address *a, uint64_t sample, int k, float factor)
{
    Rng r = rng_at(rng_mix(sample, (uint64_t)k), RNG_WEIGH);
    return rng_uniform(&r) * weigher_most(w, a->class) < factor;
}

bool weigher_settle(int *again, Weigher *w, const Stream *s, const uint64_t *index, int n, Err *err)
{
    size_t room = (size_t)(n + 1);
    Address *list = malloc(room * sizeof *list);
    int *open = malloc(room * sizeof *open), left = 0;
    float *factor = malloc(room * sizeof *factor);
    bool ok = (list && open && factor) || err_nomem(err, "weights of views");
    for (int i = 0; ok && i < n; i++) {
        again[i] = 0;
        stream_pair(&list[left], NULL, s, index[i]);
        if (concerns(w, list[left].class)) open[left++] = i;
    }
    for (int k = 0; ok && left && k < TRIES; k++) {
        int still = 0;
        for (int i = 0; i < left; i++) stream_pair_again(&list[i], NULL, s, index[open[i]], k);
        ok = weigher_factors(factor, w, list, left, err);
        for (int i = 0; ok && i < left; i++) {
            again[open[i]] = k;
            uint64_t sample = rng_mix(s->seed, stream_anchor(s, index[open[i]]));
            if (!accepted(w, &list[i], sample, k, factor[i])) open[still++] = open[i];
        }
        left = still;
    }
    free(list);
    free(open);
    free(factor);
    return ok;
}

bool weight_put(Weight *list, int *n, const Weight *w, Err *err)
{
    int kept = 0;
    for (int i = 0; i < *n; i++)
        if (!address_equal(&list[i].like, &w->like)) list[kept++] = list[i];
    *n = kept;
    if (w->factor >= 1 && w->factor <= 1) return true;
    if (kept == WEIGH_MAX)
        return err_set(err, ERR_LIMIT, "a run weighs at most %d views: give one of them weight 1", WEIGH_MAX);
    list[(*n)++] = *w;
    return true;
}
