/* The judge's job: steps, checkpoints, accuracy on held-out pictures, the file with its card. */
#include "engine/judge_job.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "data/checkpoint.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_SECONDS 0.25

typedef struct {
    Judge *set;
    Job *job;
    Pool *pool;
    Dataset data, valid;
    Classifier *classifier;
    char checkpoint[4096];
    JudgeNews draft;
    double started, saved, published, began;
} Run;

static void news_close(News *news)
{
    free(news);
}

static void publish(Run *r)
{
    JudgeNews *n = malloc(sizeof *n);
    if (!n) return;
    double gone = r->draft.now.progress - r->began, here = clock_seconds() - r->started;
    r->draft.left = gone > 0 ? here / gone * (1 - r->draft.now.progress) : NAN;
    *n = r->draft;
    n->news.close = news_close;
    r->published = clock_seconds();
    job_publish(r->job, &n->news);
}

static bool begin(Run *r, Err *err)
{
    Judge *j = r->set;
    char previous[4100];
    snprintf(r->checkpoint, sizeof r->checkpoint, "%s.checkpoint", j->path);
    snprintf(previous, sizeof previous, "%s.1", r->checkpoint);
    bool there = file_exists(r->checkpoint) || file_exists(previous);
    if (there && !j->resume)
        return err_set(err, ERR_USAGE, "%s holds a judge in training: go on with --resume, or remove it", r->checkpoint);
    if (!there && j->resume) return err_set(err, ERR_USAGE, "%s: there is nothing to resume", r->checkpoint);
    r->pool = pool_new(j->threads, 0, err);
    if (!r->pool || !dataset_open(&r->data, j->spec, j->split, j->size, j->channels, err) ||
        !dataset_open(&r->valid, j->spec, SPLIT_VALID, j->size, j->channels, err))
        return false;
    snprintf(r->draft.sentence, sizeof r->draft.sentence, "%s", r->data.sentence);
    r->started = r->saved = clock_seconds();
    if (!there) return classifier_new(&r->classifier, &j->config, &r->data, r->pool, err);
    return checkpoint_tidy(r->checkpoint, err) && classifier_resume(&r->classifier, r->checkpoint, &r->data, r->pool, r->draft.told,
                                                                   sizeof r->draft.told, err);
}

static bool save(Run *r, Err *err)
{
    r->saved = clock_seconds();
    return classifier_save(r->classifier, r->checkpoint, err);
}

static bool step(Run *r, Err *err)
{
    ClassifyMetrics *m = &r->draft.now, before = *m;
    if (!classifier_step(r->classifier, m, err)) return false;
    if (before.images && isfinite(before.loss) && isfinite(m->loss)) {
        m->loss = 0.98 * before.loss + 0.02 * m->loss;
        m->accuracy = 0.98 * before.accuracy + 0.02 * m->accuracy;
    } else {
        r->began = m->progress;
        r->started = clock_seconds();
    }
    if (m->told[0]) snprintf(r->draft.told, sizeof r->draft.told, "%s", m->told);
    if (clock_seconds() - r->published >= NEWS_SECONDS) publish(r);
    return clock_seconds() - r->saved < r->set->save_seconds || save(r, err);
}

static char *card(const Run *r)
{
    char digest[65];
    digest_hex(digest, &r->data.digest, 64);
    Json *o = json_make();
    json_put_str(o, "data", r->data.sentence);
    json_put_str(o, "data_digest", digest);
    json_put_bool(o, "labels", true);
    json_put_int(o, "images_seen", (int64_t)r->draft.now.images);
    json_put(o, "settings", classify_config_json(&r->set->config));
    json_put_num(o, "accuracy_valid", r->draft.valid.value);
    json_put_str(o, "command", r->set->command);
    json_put_str(o, "licence", r->data.path ? "that of the pictures it was trained on" : "MIT (Fashion-MNIST, Zalando SE, MIT)");
    char *text = json_text(o);
    json_drop(o);
    return text;
}

/* The accuracy goes into the card, so the encoder is made twice: to be measured, and with its card. */
static bool finish(Run *r, Err *err)
{
    Encoder *e = NULL, *carded = NULL;
    bool ok = classifier_encoder(&e, r->classifier, r->set->name, NULL, err) &&
              classify_accuracy(&r->draft.valid, NULL, e, &r->valid, r->pool, err);
    char *text = ok ? card(r) : NULL;
    ok = ok && classifier_encoder(&carded, r->classifier, r->set->name, text, err) && encoder_save(carded, r->set->path, err);
    free(text);
    encoder_drop(e);
    encoder_drop(carded);
    char previous[4100];
    snprintf(previous, sizeof previous, "%s.1", r->checkpoint);
    ok = ok && file_remove_tree(r->checkpoint, err) && file_remove_tree(previous, err);
    r->draft.ended_ok = ok;
    publish(r);
    return ok;
}

static bool train(Run *r, Err *err)
{
    publish(r);
    while (!classifier_done(r->classifier)) {
        if (!job_going(r->job))
            return save(r, err) && err_set(err, ERR_CANCELLED, "stopped, saved in %s: go on with --resume", r->checkpoint);
        if (!step(r, err)) return false;
    }
    return finish(r, err);
}

static bool judge_run(Job *job, void *work, Err *err)
{
    Run r = {.set = work, .job = job};
    bool ok = begin(&r, err) && train(&r, err);
    classifier_free(r.classifier);
    dataset_close(&r.data);
    dataset_close(&r.valid);
    pool_free(r.pool);
    return ok;
}

Job *judge_start(Judge *judge, Bell bell, Err *err)
{
    static const JobKind kind = {"judge", judge_run, free, 0};
    return job_start(&kind, judge, bell, err);
}
