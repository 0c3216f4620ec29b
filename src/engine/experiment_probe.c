/* Probes of a row: all labels, few labels, another data set; the untrained twin beside it. */
#include "engine/experiment_probe.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool row_banks_open(RowBanks *out, const Experiment *e, Err *err)
{
    const Generator *g = experiment_generator(e);
    int size = g ? g->config.size : 0, channels = g ? g->config.channels : 0;
    ProbeConfig c = probe_full;
    *out = (RowBanks){0};
    memcpy(c.few, e->few, sizeof c.few);
    c.draws = e->draws;
    bool ok = dataset_open(&out->train, e->data, SPLIT_TRAIN, size, channels, err) &&
              dataset_open(&out->held, e->data, e->split, size, channels, err) &&
              probe_bank(&out->own, &out->train, &out->held, &c, err);
    if (ok && *e->transfer) {
        memset(c.few, 0, sizeof c.few);
        ok = dataset_open(&out->other_train, e->transfer, SPLIT_TRAIN, out->train.h, out->train.c, err) &&
             dataset_open(&out->other_held, e->transfer, e->split, out->train.h, out->train.c, err) &&
             probe_bank(&out->other, &out->other_train, &out->other_held, &c, err);
    }
    if (!ok) row_banks_close(out);
    return ok;
}

void row_banks_close(RowBanks *b)
{
    probe_bank_free(b->own);
    probe_bank_free(b->other);
    dataset_close(&b->train);
    dataset_close(&b->held);
    dataset_close(&b->other_train);
    dataset_close(&b->other_held);
    *b = (RowBanks){0};
}

typedef struct {
    const RowBanks *banks;
    char run[3072];
} Work;

typedef struct {
    News news;
    RowProbes probes;
} ProbeNews;

static void news_close(News *news)
{
    free(news);
}

static bool open_encoder(Encoder **out, const Work *w, const char *name, Err *err)
{
    char path[4096];
    return file_join(path, sizeof path, w->run, name, err) && encoder_open(out, path, err);
}

static bool probe_all(RowProbes *p, const Work *w, Pool *pool, Err *err)
{
    Encoder *trained = NULL, *twin = NULL;
    const RowBanks *b = w->banks;
    bool ok = open_encoder(&trained, w, "encoder.safetensors", err) &&
              open_encoder(&twin, w, "untrained.safetensors", err) &&
              probe_run(&p->trained, trained, b->own, pool, err) &&
              probe_run(&p->untrained, twin, b->own, pool, err) &&
              (!b->other || probe_run(&p->transfer, trained, b->other, pool, err));
    encoder_drop(trained);
    encoder_drop(twin);
    return ok;
}

static bool run(Job *job, void *work, Err *err)
{
    ProbeNews *n = calloc(1, sizeof *n);
    Pool *pool = n ? pool_new(1, 0, err) : NULL;
    if (!n) return err_nomem(err, "a row's probes");
    n->news.close = news_close;
    bool ok = pool && probe_all(&n->probes, work, pool, err);
    pool_free(pool);
    if (ok)
        job_publish(job, &n->news);
    else
        free(n);
    return ok;
}

Job *row_probes_start(const RowBanks *banks, const char *run_folder, Err *err)
{
    static const JobKind kind = {"probes", run, free, 0};
    Work *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "a row's probes"), NULL;
    w->banks = banks;
    snprintf(w->run, sizeof w->run, "%s", run_folder);
    return job_start(&kind, w, (Bell){0}, err);
}

void row_probes(RowProbes *out, Job *job)
{
    ProbeNews *n = (ProbeNews *)job_news(job);
    *out = n->probes;
    news_drop(&n->news);
}
