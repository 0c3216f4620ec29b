/* The job behind viewsmith walk: learn, measure, describe, write. */
#include "engine/walk_job.h"
#include "base/clock.h"
#include "base/file.h"
#include "data/checkpoint.h"
#include "engine/measure.h"
#include "latent/direction.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_SECONDS 0.25
#define SMOOTH       0.9
#define OUT_OF_REACH 0.67f /* of the 2 from the full edit one way to the other */
#define GROW         256   /* real pictures embedded at a time */

typedef struct {
    const Workspace *ws;
    WalkSet *set;
} Work;

typedef struct {
    const Workspace *ws;
    WalkSet *set;
    Job *job;
    Pool *pool;
    Walk *walk;
    Measure *measure; /* NULL: no realism */
    float *feature, *score;
    int room; /* pictures that feature and score hold */
    char checkpoint[3100];
    WalkNews draft;
    double phase_began, published, saved, first; /* first: progress when this session began */
    Direction direction[WALKS];
} Run;

/* --- news ------------------------------------------------------------------------------------------------
 */

static void news_close(News *news)
{
    free(news);
}

static void publish(Run *r, double progress, bool now)
{
    double gone = progress - r->first, here = clock_seconds() - r->phase_began;
    if (!now && clock_seconds() - r->published < NEWS_SECONDS) return;
    WalkNews *n = malloc(sizeof *n);
    if (!n) return;
    r->draft.progress = progress;
    r->draft.left = gone > 0 ? here / gone * (1 - progress) : NAN;
    *n = r->draft;
    n->news.close = news_close;
    r->published = clock_seconds();
    job_publish(r->job, &n->news);
}

static void enter(Run *r, WalkPhase phase, double progress)
{
    r->draft.phase = phase;
    r->phase_began = clock_seconds();
    r->first = progress;
    publish(r, progress, true);
}

/* --- learning --------------------------------------------------------------------------------------------
 */

static bool open_walk(Run *r, Err *err)
{
    char previous[3104];
    Generator *g = r->ws->generator;
    snprintf(r->checkpoint, sizeof r->checkpoint, "%s.checkpoint", r->set->out);
    snprintf(previous, sizeof previous, "%s.1", r->checkpoint);
    bool there = file_exists(r->checkpoint) || file_exists(previous);
    if (there && !r->set->resume)
        return err_set(err, ERR_IO, "%s holds walks half learnt: go on with --resume, or remove it",
                       r->checkpoint);
    if (!there && r->set->resume)
        return err_set(err, ERR_IO, "%s: there is nothing to resume", r->checkpoint);
    r->pool = pool_new(r->set->threads, 0, err);
    if (!r->pool || (there && !checkpoint_tidy(r->checkpoint, err))) return false;
    if (there) return walk_resume(&r->walk, g, r->checkpoint, r->pool, err);
    r->walk = walk_new(g, &r->set->config, r->pool, err);
    return r->walk && walk_save(r->walk, r->checkpoint, err);
}

static bool save(Run *r, Err *err)
{
    r->saved = clock_seconds();
    return walk_save(r->walk, r->checkpoint, err);
}

static bool learn(Run *r, Err *err)
{
    WalkMetrics m;
    for (int k = 0; k < WALKS; k++) r->draft.loss[k] = NAN;
    r->saved = clock_seconds();
    enter(r, WALK_LEARNING, walk_progress(r->walk));
    while (!walk_done(r->walk)) {
        if (!job_going(r->job))
            return save(r, err) &&
                   err_set(err, ERR_CANCELLED, "stopped, saved in %s: go on with --resume", r->checkpoint);
        if (!walk_step(r->walk, &m, err)) return false;
        double *loss = &r->draft.loss[m.kind];
        *loss = isfinite(*loss) ? SMOOTH * *loss + (1 - SMOOTH) * m.loss : m.loss;
        r->draft.step = m.step;
        r->draft.steps = m.steps;
        publish(r, walk_progress(r->walk), false);
        if (clock_seconds() - r->saved >= r->set->save_seconds && !save(r, err)) return false;
    }
    return save(r, err);
}

/* --- measuring -------------------------------------------------------------------------------------------
 */

/* Real pictures, where there is a judge and data that fit; else the bounds rest on reach alone. */
static bool open_realism(Run *r, Err *err)
{
    Err why = {0};
    if (!measure_open(&r->measure, r->ws, r->pool, err)) return false;
    while (measure_grow(r->measure, GROW, &why)) {
        if (!job_going(r->job)) return err_set(err, ERR_CANCELLED, "stopped: go on with --resume");
        const Realism *real = measure_reals(r->measure);
        publish(r, real ? 0.5 * realism_filled(real) / realism_size(real) : 0, false);
    }
    bool real = measure_real(r->measure);
    if (real)
        snprintf(
            r->draft.bound, sizeof r->draft.bound,
            "reach, and realism (Kynkaanniemi et al. 2019) among %d pictures of %s in the features of %s",
            realism_size(measure_reals(r->measure)), measure_data(r->measure), measure_space(r->measure));
    else
        snprintf(r->draft.bound, sizeof r->draft.bound, "reach alone: %.200s",
                 why.msg[0] ? why.msg : measure_why(r->measure));
    if (!real) measure_close(r->measure);
    if (!real) r->measure = NULL;
    return true;
}

static bool realism(void *ctx, double *share, const float *image, int n, Err *err)
{
    Run *r = ctx;
    const Realism *real = measure_reals(r->measure);
    const Encoder *e = realism_encoder(real);
    int features = encoder_features(&e->config), in = 0;
    if (n > r->room) {
        free(r->feature);
        free(r->score);
        r->feature = malloc((size_t)n * (size_t)features * sizeof *r->feature);
        r->score = malloc((size_t)n * sizeof *r->score);
        r->room = r->feature && r->score ? n : 0;
        if (!r->room) return err_nomem(err, "measuring walks");
    }
    if (!job_going(r->job)) return err_set(err, ERR_CANCELLED, "stopped: go on with --resume");
    if (!encoder_features_of_floats(r->feature, NULL, e, image, (size_t)n, r->pool, err) ||
        !realism_score(r->score, NULL, 0, real, r->feature, n, r->pool, err))
        return false;
    for (int i = 0; i < n; i++) in += r->score[i] >= 1;
    *share = (double)in / n;
    return true;
}

static bool measure(Run *r, Err *err)
{
    enter(r, WALK_MEASURING, 0);
    if (!open_realism(r, err) || !walk_measure(r->direction, r->walk, r->measure ? realism : NULL, r, err))
        return false;
    for (int k = 0; k < WALKS; k++) {
        r->draft.walk[k] = r->direction[k];
        r->draft.walk[k].vector = NULL;
    }
    return true;
}

/* --- describing and writing ------------------------------------------------------------------------------
 */

/* Both ends of every walk in its unit, and the names of those that get less than a third of the edit they
 * were taught. */
static void put_reach(Json *o, const Run *r)
{
    Json *reach = json_make(), *beyond = json_make_array();
    int side = r->ws->generator->config.size;
    for (int k = 0; k < WALKS; k++) {
        const Direction *d = &r->direction[k];
        float low = direction_reach(d, d->low), high = direction_reach(d, d->high);
        Json *ends = json_make_array();
        json_add_num(ends, (double)low);
        json_add_num(ends, (double)high);
        json_add_str(ends, d->unit);
        json_put(reach, d->name, ends);
        if (walk_part((WalkKind)k, high, side) - walk_part((WalkKind)k, low, side) < OUT_OF_REACH)
            json_add_str(beyond, d->name);
    }
    json_put(o, "reach", reach);
    json_put(o, "out_of_reach", beyond);
}

static char *new_card(const Run *r, const Generator *g, Err *err)
{
    Json *card = json_parse(g->card, strlen(g->card), "the card", err), *o = json_make();
    if (!card) return json_drop(o), NULL;
    json_put_str(o, "source",
                 "directions learnt through the generator's gradient (Jahanian, Chai & Isola 2020)");
    json_put(o, "settings", walk_config_json(walk_config(r->walk)));
    json_put_str(o, "bounds", r->draft.bound);
    put_reach(o, r);
    json_put_str(o, "command", r->set->command);
    json_put(card, "walks", o);
    char *text = json_text(card);
    json_drop(card);
    if (!text) err_nomem(err, "the card");
    return text;
}

static bool going(void *ctx, int done)
{
    Run *r = ctx;
    publish(r, (double)done / (r->ws->generator->directions + WALKS), false);
    return job_going(r->job);
}

/* Captions of all directions of g into list, which begins as a copy of them. */
static bool describe(Direction *list, Run *r, Generator *g, Err *err)
{
    Err why = {0};
    const char **name = calloc((size_t)g->directions, sizeof *name);
    DirectionEffect *effect = calloc((size_t)g->directions, sizeof *effect);
    Latent *l = name && effect ? latent_new(g, 64, NULL, r->pool, &why) : NULL;
    for (int i = 0; l && i < g->directions; i++) name[i] = g->direction[i].name;
    bool ok = l && direction_describe(effect, l, name, g->directions, r->set->views, NULL, going, r, &why);
    for (int i = 0; ok && i < g->directions; i++) {
        list[i] = g->direction[i];
        snprintf(list[i].caption, sizeof list[i].caption, "%s", effect[i].caption);
    }
    latent_free(l);
    free(name);
    free(effect);
    if (!ok && job_stopping(r->job)) return err_set(err, ERR_CANCELLED, "stopped: go on with --resume");
    return ok || err_set(err, why.code ? why.code : ERR_NOMEM, "%s",
                         why.code ? why.msg : "out of memory for describing directions");
}

/* The generator with its walks is made twice: to be described, and with what was found. */
static bool finish(Run *r, Err *err)
{
    Generator *with = NULL, *described = NULL;
    Direction *list = NULL;
    enter(r, WALK_DESCRIBING, 0);
    char *card = new_card(r, r->ws->generator, err);
    bool ok = card && generator_with(&with, r->ws->generator, r->direction, WALKS, card, err);
    if (ok) list = calloc((size_t)with->directions, sizeof *list);
    ok = ok && (list || err_nomem(err, "directions")) && describe(list, r, with, err) &&
         generator_with(&described, with, list, with->directions, NULL, err) &&
         generator_save(described, r->set->out, err);
    char previous[3104];
    snprintf(previous, sizeof previous, "%s.1", r->checkpoint);
    ok = ok && file_remove_tree(r->checkpoint, err) && file_remove_tree(previous, err);
    for (int k = 0; ok && k < WALKS; k++)
        memcpy(r->draft.walk[k].caption, generator_direction(described, r->direction[k].name)->caption,
               sizeof r->draft.walk[k].caption);
    r->draft.done = ok;
    if (ok) publish(r, 1, true);
    free(list);
    free(card);
    generator_drop(with);
    generator_drop(described);
    return ok;
}

/* --- the job ---------------------------------------------------------------------------------------------
 */

static bool walk_run(Job *job, void *arg, Err *err)
{
    Work *w = arg;
    Run *r = calloc(1, sizeof *r);
    if (!r) return err_nomem(err, "learning walks");
    r->ws = w->ws;
    r->set = w->set;
    r->job = job;
    bool ok = open_walk(r, err) && learn(r, err) && measure(r, err) && finish(r, err);
    measure_close(r->measure);
    walk_free(r->walk);
    pool_free(r->pool);
    free(r->feature);
    free(r->score);
    free(r);
    return ok;
}

static void work_close(void *arg)
{
    Work *w = arg;
    free(w->set);
    free(w);
}

Job *walk_start(const Workspace *ws, WalkSet *set, Bell bell, Err *err)
{
    static const JobKind kind = {"walk", walk_run, work_close, 0};
    Work *w = malloc(sizeof *w);
    if (!w) {
        free(set);
        err_nomem(err, "learning walks");
        return NULL;
    }
    *w = (Work){ws, set};
    return job_start(&kind, w, bell, err);
}
