/* Views under the judge: painting, features and classes piece by piece, and the real pictures beside them. */
#include "engine/measure.h"
#include "base/elem.h"
#include "base/file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 16 /* views in one run of the networks */

/* An encoder with what one run of it needs. */
typedef struct {
    Encoder *e;
    Exec *run;
} Eye;

struct Measure {
    const Workspace *w;
    Pool *pool;
    Latent *latent;
    Eye judge, given; /* e NULL: none */
    Realism *reals;   /* NULL until the data is open */
    bool data_tried;
    float *picture; /* (PIECE) of the generator, as its bytes say */
    uint8_t *bytes;
    char data[96], why[200];
};

const Meter meter_none = {.distance = NAN,
                          .class = {-1, -1, -1},
                          .share = {NAN, NAN, NAN},
                          .own = NAN,
                          .entropy = NAN,
                          .realism = NAN,
                          .rank = NAN,
                          .nearest = {-1, -1, -1, -1},
                          .label = {-1, -1, -1, -1},
                          .score = {NAN, NAN, NAN, NAN}};

/* --- opening -------------------------------------------------------------------------------------------- */

static void eye_close(Eye *eye)
{
    exec_free(eye->run);
    encoder_drop(eye->e);
    *eye = (Eye){0};
}

/* Takes e over, also on failure. */
static bool eye_open(Eye *eye, Encoder *e, const Measure *m, Err *err)
{
    const EncoderConfig *c = &e->config;
    const GeneratorConfig *g = &m->w->generator->config;
    *eye = (Eye){.e = e};
    if (c->side != g->size || c->channels != g->channels)
        err_set(err, ERR_USAGE, "%s takes pictures of %d x %d, %s makes %d x %d", e->name, c->side, c->side,
                m->w->generator->slug, g->size, g->size);
    else
        eye->run =
            exec_new(e->net, PIECE, EXEC_INFER | (e->exact ? EXEC_EXACT : 0), (ExecGrads){0}, m->pool, err);
    if (eye->run) return true;
    eye_close(eye);
    return false;
}

static void open_judge(Measure *m)
{
    Err err = {0};
    Encoder *e;
    if (workspace_judge(&e, m->w, NULL, &err) && eye_open(&m->judge, e, m, &err)) return;
    snprintf(m->why, sizeof m->why, "%.199s", err.msg);
}

bool measure_open(Measure **out, const Workspace *w, Pool *pool, Err *err)
{
    Measure *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m) return err_nomem(err, "meters");
    size_t item = generator_image_floats(w->generator) * PIECE;
    *m = (Measure){.w = w, .pool = pool, .picture = malloc(item * sizeof *m->picture), .bytes = malloc(item)};
    m->latent = latent_new(w->generator, PIECE, NULL, pool, err);
    if (!m->latent || !m->picture || !m->bytes) {
        measure_close(m);
        return err_nomem(err, "meters");
    }
    open_judge(m);
    *out = m;
    return true;
}

void measure_close(Measure *m)
{
    if (!m) return;
    eye_close(&m->judge);
    eye_close(&m->given);
    realism_drop(m->reals);
    latent_free(m->latent);
    free(m->picture);
    free(m->bytes);
    free(m);
}

static Eye *looking(const Measure *m)
{
    const Eye *eye = m->given.e ? &m->given : &m->judge;
    return eye->e ? (Eye *)(uintptr_t)eye : NULL;
}

bool measure_encoder(Measure *m, Encoder *e, Err *err)
{
    Eye eye = {0};
    if (e && !eye_open(&eye, encoder_keep(e), m, err)) return false;
    eye_close(&m->given);
    m->given = eye;
    realism_drop(m->reals);
    m->reals = NULL;
    m->data_tried = false;
    return true;
}

/* --- real pictures -------------------------------------------------------------------------------------- */

/* A cache that has no place is done without. */
static bool open_data(Measure *m, Err *err)
{
    Dataset data;
    char folder[3072];
    m->data_tried = true;
    if (!workspace_dataset(&data, m->w, SPLIT_TRAIN, err)) return false;
    bool kept = file_xdg(folder, sizeof folder, XDG_CACHE, NULL);
    bool ok = realism_new(&m->reals, &data, looking(m)->e, kept ? folder : NULL, err);
    snprintf(m->data, sizeof m->data, "%s", data.name);
    dataset_close(&data);
    return ok;
}

bool measure_grow(Measure *m, int count, Err *err)
{
    Err failed = {0};
    if (!looking(m) || measure_real(m) || (m->data_tried && !m->reals)) return false;
    bool ok = m->reals ? realism_fill(m->reals, count, m->pool, &failed) : open_data(m, &failed);
    if (ok) return true;
    realism_drop(m->reals);
    m->reals = NULL;
    snprintf(m->why, sizeof m->why, "%.199s", failed.msg);
    return err_set(err, failed.code, "%s", failed.msg);
}

bool measure_real(const Measure *m)
{
    return m->reals && realism_filled(m->reals) == realism_size(m->reals);
}

const Realism *measure_reals(const Measure *m)
{
    return m->reals;
}

const char *measure_space(const Measure *m)
{
    return looking(m) ? looking(m)->e->name : "";
}

const char *measure_digest(const Measure *m)
{
    return looking(m) ? looking(m)->e->digest : "";
}

const char *measure_data(const Measure *m)
{
    return m->reals ? m->data : "";
}

const char *measure_why(const Measure *m)
{
    return m->why;
}

static int judge_classes(const Measure *m)
{
    return m->judge.e ? m->judge.e->config.classes : 0;
}

const char *measure_class(const Measure *m, int class)
{
    const Generator *g = m->w->generator;
    if (class < 0 || class >= judge_classes(m)) return "";
    if (!g->config.classes)
        return dataset_named_class(m->w->data, class); /* it knows no names, the data may */
    return g->config.classes == judge_classes(m) ? g->class_name[class] : "";
}

/* --- views ---------------------------------------------------------------------------------------------- */

int measure_features(const Measure *m)
{
    return looking(m) ? encoder_features(&looking(m)->e->config) : 0;
}

void measure_unit(float *feature, const Measure *m)
{
    double sum = 0;
    int n = measure_features(m);
    for (int i = 0; i < n; i++) sum += (double)feature[i] * (double)feature[i];
    for (int i = 0; i < n && sum > 0; i++) feature[i] = (float)((double)feature[i] / sqrt(sum));
}

int measure_floats(const Measure *m)
{
    return measure_features(m) + judge_classes(m);
}

/* Shares of the classes from logits (n). */
static void softmax(float *share, const float *logit, int n)
{
    float most = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) most = logit[i] > most ? logit[i] : most;
    for (int i = 0; i < n; i++) sum += share[i] = elem_exp(logit[i] - most);
    for (int i = 0; i < n; i++) share[i] /= sum;
}

/* One port of an eye that has looked at n pictures, into columns of seen. */
static void look(const Measure *m, const Eye *eye, int n)
{
    const EncoderConfig *c = &eye->e->config;
    float *in = exec_value(eye->run, net_port(eye->e->net, "image"));
    memcpy(in, m->picture, (size_t)n * (size_t)(c->channels * c->side * c->side) * sizeof *in);
    exec_forward(eye->run, eye->e->weights, n);
}

static void see_piece(float *seen, const Measure *m, int n)
{
    int D = measure_features(m), C = judge_classes(m);
    Eye *space = looking(m);
    if (!space) return;
    look(m, space, n);
    const float *feature = exec_value(space->run, net_port(space->e->net, "features"));
    for (int i = 0; i < n; i++)
        memcpy(seen + (size_t)i * (size_t)(D + C), feature + (size_t)i * (size_t)D, (size_t)D * sizeof *seen);
    if (!C) return;
    if (space != &m->judge) look(m, &m->judge, n);
    const float *logit = exec_value(m->judge.run, net_port(m->judge.e->net, "logits"));
    for (int i = 0; i < n; i++)
        softmax(seen + (size_t)i * (size_t)(D + C) + D, logit + (size_t)i * (size_t)C, C);
}

bool measure_see(float *seen, Measure *m, const Address *list, int n, Err *err)
{
    size_t width = (size_t)measure_floats(m), item = generator_image_floats(m->w->generator);
    for (int at = 0; at < n; at += PIECE) {
        int count = n - at < PIECE ? n - at : PIECE;
        if (!latent_images(m->picture, m->latent, list + at, count, err)) return false;
        image_float_to_bytes(m->bytes, m->picture,
                             (size_t)count * item); /* what is judged is what is saved */
        image_bytes_to_float(m->picture, m->bytes, (size_t)count * item);
        see_piece(seen + (size_t)at * width, m, count);
    }
    return true;
}

static void judge_classes_of(Meter *out, const float *share, int classes, int asked)
{
    float entropy = 0;
    for (int c = 0; c < classes; c++) {
        int at = METER_CLASSES;
        while (at > 0 && (out->class[at - 1] < 0 || share[c] > out->share[at - 1])) at--;
        for (int k = METER_CLASSES - 1; k > at; k--)
            out->class[k] = out->class[k - 1], out->share[k] = out->share[k - 1];
        if (at < METER_CLASSES) out->class[at] = c, out->share[at] = share[c];
        if (share[c] > 1e-30f) entropy -= share[c] * elem_log(share[c]);
    }
    out->entropy = classes ? entropy : NAN;
    out->own = asked >= 0 && asked < classes ? share[asked] : NAN;
}

static float distance(const float *a, const float *b, int D)
{
    double ab = 0, aa = 0, bb = 0;
    for (int d = 0; d < D; d++) {
        ab += (double)a[d] * (double)b[d];
        aa += (double)a[d] * (double)a[d];
        bb += (double)b[d] * (double)b[d];
    }
    return aa > 0 && bb > 0 ? (float)fmax(1 - ab / sqrt(aa * bb), 0) : NAN;
}

/* Realism and neighbours of all at once; feature (n, D). */
static bool judge_realism(Meter *meter, const Measure *m, const float *feature, int n, Err *err)
{
    Neighbour *hit = malloc((size_t)n * METER_NEIGHBOURS * sizeof *hit);
    float *score = malloc((size_t)n * sizeof *score);
    int k = realism_size(m->reals) < METER_NEIGHBOURS ? realism_size(m->reals) : METER_NEIGHBOURS;
    bool ok = (hit && score) ? realism_score(score, hit, k, m->reals, feature, n, m->pool, err)
                             : err_nomem(err, "meters");
    for (int i = 0; ok && i < n; i++) {
        meter[i].realism = score[i];
        meter[i].rank = realism_rank(m->reals, score[i]);
        for (int j = 0; j < k; j++) {
            const Neighbour *h = &hit[i * k + j];
            meter[i].nearest[j] = h->index;
            meter[i].label[j] = h->label;
            meter[i].score[j] = h->score;
            meter[i].picture[j] = realism_picture(m->reals, h->index);
        }
    }
    free(hit);
    free(score);
    return ok;
}

bool measure_judge(Meter *meter, const Measure *m, const float *seen, const Address *list, int n,
                   const float *from, Err *err)
{
    int D = measure_features(m), C = judge_classes(m);
    if (n < 1) return true;
    float *feature = malloc((size_t)n * (size_t)(D + 1) * sizeof *feature);
    if (!feature) return err_nomem(err, "meters");
    for (int i = 0; i < n; i++) {
        const float *row = seen + (size_t)i * (size_t)(D + C);
        meter[i] = meter_none;
        judge_classes_of(&meter[i], row + D, C, list[i].class);
        if (from && D) meter[i].distance = distance(row, from, D);
        memcpy(feature + (size_t)i * (size_t)D, row, (size_t)D * sizeof *feature);
    }
    bool ok = !measure_real(m) || judge_realism(meter, m, feature, n, err);
    free(feature);
    return ok;
}

bool measure_views(Meter *meter, Measure *m, const Address *list, int n, const Address *from, Err *err)
{
    size_t width = (size_t)measure_floats(m);
    float *seen = malloc(((size_t)n + 1) * (width + 1) * sizeof *seen),
          *start = seen ? seen + (size_t)n * width : NULL;
    if (!seen) return err_nomem(err, "meters");
    bool ok = measure_see(seen, m, list, n, err) && (!from || measure_see(start, m, from, 1, err)) &&
              measure_judge(meter, m, seen, list, n, from ? start : NULL, err);
    free(seen);
    return ok;
}
