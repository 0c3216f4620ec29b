/* The job that learns a direction: regression, report, store, caption. */
#include "engine/direction_job.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64 };

typedef struct {
    Generator *g;
    DirectionTask *task;
    char store[3072];
} Work;

void direction_task_free(DirectionTask *t)
{
    if (!t) return;
    free(t->plus);
    free(t->minus);
    free(t);
}

static void news_close(News *news)
{
    DirectionNews *n = (DirectionNews *)news;
    direction_report_free(&n->report);
    free(n->card);
    free(n);
}

/* --- the card --------------------------------------------------------------------------------------------
 */

static Json *addresses_json(const Address *list, int n)
{
    Json *all = json_make_array();
    for (int i = 0; i < n; i++) {
        char text[ADDRESS_BYTES_MAX + 1];
        if (address_print(text, &list[i], NULL)) json_add_str(all, text);
    }
    return all;
}

static bool make_card(DirectionNews *n, const DirectionTask *t, Err *err)
{
    Json *o = direction_report_json(&n->report);
    json_put_str(o, "caption", n->effect.caption);
    json_put_str(o, "plus_name", t->plus_name);
    json_put_str(o, "minus_name", t->minus_name);
    json_put(o, "plus_views", addresses_json(t->plus, t->pluses));
    json_put(o, "minus_views", addresses_json(t->minus, t->minuses));
    json_put_num(o, "made", clock_wall());
    free(n->card);
    n->card = json_text(o);
    json_drop(o);
    return n->card || err_nomem(err, "a direction's card");
}

/* --- the work --------------------------------------------------------------------------------------------
 */

static bool learn(DirectionNews *n, float *vector, Latent *l, const LatentStore *s, const DirectionTask *t,
                  Err *err)
{
    const Generator *g = latent_generator(l);
    const char *apart[DIRECTION_APART];
    for (int i = 0; i < t->aparts; i++) apart[i] = t->apart[i];
    return direction_learn(vector, &n->report, l, s, t->plus, t->pluses, t->minus, t->minuses, apart,
                           t->aparts, err) &&
           make_card(n, t, err) && direction_put(n->dir, s, g, t->name, vector, n->card, err);
}

/* The direction must be in the store to be tried; then its card is written again with the caption. */
static bool describe(DirectionNews *n, const float *vector, Latent *l, const LatentStore *s,
                     const DirectionTask *t, Err *err)
{
    char dir[ADDRESS_DIR_MAX + 1];
    const char *name = n->dir;
    return direction_describe(&n->effect, l, &name, 1, t->views, NULL, NULL, NULL, err) &&
           make_card(n, t, err) && direction_put(dir, s, latent_generator(l), t->name, vector, n->card, err);
}

static bool run_with(DirectionNews *n, const Work *w, Pool *pool, Err *err)
{
    LatentStore s;
    float *vector = malloc((size_t)w->g->config.w_dim * sizeof *vector);
    if (!vector) return err_nomem(err, "learning a direction");
    const char *folder = *w->store ? w->store : NULL;
    Latent *l = store_open(&s, folder, err) ? latent_new(w->g, BATCH, folder, pool, err) : NULL;
    bool ok = l && learn(n, vector, l, &s, w->task, err) &&
              (!w->task->views || describe(n, vector, l, &s, w->task, err));
    latent_free(l);
    free(vector);
    return ok;
}

static bool direction_run(Job *job, void *arg, Err *err)
{
    Work *w = arg;
    DirectionNews *n = calloc(1, sizeof *n);
    if (!n) return err_nomem(err, "learning a direction");
    n->news.close = news_close;
    Pool *pool = pool_new(pool_default_threads(), 0, err);
    bool ok = pool && run_with(n, w, pool, err);
    pool_free(pool);
    if (ok)
        job_publish(job, &n->news);
    else
        news_close(&n->news);
    return ok;
}

static void work_close(void *arg)
{
    Work *w = arg;
    direction_task_free(w->task);
    generator_drop(w->g);
    free(w);
}

Job *direction_start(const Workspace *ws, DirectionTask *task, const char *store, Bell bell, Err *err)
{
    static const JobKind kind = {"direction", direction_run, work_close, 0};
    Work *w = calloc(1, sizeof *w);
    if (!w) {
        direction_task_free(task);
        err_nomem(err, "learning a direction");
        return NULL;
    }
    w->g = generator_keep(ws->generator);
    w->task = task;
    snprintf(w->store, sizeof w->store, "%s", store ? store : "");
    return job_start(&kind, w, bell, err);
}
