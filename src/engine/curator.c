/* The curator: paints what is new in the tray, shows it to the judge, and writes down both. */
#include "engine/curator.h"
#include "engine/export.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND 16 /* items between two looks at the wishes */

struct Looker {
    const Workspace *w;
    Latent *latent;
    Measure *measure;
    float *seen; /* one view's */
    Address list[ROUND];
    int64_t id[ROUND];
};

bool looker_open(Looker **out, const Workspace *w, Pool *pool, Err *err)
{
    Looker *l = calloc(1, sizeof *l);
    if (!l) return err_nomem(err, "the curator");
    l->w = w;
    l->latent = latent_new(w->generator, 1, NULL, pool, err);
    bool ok = l->latent && measure_open(&l->measure, w, pool, err);
    l->seen = ok ? calloc((size_t)measure_floats(l->measure) + 1, sizeof *l->seen) : NULL;
    if (ok && !l->seen) ok = err_nomem(err, "the curator");
    if (ok)
        *out = l;
    else
        looker_close(l);
    return ok;
}

void looker_close(Looker *l)
{
    if (!l) return;
    latent_free(l->latent);
    measure_close(l->measure);
    free(l->seen);
    free(l);
}

const char *looker_space(const Looker *l)
{
    return measure_digest(l->measure);
}

/* Failures of the view alone go to `view`, those of the tray to err. */
static bool look_at(Looker *l, Tray *t, int at, Err *view, Err *err)
{
    Image picture = {0};
    int dim = measure_features(l->measure);
    const Address *a = &l->list[at];
    if (!tray_supply(t, a, err)) return false;
    if (!latent_check(l->w->generator, a, view) || !export_images(&picture, l->latent, a, 1, view) ||
        !measure_see(l->seen, l->measure, a, 1, view))
        return image_free(&picture), true;
    measure_unit(l->seen, l->measure);
    bool ok = tray_look(t, l->id[at], &picture, looker_space(l), dim ? l->seen : NULL, dim, err);
    image_free(&picture);
    return ok;
}

bool looker_round(int *looked, int64_t *after, Looker *l, Tray *t, Err *failed, Err *err)
{
    int n = tray_plain(l->id, l->list, t, *after, looker_space(l), l->w->generator->digest, ROUND, err);
    bool ok = n >= 0;
    *looked = ok ? n : 0;
    for (int i = 0; ok && i < n; i++) {
        ok = look_at(l, t, i, failed, err);
        *after = l->id[i];
    }
    return ok;
}

bool looker_all(Looker *l, Tray *t, Err *failed, Err *err)
{
    int64_t after = 0;
    int looked;
    do {
        if (!looker_round(&looked, &after, l, t, failed, err)) return false;
    } while (looked);
    return true;
}

/* --- the thread
 * ----------------------------------------------------------------------------------------------- */

struct Curator {
    const Workspace *w;
    char path[4096]; /* "": the default */
    Bell bell;
    pthread_t thread;
    pthread_mutex_t lock; /* over the next block */
    pthread_cond_t wanted;
    bool leaving, poked, busy;
    CuratorNews *shown;
};

/* What the thread works with. */
typedef struct {
    Tray *tray;
    Pool *pool;
    Looker *looker;
    CuratorNews draft;
} Work;

static void news_close(News *news)
{
    free(news);
}

static void publish(Curator *c, const CuratorNews *draft)
{
    CuratorNews *n = malloc(sizeof *n), *old = n;
    if (!n) return;
    *n = *draft;
    n->news = (News){news_close, 1};
    pthread_mutex_lock(&c->lock);
    old = c->shown;
    c->shown = n;
    pthread_mutex_unlock(&c->lock);
    if (old) news_drop(&old->news);
    if (c->bell.ring) c->bell.ring(c->bell.arg);
}

static bool leaving(Curator *c)
{
    pthread_mutex_lock(&c->lock);
    bool yes = c->leaving;
    pthread_mutex_unlock(&c->lock);
    return yes;
}

/* Waits for something to do; false: to leave. */
static bool next_wish(Curator *c)
{
    pthread_mutex_lock(&c->lock);
    c->busy = c->poked;
    if (!c->busy && c->bell.ring) c->bell.ring(c->bell.arg); /* idle: a script's wait may go on */
    while (!c->leaving && !c->poked) pthread_cond_wait(&c->wanted, &c->lock);
    c->poked = false;
    c->busy = true;
    bool go = !c->leaving;
    pthread_mutex_unlock(&c->lock);
    return go;
}

/* Whether the last item of a round looks like an earlier one. */
static void note_near(Work *work, int looked)
{
    TrayList item;
    for (int i = 0; i < looked; i++) {
        if (!tray_get(&item, work->tray, work->looker->id[i], NULL)) continue;
        if (item.item[0].near && item.item[0].state == TRAY_KEPT) {
            work->draft.id = item.item[0].id;
            work->draft.near = item.item[0].near;
            work->draft.nearness = item.item[0].nearness;
        }
        tray_list_free(&item);
    }
}

static void look_through(Curator *c, Work *work)
{
    int64_t after = 0;
    for (int looked = 1; looked && !leaving(c);) {
        Err err = {0};
        bool ok = looker_round(&looked, &after, work->looker, work->tray, &err, &err);
        work->draft.looked += looked;
        if (err.code) work->draft.err = err;
        if (ok) note_near(work, looked);
        if (!ok) looked = 0;
        if (looked || err.code) publish(c, &work->draft);
    }
}

static bool work_open(Curator *c, Work *work, Err *err)
{
    return tray_open(&work->tray, *c->path ? c->path : NULL, err) &&
           (work->pool = pool_new(1, 19, err)) != NULL && looker_open(&work->looker, c->w, work->pool, err);
}

static void *curator_main(void *arg)
{
    Curator *c = arg;
    Work work = {0};
    pool_enter_background();
    bool ok = work_open(c, &work, &work.draft.err);
    if (!ok) publish(c, &work.draft);
    while (next_wish(c))
        if (ok) look_through(c, &work);
    looker_close(work.looker);
    pool_free(work.pool);
    tray_close(work.tray);
    return NULL;
}

Curator *curator_new(const Workspace *w, const char *path, Bell bell, Err *err)
{
    Curator *c = calloc(1, sizeof *c);
    if (!c) return err_nomem(err, "the curator"), NULL;
    c->w = w;
    c->bell = bell;
    c->poked = c->busy = true;
    snprintf(c->path, sizeof c->path, "%s", path ? path : "");
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wanted, NULL);
    if (!pthread_create(&c->thread, NULL, curator_main, c)) return c;
    err_set(err, ERR_LIMIT, "no thread could be started for the tray: too many are running");
    pthread_cond_destroy(&c->wanted);
    pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

void curator_free(Curator *c)
{
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->leaving = true;
    pthread_cond_signal(&c->wanted);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    if (c->shown) news_drop(&c->shown->news);
    pthread_cond_destroy(&c->wanted);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void curator_poke(Curator *c)
{
    pthread_mutex_lock(&c->lock);
    c->poked = c->busy = true;
    pthread_cond_signal(&c->wanted);
    pthread_mutex_unlock(&c->lock);
}

News *curator_look(Curator *c)
{
    pthread_mutex_lock(&c->lock);
    CuratorNews *n = c->shown;
    if (n) news_keep(&n->news);
    pthread_mutex_unlock(&c->lock);
    return n ? &n->news : NULL;
}

bool curator_busy(Curator *c)
{
    pthread_mutex_lock(&c->lock);
    bool busy = c->busy;
    pthread_mutex_unlock(&c->lock);
    return busy;
}
