/* The job behind through.h: a bank per checkpoint, thrown away once it has answered. */
#include "engine/through.h"
#include "engine/export.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 512 /* pictures between two looks at whether to go on */

typedef struct {
    char folder[3072], spec[1024];
    Generator *generator; /* kept; NULL with a picture as the query */
    ThroughQuery query;
    Image picture; /* a copy of the query's */
    int real;
    History history;
} Through;

typedef struct {
    Through *set;
    Job *job;
    Pool *pool;
    Dataset data;
    float *planes; /* the query as the data's pictures are */
    Image query;
    ThroughStep at[HISTORY_MAX + 1];
    int done;
} Run;

/* --- news ----------------------------------------------------------------------------------------------- */

static void step_free(ThroughStep *s)
{
    for (int k = 0; k < THROUGH_K; k++) image_free(&s->picture[k]);
}

static void news_close(News *news)
{
    ThroughNews *n = (ThroughNews *)news;
    for (int i = 0; n->at && i < n->done; i++) step_free(&n->at[i]);
    image_free(&n->query);
    free(n->at);
    free(n->class_name);
    free(n);
}

static bool copy_step(ThroughStep *to, const ThroughStep *from, Err *err)
{
    *to = *from;
    memset(to->picture, 0, sizeof to->picture);
    for (int k = 0; k < THROUGH_K; k++)
        if (from->picture[k].px && !image_copy(&to->picture[k], &from->picture[k], err))
            return step_free(to), false;
    return true;
}

static bool fill_news(ThroughNews *n, const Run *r, Err *err)
{
    n->n = r->set->history.count;
    n->real = r->data.n < r->set->real ? r->data.n : r->set->real;
    n->classes = r->data.classes;
    n->at = calloc((size_t)n->n, sizeof *n->at);
    n->class_name = calloc((size_t)n->classes, sizeof *n->class_name);
    if (!n->at || !n->class_name) return err_nomem(err, "neighbours through a run");
    for (int c = 0; c < n->classes; c++)
        snprintf(n->class_name[c], sizeof *n->class_name, "%s", r->data.class_name[c]);
    if (!image_copy(&n->query, &r->query, err)) return false;
    for (; n->done < r->done; n->done++)
        if (!copy_step(&n->at[n->done], &r->at[n->done], err)) return false;
    return true;
}

static bool publish(Run *r, Err *err)
{
    ThroughNews *n = calloc(1, sizeof *n);
    if (!n) return err_nomem(err, "neighbours through a run");
    n->news.close = news_close;
    if (!fill_news(n, r, err)) return news_close(&n->news), false;
    job_publish(r->job, &n->news);
    return true;
}

/* --- the work ------------------------------------------------------------------------------------------- */

/* The pictures are of the size that the run's encoder wants. */
static bool open_data(Run *r, Err *err)
{
    Encoder *e;
    if (!history_encoder(&e, r->set->folder, r->set->history.step[0], err)) return false;
    bool ok = dataset_open(&r->data, r->set->spec, SPLIT_TRAIN, e->config.side, e->config.channels, err);
    encoder_drop(e);
    return ok;
}

static bool make_view(Run *r, Image *out, Err *err)
{
    Latent *l = latent_new(r->set->generator, 1, NULL, r->pool, err);
    bool ok = l && export_images(out, l, &r->set->query.address, 1, err);
    latent_free(l);
    return ok;
}

static bool open_query(Run *r, Err *err)
{
    Image view = {0};
    const Image *from = &r->set->picture;
    bool ok = true;
    if (r->set->query.has_address) ok = make_view(r, &view, err), from = &view;
    ok = ok && image_fit(&r->query, from, r->data.h, r->data.c, err);
    image_free(&view);
    r->planes = ok ? malloc(dataset_item_bytes(&r->data) * sizeof *r->planes) : NULL;
    if (!ok || !r->planes) return ok ? err_nomem(err, "the query") : false;
    image_to_planes(r->planes, &r->query);
    return true;
}

static bool going(const Run *r, Err *err)
{
    return job_going(r->job) || err_set(err, ERR_CANCELLED, "stopped");
}

static bool ask(Run *r, ThroughStep *at, Bank *b, Err *err)
{
    for (int have; (have = bank_filled(b)) < bank_size(b) && have < r->set->real;) {
        int left = r->set->real - have;
        if (!going(r, err) || !bank_fill(b, left < PIECE ? left : PIECE, r->pool, err)) return false;
    }
    int k = bank_filled(b) < THROUGH_K ? bank_filled(b) : THROUGH_K;
    if (!bank_nearest(at->hit, b, METRIC_COSINE, r->planes, 1, k, r->pool, err)) return false;
    for (int i = 0; i < k; i++)
        if (!dataset_image(&at->picture[i], &r->data, at->hit[i].index, err)) return false;
    return true;
}

/* A checkpoint that has gone meanwhile (a run that trains thins them) is passed over. */
static bool visit(Run *r, uint64_t step, Err *err)
{
    Encoder *e;
    Bank *b = NULL;
    ThroughStep *at = &r->at[r->done];
    at->step = step;
    if (!history_encoder(&e, r->set->folder, step, NULL)) return true;
    bool ok = bank_new(&b, &r->data, SPACE_ENCODER, e, err) && ask(r, at, b, err);
    bank_drop(b);
    encoder_drop(e);
    r->done++; /* what was made of it is freed with the others */
    return ok && publish(r, err);
}

static bool work(Run *r, Err *err)
{
    const History *h = &r->set->history;
    r->pool = pool_new(pool_default_threads(), 0, err);
    if (!r->pool || !open_data(r, err) || !open_query(r, err) || !publish(r, err)) return false;
    for (int i = 0; i < h->count; i++)
        if (!going(r, err) || !visit(r, h->step[i], err)) return false;
    return true;
}

static bool through_run(Job *job, void *set, Err *err)
{
    Run *r = calloc(1, sizeof *r);
    if (!r) return err_nomem(err, "neighbours through a run");
    r->set = set;
    r->job = job;
    bool ok = work(r, err);
    for (int i = 0; i < r->done; i++) step_free(&r->at[i]);
    image_free(&r->query);
    free(r->planes);
    dataset_close(&r->data);
    pool_free(r->pool);
    free(r);
    return ok;
}

static void through_close(void *set)
{
    Through *t = set;
    if (!t) return;
    generator_drop(t->generator);
    image_free(&t->picture);
    free(t);
}

static bool set_up(Through *t, const Workspace *w, const RunInfo *run, const ThroughQuery *query, Err *err)
{
    t->query = *query;
    snprintf(t->folder, sizeof t->folder, "%s", run->folder);
    snprintf(t->spec, sizeof t->spec, "%s", w->data);
    if (query->has_address && !w->generator)
        return err_set(err, ERR_USAGE, "a view needs its generator: give its file");
    t->generator = query->has_address ? generator_keep(w->generator) : NULL;
    if (!query->has_address && !image_copy(&t->picture, query->picture, err)) return false;
    if (!history_list(&t->history, run->folder, err)) return false;
    return t->history.count ||
           err_set(err, ERR_USAGE, "run %s keeps no checkpoints of its way: train --keep N does", run->id);
}

Job *through_start(const Workspace *w, const RunInfo *run, const ThroughQuery *query, int real, Bell bell,
                   Err *err)
{
    static const JobKind kind = {"neighbours through a run", through_run, through_close, 0};
    Through *t = calloc(1, sizeof *t);
    if (!t) return err_nomem(err, "neighbours through a run"), NULL;
    t->real = real;
    if (set_up(t, w, run, query, err)) return job_start(&kind, t, bell, err);
    through_close(t);
    return NULL;
}

const char *through_class(const ThroughNews *n, int label)
{
    return label >= 0 && label < n->classes ? n->class_name[label] : "";
}

int through_find(const ThroughNews *n, uint64_t step)
{
    int at = n->done ? 0 : -1;
    for (int i = 1; i < n->done; i++)
        if (n->at[i].step <= step) at = i;
    return at;
}
