/* Supervised training as a step machine: batches in a new order each epoch, light augmentation,
 * cross-entropy. */
#include "learn/classify.h"
#include "base/clock.h"
#include "base/rng.h"
#include "learn/fields.h"
#include "base/order.h"
#include "learn/snapshot.h"
#include "math/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KIND       "classifier"
#define AT(member) offsetof(ClassifyConfig, member)

static const Field fields[] = {
    {"encoder", FIELD_NAME, AT(encoder), 0, 0},
    {"seed", FIELD_U64, AT(seed), 0, 9e18},
    {"batch", FIELD_INT, AT(batch), 2, 8192},
    {"steps", FIELD_U64, AT(budget.steps), 0, 1e9},
    {"seconds", FIELD_DOUBLE, AT(budget.seconds), 0, 1e8},
    {"rate", FIELD_FLOAT, AT(descent.rate), 1e-6, 10},
    {"momentum", FIELD_FLOAT, AT(descent.momentum), 0, 0.9999},
    {"decay", FIELD_FLOAT, AT(descent.decay), 0, 1},
    {"warm", FIELD_FLOAT, AT(descent.warm), 0, 0.9},
    {"augment", FIELD_RECIPE, AT(recipe), 0, 0},
};
enum { FIELDS = sizeof fields / sizeof *fields };

struct Classifier {
    ClassifyConfig config;
    const Dataset *data;
    Pool *pool;
    char source[17];
    EncoderConfig encoder;
    Net *net;
    Descent descent;
    Exec *exec;
    ValueId image, logits;
    float *stage; /* (batch,C,H,W) before augmentation */
    int *label;
    uint64_t *counter;
};

ClassifyConfig classify_defaults(void)
{
    ClassifyConfig c = {.encoder = "small",
                        .batch = 128,
                        .budget = {.steps = 4000},
                        .descent = {.rate = 0.1f, .momentum = 0.9f, .decay = 5e-4f, .warm = 0.05f}};
    augment_named(&c.recipe, "light", NULL);
    return c;
}

Json *classify_config_json(const ClassifyConfig *c)
{
    return fields_json(c, fields, FIELDS);
}

static bool check(const ClassifyConfig *c, Err *err)
{
    return fields_check(c, fields, FIELDS, "classifier", err) && budget_check(&c->budget, err);
}

bool classify_config_read(ClassifyConfig *out, const Json *j, Err *err)
{
    ClassifyConfig c = classify_defaults();
    c.budget = (Budget){0};
    if (!fields_read(&c, fields, FIELDS, "classifier config", j, err)) return false;
    if (c.budget.steps == 0 && !(c.budget.seconds > 0)) c.budget = classify_defaults().budget;
    *out = c;
    return check(out, err);
}

static bool open_parts(Classifier *t, Err *err)
{
    const Dataset *d = t->data;
    const ClassifyConfig *c = &t->config;
    if (!check(c, err)) return false;
    if (d->n < 1 || d->w != d->h || d->classes < 2)
        return err_set(err, ERR_USAGE, "classifier: %s must have square pictures of at least two classes",
                       d->name);
    if (!encoder_config(&t->encoder, c->encoder, d->c, d->h, d->classes, err)) return false;
    digest_hex(t->source, &d->digest, 16);
    t->net = encoder_net(&t->encoder, err);
    if (!t->net || !descent_open(&t->descent, t->net, &c->budget, c->seed, err)) return false;
    t->exec = exec_new(t->net, c->batch, EXEC_TRAIN, (ExecGrads){.params = true, .once = true, .lean = true},
                       t->pool, err);
    if (!t->exec) return false;
    t->image = net_port(t->net, "image");
    t->logits = net_port(t->net, "logits");
    size_t n = (size_t)c->batch;
    t->stage = malloc(n * dataset_item_bytes(d) * sizeof *t->stage);
    t->label = malloc(n * sizeof *t->label);
    t->counter = malloc(n * sizeof *t->counter);
    return (t->stage && t->label && t->counter) || err_nomem(err, "a classifier");
}

bool classifier_new(Classifier **out, const ClassifyConfig *c, const Dataset *data, Pool *pool, Err *err)
{
    Classifier *t = calloc(1, sizeof *t);
    if (!t) return err_nomem(err, "a classifier");
    *t = (Classifier){.config = *c, .data = data, .pool = pool};
    bool ok = open_parts(t, err);
    if (ok)
        *out = t;
    else
        classifier_free(t);
    return ok;
}

void classifier_free(Classifier *t)
{
    if (!t) return;
    if (t->exec) exec_free(t->exec);
    descent_close(&t->descent);
    net_free(t->net);
    free(t->stage);
    free(t->label);
    free(t->counter);
    free(t);
}

/* The batch of the coming step: images in the order of their epoch, the counter of each its place in the
 * whole run. */
static void fill(Classifier *t)
{
    const Dataset *d = t->data;
    size_t item = dataset_item_bytes(d);
    uint64_t n = (uint64_t)d->n, batch = (uint64_t)t->config.batch;
    for (uint64_t i = 0; i < batch; i++) {
        uint64_t at = t->descent.step * batch + i;
        int image = (int)order_at(at % n, n, rng_mix(t->config.seed, at / n));
        image_bytes_to_float(t->stage + i * item, dataset_pixels(d, image), item);
        t->label[i] = d->label[image];
        t->counter[i] = at;
    }
    augment_batch(exec_value(t->exec, t->image), t->stage, t->config.batch, d->c, d->h, d->w,
                  &t->config.recipe, t->config.seed, t->counter, t->pool);
}

bool classifier_step(Classifier *t, ClassifyMetrics *m, Err *err)
{
    double start = clock_seconds();
    int batch = t->config.batch, hits = 0;
    Descent *d = &t->descent;
    *m = (ClassifyMetrics){.step = d->step, .rate = (double)descent_rate(d, &t->config.descent)};
    fill(t);
    exec_forward(t->exec, d->weights, batch);
    exec_seed_zero(t->exec);
    double loss = cross_entropy(exec_grad(t->exec, t->logits), exec_value(t->exec, t->logits), t->label,
                                batch, t->encoder.classes, &hits);
    weights_zero(d->grads);
    exec_backward(t->exec, d->weights, d->grads, batch);
    if (!descent_update(d, &t->config.descent, loss, NAN, m->told, sizeof m->told, t->pool, err))
        return false;
    d->elapsed += clock_seconds() - start;
    m->loss = *m->told ? NAN : loss;
    m->accuracy = (double)hits / batch;
    m->images = d->step * (uint64_t)batch;
    m->progress = descent_progress(d);
    m->elapsed = d->elapsed;
    return true;
}

bool classifier_done(const Classifier *t)
{
    return descent_done(&t->descent);
}

bool classifier_encoder(Encoder **out, const Classifier *t, const char *name, const char *card, Err *err)
{
    return snapshot_encoder(out, &t->encoder, t->descent.weights, name, card, err);
}

bool classifier_save(const Classifier *t, const char *path, Err *err)
{
    Checkpoint *ck = snapshot_begin(KIND, classify_config_json(&t->config), t->source);
    descent_put(&t->descent, ck);
    bool ok = checkpoint_save(ck, path, err);
    checkpoint_free(ck);
    return ok;
}

bool classifier_resume(Classifier **out, const char *path, const Dataset *data, Pool *pool, char *notice,
                       size_t cap, Err *err)
{
    Checkpoint *ck;
    Json *j;
    ClassifyConfig c;
    Classifier *t = NULL;
    if (!snapshot_open(&ck, &j, path, KIND, notice, cap, err)) return false;
    bool ok = classify_config_read(&c, j, err) && classifier_new(&t, &c, data, pool, err) &&
              snapshot_source(ck, t->source, "data set", notice, cap, err) &&
              descent_get(&t->descent, ck, err);
    json_drop(j);
    checkpoint_free(ck);
    if (ok)
        *out = t;
    else
        classifier_free(t);
    return ok;
}
