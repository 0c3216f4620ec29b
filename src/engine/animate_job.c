/* The job that writes an animation. */
#include "engine/animate_job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16 };

typedef struct {
    Generator *g;
    char path[3072];
    Address *list;
    int n;
    AnimationConfig config;
} Work;

static void news_close(News *news)
{
    free(news);
}

/* News after every batch; asked after every frame. */
static bool progress(void *ctx, int done)
{
    void **both = ctx;
    Job *job = both[0];
    const Work *w = both[1];
    AnimateNews *n = done % BATCH == 0 || done == w->n ? calloc(1, sizeof *n) : NULL;
    if (n) {
        *n = (AnimateNews){.news.close = news_close, .done = done, .total = w->n};
        job_publish(job, &n->news);
    }
    return job_going(job);
}

static bool run(Job *job, void *arg, Err *err)
{
    Work *w = arg;
    void *both[2] = {job, w};
    Pool *pool = pool_new(pool_default_threads(), 0, err);
    Latent *l = pool ? latent_new(w->g, BATCH, NULL, pool, err) : NULL;
    bool ok = l && animate_apng(w->path, l, w->list, w->n, &w->config, progress, both, err);
    latent_free(l);
    pool_free(pool);
    return ok;
}

static void work_close(void *arg)
{
    Work *w = arg;
    generator_drop(w->g);
    free(w->list);
    free(w);
}

Job *animate_start(Generator *g, const char *path, const Address *list, int n, const AnimationConfig *c,
                   Bell bell, Err *err)
{
    static const JobKind kind = {"animate", run, work_close, 0};
    Work *w = calloc(1, sizeof *w);
    if (w) w->list = malloc((size_t)n * sizeof *w->list);
    if (!w || !w->list) {
        free(w);
        return err_nomem(err, "an animation"), NULL;
    }
    memcpy(w->list, list, (size_t)n * sizeof *list);
    snprintf(w->path, sizeof w->path, "%s", path);
    w->g = generator_keep(g);
    w->n = n;
    w->config = *c;
    return job_start(&kind, w, bell, err);
}
