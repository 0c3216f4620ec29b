/* Scores of pictures: how unsure a head is, how far two heads disagree, how near features are. */
#include "latent/search_score.h"
#include "math/gemm.h"
#include "model/encoder_grad.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A head that runs: probabilities of the pictures at hand, and gradients on their way back. */
typedef struct {
    const SearchHead *head;
    EncGrad *run;
    size_t features;
    int classes;
    float *logit, *p, *dlogit, *dfeature; /* (batch, classes) thrice, (batch, features) */
} Sight;

struct Score {
    const SearchConfig *config;
    Sight first, second;
    size_t item;
    float *dimage; /* of the second (batch, item) */
    float *row;    /* SEARCH_NEAR: rows of length 1 */
};

/* --- heads -----------------------------------------------------------------------------------------------
 */

static bool check_head(const SearchHead *h, const GeneratorConfig *g, bool classes, Err *err)
{
    if (!h->encoder) return err_set(err, ERR_USAGE, "this search needs an encoder");
    const EncoderConfig *c = &h->encoder->config;
    if (c->side != g->size || c->channels != g->channels)
        return err_set(err, ERR_USAGE, "the encoder %s takes other pictures than the generator makes",
                       h->encoder->name);
    if (classes && !h->weight && !c->classes)
        return err_set(err, ERR_USAGE, "the encoder %s has no classes: this search needs a judge or a probe",
                       h->encoder->name);
    return true;
}

static bool open_sight(Sight *s, const SearchHead *h, int batch, Pool *pool, Err *err)
{
    size_t n = (size_t)batch;
    s->head = h;
    s->run = encoder_grad(h->encoder, batch, pool, err);
    if (!s->run) return false;
    s->features = (size_t)encoder_features(&h->encoder->config);
    s->classes = h->weight ? h->classes : h->encoder->config.classes;
    size_t logits = n * (size_t)s->classes + 1;
    s->logit = calloc(3 * logits + n * s->features, sizeof *s->logit);
    if (!s->logit) return err_nomem(err, "a search");
    s->p = s->logit + logits;
    s->dlogit = s->p + logits;
    s->dfeature = s->dlogit + logits;
    return true;
}

static void close_sight(Sight *s)
{
    enc_grad_free(s->run);
    free(s->logit);
}

static void softmax(float *p, const float *x, int n)
{
    double sum = 0;
    float most = x[0];
    for (int i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    for (int i = 0; i < n; i++) sum += exp((double)(x[i] - most));
    for (int i = 0; i < n; i++) p[i] = (float)(exp((double)(x[i] - most)) / sum);
}

/* Probabilities into s->p. */
static void see(Sight *s, const float *image, int n)
{
    const float *own, *feature = enc_grad_run(s->run, &own, image, n), *x = own;
    int classes = s->classes, features = (int)s->features;
    if (s->head->weight) {
        gemm_naive(s->logit, feature, s->head->weight, n, classes, features, GEMM_NT, false);
        for (int i = 0; i < n * classes; i++) s->logit[i] += s->head->bias ? s->head->bias[i % classes] : 0;
        x = s->logit;
    }
    for (int i = 0; i < n; i++)
        softmax(s->p + (size_t)i * (size_t)classes, x + (size_t)i * (size_t)classes, classes);
}

/* From the gradients of the logits in s->dlogit to those of the pictures. */
static void see_back(Sight *s, float *dimage, int n)
{
    if (!s->head->weight) {
        enc_grad_back(s->run, dimage, NULL, s->dlogit, n);
        return;
    }
    gemm_naive(s->dfeature, s->dlogit, s->head->weight, n, (int)s->features, s->classes, GEMM_NN, false);
    enc_grad_back(s->run, dimage, s->dfeature, NULL, n);
}

/* --- the scores ------------------------------------------------------------------------------------------
 */

/* x log x, 0 at 0 */
static double xlogx(double x)
{
    return x > 0 ? x * log(x) : 0;
}

/* Given dp = d value / d p, the gradient of the logits. */
static void softmax_back(float *dlogit, const float *p, const double *dp, int n)
{
    double mean = 0;
    for (int i = 0; i < n; i++) mean += (double)p[i] * dp[i];
    for (int i = 0; i < n; i++) dlogit[i] = (float)((double)p[i] * (dp[i] - mean));
}

enum { CLASSES_MAX = 1000 };

#define LEAST 1e-12 /* of a probability whose logarithm is taken */

/* Entropy: -sum p log p. */
static void unsure(Score *s, double *value, float *dimage, const float *image, int n)
{
    Sight *a = &s->first;
    double dp[CLASSES_MAX];
    see(a, image, n);
    for (int i = 0; i < n; i++) {
        const float *p = a->p + (size_t)i * (size_t)a->classes;
        value[i] = 0;
        for (int k = 0; k < a->classes; k++) {
            value[i] -= xlogx((double)p[k]);
            dp[k] = -log((double)p[k] + LEAST) - 1;
        }
        softmax_back(a->dlogit + (size_t)i * (size_t)a->classes, p, dp, a->classes);
    }
    if (dimage) see_back(a, dimage, n);
}

/* Jensen-Shannon divergence: the entropy of the mean less the mean of the entropies. */
static double divergence(double *dp, const float *p, const float *q, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++) {
        double x = (double)p[k], y = (double)q[k], m = (x + y) / 2;
        sum += (xlogx(x) + xlogx(y)) / 2 - xlogx(m);
        dp[k] = (log(x + LEAST) - log(m + LEAST)) / 2;
    }
    return sum;
}

static void disagree(Score *s, double *value, float *dimage, const float *image, int n)
{
    Sight *a = &s->first, *b = &s->second;
    double dp[CLASSES_MAX];
    size_t classes = (size_t)a->classes;
    see(a, image, n);
    see(b, image, n);
    for (int i = 0; i < n; i++) {
        const float *p = a->p + (size_t)i * classes, *q = b->p + (size_t)i * classes;
        value[i] = divergence(dp, p, q, a->classes);
        softmax_back(a->dlogit + (size_t)i * classes, p, dp, a->classes);
        divergence(dp, q, p, a->classes);
        softmax_back(b->dlogit + (size_t)i * classes, q, dp, a->classes);
    }
    if (!dimage) return;
    see_back(a, dimage, n);
    see_back(b, s->dimage, n);
    for (size_t j = 0; j < (size_t)n * s->item; j++) dimage[j] += s->dimage[j];
}

/* The largest cosine with a row, no higher than 1 - apart: nearer is as good, so that hits are no copies. */
static double nearness(const Score *s, float *d, const float *feature)
{
    size_t n = s->first.features;
    double norm = 0, best = -1;
    const float *row = s->row;
    for (size_t j = 0; j < n; j++) norm += (double)feature[j] * (double)feature[j];
    norm = sqrt(norm) + 1e-12;
    for (int r = 0; r < s->config->rows; r++) {
        double dot = 0;
        for (size_t j = 0; j < n; j++) dot += (double)feature[j] / norm * (double)s->row[(size_t)r * n + j];
        if (dot > best) best = dot, row = s->row + (size_t)r * n;
    }
    double most = 1 - (double)s->config->apart, sign = best > most ? -1 : 1;
    for (size_t j = 0; j < n; j++)
        d[j] = (float)(sign * ((double)row[j] - best * (double)feature[j] / norm) / norm);
    return best > most ? 2 * most - best : best;
}

static void near(Score *s, double *value, float *dimage, const float *image, int n)
{
    Sight *a = &s->first;
    const float *feature = enc_grad_run(a->run, NULL, image, n);
    for (int i = 0; i < n; i++)
        value[i] = nearness(s, a->dfeature + (size_t)i * a->features, feature + (size_t)i * a->features);
    if (dimage) enc_grad_back(a->run, dimage, a->dfeature, NULL, n);
}

void score_of(Score *s, double *value, float *dimage, const float *image, int n)
{
    static void (*const wish[])(Score *, double *, float *, const float *, int) = {
        [SEARCH_UNSURE] = unsure, [SEARCH_DISAGREE] = disagree, [SEARCH_NEAR] = near};
    wish[s->config->wish](s, value, dimage, image, n);
}

/* --- life ------------------------------------------------------------------------------------------------
 */

static bool copy_rows(Score *s, Err *err)
{
    size_t n = s->first.features;
    if (!s->config->features || s->config->rows < 1)
        return err_set(err, ERR_USAGE, "a search for more like these needs at least one of these");
    s->row = malloc((size_t)s->config->rows * n * sizeof *s->row);
    if (!s->row) return err_nomem(err, "a search");
    for (int r = 0; r < s->config->rows; r++) {
        const float *from = s->config->features + (size_t)r * n;
        double norm = 0;
        for (size_t j = 0; j < n; j++) norm += (double)from[j] * (double)from[j];
        for (size_t j = 0; j < n; j++)
            s->row[(size_t)r * n + j] = (float)((double)from[j] / (sqrt(norm) + 1e-12));
    }
    return true;
}

static bool open_second(Score *s, int batch, Pool *pool, Err *err)
{
    if (!open_sight(&s->second, &s->config->other, batch, pool, err)) return false;
    s->dimage = calloc((size_t)batch * s->item, sizeof *s->dimage);
    if (!s->dimage) return err_nomem(err, "a search");
    return s->first.classes == s->second.classes ||
           err_set(err, ERR_USAGE,
                   "the two encoders know %d and %d classes: they can only disagree over the same ones",
                   s->first.classes, s->second.classes);
}

Score *score_new(const SearchConfig *c, const GeneratorConfig *g, int batch, Pool *pool, Err *err)
{
    bool classes = c->wish != SEARCH_NEAR;
    if (!check_head(&c->head, g, classes, err) ||
        (c->wish == SEARCH_DISAGREE && !check_head(&c->other, g, true, err)))
        return NULL;
    Score *s = calloc(1, sizeof *s);
    if (!s) return err_nomem(err, "a search"), NULL;
    s->config = c;
    s->item = (size_t)g->channels * (size_t)g->size * (size_t)g->size;
    bool ok = open_sight(&s->first, &c->head, batch, pool, err) &&
              (s->first.classes <= CLASSES_MAX || err_set(err, ERR_LIMIT, "over %d classes", CLASSES_MAX)) &&
              (c->wish != SEARCH_DISAGREE || open_second(s, batch, pool, err)) &&
              (c->wish != SEARCH_NEAR || copy_rows(s, err));
    if (ok) return s;
    score_free(s);
    return NULL;
}

void score_free(Score *s)
{
    if (!s) return;
    close_sight(&s->first);
    close_sight(&s->second);
    free(s->dimage);
    free(s->row);
    free(s);
}
