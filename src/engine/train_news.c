/* The draft of the news: curve, probes, marks, this batch in pictures; copies of it are published. */
#include "engine/train_run.h"
#include "base/clock.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METER_SECONDS 2.0

static void pair_free(TrainPair *p)
{
    image_free(&p->a);
    image_free(&p->b);
}

static void drop_pictures(TrainNews *n)
{
    for (int i = 0; i < TRAIN_PAIRS; i++) pair_free(&n->pair[i]);
    for (int i = 0; i < TRAIN_HARDEST; i++) pair_free(&n->hard_positive[i]), pair_free(&n->hard_negative[i]);
    n->pairs = n->hard_positives = n->hard_negatives = 0;
}

static void news_close(News *news)
{
    TrainNews *n = (TrainNews *)news;
    drop_pictures(n);
    encoder_drop(n->encoder);
    encoder_drop(n->twin);
    free(n);
}

bool news_begin(TrainRun *r, Err *err)
{
    TrainNews *n = calloc(1, sizeof *n);
    if (!n) return err_nomem(err, "news of the training");
    n->news.close = news_close;
    n->left = n->untrained.linear.value = n->untrained.knn.value = NAN;
    n->config = r->set->config;
    n->phase = "starting";
    n->split = "valid";
    r->news = n;
    r->stride = 1;
    r->smooth = NAN;
    return true;
}

void news_end(TrainRun *r)
{
    free(r->news); /* the draft holds no pictures and keeps no encoder: only copies do */
}

/* --- the curve
 * --------------------------------------------------------------------------------------------------- */

/* Every second point goes when the curve is full: it always covers the whole run. */
static void thin_out(TrainRun *r)
{
    TrainNews *n = r->news;
    for (int i = 0; i < n->points / 2; i++) n->point[i] = n->point[2 * i + 1];
    n->points /= 2;
    r->stride *= 2;
}

static void measure(TrainRun *r, TrainPoint *p)
{
    const TrainNews *n = r->news;
    const Contrast *c = trainer_contrast(r->trainer);
    const TrainPoint *before = n->points ? &n->point[n->points - 1] : NULL;
    Health m;
    p->rank = before ? before->rank : NAN;
    p->spread = before ? before->spread : NAN;
    if (clock_seconds() - r->metered < METER_SECONDS) return;
    int dim;
    const float *row = contrast_rows(c, &dim);
    if (!meters_take(&m, row, c->pairs, dim, contrast_features(c), c->width, r->pool, NULL)) return;
    p->rank = (float)m.rank;
    p->spread = (float)m.spread;
    contrast_spread(&r->news->spread, c);
    log_health(r, &m, NULL); /* what a full disk loses here shows at the next step */
    r->metered = clock_seconds();
}

void news_step(TrainRun *r)
{
    TrainNews *n = r->news;
    const TrainMetrics *m = &r->last;
    n->now = *m;
    r->stepped = true;
    r->step_spent += m->seconds;
    r->generator_spent += m->seconds * m->generator_share;
    if (isfinite(m->loss))
        r->smooth = isfinite(r->smooth) ? 0.9f * r->smooth + 0.1f * (float)m->loss : (float)m->loss;
    if (m->told[0]) news_tell(r, m->told);
    if (m->step % (uint64_t)r->stride) return;
    TrainPoint p = {.step = m->step,
                    .loss = (float)m->loss,
                    .smooth = r->smooth,
                    .positive = (float)m->means.positive,
                    .alignment = (float)m->means.alignment,
                    .uniformity = (float)m->means.uniformity};
    measure(r, &p);
    if (n->points == TRAIN_POINTS) thin_out(r);
    n->point[n->points++] = p;
}

void news_probe(TrainRun *r, const TrainProbe *p)
{
    TrainNews *n = r->news;
    if (n->probes == TRAIN_PROBES) {
        for (int i = 0; i < n->probes / 2; i++) n->probe[i] = n->probe[2 * i + 1];
        n->probes /= 2;
    }
    n->probe[n->probes++] = *p;
}

void news_mark(TrainRun *r, uint64_t step, const char *text)
{
    TrainNews *n = r->news;
    if (n->marks == TRAIN_MARKS) memmove(n->mark, n->mark + 1, (size_t)--n->marks * sizeof *n->mark);
    n->mark[n->marks].step = step;
    snprintf(n->mark[n->marks++].text, sizeof n->mark->text, "%s", text);
}

void news_tell(TrainRun *r, const char *text)
{
    snprintf(r->news->told, sizeof r->news->told, "%s", text);
}

void news_back(TrainRun *r)
{
    TrainNews *n = r->news;
    uint64_t step = trainer_steps(r->trainer);
    n->backs++;
    n->back_to = step;
    while (n->points && n->point[n->points - 1].step >= step) n->points--;
    while (n->probes && n->probe[n->probes - 1].step > step) n->probes--;
    while (n->marks && n->mark[n->marks - 1].step >= step) n->marks--;
    r->smooth = n->points ? n->point[n->points - 1].smooth : NAN;
}

/* --- this batch in pictures
 * ---------------------------------------------------------------------------------------- */

static bool picture(Image *out, TrainRun *r, int row)
{
    const Views *v = trainer_views(r->trainer);
    int c = views_channels(v), side = views_side(v);
    return image_from_planes(out, trainer_images(r->trainer) + (size_t)row * (size_t)(c * side * side), c,
                             side, side, NULL);
}

/* Where a row came from: an address, or the index of a real picture. */
static void origin(Address *address, int *index, const TrainRun *r, int row)
{
    const Views *v = trainer_views(r->trainer);
    if (views_is_real(v, row))
        *index = views_index(v, r->last.step, row);
    else
        trainer_address(address, r->trainer, row);
}

static bool fill_pair(TrainPair *p, TrainRun *r, int a, int b, float cosine)
{
    p->cosine = cosine;
    p->index_a = p->index_b = -1;
    if (!picture(&p->a, r, a) || !picture(&p->b, r, b)) {
        pair_free(p);
        return false;
    }
    origin(&p->address_a, &p->index_a, r, a);
    origin(&p->address_b, &p->index_b, r, b);
    return true;
}

static int fill_hardest(TrainPair *out, TrainRun *r, bool positives)
{
    ContrastPair hard[TRAIN_HARDEST];
    int pairs = r->set->config.pairs, k = pairs < TRAIN_HARDEST ? pairs : TRAIN_HARDEST, n = 0;
    k = contrast_hardest(hard, k, trainer_contrast(r->trainer), positives);
    while (n < k && fill_pair(&out[n], r, hard[n].a, hard[n].b, hard[n].cosine)) n++;
    return n;
}

static void fill_pictures(TrainNews *n, TrainRun *r)
{
    const Contrast *c = trainer_contrast(r->trainer);
    int pairs = r->set->config.pairs;
    while (n->pairs < TRAIN_PAIRS && n->pairs < pairs &&
           fill_pair(&n->pair[n->pairs], r, n->pairs, n->pairs + pairs,
                     contrast_cosine(c, n->pairs, n->pairs + pairs)))
        n->pairs++;
    n->hard_positives = fill_hardest(n->hard_positive, r, true);
    n->hard_negatives = fill_hardest(n->hard_negative, r, false);
}

/* --- publication
 * --------------------------------------------------------------------------------------------------- */

static void fill_times(TrainNews *n, const TrainRun *r)
{
    double all = r->step_spent + r->probe_spent, here = clock_seconds() - r->started;
    n->progress = r->trainer ? trainer_progress(r->trainer) : 0;
    n->share_probe = all > 0 ? r->probe_spent / all : 0;
    n->share_generator = all > 0 ? r->generator_spent / all : 0;
    n->share_encoder = all > 0 ? (r->step_spent - r->generator_spent) / all : 0;
    n->views_second = r->last.views_second;
    n->saved_ago = r->saved > 0 ? clock_seconds() - r->saved : here;
    double gone = n->progress - r->began;
    n->left = gone > 0 && all > 0 ? all / gone * (1 - n->progress) : NAN;
}

void news_publish(TrainRun *r)
{
    TrainNews *n = malloc(sizeof *n);
    if (!n) return; /* the next one will come through */
    memcpy(r->news->id, r->run.id, sizeof r->news->id);
    memcpy(r->news->name, r->run.name, sizeof r->news->name);
    r->news->paused = job_state(r->job) == JOB_PAUSED;
    fill_times(r->news, r);
    memcpy(n, r->news, sizeof *n);
    if (r->trainer) n->encoder = trainer_snapshot(r->trainer, &n->encoder_step);
    n->twin = r->twin ? encoder_keep(r->twin) : NULL;
    if (r->stepped) fill_pictures(n, r);
    r->published = clock_seconds();
    job_publish(r->job, &n->news);
}

void news_phase(TrainRun *r, const char *phase)
{
    r->news->phase = phase;
    news_publish(r);
}
