/* The job behind map_job.h. */
#include "engine/map_job.h"
#include "base/clock.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_SECONDS 0.1
#define KEPT_OF      10

typedef struct {
    Atlas *atlas;
    TsneConfig config;
    double started, published;
} Work;

static void news_close(News *news)
{
    MapNews *n = (MapNews *)news;
    atlas_drop(n->atlas);
    free(n->xy);
    free(n);
}

static MapNews *news_of(const Work *w, const Tsne *t, Err *err)
{
    const Atlas *a = w->atlas;
    size_t bytes = 2 * (size_t)a->n * sizeof(float);
    MapNews *n = calloc(1, sizeof *n);
    if (!n) return err_nomem(err, "a map"), NULL;
    *n = (MapNews){.news.close = news_close, .atlas = atlas_keep(w->atlas), .xy = malloc(bytes)};
    n->step = tsne_steps(t);
    n->steps = w->config.steps;
    n->left = n->step ? (clock_seconds() - w->started) / n->step * (n->steps - n->step) : NAN;
    n->loss = n->kept = n->kept_plane = NAN;
    if (n->xy) return memcpy(n->xy, tsne_xy(t), bytes), n;
    news_close(&n->news);
    return err_nomem(err, "a map"), NULL;
}

static bool publish(Job *job, Work *w, const Tsne *t, Pool *pool, Err *err)
{
    const Atlas *a = w->atlas;
    MapNews *n = news_of(w, t, err);
    if (!n) return false;
    n->settled = tsne_done(t);
    if (n->settled) {
        n->loss = tsne_loss(t, pool);
        n->kept = map_kept(n->xy, a->feature, a->n, a->D, KEPT_OF, pool);
        n->kept_plane = map_kept(&a->xy[0][0], a->feature, a->n, a->D, KEPT_OF, pool);
    }
    w->published = clock_seconds();
    job_publish(job, &n->news);
    return true;
}

static bool settle(Job *job, Work *w, Tsne *t, Pool *pool, Err *err)
{
    w->started = clock_seconds();
    while (!tsne_done(t)) {
        if (!job_going(job)) return err_set(err, ERR_CANCELLED, "the map was stopped");
        tsne_step(t, pool);
        if (clock_seconds() - w->published >= NEWS_SECONDS && !tsne_done(t) && !publish(job, w, t, pool, err))
            return false;
    }
    return publish(job, w, t, pool, err);
}

static bool map_run(Job *job, void *arg, Err *err)
{
    Work *w = arg;
    const Atlas *a = w->atlas;
    Pool *pool = pool_new(pool_default_threads(), 19, err);
    Tsne *t = pool ? tsne_new(a->feature, a->n, a->D, &w->config, pool, err) : NULL;
    bool ok = t && settle(job, w, t, pool, err);
    tsne_free(t);
    pool_free(pool);
    return ok;
}

static void work_close(void *arg)
{
    Work *w = arg;
    atlas_drop(w->atlas);
    free(w);
}

Job *map_start(Atlas *a, const TsneConfig *c, Bell bell, Err *err)
{
    static const JobKind kind = {"map", map_run, work_close, 19};
    Work *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "a map"), NULL;
    *w = (Work){.atlas = atlas_keep(a), .config = *c};
    if (a->n < 3 * w->config.perplexity) w->config.perplexity = fmaxf((float)a->n / 3, 2);
    return job_start(&kind, w, bell, err);
}
