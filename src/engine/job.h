/* One piece of long work on a thread of its own: start it, look at its latest news, pause it, stop it, take
 * its result.
 *
 *     Job *job = job_start(&kind, work, bell, err);
 *     News *news = job_news(job);     draw it;     news_drop(news);
 *     job_stop(job);     ...     job_free(job);
 *
 * Whoever watches never waits for the work: news are immutable, reference-counted and replaced whole. */
#pragma once
#include "base/err.h"

typedef struct Job Job;

typedef enum { JOB_RUNNING, JOB_PAUSED, JOB_DONE, JOB_STOPPED, JOB_FAILED } JobState;

/* The first member of whatever a job publishes; `close` frees the whole and what it holds. */
typedef struct News {
    void (*close)(struct News *self);
    int refs; /* 0 when handed to job_publish */
} News;

/* Rung after every publication and at the end, from the job's thread: must return at once (write to an
 * eventfd). */
typedef struct {
    void (*ring)(void *arg); /* NULL: nobody listens */
    void *arg;
} Bell;

typedef struct {
    const char *name; /* "train", "fit" ... */
    /* The work, on the job's thread. Looks at job_going once a step. False with ERR_CANCELLED when it was
     * stopped and saved what there is to save, with another code when it failed. */
    bool (*run)(Job *job, void *work, Err *err);
    void (*close)(void *work); /* frees work, on the thread that calls job_free */
    int nice;                  /* 19 for work beside a person at the screen, else 0 */
} JobKind;

/* Takes work over, also on failure. kind must outlive the job. */
Job *job_start(const JobKind *kind, void *work, Bell bell, Err *err);
/* Asks it to stop; returns at once. */
void job_stop(Job *job);
void job_pause(Job *job, bool paused);
JobState job_state(const Job *job);
/* The latest news, kept for the caller, who drops it; NULL before the first. */
News *job_news(Job *job);
News *news_keep(News *news);
void news_drop(News *news);
/* Waits at most `seconds` for the end; true when it has ended. */
bool job_wait(Job *job, double seconds);
/* After the end: true when it was done, else its error. */
bool job_result(const Job *job, Err *err);
/* Stops, waits for the end, frees. NULL is allowed. */
void job_free(Job *job);

/* --- for the work -----------------------------------------------------------------------------------------
 */
/* False when it was asked to stop. Sleeps while paused. */
bool job_going(Job *job);
/* The same without sleeping, for work that does its own waiting while job_state is JOB_PAUSED. */
bool job_stopping(const Job *job);
/* Takes news over. */
void job_publish(Job *job, News *news);
