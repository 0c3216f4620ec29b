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

static bool save(Run *r, Err *err)
{
    r->saved = clock_seconds();
    return classifier_save(r->classifier, r->checkpoint, err);
}

/* The settings that the checkpoint was made with: the card tells them. */
static bool read_settings(Run *r, Err *err)
{
    Checkpoint *ck;
    if (!checkpoint_load(&ck, r->checkpoint, NULL, 0, err)) return false;
    const char *text = checkpoint_get_meta(ck, "config");
    Json *o = text ? json_parse(text, strlen(text), r->checkpoint, err) : NULL;
    bool ok = o && classify_config_read(&r->set->config, o, err);
    json_drop(o);
    checkpoint_free(ck);
    return ok;
}

static bool take_up(Run *r, Err *err)
{
    r->saved = clock_seconds();
    return checkpoint_tidy(r->checkpoint, err) && read_settings(r, err) &&
           classifier_resume(&r->classifier, r->checkpoint, &r->data, r->pool, r->draft.told,
                             sizeof r->draft.told, err);
}

static bool begin(Run *r, Err *err)
{
    Judge *j = r->set;
    char previous[4100];
    snprintf(r->checkpoint, sizeof r->checkpoint, "%s.checkpoint", j->path);
    snprintf(previous, sizeof previous, "%s.1", r->checkpoint);
    bool there = file_exists(r->checkpoint) || file_exists(previous);
    if (there && !j->resume)
        return err_set(err, ERR_IO, "%s holds a judge in training: go on with --resume, or remove it",
                       r->checkpoint);
    if (!there && j->resume) return err_set(err, ERR_IO, "%s: there is nothing to resume", r->checkpoint);
    r->pool = pool_new(j->threads, 0, err);
    if (!r->pool || !dataset_open(&r->data, j->spec, SPLIT_TRAIN, j->size, j->channels, err) ||
        !dataset_open(&r->valid, j->spec, SPLIT_VALID, j->size, j->channels, err))
        return false;
    snprintf(r->draft.sentence, sizeof r->draft.sentence, "%s", r->data.sentence);
    r->started = clock_seconds();
    if (there) return take_up(r, err);
    return classifier_new(&r->classifier, &j->config, &r->data, r->pool, err) && save(r, err);
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

/* The line that makes this judge, resumed or not. */
static void put_command(Json *o, const Run *r)
{
    const ClassifyConfig *c = &r->set->config;
    char recipe[AUGMENT_TEXT], budget[64], line[2048];
    augment_text(recipe, &c->recipe);
    if (c->budget.steps)
        snprintf(budget, sizeof budget, "--steps %llu", (unsigned long long)c->budget.steps);
    else
        snprintf(budget, sizeof budget, "--seconds %g", c->budget.seconds);
    snprintf(line, sizeof line,
             "viewsmith judge --data %s --size %d --channels %d --encoder %s --batch %d %s --rate %g "
             "--augment %s --seed %llu "
             "--out FILE",
             r->set->spec, r->data.h, r->data.c, c->encoder, c->batch, budget, (double)c->descent.rate,
             recipe, (unsigned long long)c->seed);
    json_put_str(o, "command", line);
}

static char *card(const Run *r)
{
    const Figure *f = &r->draft.valid;
    char digest[65], licence[160];
    digest_hex(digest, &r->data.digest, 64);
    snprintf(licence, sizeof licence, "ours: MIT; of the pictures: %s",
             r->data.licence[0] ? r->data.licence : "their owners'");
    Json *o = json_make();
    json_put_str(o, "data", r->data.sentence);
    json_put_str(o, "data_digest", digest);
    json_put_str(o, "split", dataset_split_name(SPLIT_TRAIN));
    json_put_int(o, "real_images", r->data.n);
    json_put_bool(o, "labels", true);
    json_put_int(o, "images_seen", (int64_t)r->draft.now.images);
    json_put_num(o, "seconds", r->draft.now.elapsed);
    json_put(o, "settings", classify_config_json(&r->set->config));
    json_put_num(o, "accuracy_valid", f->value);
    json_put_interval(o, "accuracy_valid_ci", f->low, f->high);
    json_put_int(o, "valid_images", r->valid.n);
    put_command(o, r);
    json_put_str(o, "licence", licence);
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
    ok = ok && (text || err_nomem(err, "the card")) &&
         classifier_encoder(&carded, r->classifier, r->set->name, text, err) &&
         encoder_save(carded, r->set->path, err);
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
            return save(r, err) &&
                   err_set(err, ERR_CANCELLED, "stopped, saved in %s: go on with --resume", r->checkpoint);
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
