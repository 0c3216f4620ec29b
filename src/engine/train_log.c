/* What a training leaves to read: config.json, metrics.jsonl, TensorBoard events, result.json. */
#include "engine/train_run.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/jsonl.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool write_json(const char *path, Json *o, Err *err)
{
    char *text = json_text(o);
    json_drop(o);
    bool ok = text ? file_replace(path, text, strlen(text), err) : err_nomem(err, path);
    free(text);
    return ok;
}

bool log_config(const TrainRun *r, Err *err)
{
    char path[4096];
    if (!file_join(path, sizeof path, r->run.folder, "config.json", err)) return false;
    Json *o = json_make();
    json_put_str(o, "format", "viewsmith-run 1");
    json_put(o, "train", train_config_json(&r->set->config));
    if (r->set->generator) {
        json_put_str(o, "model", r->set->model);
        json_put_str(o, "slug", r->set->generator->slug);
        json_put_str(o, "digest", r->set->generator->digest);
    }
    json_put_str(o, "data", r->set->spec);
    json_put_str(o, "data_is", r->real.sentence);
    json_put_str(o, "command", r->set->command);
    json_put_num(o, "started", r->run.started > 0 ? r->run.started : clock_wall());
    json_put_str(o, "version", VIEWSMITH_VERSION);
    return write_json(path, o, err);
}

/* A resumed run writes the steps after its checkpoint again, so they are cut off first. */
bool log_open(TrainRun *r, Err *err)
{
    uint64_t step = trainer_steps(r->trainer);
    if (!jsonl_trim(r->metrics, "step", (int64_t)step - 1, err)) return false;
    r->events = events_open(r->run.folder, (int64_t)step, err);
    return r->events != NULL;
}

/* Rows of the way that is left: for the curve, which shows it beside the new one. */
typedef struct {
    char path[4096];
    int64_t from;
    Err err;
} Leaving;

static bool leave(void *ctx, const Json *row)
{
    Leaving *l = ctx;
    int64_t step = json_int(row, "step", -1);
    if (step < l->from || !json_get(row, "loss")) return true;
    Json *kept = json_make();
    json_put_int(kept, "step", step);
    json_put_num(kept, "loss", json_num(row, "loss", NAN));
    return jsonl_append(l->path, kept, &l->err);
}

bool log_back(TrainRun *r, Err *err)
{
    size_t at = 0;
    Leaving l = {.from = (int64_t)trainer_steps(r->trainer)};
    if (!file_join(l.path, sizeof l.path, r->run.folder, "left.jsonl", err) ||
        !jsonl_each(r->metrics, &at, leave, &l, err))
        return false;
    if (l.err.code != ERR_OK) return *err = l.err, false;
    events_close(r->events);
    r->events = NULL;
    return log_open(r, err);
}

static bool log_scalars(TrainRun *r, const TrainMetrics *m, Err *err)
{
    int64_t step = (int64_t)m->step;
    Events *ev = r->events;
    return events_scalar(ev, "train/loss", step, (float)m->loss, err) &&
           events_scalar(ev, "train/rate", step, (float)m->rate, err) &&
           events_scalar(ev, "train/positive", step, (float)m->means.positive, err) &&
           events_scalar(ev, "train/negative", step, (float)m->means.negative, err) &&
           events_scalar(ev, "train/alignment", step, (float)m->means.alignment, err) &&
           events_scalar(ev, "train/uniformity", step, (float)m->means.uniformity, err) &&
           events_scalar(ev, "train/spread_rms", step, (float)m->means.spread, err) &&
           events_scalar(ev, "train/unique", step, (float)m->unique, err) &&
           (!isfinite(m->accuracy) || events_scalar(ev, "train/accuracy", step, (float)m->accuracy, err)) &&
           events_scalar(ev, "train/views_per_second", step, (float)m->views_second, err);
}

bool log_step(TrainRun *r, Err *err)
{
    const TrainMetrics *m = &r->last;
    Json *row = json_make();
    json_put_int(row, "step", (int64_t)m->step);
    json_put_num(row, "loss", m->loss);
    json_put_num(row, "rate", m->rate);
    json_put_num(row, "temperature", (double)m->control.temperature);
    json_put_num(row, "sigma", (double)m->control.sigma);
    if (r->set->config.tray) json_put_num(row, "share", (double)m->control.share);
    if (m->control.mix > 0) json_put_num(row, "mix", (double)m->control.mix);
    json_put_num(row, "positive", m->means.positive);
    json_put_num(row, "negative", m->means.negative);
    json_put_num(row, "alignment", m->means.alignment);
    json_put_num(row, "uniformity", m->means.uniformity);
    json_put_num(row, "spread_rms",
                 m->means.spread); /* 1 even, 0 collapsed: sqrt(D) times that per dimension */
    if (isfinite(m->accuracy)) json_put_num(row, "accuracy", m->accuracy);
    json_put_num(row, "gradient", m->gradient);
    json_put_int(row, "views", (int64_t)m->views);
    json_put_int(row, "unique", (int64_t)m->unique);
    if (m->corners) json_put_int(row, "tray", m->corners);    /* pairs that began at kept views */
    if (m->repeats) json_put_int(row, "repeats", m->repeats); /* pairs whose picture another one shows too */
    if (m->reals) json_put_int(row, "real", m->reals);        /* pairs of one real picture */
    if (m->redrawn) json_put_int(row, "redrawn", m->redrawn); /* pairs that weights have changed */
    json_put_num(row, "elapsed", m->elapsed);
    json_put_num(row, "views_second", m->views_second);
    json_put_num(row, "generator_share", m->generator_share);
    if (m->told[0]) json_put_str(row, "event", m->told);
    return jsonl_append(r->metrics, row, err) && log_scalars(r, m, err);
}

static Json *list_of(const float *x, int n)
{
    Json *list = json_make_array();
    for (int i = 0; i < n; i++) json_add_num(list, (double)x[i]);
    return list;
}

bool log_health(TrainRun *r, const Health *h, Err *err)
{
    int64_t step = (int64_t)r->last.step;
    Json *row = json_make();
    json_put_int(row, "step", step);
    json_put_num(row, "rank", h->rank);
    json_put_num(row, "spread", h->spread);
    json_put(row, "positive_cosines", list_of(r->news->spread.positive, CONTRAST_BINS));
    json_put(row, "negative_cosines", list_of(r->news->spread.negative, CONTRAST_BINS));
    return jsonl_append(r->metrics, row, err) &&
           events_scalar(r->events, "health/rank", step, (float)h->rank, err) &&
           events_scalar(r->events, "health/spread", step, (float)h->spread, err);
}

static void put_figure(Json *o, const char *key, const char *key_ci, const Figure *f)
{
    json_put_num(o, key, f->value);
    json_put_interval(o, key_ci, f->low, f->high);
}

/* Stamped with the last finished step. The untrained twin's figures have keys of their own. */
bool log_probe(TrainRun *r, const TrainProbe *p, bool untrained, Err *err)
{
    int64_t step = (int64_t)p->step - 1;
    Json *row = json_make();
    json_put_int(row, "step", step < 0 ? 0 : step);
    put_figure(row, untrained ? "untrained_linear" : "linear",
               untrained ? "untrained_linear_ci" : "linear_ci", &p->linear);
    put_figure(row, untrained ? "untrained_knn" : "knn", untrained ? "untrained_knn_ci" : "knn_ci", &p->knn);
    json_put_num(row, "probe_seconds", r->probe_cost);
    if (!jsonl_append(r->metrics, row, err)) return false;
    if (untrained) return true;
    return events_scalar(r->events, "probe/linear", step, (float)p->linear.value, err) &&
           events_scalar(r->events, "probe/knn", step, (float)p->knn.value, err);
}

bool log_event(TrainRun *r, const char *text, Err *err)
{
    uint64_t step = trainer_steps(r->trainer);
    Json *row = json_make();
    json_put_int(row, "step", step ? (int64_t)step - 1 : 0);
    json_put_str(row, "event", text);
    return jsonl_append(r->metrics, row, err);
}

bool log_result(TrainRun *r, Err *err)
{
    const TrainNews *n = r->news;
    Json *o = json_make();
    json_put_int(o, "steps", (int64_t)trainer_steps(r->trainer));
    json_put_int(o, "views_seen", (int64_t)trainer_steps(r->trainer) * 2 * r->set->config.pairs);
    json_put_num(o, "seconds", r->last.elapsed);
    if (n->ended_ok) {
        put_figure(o, "linear", "linear_ci", &n->final.linear);
        put_figure(o, "knn", "knn_ci", &n->final.knn);
        if (isfinite(n->final.classifier.value))
            put_figure(o, "classifier", "classifier_ci", &n->final.classifier);
        put_figure(o, "untrained_linear", "untrained_linear_ci", &n->final_untrained.linear);
        put_figure(o, "untrained_knn", "untrained_knn_ci", &n->final_untrained.knn);
        json_put_bool(o, "frozen", n->final.frozen && n->final_untrained.frozen);
        json_put_str(o, "split", n->split);
    }
    return write_json(r->result, o, err);
}
