/* The kNN probe, banks of images, and probing an encoder as a whole. */
#include "learn/probe.h"
#include "base/clock.h"
#include "base/elem.h"
#include "base/rng.h"
#include "learn/meters.h"
#include "learn/subset.h"
#include "base/order.h"
#include "math/knn.h"
#include "math/student.h"
#include "math/wilson.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 20 };
static const float temperature = 0.07f, few_pull = 0.01f;

const ProbeConfig probe_quick = {.train = 5000, .held = 1000, .updates = 300};
const ProbeConfig probe_full = {.updates = 720};

Figure figure_of(long hits, long n)
{
    Figure f;
    wilson_interval(&f.value, &f.low, &f.high, hits, n);
    return f;
}

static float *unit_copy(const ProbeSet *s, int D)
{
    size_t floats = (size_t)s->n * (size_t)D;
    float *unit = malloc(floats * sizeof *unit);
    if (!unit) return NULL;
    memcpy(unit, s->feature, floats * sizeof *unit);
    knn_normalise(unit, s->n, D);
    return unit;
}

/* The class with the largest sum of exp(score / T); `vote` is scratch (classes). */
static int vote_of(float *vote, const Hit *hit, int k, const int *label, int classes)
{
    int best = 0;
    memset(vote, 0, (size_t)classes * sizeof *vote);
    for (int i = 0; i < k; i++) vote[label[hit[i].index]] += elem_exp(hit[i].score / temperature);
    for (int c = 1; c < classes; c++)
        if (vote[c] > vote[best]) best = c;
    return best;
}

bool probe_knn(Figure *out, int *guess, const ProbeSet *train, const ProbeSet *held, int D, int classes,
               Pool *pool, Err *err)
{
    int k = train->n < NEIGHBOURS ? train->n : NEIGHBOURS;
    if (train->n < 1 || held->n < 1) return err_set(err, ERR_USAGE, "kNN probe: there are no images");
    float *base = unit_copy(train, D), *query = unit_copy(held, D),
          *vote = malloc((size_t)classes * sizeof *vote);
    Hit *hit = malloc((size_t)held->n * (size_t)k * sizeof *hit);
    bool ok = (base && query && vote && hit) || err_nomem(err, "the kNN probe");
    ok = ok && knn_search(hit, query, held->n, base, train->n, D, k, KNN_DOT, NULL, pool, err);
    if (ok) {
        long hits = 0;
        for (int i = 0; i < held->n; i++) {
            int voted = vote_of(vote, hit + (size_t)i * (size_t)k, k, train->label, classes);
            if (guess) guess[i] = voted;
            hits += voted == held->label[i];
        }
        *out = figure_of(hits, held->n);
    }
    free(base);
    free(query);
    free(vote);
    free(hit);
    return ok;
}

static bool takes(const Encoder *e, const char *name, int c, int h, int w, Err *err)
{
    if (e->config.channels == c && e->config.side == h && h == w) return true;
    return err_set(err, ERR_USAGE, "encoder %s takes %dx%d pictures of %d channels, %s has %dx%d of %d",
                   e->name, e->config.side, e->config.side, e->config.channels, name, w, h, c);
}

bool probe_fits(const Encoder *e, const Dataset *d, Err *err)
{
    return takes(e, d->name, d->c, d->h, d->w, err);
}

/* Banks
 * ------------------------------------------------------------------------------------------------------ */

typedef struct {
    uint8_t *px;
    int *label, *index, n;
} Images;

struct ProbeBank {
    Images train, held;
    int c, h, w, classes;
    ProbeConfig config;
};

/* The most of each class that `limit` images can have all alike. */
static int quota_of(const int *total, int classes, int limit)
{
    for (int quota = 0;; quota++) {
        long sum = 0;
        for (int c = 0; c < classes; c++) sum += total[c] < quota + 1 ? total[c] : quota + 1;
        if (sum > limit) return quota;
    }
}

/* Keeps `limit` < d->n of order's images, as even over the classes as can be, in their order. count: scratch
 * (2 classes). */
static void balance(int *order, const Dataset *d, int limit, int *count)
{
    int *total = count, *taken = count + d->classes, have = 0, sum = 0;
    for (int i = 0; i < d->n; i++) total[d->label[i]]++;
    int quota = quota_of(total, d->classes, limit);
    for (int c = 0; c < d->classes; c++) sum += total[c] < quota ? total[c] : quota;
    for (int i = 0, extra = limit - sum; i < d->n && have < limit; i++) {
        int rank = taken[d->label[order[i]]]++;
        if (rank < quota || (rank == quota && extra-- > 0)) order[have++] = order[i];
    }
}

static bool copy_images(Images *out, const Dataset *d, const int *order, int n, Err *err)
{
    size_t item = dataset_item_bytes(d);
    out->n = n;
    out->px = malloc((size_t)n * item);
    out->label = malloc(2 * (size_t)n * sizeof *out->label);
    if (!out->px || !out->label) return err_nomem(err, "the images of a probe");
    out->index = out->label + n;
    memcpy(out->index, order, (size_t)n * sizeof *order);
    for (int i = 0; i < n; i++) {
        memcpy(out->px + (size_t)i * item, dataset_pixels(d, order[i]), item);
        out->label[i] = d->label[order[i]];
    }
    return true;
}

static bool choose(Images *out, const Dataset *d, int limit, uint64_t seed, Err *err)
{
    if (d->n < 1) return err_set(err, ERR_USAGE, "probe: %s has no images in this split", d->name);
    int *order = malloc((size_t)d->n * sizeof *order), *count = calloc(2 * (size_t)d->classes, sizeof *count);
    bool ok = (order && count) || err_nomem(err, "the images of a probe");
    if (ok) {
        int n = d->n;
        for (int i = 0; i < n; i++)
            order[i] = (int)order_at((uint64_t)i, (uint64_t)n, rng_mix(seed, RNG_PROBE));
        if (limit > 0 && limit < n) balance(order, d, n = limit, count);
        ok = copy_images(out, d, order, n, err);
    }
    free(order);
    free(count);
    return ok;
}

bool probe_bank(ProbeBank **out, const Dataset *train, const Dataset *held, const ProbeConfig *c, Err *err)
{
    if (train->c != held->c || train->h != held->h || train->w != held->w || train->classes != held->classes)
        return err_set(err, ERR_USAGE, "probe: %s and %s differ in size, channels or classes", train->name,
                       held->name);
    ProbeBank *b = calloc(1, sizeof *b);
    if (!b) return err_nomem(err, "a probe");
    *b = (ProbeBank){.c = train->c, .h = train->h, .w = train->w, .classes = train->classes, .config = *c};
    bool ok =
        choose(&b->train, train, c->train, c->seed, err) && choose(&b->held, held, c->held, c->seed, err);
    if (ok)
        *out = b;
    else
        probe_bank_free(b);
    return ok;
}

void probe_bank_free(ProbeBank *b)
{
    if (!b) return;
    free(b->train.px);
    free(b->train.label);
    free(b->held.px);
    free(b->held.label);
    free(b);
}

/* Encoders
 * --------------------------------------------------------------------------------------------------- */

/* One probe from the labels at `pick`. */
static bool learn_few(double *value, const ProbeSet *train, const int *pick, int n, const ProbeSet *held,
                      int D, const ProbeBank *b, uint64_t seed, Pool *pool, Err *err)
{
    Figure f = {0};
    float *feature = malloc(((size_t)n * (size_t)D + 1) * sizeof *feature);
    int *label = malloc(((size_t)n + 1) * sizeof *label);
    bool ok = (feature && label) || err_nomem(err, "a probe from few labels");
    for (int i = 0; ok && i < n; i++) {
        memcpy(feature + (size_t)i * (size_t)D, train->feature + (size_t)pick[i] * (size_t)D,
               (size_t)D * sizeof *feature);
        label[i] = train->label[pick[i]];
    }
    ProbeSet few = {feature, label, n};
    ok = ok && probe_linear_pulled(&f, NULL, &few, held, D, b->classes, b->config.updates, few_pull, seed,
                                   pool, err);
    *value = f.value;
    free(feature);
    free(label);
    return ok;
}

static int by_index(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Places in the bank's training images in the order of the dataset, and the labels there: so that the labels
 * that are drawn from all of them are those that a training with labels draws by the same seed
 * (learn/views.h). 2n; the caller frees. */
static int *dataset_order(const Images *m, Err *err)
{
    size_t n = (size_t)m->n;
    int(*pair)[2] = malloc((n + 1) * sizeof *pair), *order = malloc((2 * n + 1) * sizeof *order);
    for (size_t i = 0; pair && i < n; i++) pair[i][0] = m->index[i], pair[i][1] = (int)i;
    if (pair) qsort(pair, n, sizeof *pair, by_index);
    for (size_t i = 0; pair && order && i < n; i++) {
        order[i] = pair[i][1];
        order[n + i] = m->label[order[i]];
    }
    if (!pair || !order) err_nomem(err, "a probe from few labels");
    if (!pair) free(order), order = NULL;
    free(pair);
    return order;
}

static bool draw_few(double *value, int each, uint64_t seed, const int *order, const ProbeSet *train,
                     const ProbeSet *held, int D, const ProbeBank *b, Pool *pool, Err *err)
{
    int n, *pick = subset_per_class(&n, order + train->n, train->n, b->classes, each, seed, err);
    for (int i = 0; pick && i < n; i++) pick[i] = order[pick[i]];
    bool ok = pick && learn_few(value, train, pick, n, held, D, b, seed, pool, err);
    free(pick);
    return ok;
}

static bool take_few(ProbeFew *out, int each, const ProbeSet *train, const ProbeSet *held, int D,
                     const ProbeBank *b, Pool *pool, Err *err)
{
    double half;
    int *order = dataset_order(&b->train, err);
    bool ok = order != NULL;
    *out = (ProbeFew){.each = each, .draws = b->config.draws};
    for (int k = 0; ok && k < out->draws; k++)
        ok = draw_few(&out->draw[k], each, b->config.seed + (uint64_t)k, order, train, held, D, b, pool, err);
    free(order);
    student_interval(&out->linear.value, &half, out->draw, out->draws);
    out->linear.low = out->linear.value - half;
    out->linear.high = out->linear.value + half;
    if (out->draws == 1) out->linear = figure_of(lround(out->draw[0] * held->n), held->n);
    return ok;
}

static bool take_hits(signed char **out, const int *guess, const ProbeSet *held, Err *err)
{
    *out = malloc((size_t)held->n + 1);
    if (!*out) return err_nomem(err, "a probe's hits");
    for (int i = 0; i < held->n; i++) (*out)[i] = guess[i] == held->label[i];
    return true;
}

static bool judge(ProbeResult *out, ProbeHits *hits, const float *feature, int D, const ProbeBank *b,
                  Pool *pool, Err *err)
{
    const ProbeConfig *c = &b->config;
    ProbeSet train = {feature, b->train.label, b->train.n};
    ProbeSet held = {feature + (size_t)b->train.n * (size_t)D, b->held.label, b->held.n};
    int *guess = malloc(((size_t)held.n + 1) * sizeof *guess);
    bool ok =
        (guess || err_nomem(err, "a probe")) &&
        probe_knn(&out->knn, guess, &train, &held, D, b->classes, pool, err) &&
        (!hits || take_hits(&hits->knn, guess, &held, err)) &&
        probe_linear(&out->linear, guess, &train, &held, D, b->classes, c->updates, c->seed, pool, err) &&
        (!hits || take_hits(&hits->linear, guess, &held, err)) &&
        meter_rank(&out->rank, held.feature, held.n, D, pool, err);
    for (int i = 0; ok && i < PROBE_FEW && c->few[i]; i++)
        ok = take_few(&out->few[i], c->few[i], &train, &held, D, b, pool, err);
    free(guess);
    return ok;
}

/* Features of the held-out images, and what the encoder's own classifier says where it has one of these
 * classes. */
static bool encode_held(Figure *classifier, float *feature, const Encoder *e, const ProbeBank *b, Pool *pool,
                        Err *err)
{
    int n = b->held.n, classes = b->classes;
    bool own = classifier && e->config.classes == classes && n > 0;
    float *logits = own ? malloc((size_t)n * (size_t)classes * sizeof *logits) : NULL;
    int *guess = own ? malloc((size_t)n * sizeof *guess) : NULL;
    bool ok = (!own || (logits && guess)) || err_nomem(err, "the answers of a classifier");
    ok = ok && encoder_features_of_bytes(feature, logits, e, b->held.px, (size_t)n, pool, err);
    if (classifier) *classifier = (Figure){NAN, NAN, NAN};
    if (ok && own) {
        long right = 0;
        probe_guess(guess, logits, n, classes);
        for (int i = 0; i < n; i++) right += guess[i] == b->held.label[i];
        *classifier = figure_of(right, n);
    }
    free(logits);
    free(guess);
    return ok;
}

/* Features of the bank's pictures, training ones first; the caller frees. classifier may be NULL. */
static float *encode(Figure *classifier, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err)
{
    if (!takes(e, "the probe", b->c, b->h, b->w, err)) return NULL;
    size_t D = (size_t)encoder_features(&e->config), train = (size_t)b->train.n, held = (size_t)b->held.n;
    float *feature = malloc((train + held) * D * sizeof *feature);
    if (!feature) return err_nomem(err, "the features of a probe"), NULL;
    if (encoder_features_of_bytes(feature, NULL, e, b->train.px, train, pool, err) &&
        encode_held(classifier, feature + train * D, e, b, pool, err))
        return feature;
    free(feature);
    return NULL;
}

void probe_hits_free(ProbeHits *h)
{
    free(h->linear);
    free(h->knn);
    *h = (ProbeHits){0};
}

bool probe_run_hits(ProbeResult *out, ProbeHits *hits, const Encoder *e, const ProbeBank *b, Pool *pool,
                    Err *err)
{
    double start = clock_seconds();
    *out = (ProbeResult){.train = b->train.n, .held = b->held.n};
    if (hits) *hits = (ProbeHits){.n = b->held.n};
    Digest before = weights_digest(e->weights);
    float *feature = encode(&out->classifier, e, b, pool, err);
    out->encode_seconds = clock_seconds() - start;
    bool ok = feature && judge(out, hits, feature, encoder_features(&e->config), b, pool, err);
    Digest after = weights_digest(e->weights);
    out->frozen = !memcmp(&before, &after, sizeof before);
    digest_hex(out->digest, &after, 16);
    out->seconds = clock_seconds() - start;
    free(feature);
    return ok;
}

bool probe_run(ProbeResult *out, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err)
{
    return probe_run_hits(out, NULL, e, b, pool, err);
}

bool probe_guesses(Figure *out, int *guess, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err)
{
    int D = encoder_features(&e->config);
    float *feature = encode(NULL, e, b, pool, err);
    if (!feature) return false;
    ProbeSet train = {feature, b->train.label, b->train.n};
    ProbeSet held = {feature + (size_t)b->train.n * (size_t)D, b->held.label, b->held.n};
    bool ok =
        probe_linear(out, guess, &train, &held, D, b->classes, b->config.updates, b->config.seed, pool, err);
    free(feature);
    return ok;
}

int probe_held_count(const ProbeBank *b)
{
    return b->held.n;
}

int probe_held_index(const ProbeBank *b, int i)
{
    return b->held.index[i];
}

int probe_held_label(const ProbeBank *b, int i)
{
    return b->held.label[i];
}

int probe_classes(const ProbeBank *b)
{
    return b->classes;
}

bool probe_encoder(ProbeResult *out, const Encoder *e, const Dataset *train, const Dataset *held,
                   const ProbeConfig *c, Pool *pool, Err *err)
{
    ProbeBank *b = NULL;
    bool ok =
        probe_fits(e, train, err) && probe_bank(&b, train, held, c, err) && probe_run(out, e, b, pool, err);
    probe_bank_free(b);
    return ok;
}
