/* The job behind confusion_job.h. */
#include "engine/confusion_job.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const Workspace *workspace;
    Encoder *encoder;
    ProbeConfig config;
} Work;

static void news_close(News *news)
{
    ConfusionNews *n = (ConfusionNews *)news;
    confusion_free(&n->confusion);
    dataset_close(&n->held);
    free(n);
}

static bool probe(ConfusionNews *n, Job *job, const Work *w, Pool *pool, Err *err)
{
    Dataset train;
    ProbeBank *bank = NULL;
    if (!workspace_dataset(&train, w->workspace, SPLIT_TRAIN, err)) return false;
    bool ok = workspace_dataset(&n->held, w->workspace, SPLIT_VALID, err) &&
              probe_bank(&bank, &train, &n->held, &w->config, err);
    n->train = w->config.train && w->config.train < train.n ? w->config.train : train.n;
    dataset_close(&train);
    if (ok && !job_going(job)) ok = err_set(err, ERR_CANCELLED, "the probe was stopped");
    ok = ok && confusion_make(&n->confusion, w->encoder, bank, pool, err);
    probe_bank_free(bank);
    return ok;
}

static bool confusion_run(Job *job, void *arg, Err *err)
{
    Work *w = arg;
    ConfusionNews *n = calloc(1, sizeof *n);
    if (!n) return err_nomem(err, "a confusion matrix");
    n->news.close = news_close;
    snprintf(n->encoder, sizeof n->encoder, "%s", w->encoder->name);
    Pool *pool = pool_new(pool_default_threads(), 19, err);
    bool ok = pool && probe(n, job, w, pool, err);
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
    encoder_drop(w->encoder);
    free(w);
}

Job *confusion_start(const Workspace *w, Encoder *e, const ProbeConfig *c, Bell bell, Err *err)
{
    static const JobKind kind = {"confusion", confusion_run, work_close, 19};
    Work *work = calloc(1, sizeof *work);
    if (!work) return err_nomem(err, "a confusion matrix"), NULL;
    *work = (Work){w, encoder_keep(e), *c};
    return job_start(&kind, work, bell, err);
}
