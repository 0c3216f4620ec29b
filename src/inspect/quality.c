/* Measuring a generator with a judge: samples, features, and every figure from them. */
#include "inspect/quality.h"
#include "latent/latent.h"
#include "base/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE = 256, SPREAD = 500 };

const QualityConfig quality_defaults = {.samples = 10000, .psi = 1, .k = 5};

/* Spread
 * ----------------------------------------------------------------------------------------------------- */

/* Mean distance between the first rows of class c; NaN under two rows. pick: scratch (SPREAD). */
static double mean_distance(const float *x, const int *label, int n, int D, int c, int *pick)
{
    int have = 0;
    double sum = 0;
    for (int i = 0; i < n && have < SPREAD; i++)
        if (c < 0 || label[i] == c) pick[have++] = i;
    for (int i = 0; i < have; i++)
        for (int j = 0; j < i; j++) {
            const float *a = x + (size_t)pick[i] * (size_t)D, *b = x + (size_t)pick[j] * (size_t)D;
            float square = 0;
            for (int d = 0; d < D; d++) square += (a[d] - b[d]) * (a[d] - b[d]);
            sum += sqrt((double)square);
        }
    return have < 2 ? NAN : 2 * sum / ((double)have * (have - 1));
}

void quality_spread(double *ratio, const float *fake, const int *fake_label, int m, const float *real,
                    const int *real_label, int n, int D, int classes)
{
    int pick[SPREAD];
    for (int c = 0; c < (classes ? classes : 1); c++) {
        int class = classes ? c : -1;
        ratio[c] = mean_distance(fake, fake_label, m, D, class, pick) /
                   mean_distance(real, real_label, n, D, class, pick);
    }
}

/* Work
 * ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const QualityConfig *config;
    const Encoder *judge;
    const Dataset *real, *train;
    Pool *pool;
    QualityProgress *progress;
    void *ctx;
    int D, classes, yard; /* yard: training images */
    float *fake, *real_feature, *train_feature, *image, *fake_logits, *real_logits;
    int *fake_label, *guess;
    void *floats, *ints;
} Work;

/* Shares of the whole time, roughly: samples to 0.5, real images to 0.9, figures to 1. */
static bool told(const Work *w, double share, Err *err)
{
    return !w->progress || w->progress(w->ctx, share) || err_set(err, ERR_CANCELLED, "quality: stopped");
}

static bool open_work(Work *w, size_t image_floats, Err *err)
{
    size_t D = (size_t)w->D, m = (size_t)w->config->samples, n = (size_t)w->real->n, t = (size_t)w->yard;
    size_t c = (size_t)w->judge->config.classes, most = m > n ? m : n;
    float *f = w->floats = malloc(((m + n + t) * D + SLICE * image_floats + (m + n) * c) * sizeof *f);
    int *i = w->ints = malloc((m + most) * sizeof *i);
    if (!f || !i) return err_nomem(err, "measuring quality");
    w->fake = f;
    w->real_feature = w->fake + m * D;
    w->train_feature = w->real_feature + n * D;
    w->image = w->train_feature + t * D;
    w->fake_logits = w->image + SLICE * image_floats;
    w->real_logits = w->fake_logits + m * c;
    w->fake_label = i;
    w->guess = i + m;
    return true;
}

static bool sample(Work *w, Generator *g, Err *err)
{
    int m = w->config->samples;
    Latent *l = latent_new(g, 64, NULL, w->pool, err);
    Address *list = malloc(SLICE * sizeof *list);
    bool ok = l && (list || err_nomem(err, "measuring quality"));
    for (int at = 0; ok && at < m; at += SLICE) {
        int count = m - at < SLICE ? m - at : SLICE;
        for (int i = 0; i < count; i++) {
            int class = w->classes ? (at + i) % w->classes : -1;
            w->fake_label[at + i] = class;
            list[i] = address_of_seed(g->slug, g->digest, w->config->seed + (uint64_t)(at + i), class,
                                      w->config->psi);
        }
        ok = latent_images(w->image, l, list, count, err) &&
             encoder_features_of_floats(w->fake + (size_t)at * (size_t)w->D,
                                        w->fake_logits + (size_t)at * (size_t)w->judge->config.classes,
                                        w->judge, w->image, (size_t)count, w->pool, err) &&
             told(w, 0.5 * (at + count) / m, err);
    }
    free(list);
    if (l) latent_free(l);
    return ok;
}

/* Features (and logits where not NULL) of d's images in an order of their own, `n` of them. */
static bool encode(const Work *w, float *feature, float *logits, const Dataset *d, int n, bool mixed,
                   double from, Err *err)
{
    size_t item = dataset_item_bytes(d), c = (size_t)w->judge->config.classes;
    uint8_t *px = malloc(SLICE * item);
    bool ok = px || err_nomem(err, "measuring quality");
    for (int at = 0; ok && at < n; at += SLICE) {
        int count = n - at < SLICE ? n - at : SLICE;
        for (int i = 0; i < count; i++) {
            int image = mixed ? (int)order_at((uint64_t)(at + i), (uint64_t)d->n, 0) : at + i;
            memcpy(px + (size_t)i * item, dataset_pixels(d, image), item);
        }
        ok = encoder_features_of_bytes(feature + (size_t)at * (size_t)w->D,
                                       logits ? logits + (size_t)at * c : NULL, w->judge, px, (size_t)count,
                                       w->pool, err) &&
             told(w, from + 0.2 * (at + count) / n, err);
    }
    free(px);
    return ok;
}

static Figure agreement(const Work *w, double *per_class)
{
    long hits = 0, hit[QUALITY_CLASSES_MAX] = {0}, seen[QUALITY_CLASSES_MAX] = {0};
    probe_guess(w->guess, w->fake_logits, w->config->samples, w->judge->config.classes);
    for (int i = 0; i < w->config->samples; i++) {
        bool right = w->guess[i] == w->fake_label[i];
        hits += right;
        hit[w->fake_label[i]] += right;
        seen[w->fake_label[i]]++;
    }
    for (int c = 0; c < w->classes; c++) per_class[c] = seen[c] ? (double)hit[c] / (double)seen[c] : NAN;
    return figure_of(hits, w->config->samples);
}

static Figure accuracy(const Work *w)
{
    long hits = 0;
    probe_guess(w->guess, w->real_logits, w->real->n, w->judge->config.classes);
    for (int i = 0; i < w->real->n; i++) hits += w->guess[i] == w->real->label[i];
    return figure_of(hits, w->real->n);
}

static bool figures(Quality *q, const Work *w, Err *err)
{
    int m = w->config->samples, n = w->real->n, k = w->config->k;
    q->class_agreement = w->classes ? agreement(w, q->agreement) : (Figure){NAN, NAN, NAN};
    q->judge_accuracy = accuracy(w);
    quality_spread(q->spread, w->fake, w->fake_label, m, w->real_feature, w->real->label, n, w->D,
                   w->classes);
    q->min_spread = INFINITY;
    for (int c = 0; c < q->classes; c++) q->min_spread = fmin(q->min_spread, q->spread[c]);
    return quality_prdc(&q->prdc, w->real_feature, n, w->fake, m, w->D, k, w->pool, err) &&
           quality_prdc(&q->train, w->real_feature, n, w->train_feature, w->yard, w->D, k, w->pool, err) &&
           quality_frechet(&q->frechet, w->real_feature, n, w->fake, m, w->D, w->pool, err) &&
           quality_frechet(&q->frechet_train, w->real_feature, n, w->train_feature, w->yard, w->D, w->pool,
                           err) &&
           quality_kernel(&q->kernel, w->real_feature, n, w->fake, m, w->D, w->pool, err) &&
           quality_kernel(&q->kernel_train, w->real_feature, n, w->train_feature, w->yard, w->D, w->pool,
                          err) &&
           told(w, 1, err);
}

static bool fits(const QualityConfig *c, const Generator *g, const Encoder *judge, const Dataset *real,
                 const Dataset *train, Err *err)
{
    if (c->samples <= c->k || c->samples > 10000000 || real->n <= c->k || train->n <= c->k)
        return err_set(err, ERR_USAGE, "quality: needs more than %d samples, real and training images", c->k);
    if (!judge->config.classes || judge->config.classes != real->classes)
        return err_set(err, ERR_USAGE, "quality: %s is no judge of the %d classes of %s", judge->name,
                       real->classes, real->name);
    if (g->config.classes > QUALITY_CLASSES_MAX || (g->config.classes && g->config.classes != real->classes))
        return err_set(err, ERR_USAGE, "quality: generator %s has %d classes, %s has %d", g->slug,
                       g->config.classes, real->name, real->classes);
    if (g->config.size != real->h || g->config.channels != real->c)
        return err_set(err, ERR_USAGE,
                       "quality: generator %s makes %dx%d pictures of %d channels, %s has %dx%d of %d",
                       g->slug, g->config.size, g->config.size, g->config.channels, real->name, real->w,
                       real->h, real->c);
    return probe_fits(judge, real, err) && probe_fits(judge, train, err);
}

bool quality_measure(Quality *out, const QualityConfig *c, Generator *g, const Encoder *judge,
                     const Dataset *real, const Dataset *train, QualityProgress *progress, void *ctx,
                     Pool *pool, Err *err)
{
    *out = (Quality){
        .classes = g->config.classes ? g->config.classes : 1, .samples = c->samples, .real = real->n};
    if (!fits(c, g, judge, real, train, err)) return false;
    Work w = {.config = c,
              .judge = judge,
              .real = real,
              .train = train,
              .pool = pool,
              .progress = progress,
              .ctx = ctx};
    w.D = out->features = encoder_features(&judge->config);
    w.classes = g->config.classes;
    w.yard = train->n < c->samples ? train->n : c->samples;
    out->agreement = calloc(2 * (size_t)out->classes, sizeof *out->agreement);
    out->spread = out->agreement ? out->agreement + out->classes : NULL;
    bool ok = (out->agreement || err_nomem(err, "measuring quality")) &&
              open_work(&w, generator_image_floats(g), err) && sample(&w, g, err) &&
              encode(&w, w.real_feature, w.real_logits, real, real->n, false, 0.5, err) &&
              encode(&w, w.train_feature, NULL, train, w.yard, true, 0.7, err) && figures(out, &w, err);
    free(w.floats);
    free(w.ints);
    if (!ok) quality_free(out);
    return ok;
}

void quality_free(Quality *q)
{
    free(q->agreement);
    q->agreement = q->spread = NULL;
}
