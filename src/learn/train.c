/* Contrastive training as a step machine: views, forward, loss, backward, guarded update, snapshot. */
#include "learn/train.h"
#include "base/clock.h"
#include "latent/latent.h"
#include "learn/fields.h"
#include "learn/snapshot.h"
#include "learn/truth.h"
#include "math/act.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND "contrastive"

struct Trainer {
    TrainConfig config;
    TrainControl control; /* of the coming step */
    char source[17];      /* digest of the generator or the data */
    const char *source_is;
    EncoderConfig encoder;
    Net *net;
    Descent descent;
    Contrast contrast;
    Views *views;
    uint64_t last_step; /* whose batch is in contrast */
    float last_sigma;
    uint64_t corner_draws; /* pairs so far that began at kept views */
    uint64_t real_draws;   /* ... that were mixed in */
    Weight *weight;        /* (WEIGH_MAX) */
    int weights;
    pthread_mutex_t lock; /* over the next two */
    Encoder *published;
    uint64_t published_step;
};

static bool open_parts(Trainer *t, Generator *g, const Dataset *real, Pool *pool, Err *err)
{
    const TrainConfig *c = &t->config;
    ViewConfig v = train_views(c);
    if (!train_check(c, err) || !views_new(&t->views, &v, g, real, pool, err)) return false;
    t->source_is = views_generated(c->maker) ? "generator" : "data set";
    if (views_generated(c->maker))
        snprintf(t->source, sizeof t->source, "%s", g->digest);
    else
        digest_hex(t->source, &real->digest, 16);
    if (!train_encoder(&t->encoder, c, t->views, err)) return false;
    t->net = encoder_net(&t->encoder, err);
    return t->net && descent_open(&t->descent, t->net, &c->budget, c->seed, err) &&
           contrast_open(&t->contrast, c->objective, t->net, c->pairs, train_bf16(c), pool, err) &&
           trainer_publish(t, err);
}

/* Whether real pictures may come among generated views: their labels must then be the generator's classes. */
static bool can_mix(const Trainer *t, Err *err)
{
    if (!views_can_mix(t->views, err)) return false;
    int made = latent_generator(views_latent(t->views))->config.classes, real = views_data(t->views)->classes;
    return !objective_labels(t->config.objective) || made == real ||
           err_set(err, ERR_USAGE, "objective %s cannot mix pictures of %d classes into views of %d",
                   objective_name(t->config.objective), real, made);
}

bool trainer_new(Trainer **out, const TrainConfig *c, Generator *generator, const Dataset *real, Pool *pool,
                 Err *err)
{
    Trainer *t = calloc(1, sizeof *t);
    if (!t) return err_nomem(err, "a trainer");
    t->config = *c;
    t->control = c->control;
    t->weight = calloc(WEIGH_MAX, sizeof *t->weight);
    pthread_mutex_init(&t->lock, NULL);
    bool ok = (t->weight || err_nomem(err, "a trainer")) && open_parts(t, generator, real, pool, err) &&
              (!(c->control.mix > 0) || can_mix(t, err));
    if (ok)
        *out = t;
    else
        trainer_free(t);
    return ok;
}

void trainer_free(Trainer *t)
{
    if (!t) return;
    if (t->published) encoder_drop(t->published);
    contrast_close(&t->contrast);
    descent_close(&t->descent);
    views_free(t->views);
    net_free(t->net);
    free(t->weight);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

enum {
    BLOCKS = 5,
    SAVED = 4
}; /* weights, gradients, momentum, the guard's two; in a checkpoint without gradients */
enum { CLASSES = 10, Z_DIM = 128 }; /* about: a head that is small beside all else */

bool train_size(TrainSize *out, const TrainConfig *c, int channels, int side, Err *err)
{
    EncoderConfig e;
    Contrast contrast = {0};
    size_t rows = 2 * (size_t)c->pairs;
    if (!objective_encoder(&e, c->objective, c->encoder, channels, side, CLASSES, Z_DIM, err)) return false;
    Net *net = encoder_net(&e, err);
    Weights *w = net ? weights_new(net, err) : NULL;
    bool ok = w && contrast_open(&contrast, c->objective, net, c->pairs, train_bf16(c), NULL, err);
    if (ok) {
        size_t block = w->floats * sizeof(float);
        *out = (TrainSize){exec_bytes(contrast.exec) + rows * rows * sizeof(float) + BLOCKS * block,
                           SAVED * block, block};
    }
    contrast_close(&contrast);
    if (w) weights_drop(w);
    net_free(net);
    return ok;
}

static void measure(const Trainer *t, TrainMetrics *m, double loss)
{
    const Weights *g = t->descent.grads;
    m->loss = *m->told ? NAN : loss;
    m->accuracy = t->contrast.hits < 0 ? NAN : t->contrast.hits / (2.0 * t->config.pairs);
    m->gradient = sqrt(vec_dot(g->block, g->block, g->params));
    m->views = t->descent.step * 2 * (uint64_t)t->config.pairs;
    m->unique = views_unique(t->views, t->descent.step, t->corner_draws, t->real_draws);
    m->progress = descent_progress(&t->descent);
    m->elapsed = t->descent.elapsed;
}

static DescentConfig descent_config(const Trainer *t)
{
    return (DescentConfig){t->control.rate, t->config.momentum, t->config.decay, t->config.warm};
}

bool trainer_corners(Trainer *t, const Address *list, int n, Err *err)
{
    uint64_t mark = views_corners_mark(list, n);
    if (t->config.tray && t->config.tray != mark)
        return err_set(err, ERR_USAGE, "the kept views of the run are not those it was begun with");
    t->config.tray = mark;
    return views_corners(t->views, list, n, err);
}

/* What the objective must be told of the coming step's rows. */
static bool tell(Trainer *t, Err *err)
{
    Contrast *c = &t->contrast;
    const TrainControl *k = &t->control;
    uint64_t step = t->descent.step;
    c->factor = t->config.tau_base > 0 ? k->temperature / t->config.tau_base : 1;
    if (c->label) truth_labels(c->label, t->views, c->pairs, step, k->sigma);
    return !c->target || truth_latents(c->target, t->views, c->pairs, step, k->sigma, err);
}

bool trainer_step(Trainer *t, TrainMetrics *m, Err *err)
{
    if (!views_share(t->views, t->control.share, err) || !views_mix(t->views, t->control.mix, err))
        return false;
    double start = clock_seconds();
    Descent *d = &t->descent;
    DescentConfig c = descent_config(t);
    *m = (TrainMetrics){.step = d->step, .rate = (double)descent_rate(d, &c), .control = t->control};
    if (!views_fill(t->views, contrast_images(&t->contrast), d->step, t->control.sigma, err) || !tell(t, err))
        return false;
    m->repeats = t->config.pairs - views_origins(t->contrast.origin, t->views, d->step);
    t->contrast.repeats = m->repeats > 0;
    double drawn = clock_seconds();
    t->last_step = d->step;
    t->last_sigma = t->control.sigma;
    weights_zero(d->grads);
    double loss = contrast_step(&t->contrast, d->weights, d->grads, t->control.temperature);
    m->means = contrast_means(&t->contrast);
    if (!descent_update(d, &c, loss, m->means.spread, m->told, sizeof m->told, t->contrast.pool, err))
        return false;
    m->corners = views_corner_pairs(t->views);
    m->reals = views_real_pairs(t->views);
    m->redrawn = views_redrawn(t->views);
    t->corner_draws += (uint64_t)m->corners;
    t->real_draws += (uint64_t)m->reals;
    m->published = d->step % (uint64_t)t->config.publish == 0;
    if (m->published && !trainer_publish(t, err)) return false;
    m->seconds = clock_seconds() - start;
    d->elapsed += m->seconds;
    m->views_second = m->seconds > 0 ? 2.0 * t->config.pairs / m->seconds : 0;
    m->generator_share = m->seconds > 0 ? (drawn - start) / m->seconds : 0;
    measure(t, m, loss);
    return true;
}

bool trainer_done(const Trainer *t)
{
    return descent_done(&t->descent);
}

uint64_t trainer_steps(const Trainer *t)
{
    return t->descent.step;
}

double trainer_progress(const Trainer *t)
{
    return descent_progress(&t->descent);
}

const TrainConfig *trainer_config(const Trainer *t)
{
    return &t->config;
}

void trainer_charge(Trainer *t, double seconds)
{
    if (seconds > 0) t->descent.elapsed += seconds;
}

TrainControl trainer_control(const Trainer *t)
{
    return t->control;
}

bool trainer_set_control(Trainer *t, const TrainControl *c, uint64_t *step, Err *err)
{
    TrainConfig with = t->config;
    with.control = *c;
    if (!train_check(&with, err)) return false;
    if (c->share > 0 && !t->config.tray)
        return err_set(err, ERR_USAGE,
                       "this run was begun without views of the tray: train --tray TAG gives it some");
    if (c->mix > 0 && !can_mix(t, err)) return false;
    t->control = *c;
    if (step) *step = t->descent.step;
    return true;
}

bool trainer_weigh(Trainer *t, const Weight *w, Err *err)
{
    Weight *list = malloc(WEIGH_MAX * sizeof *list);
    int n = t->weights;
    if (!list) return err_nomem(err, "weights of views");
    memcpy(list, t->weight, (size_t)n * sizeof *list);
    bool ok = weight_put(list, &n, w, err) && views_weigh(t->views, list, n, err);
    if (ok) memcpy(t->weight, list, (size_t)n * sizeof *list), t->weights = n;
    free(list);
    return ok;
}

int trainer_weights_of(const Trainer *t, const Weight **out)
{
    *out = t->weight;
    return t->weights;
}

bool trainer_set_budget(Trainer *t, const Budget *b, Err *err)
{
    if (!budget_check(b, err)) return false;
    t->config.budget = t->descent.budget = *b;
    return true;
}

/* What is said of a snapshot in its card. NULL when out of memory, which encoder_make takes as no card. */
static char *card_of(const Trainer *t)
{
    Json *o = json_make();
    json_put_str(o, "task", KIND);
    json_put_str(o, "source_kind", t->source_is);
    json_put_str(o, "source_digest", t->source);
    json_put_int(o, "step", (int64_t)t->descent.step);
    json_put_int(o, "views", (int64_t)t->descent.step * 2 * t->config.pairs);
    json_put(o, "config", train_config_json(&t->config));
    char *text = json_text(o);
    json_drop(o);
    return text;
}

bool trainer_publish(Trainer *t, Err *err)
{
    Encoder *e;
    char name[64], *card = card_of(t);
    snprintf(name, sizeof name, "%s-%" PRIu64, t->config.encoder, t->descent.step);
    bool ok = snapshot_encoder(&e, &t->encoder, t->descent.weights, name, card, err);
    free(card);
    if (!ok) return false;
    pthread_mutex_lock(&t->lock);
    Encoder *old = t->published;
    t->published = e;
    t->published_step = t->descent.step;
    pthread_mutex_unlock(&t->lock);
    if (old) encoder_drop(old);
    return true;
}

Encoder *trainer_snapshot(Trainer *t, uint64_t *step)
{
    pthread_mutex_lock(&t->lock);
    Encoder *e = encoder_keep(t->published);
    if (step) *step = t->published_step;
    pthread_mutex_unlock(&t->lock);
    return e;
}

const Contrast *trainer_contrast(const Trainer *t)
{
    return &t->contrast;
}

const float *trainer_images(const Trainer *t)
{
    return exec_value(t->contrast.exec, t->contrast.image);
}

const Views *trainer_views(const Trainer *t)
{
    return t->views;
}

void trainer_address(Address *out, const Trainer *t, int row)
{
    views_address(out, t->views, t->last_step, t->last_sigma, row);
}

Weights *trainer_weights(Trainer *t)
{
    return t->descent.weights;
}

/* Files
 * ------------------------------------------------------------------------------------------------------ */

static void put_weights(Checkpoint *ck, const Trainer *t)
{
    char text[ADDRESS_BYTES_MAX + 1];
    Json *list = json_make_array();
    for (int i = 0; i < t->weights; i++) {
        if (!address_print(text, &t->weight[i].like, NULL)) continue;
        Json *row = json_make();
        json_put_num(row, "factor", (double)t->weight[i].factor);
        json_put_str(row, "like", text);
        json_add(list, row);
    }
    char *all = t->weights ? json_text(list) : NULL;
    if (all) checkpoint_meta(ck, "weights", all);
    free(all);
    json_drop(list);
}

static bool get_weights(Trainer *t, const Checkpoint *ck, Err *err)
{
    const char *text = checkpoint_get_meta(ck, "weights");
    Json *list = text ? json_parse(text, strlen(text), "weights of views", err) : NULL;
    bool ok = !text || list;
    for (size_t i = 0; ok && list && i < json_count(list); i++) {
        const Json *row = json_at(list, i);
        Weight w = {.factor = (float)json_num(row, "factor", 1)};
        ok = address_parse(&w.like, json_str(row, "like", ""), err) && trainer_weigh(t, &w, err);
    }
    json_drop(list);
    return ok;
}

bool trainer_save(const Trainer *t, const char *path, Err *err)
{
    Checkpoint *ck = snapshot_begin(KIND, train_config_json(&t->config), t->source);
    descent_put(&t->descent, ck);
    fact_put(ck, "rate_bits", (double)t->control.rate);
    fact_put(ck, "temperature_bits", (double)t->control.temperature);
    fact_put(ck, "sigma_bits", (double)t->control.sigma);
    fact_put(ck, "share_bits", (double)t->control.share);
    fact_put(ck, "mix_bits", (double)t->control.mix);
    checkpoint_meta_int(ck, "corner_draws", t->corner_draws);
    checkpoint_meta_int(ck, "real_draws", t->real_draws);
    put_weights(ck, t);
    bool ok = checkpoint_save(ck, path, err);
    checkpoint_free(ck);
    return ok;
}

/* A run of before there was a share has none. */
static bool get_share(float *share, Trainer *t, const Checkpoint *ck, Err *err)
{
    return !checkpoint_get_meta(ck, "share_bits") ||
           (fact_get_float(share, ck, "share_bits", 0, 1, err) &&
            checkpoint_get_int(ck, "corner_draws", &t->corner_draws, err));
}

/* A run of before there was a mix has none. */
static bool get_mix(float *mix, Trainer *t, const Checkpoint *ck, Err *err)
{
    return !checkpoint_get_meta(ck, "mix_bits") ||
           (fact_get_float(mix, ck, "mix_bits", 0, 1, err) &&
            checkpoint_get_int(ck, "real_draws", &t->real_draws, err));
}

static bool restore(Trainer *t, const Checkpoint *ck, char *notice, size_t cap, Err *err)
{
    TrainControl c = t->control;
    return snapshot_source(ck, t->source, t->source_is, notice, cap, err) &&
           descent_get(&t->descent, ck, err) && fact_get_float(&c.rate, ck, "rate_bits", 0, 10, err) &&
           fact_get_float(&c.temperature, ck, "temperature_bits", 0, 10, err) &&
           fact_get_float(&c.sigma, ck, "sigma_bits", 0, 10, err) && get_share(&c.share, t, ck, err) &&
           get_mix(&c.mix, t, ck, err) && get_weights(t, ck, err) && trainer_set_control(t, &c, NULL, err) &&
           trainer_publish(t, err);
}

bool trainer_resume(Trainer **out, const char *path, Generator *generator, const Dataset *real, Pool *pool,
                    char *notice, size_t cap, Err *err)
{
    Checkpoint *ck;
    Json *j;
    TrainConfig c;
    Trainer *t = NULL;
    if (!snapshot_open(&ck, &j, path, KIND, notice, cap, err)) return false;
    bool ok = train_config_read(&c, j, err) && trainer_new(&t, &c, generator, real, pool, err) &&
              restore(t, ck, notice, cap, err);
    json_drop(j);
    checkpoint_free(ck);
    if (ok)
        *out = t;
    else
        trainer_free(t);
    return ok;
}

bool trainer_peek(TrainConfig *out, uint64_t *step, const char *path, Err *err)
{
    Checkpoint *ck;
    Json *j;
    if (!snapshot_open(&ck, &j, path, KIND, NULL, 0, err)) return false;
    bool ok = train_config_read(out, j, err) && checkpoint_get_int(ck, "step", step, err);
    json_drop(j);
    checkpoint_free(ck);
    return ok;
}
