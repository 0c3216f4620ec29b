/* The training job: folder, trainer, the loop with its checkpoints and probes, and the end. */
#include "engine/train_run.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/room.h"
#include "engine/lock.h"
#include "engine/train_history.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEWS_SECONDS 0.25
#define FIRST_PROBE  10.0 /* seconds of training */
#define TWIN_BATCHES 8
#define CONFIG_MAX   ((size_t)1 << 20)

Train *train_open(const Workspace *w, const TrainConfig *config, Err *err)
{
    Train *t = calloc(1, sizeof *t);
    if (!t) return err_nomem(err, "a training"), NULL;
    t->config = *config;
    snprintf(t->runs, sizeof t->runs, "%s", w->runs);
    snprintf(t->model, sizeof t->model, "%s", w->model);
    snprintf(t->spec, sizeof t->spec, "%s", w->data);
    t->generator = w->generator ? generator_keep(w->generator) : NULL;
    t->end = TRAIN_END_QUICK;
    t->probe_share = 0.05f;
    t->save_seconds = 30;
    t->keep = HISTORY_KEEP;
    t->threads = pool_default_threads();
    return t;
}

static Json *load_config(const RunInfo *run, Err *err)
{
    char path[4096];
    uint8_t *bytes;
    size_t size;
    if (!file_join(path, sizeof path, run->folder, "config.json", err)) return NULL;
    if (!file_exists(path)) {
        err_set(err, ERR_IO, "run %s was stopped before it began: delete it", run->id);
        return NULL;
    }
    if (!file_read(path, CONFIG_MAX, &bytes, &size, err)) return NULL;
    Json *o = json_parse((const char *)bytes, size, path, err);
    free(bytes);
    if (o && !json_get(o, "train")) err_set(err, ERR_FORMAT, "%s: the member \"train\" is missing", path);
    if (o && json_get(o, "train")) return o;
    json_drop(o);
    return NULL;
}

bool train_run_config(TrainConfig *out, const RunInfo *run, Err *err)
{
    Json *o = load_config(run, err);
    bool ok = o && train_config_read(out, json_get(o, "train"), err);
    json_drop(o);
    return ok;
}

/* The model of the run: the one that is open when it is the same, else the file that the run names. */
static bool reopen(Train *t, const Workspace *w, const Json *o, Err *err)
{
    const char *digest = json_str(o, "digest", NULL), *model = json_str(o, "model", "");
    snprintf(t->spec, sizeof t->spec, "%s", json_str(o, "data", t->spec));
    snprintf(t->command, sizeof t->command, "%s", json_str(o, "command", ""));
    if (!digest || (w->generator && !strcmp(w->generator->digest, digest))) return true;
    generator_drop(t->generator);
    t->generator = NULL;
    snprintf(t->model, sizeof t->model, "%s", model);
    return generator_open(&t->generator, model, err);
}

Train *train_open_run(const Workspace *w, const char *run, Err *err)
{
    RunInfo info;
    TrainConfig config;
    if (!runs_find(&info, w->runs, run, err)) return NULL;
    Json *o = load_config(&info, err);
    if (!o) return NULL;
    Train *t = train_config_read(&config, json_get(o, "train"), err) ? train_open(w, &config, err) : NULL;
    bool ok = t && reopen(t, w, o, err);
    json_drop(o);
    if (ok) snprintf(t->resume, sizeof t->resume, "%s", info.id);
    if (ok) return t;
    train_close(t);
    return NULL;
}

void train_close(Train *t)
{
    if (!t) return;
    generator_drop(t->generator);
    free(t->corner);
    free(t);
}

/* Data set and the probe's features as for Fashion-MNIST, which is what there is where nothing else is said.
 */
enum { REAL = 60000, METRICS_ROW = 400 };

bool train_needs(TrainNeeds *out, const Workspace *w, const TrainConfig *config, Err *err)
{
    TrainSize s;
    const GeneratorConfig *g = &w->generator->config;
    if (!train_size(&s, config, g->channels, g->size, err)) return false;
    double files = HISTORY_KEEP + 3, pixels = (double)REAL * g->channels * g->size * g->size;
    out->memory = (double)s.memory + pixels;
    out->disk = files * (double)(s.checkpoint + s.encoder) + (double)config->budget.steps * METRICS_ROW;
    out->memory_free = room_memory();
    out->disk_free = room_disk(w->runs);
    return true;
}

/* --- beginning
 * ----------------------------------------------------------------------------------------------------- */

static bool name_files(TrainRun *r, Err *err)
{
    const char *folder = r->run.folder;
    char checkpoints[4096];
    return file_join(checkpoints, sizeof checkpoints, folder, "checkpoints", err) &&
           file_make_folder(checkpoints, err) &&
           file_join(r->checkpoint, sizeof r->checkpoint, checkpoints, "last.safetensors", err) &&
           file_join(r->metrics, sizeof r->metrics, folder, "metrics.jsonl", err) &&
           file_join(r->control_path, sizeof r->control_path, folder, "control.jsonl", err) &&
           file_join(r->encoder, sizeof r->encoder, folder, "encoder.safetensors", err) &&
           file_join(r->twin_path, sizeof r->twin_path, folder, "untrained.safetensors", err) &&
           file_join(r->result, sizeof r->result, folder, "result.json", err);
}

static bool open_folder(TrainRun *r, Err *err)
{
    const Train *t = r->set;
    char what[32];
    bool there =
        t->resume[0] ? runs_info(&r->run, t->runs, t->resume, err) : runs_make(&r->run, t->runs, err);
    if (!there) return false;
    snprintf(what, sizeof what, "run %s", r->run.id);
    if (!lock_take(&r->lock, r->run.folder, what, err) || !name_files(r, err)) return false;
    if (!t->name[0]) return true;
    snprintf(r->run.name, sizeof r->run.name, "%s", t->name);
    return runs_name(&r->run, t->runs, t->name, err);
}

/* Real pictures are what the live probes judge on; training on generated views can do without them. */
static bool open_data(TrainRun *r, Err *err)
{
    const Train *t = r->set;
    int size = t->generator ? t->generator->config.size : 0,
        channels = t->generator ? t->generator->config.channels : 0;
    bool needed = !views_generated(t->config.maker) || t->probe_share > 0 || t->end != TRAIN_END_NONE ||
                  t->config.control.mix > 0 || control_mixes(r);
    if (!needed) return true;
    r->data = dataset_open(&r->real, t->spec, SPLIT_TRAIN, size, channels, err);
    return r->data && dataset_open(&r->held, t->spec, SPLIT_VALID, size, channels, err);
}

static bool open_trainer(TrainRun *r, Err *err)
{
    Train *t = r->set;
    char previous[4100], notice[256] = "";
    const Dataset *real = r->data ? &r->real : NULL;
    snprintf(previous, sizeof previous, "%s.1", r->checkpoint);
    if (!file_exists(r->checkpoint) && !file_exists(previous))
        return trainer_new(&r->trainer, &t->config, t->generator, real, r->pool, err) &&
               run_give_corners(r, r->trainer, err);
    if (!checkpoint_tidy(r->checkpoint, err) ||
        !trainer_resume(&r->trainer, r->checkpoint, t->generator, real, r->pool, notice, sizeof notice,
                        err) ||
        !run_give_corners(r, r->trainer, err))
        return false;
    if (notice[0]) news_tell(r, notice);
    Budget b = t->config.budget, had = trainer_config(r->trainer)->budget;
    bool same = b.steps == had.steps && !(b.seconds < had.seconds) && !(b.seconds > had.seconds);
    return same || trainer_set_budget(r->trainer, &b, err);
}

static bool save(TrainRun *r, Err *err)
{
    if (!trainer_save(r->trainer, r->checkpoint, err) || !trainer_publish(r->trainer, err)) return false;
    Encoder *e = trainer_snapshot(r->trainer, NULL);
    bool ok = encoder_save(e, r->encoder, err);
    encoder_drop(e);
    r->saved = clock_seconds();
    return ok;
}

/* Keeps the checkpoints of its way where the step asks for it. */
static bool keep(TrainRun *r, Err *err)
{
    return !history_due(trainer_steps(r->trainer), r->set->keep) ||
           history_save(r->trainer, r->run.folder, r->set->keep, err);
}

/* The run is from now on what it was after an earlier step: bit for bit as if it had been stopped there and
 * resumed. */
static bool go_back(TrainRun *r, Err *err)
{
    char path[4096];
    Trainer *t;
    Budget b = trainer_config(r->trainer)->budget;
    r->back = false;
    if (!history_path(path, sizeof path, r->run.folder, r->back_to, err) ||
        !trainer_resume(&t, path, r->set->generator, r->data ? &r->real : NULL, r->pool, NULL, 0, err))
        return false;
    trainer_free(r->trainer);
    r->trainer = t;
    if (!run_give_corners(r, t, err)) return false;
    r->stepped = false;
    r->began = trainer_progress(t);
    r->step_spent = r->generator_spent = r->probe_spent = 0;
    if (!trainer_set_budget(t, &b, err) || !history_cut(r->run.folder, r->back_to, err) || !log_back(r, err))
        return false;
    news_back(r);
    control_back(r);
    return save(r, err);
}

static bool begin(TrainRun *r, Err *err)
{
    if (!news_begin(r, err)) return false;
    r->pool = pool_new(r->set->threads, r->set->background ? 19 : 0, err);
    if (!r->pool || !open_folder(r, err)) return false;
    news_publish(r);
    /* Settings before the first checkpoint, so that whoever finds one can resume it; a new budget stays with
     * the run. */
    if (!open_data(r, err) || !run_tray(r, err) || !log_config(r, err) || !open_trainer(r, err)) return false;
    r->started = clock_seconds();
    r->began = trainer_progress(r->trainer);
    r->news->config = *trainer_config(r->trainer);
    if (file_exists(r->result) && !file_remove_tree(r->result, err)) return false;
    /* Kept before anything is asked of it: to go back here is to go back before that. */
    if (!log_open(r, err) || !keep(r, err) || !control_open(r, err)) return false;
    r->back_to = r->set->back_to;
    return (!r->set->back || go_back(r, err)) && save(r, err);
}

/* --- probes
 * -------------------------------------------------------------------------------------------------------- */

/* The untrained twin: read from the run when it is there, made when first needed. */
static bool need_twin(TrainRun *r, Err *err)
{
    if (r->twin) return true;
    if (file_exists(r->twin_path)) return encoder_open(&r->twin, r->twin_path, err);
    const Dataset *real = r->data ? &r->real : NULL;
    return train_untrained(&r->twin, &r->set->config, r->set->generator, real, TWIN_BATCHES, r->pool, err) &&
           encoder_save(r->twin, r->twin_path, err);
}

static bool probe_quickly(TrainProbe *out, TrainRun *r, const Encoder *e, Err *err)
{
    ProbeResult result;
    if (!r->bank && !probe_bank(&r->bank, &r->real, &r->held, &probe_quick, err)) return false;
    if (!probe_run(&result, e, r->bank, r->pool, err)) return false;
    *out = (TrainProbe){trainer_steps(r->trainer), result.linear, result.knn};
    return true;
}

static bool probe_twin(TrainRun *r, Err *err)
{
    TrainProbe p;
    if (isfinite(r->news->untrained.linear.value)) return true;
    if (!need_twin(r, err) || !probe_quickly(&p, r, r->twin, err)) return false;
    p.step = 0;
    r->news->untrained = p;
    return log_probe(r, &p, true, err);
}

/* A live probe of the weights as they are now; its time counts as training time. */
static bool probe_now(TrainRun *r, Err *err)
{
    TrainProbe p;
    double start = clock_seconds();
    news_phase(r, "probing");
    if (!trainer_publish(r->trainer, err) || !probe_twin(r, err)) return false;
    double twin = clock_seconds() - start;
    Encoder *e = trainer_snapshot(r->trainer, NULL);
    bool ok = probe_quickly(&p, r, e, err);
    encoder_drop(e);
    if (!ok) return false;
    r->probe_cost = clock_seconds() - start - twin;
    r->probe_spent += r->probe_cost + twin;
    trainer_charge(r->trainer, r->probe_cost + twin);
    news_probe(r, &p);
    news_phase(r, "training");
    return log_probe(r, &p, false, err);
}

/* The first comes early, the others as their share of the time allows. */
static bool probe_due(const TrainRun *r)
{
    double all = r->step_spent + r->probe_spent;
    if (!(r->set->probe_share > 0)) return false;
    if (!r->probe_spent) return all >= FIRST_PROBE;
    return r->probe_spent + r->probe_cost <= (double)r->set->probe_share * all;
}

/* --- the loop
 * ------------------------------------------------------------------------------------------------------ */

/* Takes what control.jsonl asks for. A step that is not kept is no reason to end: it is told. */
static bool listen(TrainRun *r, Err *err)
{
    Err cause = {0};
    do {
        if (!control_step(r, err)) return false;
        if (!r->back) return true;
        if (!go_back(r, &cause)) {
            if (cause.code != ERR_USAGE) return *err = cause, false;
            news_tell(r, cause.msg);
        }
    } while (true);
}

/* Waits while paused, still listening. False when it is to stop. */
static bool going(TrainRun *r, Err *err)
{
    if (!listen(r, err)) return false;
    if (job_state(r->job) == JOB_PAUSED) {
        if (!save(r, err)) return false;
        news_phase(r, "paused");
        while (job_state(r->job) == JOB_PAUSED && !job_stopping(r->job) && !r->stop) {
            usleep(50000);
            if (!listen(r, err)) return false;
        }
        news_phase(r, "training");
    }
    bool there = r->set->until && trainer_steps(r->trainer) >= r->set->until;
    return !r->stop && !there && !job_stopping(r->job);
}

static bool step(TrainRun *r, Err *err)
{
    if (!trainer_step(r->trainer, &r->last, err)) return false;
    news_step(r);
    if (!log_step(r, err) || !keep(r, err)) return false;
    double now = clock_seconds();
    if (now - r->saved >= r->set->save_seconds && !save(r, err)) return false;
    if (probe_due(r)) return probe_now(r, err);
    if (now - r->published >= NEWS_SECONDS) news_publish(r);
    return true;
}

static bool loop(TrainRun *r, Err *err)
{
    news_phase(r, "training");
    while (!trainer_done(r->trainer)) {
        if (!going(r, err)) {
            uint64_t steps = trainer_steps(r->trainer);
            if (err->code != ERR_OK || !save(r, err)) return false;
            news_phase(r, "stopped");
            return err_set(err, ERR_CANCELLED,
                           "run %s stopped at step %llu, saved: viewsmith train --resume %s", r->run.id,
                           (unsigned long long)steps, r->run.id);
        }
        if (!step(r, err)) return false;
    }
    return save(r, err);
}

/* --- the end
 * ------------------------------------------------------------------------------------------------------- */

static bool final_probes(TrainRun *r, const Dataset *held, const ProbeConfig *c, Err *err)
{
    TrainNews *n = r->news;
    Encoder *e = trainer_snapshot(r->trainer, NULL);
    bool ok = need_twin(r, err) && probe_encoder(&n->final, e, &r->real, held, c, r->pool, err) &&
              probe_encoder(&n->final_untrained, r->twin, &r->real, held, c, r->pool, err);
    encoder_drop(e);
    n->ended_ok = ok;
    return ok;
}

static bool finish(TrainRun *r, Err *err)
{
    TrainEnd end = r->set->end;
    Dataset test = {0};
    news_phase(r, "final probes");
    r->news->split = end == TRAIN_END_TEST ? "test" : "valid";
    bool ok = true;
    if (end == TRAIN_END_TEST) {
        ok = log_event(r, "final probes on the test set", err) &&
             dataset_open(&test, r->set->spec, SPLIT_TEST, r->real.h, r->real.c, err) &&
             final_probes(r, &test, &probe_full, err);
        dataset_close(&test);
    } else if (end != TRAIN_END_NONE) {
        ok = final_probes(r, &r->held, end == TRAIN_END_QUICK ? &probe_quick : &probe_full, err);
    } else {
        ok = need_twin(r, err);
    }
    if (!ok || !log_result(r, err)) return false;
    news_phase(r, "done");
    return true;
}

static void end(TrainRun *r)
{
    control_close(r);
    if (r->events) events_close(r->events);
    probe_bank_free(r->bank);
    encoder_drop(r->twin);
    trainer_free(r->trainer);
    dataset_close(&r->real);
    dataset_close(&r->held);
    pool_free(r->pool);
    news_end(r);
    lock_release(r->lock);
}

static bool train_run(Job *job, void *work, Err *err)
{
    TrainRun *r = calloc(1, sizeof *r);
    if (!r) return err_nomem(err, "a training");
    r->set = work;
    r->job = job;
    r->lock = -1;
    bool ok = begin(r, err) && loop(r, err) && finish(r, err);
    if (!ok && r->news && r->events) news_publish(r);
    end(r);
    free(r);
    return ok;
}

static void work_close(void *work)
{
    train_close(work);
}

Job *train_start(Train *t, Bell bell, Err *err)
{
    static const JobKind front = {"train", train_run, work_close, 0},
                         behind = {"train", train_run, work_close, 19};
    return job_start(t->background ? &behind : &front, t, bell, err);
}
