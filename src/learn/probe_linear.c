/* The linear probe: softmax regression on standardised features by Adam in minibatches. */
#include "base/rng.h"
#include "base/order.h"
#include "learn/probe.h"
#include "math/blas.h"
#include "math/loss.h"
#include "math/optim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1000 };
static const float rate = 1e-2f;

typedef struct {
    const ProbeSet *train;
    int D, classes, batch;
    float *mean, *scale;       /* (D): x becomes (x - mean) * scale */
    float *w, *g, *m, *v;      /* (classes,D) then (classes), each with gradient and moments */
    float *x, *logit, *dlogit; /* (batch,D), (batch,classes) */
    int *label;                /* (batch) */
    float pull;                /* of the weights to 0 */
    size_t params;
    void *floats;
} Linear;

static bool open_linear(Linear *l, const ProbeSet *train, int D, int classes, Err *err)
{
    size_t d = (size_t)D, c = (size_t)classes, b = train->n < BATCH ? (size_t)train->n : BATCH;
    *l = (Linear){.train = train, .D = D, .classes = classes, .batch = (int)b, .params = c * d + c};
    size_t total = 2 * d + 4 * l->params + b * (d + 2 * c);
    float *f = l->floats = calloc(total, sizeof *f);
    l->label = malloc(b * sizeof *l->label);
    if (!f || !l->label) return err_nomem(err, "the linear probe");
    l->mean = f;
    l->scale = l->mean + d;
    l->w = l->scale + d;
    l->g = l->w + l->params;
    l->m = l->g + l->params;
    l->v = l->m + l->params;
    l->x = l->v + l->params;
    l->logit = l->x + b * d;
    l->dlogit = l->logit + b * c;
    return true;
}

static void close_linear(Linear *l)
{
    free(l->floats);
    free(l->label);
}

static void measure(Linear *l)
{
    int n = l->train->n;
    for (int d = 0; d < l->D; d++) {
        double sum = 0, square = 0;
        for (int i = 0; i < n; i++) sum += (double)l->train->feature[(size_t)i * (size_t)l->D + (size_t)d];
        l->mean[d] = (float)(sum / n);
        for (int i = 0; i < n; i++) {
            double gap = (double)(l->train->feature[(size_t)i * (size_t)l->D + (size_t)d] - l->mean[d]);
            square += gap * gap;
        }
        l->scale[d] = (float)(1 / (sqrt(square / n) + 1e-5));
    }
}

/* Row `to` of the batch becomes the standardised feature. */
static void load(Linear *l, int to, const float *feature)
{
    float *x = l->x + (size_t)to * (size_t)l->D;
    for (int d = 0; d < l->D; d++) x[d] = (feature[d] - l->mean[d]) * l->scale[d];
}

static void logits(Linear *l, int n, Pool *pool)
{
    const float *bias = l->w + (size_t)l->classes * (size_t)l->D;
    blas_gemm(l->logit, l->x, l->w, n, l->classes, l->D, GEMM_NT, false, pool);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < l->classes; c++) l->logit[i * l->classes + c] += bias[c];
}

/* Update t; every epoch of n / batch whole batches has its own order. */
static void update(Linear *l, int t, int updates, uint64_t seed, Pool *pool)
{
    int per_epoch = l->train->n / l->batch, first = t % per_epoch * l->batch;
    uint64_t key = rng_mix(seed, (uint64_t)(t / per_epoch));
    float *bias = l->g + (size_t)l->classes * (size_t)l->D;
    for (int i = 0; i < l->batch; i++) {
        int at = (int)order_at((uint64_t)(first + i), (uint64_t)l->train->n, key);
        load(l, i, l->train->feature + (size_t)at * (size_t)l->D);
        l->label[i] = l->train->label[at];
    }
    logits(l, l->batch, pool);
    cross_entropy(l->dlogit, l->logit, l->label, l->batch, l->classes, NULL);
    blas_gemm(l->g, l->dlogit, l->x, l->classes, l->D, l->batch, GEMM_TN, false, pool);
    for (size_t i = 0; l->pull > 0 && i < (size_t)l->classes * (size_t)l->D; i++)
        l->g[i] += l->pull * l->w[i];
    memset(bias, 0, (size_t)l->classes * sizeof *bias);
    for (int i = 0; i < l->batch; i++)
        for (int c = 0; c < l->classes; c++) bias[c] += l->dlogit[i * l->classes + c];
    float now = schedule_cosine(t, updates, 0, rate, 0);
    adam_step(l->w, l->m, l->v, l->g, l->params, now, 0.9f, 0.999f, 1e-8f, 0, t + 1, pool);
}

static int best_of(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

void probe_guess(int *guess, const float *logits, int n, int classes)
{
    for (int i = 0; i < n; i++) guess[i] = best_of(logits + (size_t)i * (size_t)classes, classes);
}

static long count_hits(Linear *l, int *guess, const ProbeSet *held, Pool *pool)
{
    long hits = 0;
    for (int first = 0; first < held->n; first += l->batch) {
        int n = held->n - first < l->batch ? held->n - first : l->batch;
        for (int i = 0; i < n; i++) load(l, i, held->feature + (size_t)(first + i) * (size_t)l->D);
        logits(l, n, pool);
        probe_guess(l->label, l->logit, n, l->classes);
        for (int i = 0; i < n; i++) hits += l->label[i] == held->label[first + i];
        if (guess) memcpy(guess + first, l->label, (size_t)n * sizeof *guess);
    }
    return hits;
}

bool probe_fit(float *weight, float *bias, const ProbeSet *train, int D, int classes, int updates,
               uint64_t seed, Pool *pool, Err *err)
{
    Linear l;
    if (train->n < 1) return err_set(err, ERR_USAGE, "linear probe: there are no images");
    bool ok = open_linear(&l, train, D, classes, err);
    if (ok) {
        measure(&l);
        for (int t = 0; t < updates; t++) update(&l, t, updates, seed, pool);
    }
    for (int c = 0; ok && c < classes; c++) {
        double shift = (double)l.w[(size_t)classes * (size_t)D + (size_t)c];
        for (int d = 0; d < D; d++) {
            size_t at = (size_t)c * (size_t)D + (size_t)d;
            weight[at] = l.w[at] * l.scale[d];
            shift -= (double)weight[at] * (double)l.mean[d];
        }
        bias[c] = (float)shift;
    }
    close_linear(&l);
    return ok;
}

bool probe_linear_pulled(Figure *out, int *guess, const ProbeSet *train, const ProbeSet *held, int D,
                         int classes, int updates, float pull, uint64_t seed, Pool *pool, Err *err)
{
    Linear l;
    if (train->n < 1 || held->n < 1) return err_set(err, ERR_USAGE, "linear probe: there are no images");
    bool ok = open_linear(&l, train, D, classes, err);
    if (ok) {
        l.pull = pull;
        measure(&l);
        for (int t = 0; t < updates; t++) update(&l, t, updates, seed, pool);
        *out = figure_of(count_hits(&l, guess, held, pool), held->n);
    }
    close_linear(&l);
    return ok;
}

bool probe_linear(Figure *out, int *guess, const ProbeSet *train, const ProbeSet *held, int D, int classes,
                  int updates, uint64_t seed, Pool *pool, Err *err)
{
    return probe_linear_pulled(out, guess, train, held, D, classes, updates, 0, seed, pool, err);
}
