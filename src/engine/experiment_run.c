/* Runs the rows of an experiment that are not there yet, several at a time, one thread each. */
#include "engine/experiment.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/experiment_row.h"
#include "engine/jsonl.h"
#include "engine/train_job.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ABREAST_MAX = 64 };
#define LOOK_SECONDS 0.25
#define TRAIN_SHARE  0.9 /* of a row's time, about; the rest are probes */

typedef struct {
    int arm;
    uint64_t seed;
    char key[17];
} Row;

typedef struct {
    const Row *row;      /* NULL: free */
    Job *train, *probes; /* one after the other; the training's last news are the line's */
    char folder[3072];
    double share; /* of the row */
} Slot;

typedef struct {
    ExperimentRun set;
    Workspace bare; /* where rows are trained */
    Job *job;
    Row *row; /* still to be done */
    int rows, next, total, before, done, finished;
    char path[4096], told[320];
    Slot slot[ABREAST_MAX];
    RowBanks banks;
    double started, work; /* rows' worth of work done here */
} Work;

/* --- news
 * ------------------------------------------------------------------------------------------------------- */

static void news_close(News *news)
{
    free(news);
}

static void put_now(char *out, size_t cap, const Work *w)
{
    size_t at = 0;
    *out = 0;
    for (int i = 0; i < w->set.abreast && at < cap; i++) {
        const Slot *s = &w->slot[i];
        if (!s->row) continue;
        const char *name = w->set.experiment->arm[s->row->arm].name;
        at += (size_t)snprintf(out + at, cap - at, "%s%s %llu: %.0f %%", at ? ", " : "", name,
                               (unsigned long long)s->row->seed, 100 * s->share);
    }
}

static void publish(Work *w)
{
    ExperimentNews *n = calloc(1, sizeof *n);
    if (!n) return;
    double part = 0, gone = clock_seconds() - w->started;
    for (int i = 0; i < w->set.abreast; i++) part += w->slot[i].row ? w->slot[i].share : 0;
    double here = w->finished + part, rest = w->total - w->done - part;
    *n = (ExperimentNews){.rows = w->total, .done = w->done, .before = w->before};
    n->news.close = news_close;
    n->share = w->total ? (w->done + part) / w->total : 1;
    n->left = here > 0.01 ? gone / here * rest : NAN;
    put_now(n->now, sizeof n->now, w);
    snprintf(n->told, sizeof n->told, "%s", w->told);
    job_publish(w->job, &n->news);
}

/* --- rows
 * -------------------------------------------------------------------------------------------------------- */

static bool is_there(const ExperimentRows *r, int arm, uint64_t seed)
{
    for (int i = 0; i < r->n; i++)
        if (r->row[i].arm == arm && r->row[i].seed == seed) return true;
    return false;
}

static bool wanted(const Work *w, const ExperimentRows *there, int arm, uint64_t seed, const char *key)
{
    if (w->set.check[0]) return !strcmp(key, w->set.check);
    return (w->set.arm < 0 || w->set.arm == arm) && !is_there(there, arm, seed);
}

/* Seed by seed rather than arm by arm: what is there is always a comparison. */
static bool plan(Work *w, Err *err)
{
    const Experiment *e = w->set.experiment;
    ExperimentRows there;
    if (!experiment_rows(&there, e, w->set.out, err)) return false;
    w->row = calloc((size_t)e->arms * (size_t)w->set.seeds + 1, sizeof *w->row);
    for (int seed = 0; w->row && seed < w->set.seeds; seed++)
        for (int arm = 0; arm < e->arms; arm++) {
            Row *r = &w->row[w->rows];
            *r = (Row){.arm = arm, .seed = (uint64_t)seed};
            experiment_key(r->key, e, arm, r->seed);
            bool counts = w->set.arm < 0 || w->set.arm == arm;
            w->before += counts && is_there(&there, arm, r->seed);
            w->rows += wanted(w, &there, arm, r->seed, r->key);
        }
    experiment_rows_free(&there);
    if (w->set.check[0]) w->before = 0;
    w->done = w->before;
    w->total = w->before + w->rows;
    if (!w->row) return err_nomem(err, "an experiment");
    return w->rows || !w->set.check[0] ||
           err_set(err, ERR_USAGE, "%s has no row %s among its arms and %d seeds", e->name, w->set.check,
                   w->set.seeds);
}

/* The row's training: a new run, or the one of that name that was interrupted. */
static Train *open_row(Work *w, const Row *row, Err *err)
{
    const ExperimentArm *a = &w->set.experiment->arm[row->arm];
    RunInfo info;
    TrainConfig c = a->config;
    w->bare.generator = a->generator ? a->generator : experiment_generator(w->set.experiment);
    snprintf(w->bare.model, sizeof w->bare.model, "%s", a->model);
    c.seed = row->seed;
    bool there = runs_find(&info, w->bare.runs, row->key, NULL);
    Train *t = there ? train_open_run(&w->bare, info.id, err) : train_open(&w->bare, &c, err);
    if (!t) return NULL;
    if (!there) snprintf(t->name, sizeof t->name, "%s", row->key);
    t->end = TRAIN_END_NONE; /* probed by ourselves, for what the recipe asks */
    t->probe_share = 0;
    t->keep = 0;
    t->threads = 1;
    snprintf(t->command, sizeof t->command, "viewsmith experiment %s --row %s", w->set.experiment->name,
             row->key);
    return t;
}

static bool begin_row(Work *w, Slot *s, Err *err)
{
    const Row *row = &w->row[w->next++];
    Train *t = open_row(w, row, err);
    *s = (Slot){.train = t ? train_start(t, (Bell){0}, err) : NULL};
    s->row = s->train ? row : NULL;
    return s->train != NULL;
}

/* A row that is there is made again and must come out alike. */
static bool compare(Work *w, const Row *row, const Json *line, Err *err)
{
    ExperimentRows there;
    char differs[160] = "";
    if (!experiment_rows(&there, w->set.experiment, w->set.out, err)) return false;
    bool found = false;
    for (int i = 0; i < there.n && !found; i++) {
        found = there.row[i].arm == row->arm && there.row[i].seed == row->seed;
        if (found) row_differs(differs, sizeof differs, there.row[i].line, line);
    }
    experiment_rows_free(&there);
    if (!found) return err_set(err, ERR_USAGE, "row %s is not in %s yet", row->key, w->path);
    if (*differs) return err_set(err, ERR_NUMERIC, "row %s came out otherwise: %s", row->key, differs);
    snprintf(w->told, sizeof w->told, "row %s came out alike, to the last digit", row->key);
    return true;
}

static bool keep_line(Work *w, const Row *row, const TrainNews *n, const RowProbes *p, Err *err)
{
    Json *line = row_line(w->set.experiment, row->arm, row->seed, row->key, n, p);
    if (w->set.check[0]) {
        bool ok = compare(w, row, line, err);
        json_drop(line);
        return ok;
    }
    snprintf(w->told, sizeof w->told, "%s %llu: linear %.2f %%, kNN %.2f %%",
             w->set.experiment->arm[row->arm].name, (unsigned long long)row->seed,
             100 * p->trained.linear.value, 100 * p->trained.knn.value);
    return jsonl_append(w->path, line, err);
}

/* The training is over: on to the probes. */
static bool probe_row(Work *w, Slot *s, Err *err)
{
    TrainNews *n = (TrainNews *)job_news(s->train);
    bool ok = job_result(s->train, err);
    if (ok && !n) ok = err_set(err, ERR_IO, "row %s ended without news", s->row->key);
    if (ok) ok = file_join(s->folder, sizeof s->folder, w->bare.runs, n->id, err);
    if (n) news_drop(&n->news);
    if (ok) s->probes = row_probes_start(&w->banks, s->folder, err);
    s->share = TRAIN_SHARE;
    return ok && s->probes;
}

static bool end_row(Work *w, Slot *s, Err *err)
{
    RowProbes probes;
    TrainNews *n = (TrainNews *)job_news(s->train);
    bool ok = job_result(s->probes, err);
    if (ok) row_probes(&probes, s->probes);
    ok = ok && keep_line(w, s->row, n, &probes, err);
    if (ok && !w->set.keep) ok = runs_delete(w->bare.runs, n->id, err);
    news_drop(&n->news);
    job_free(s->train);
    job_free(s->probes);
    *s = (Slot){0};
    w->done += ok;
    w->finished += ok;
    return ok;
}

static void look(Slot *s)
{
    TrainNews *n = (TrainNews *)job_news(s->train);
    if (!n) return;
    s->share = TRAIN_SHARE * n->progress;
    news_drop(&n->news);
}

/* Ends what has ended, begins what there is room for. False when something failed or it is to stop. */
static bool turn(Work *w, Err *err)
{
    for (int i = 0; i < w->set.abreast; i++) {
        Slot *s = &w->slot[i];
        if (s->row && s->probes && job_wait(s->probes, 0) && !end_row(w, s, err)) return false;
        if (s->row && !s->probes && job_wait(s->train, 0) && !probe_row(w, s, err)) return false;
        if (s->row && !s->probes) look(s);
        if (!s->row && w->next < w->rows && !begin_row(w, s, err)) return false;
    }
    publish(w);
    return job_going(w->job) ||
           err_set(err, ERR_CANCELLED, "stopped with %d of %d rows done; the same command goes on", w->done,
                   w->total);
}

static bool busy(const Work *w)
{
    bool any = w->next < w->rows;
    for (int i = 0; i < w->set.abreast; i++) any |= w->slot[i].row != NULL;
    return any;
}

/* Rows on their way are saved and go on another time. */
static void leave(Work *w)
{
    for (int i = 0; i < w->set.abreast; i++)
        if (w->slot[i].row) job_stop(w->slot[i].train);
    for (int i = 0; i < w->set.abreast; i++) {
        job_free(w->slot[i].train);
        job_free(w->slot[i].probes);
    }
    row_banks_close(&w->banks);
    w->bare.generator = NULL;
}

static bool find_folders(Work *w, Err *err)
{
    char name[64], data[3072];
    snprintf(w->bare.data, sizeof w->bare.data, "%s", w->set.experiment->data);
    snprintf(w->bare.runs, sizeof w->bare.runs, "%s", w->set.runs);
    snprintf(name, sizeof name, "experiments/%s", w->set.experiment->name);
    if (!w->set.runs[0] && (!file_xdg(data, sizeof data, XDG_DATA, err) ||
                            !file_join(w->bare.runs, sizeof w->bare.runs, data, name, err)))
        return false;
    snprintf(name, sizeof name, "%s.jsonl", w->set.experiment->name);
    return file_make_folder(w->bare.runs, err) && file_make_folder(w->set.out, err) &&
           file_join(w->path, sizeof w->path, w->set.out, name, err);
}

static bool run(Job *job, void *work, Err *err)
{
    Work *w = work;
    w->job = job;
    w->started = clock_seconds();
    bool ok = find_folders(w, err) && plan(w, err) &&
              (!w->rows || row_banks_open(&w->banks, w->set.experiment, err));
    while (ok && busy(w)) {
        ok = turn(w, err);
        if (ok) usleep((useconds_t)(LOOK_SECONDS * 1e6));
    }
    leave(w);
    if (ok) publish(w);
    return ok;
}

static void work_close(void *work)
{
    Work *w = work;
    free(w->row);
    free(w);
}

Job *experiment_start(const ExperimentRun *set, Bell bell, Err *err)
{
    static const JobKind kind = {"experiment", run, work_close, 0};
    Work *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "an experiment"), NULL;
    w->set = *set;
    if (w->set.abreast < 1) w->set.abreast = 1;
    if (w->set.abreast > ABREAST_MAX) w->set.abreast = ABREAST_MAX;
    return job_start(&kind, w, bell, err);
}
