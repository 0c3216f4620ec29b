/* The job's thread, its flags and the one pointer through which news travel. */
#include "engine/job.h"
#include "base/pool.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct Job {
    const JobKind *kind;
    void *work;
    Bell bell;
    pthread_t thread;
    pthread_mutex_t lock; /* over news, paused, ended and err; held for a few instructions only */
    pthread_cond_t changed;
    atomic_bool stop;
    atomic_int state;
    bool paused, ended;
    News *news;
    Err err;
};

News *news_keep(News *news)
{
    __atomic_add_fetch(&news->refs, 1, __ATOMIC_RELAXED);
    return news;
}

void news_drop(News *news)
{
    if (news && __atomic_sub_fetch(&news->refs, 1, __ATOMIC_ACQ_REL) == 0) news->close(news);
}

static void ring(const Job *job)
{
    if (job->bell.ring) job->bell.ring(job->bell.arg);
}

static void finish(Job *job, bool ok, const Err *err)
{
    JobState state = ok ? JOB_DONE : err->code == ERR_CANCELLED ? JOB_STOPPED : JOB_FAILED;
    pthread_mutex_lock(&job->lock);
    job->err = *err;
    job->ended = true;
    atomic_store(&job->state, (int)state);
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    ring(job);
}

static void *job_main(void *arg)
{
    Job *job = arg;
    Err err = {0};
    if (job->kind->nice > 0) pool_enter_background();
    bool ok = job->kind->run(job, job->work, &err);
    finish(job, ok, &err);
    return NULL;
}

static void open_signals(Job *job)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&job->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&job->lock, NULL);
}

static void discard(Job *job)
{
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
    if (job->kind->close) job->kind->close(job->work);
    news_drop(job->news);
    free(job);
}

Job *job_start(const JobKind *kind, void *work, Bell bell, Err *err)
{
    Job *job = calloc(1, sizeof *job);
    if (!job) {
        if (kind->close) kind->close(work);
        err_nomem(err, "a job");
        return NULL;
    }
    job->kind = kind;
    job->work = work;
    job->bell = bell;
    open_signals(job);
    if (!pthread_create(&job->thread, NULL, job_main, job)) return job;
    err_set(err, ERR_LIMIT, "no thread could be started for %s: too many are running", kind->name);
    discard(job);
    return NULL;
}

void job_stop(Job *job)
{
    atomic_store(&job->stop, true);
    pthread_mutex_lock(&job->lock);
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

void job_pause(Job *job, bool paused)
{
    pthread_mutex_lock(&job->lock);
    job->paused = paused;
    if (!job->ended) atomic_store(&job->state, paused ? JOB_PAUSED : JOB_RUNNING);
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    ring(job);
}

JobState job_state(const Job *job)
{
    return (JobState)atomic_load(&job->state);
}

News *job_news(Job *job)
{
    pthread_mutex_lock(&job->lock);
    News *news = job->news;
    if (news) news_keep(news);
    pthread_mutex_unlock(&job->lock);
    return news;
}

bool job_wait(Job *job, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (until.tv_nsec >= 1000000000L) until.tv_sec++, until.tv_nsec -= 1000000000L;
    pthread_mutex_lock(&job->lock);
    while (!job->ended && !pthread_cond_timedwait(&job->changed, &job->lock, &until)) continue;
    bool ended = job->ended;
    pthread_mutex_unlock(&job->lock);
    return ended;
}

bool job_result(const Job *job, Err *err)
{
    if (job_state(job) == JOB_DONE) return true;
    return err_set(err, job->err.code, "%s", job->err.msg);
}

void job_free(Job *job)
{
    if (!job) return;
    job_stop(job);
    pthread_join(job->thread, NULL);
    discard(job);
}

bool job_going(Job *job)
{
    if (atomic_load(&job->state) == JOB_PAUSED) {
        pthread_mutex_lock(&job->lock);
        while (job->paused && !atomic_load(&job->stop)) pthread_cond_wait(&job->changed, &job->lock);
        pthread_mutex_unlock(&job->lock);
    }
    return !atomic_load(&job->stop);
}

bool job_stopping(const Job *job)
{
    return atomic_load(&job->stop);
}

void job_publish(Job *job, News *news)
{
    news->refs = 1;
    pthread_mutex_lock(&job->lock);
    News *old = job->news;
    job->news = news;
    pthread_mutex_unlock(&job->lock);
    news_drop(old);
    ring(job);
}
