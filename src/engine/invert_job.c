/* The job that inverts a picture: steps, news four times a second, the result in the store. */
#include "engine/invert_job.h"
#include "base/clock.h"
#include "latent/path.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_SECONDS 0.1

typedef struct {
    Generator *g;
    Encoder *judge;
    InvertConfig config;
    Address from;
    Image target;
    LatentStore store;
    char folder[3072];
    double started, published;
    bool done;
    Address address, *frame;
    int frames; /* 0: no way is wanted */
} Work;

static void news_close(News *news)
{
    InvertNews *n = (InvertNews *)news;
    image_free(&n->target);
    image_free(&n->picture);
    free(n->frame);
    free(n);
}

static bool copy_way(InvertNews *n, const Work *w, Err *err)
{
    if (!w->done || !w->frames) return true;
    n->frame = malloc((size_t)w->frames * sizeof *n->frame);
    if (!n->frame) return err_nomem(err, "the way to a picture");
    memcpy(n->frame, w->frame, (size_t)w->frames * sizeof *n->frame);
    n->frames = w->frames;
    return true;
}

static bool publish(Job *job, Work *w, const Invert *v, Err *err)
{
    const GeneratorConfig *c = &w->g->config;
    InvertNews *n = calloc(1, sizeof *n);
    if (!n) return err_nomem(err, "inverting a picture");
    n->news.close = news_close;
    n->now = invert_now(v);
    n->done = w->done;
    n->address = w->address;
    double gone = clock_seconds() - w->started;
    n->left = n->now.step ? gone / n->now.step * (n->now.steps - n->now.step) : NAN;
    w->published = clock_seconds();
    if (!copy_way(n, w, err) || !image_copy(&n->target, &w->target, err) ||
        !image_from_planes(&n->picture, invert_picture(v), c->channels, c->size, c->size, err)) {
        news_close(&n->news);
        return false;
    }
    job_publish(job, &n->news);
    return true;
}

static bool find_way(Work *w, Pool *pool, Err *err)
{
    if (!w->frames) return true;
    Latent *l = latent_new(w->g, 1, w->config.store, pool, err);
    bool ok = l && path_between(w->frame, w->frames, &w->from, &w->address, false, l, &w->store, err);
    latent_free(l);
    return ok;
}

static bool descend(Job *job, Work *w, Invert *v, Pool *pool, Err *err)
{
    w->started = clock_seconds();
    while (!invert_done(v)) {
        if (!job_going(job)) return err_set(err, ERR_CANCELLED, "the inversion was stopped");
        if (!invert_step(v, err)) return false;
        if (clock_seconds() - w->published >= NEWS_SECONDS && !publish(job, w, v, err)) return false;
    }
    w->done = invert_store(&w->address, v, &w->store, err) && find_way(w, pool, err);
    return w->done && publish(job, w, v, err);
}

static bool invert_run(Job *job, void *arg, Err *err)
{
    Work *w = arg;
    float *planes = malloc(generator_image_floats(w->g) * sizeof *planes);
    Pool *pool = planes ? pool_new(pool_default_threads(), 0, err) : NULL;
    if (planes) image_to_planes(planes, &w->target);
    Invert *v = pool ? invert_new(w->g, w->judge, planes, &w->config, pool, err) : NULL;
    bool ok = v && descend(job, w, v, pool, err);
    if (!planes) err_nomem(err, "inverting a picture");
    invert_free(v);
    pool_free(pool);
    free(planes);
    return ok;
}

static void work_close(void *arg)
{
    Work *w = arg;
    generator_drop(w->g);
    encoder_drop(w->judge);
    image_free(&w->target);
    free(w->frame);
    free(w);
}

/* The judge where there is one that takes these pictures; without one pixels alone are compared. */
static Encoder *fitting_judge(const Workspace *ws)
{
    const GeneratorConfig *g = &ws->generator->config;
    Encoder *e;
    if (!workspace_judge(&e, ws, NULL, NULL)) return NULL;
    if (e->config.side == g->size && e->config.channels == g->channels) return e;
    encoder_drop(e);
    return NULL;
}

static bool prepare(Work *w, const Workspace *ws, const Image *picture, const InvertConfig *c, Encoder *judge,
                    const char *store, Err *err)
{
    const GeneratorConfig *g = &ws->generator->config;
    w->g = generator_keep(ws->generator);
    w->config = *c;
    if (c->from) {
        w->from = *c->from;
        w->config.from = &w->from;
    }
    if (store) snprintf(w->folder, sizeof w->folder, "%s", store);
    w->config.store = store ? w->folder : NULL;
    w->judge = judge ? encoder_keep(judge) : fitting_judge(ws);
    return store_open(&w->store, w->config.store, err) &&
           image_fit(&w->target, picture, g->size, g->channels, err);
}

static Job *start(const Workspace *ws, const Image *picture, const InvertConfig *c, Encoder *judge,
                  const char *store, int frames, int nice, Bell bell, Err *err)
{
    static const JobKind kinds[] = {{"invert", invert_run, work_close, 0},
                                    {"invert", invert_run, work_close, 19}};
    Work *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "inverting a picture"), NULL;
    w->frames = frames;
    w->frame = frames ? malloc((size_t)frames * sizeof *w->frame) : NULL;
    bool ok = !frames || w->frame || err_nomem(err, "the way to a picture");
    if (ok && prepare(w, ws, picture, c, judge, store, err)) return job_start(&kinds[nice > 0], w, bell, err);
    work_close(w);
    return NULL;
}

Job *invert_start(const Workspace *ws, const Image *picture, const InvertConfig *c, Encoder *judge,
                  const char *store, int nice, Bell bell, Err *err)
{
    return start(ws, picture, c, judge, store, 0, nice, bell, err);
}

Job *invert_approach(const Workspace *ws, const Image *picture, const InvertConfig *c, int frames, int nice,
                     Bell bell, Err *err)
{
    if (!c->from || frames < 2)
        return err_set(err, ERR_USAGE, "a way has a view to begin with and at least 2 frames"), NULL;
    return start(ws, picture, c, NULL, NULL, frames, nice, bell, err);
}
