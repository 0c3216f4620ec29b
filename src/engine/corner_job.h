/* Finding corner cases as a job: seeds are scored, the best that look real climb towards what is wanted
 * (latent/search.h) as far as they still look real, and become candidates in the tray, a few at a time, for a
 * person to keep or to drop.
 *
 *     CornerConfig c = corner_defaults();   c.wish = CORNER_UNSURE;   c.realism = 0.9f;
 *     Job *job = corner_start(workspace, NULL, &c, bell, err);
 *     CornerNews *n = (CornerNews *)job_news(job);
 *
 * Pixel operators are no matter of the generator: LIKE looks for what is like its views without theirs, measures
 * realism without them, and gives each candidate those of the view that it is most like. */
#pragma once
#include "engine/job.h"
#include "engine/tray.h"
#include "engine/workspace.h"

typedef enum { CORNER_LIKE, CORNER_UNSURE, CORNER_DISAGREE, CORNER_WISHES } CornerWish;
const char *corner_wish_name(CornerWish w); /* "like", "unsure", "disagree" */

typedef struct {
    CornerWish wish;
    char tag[TRAY_TAG_MAX + 1]; /* LIKE: views of the tray with it */
    const int64_t *id;          /* LIKE: or these, `ids` of them (copied by corner_start) */
    int ids;
    char encoder[3072]; /* an encoder's file or a run, read by a linear probe on real pictures; "": the judge.
                           DISAGREE: the one compared with the judge, "": the newest run */
    int class;          /* -1: all in turn; LIKE: those of the views it is to be like */
    int count;          /* candidates wanted */
    float realism;      /* least realism (inspect/realism.h) of a candidate; NaN: not asked for */
    bool strict;        /* LIKE: that bound stands; else it falls to the least real of the views it is to be like */
    float radius;       /* farthest from a seed, in standard deviations of w */
    uint64_t seed;      /* first of the seeds looked through */
} CornerConfig;

/* Unsure, by the judge, 24 candidates of realism from 0.75 (three of four plain views of the shipped model),
 * radius 0.5, seed 1,000,000. */
CornerConfig corner_defaults(void);

typedef struct {
    News news;
    const char *phase; /* "real pictures", "probe", "searching", "done" */
    double share;      /* of all the work, 0..1 */
    long seeds;        /* looked through so far */
    int found, wanted; /* candidates */
    int unreal, known; /* passed over: below the bound, or near-duplicates */
    double best;       /* score, NaN before the first */
    char encoder[64];  /* what it is read with */
    char told[200];    /* what a person should know of the bound on realism, else empty */
} CornerNews;

/* tray: its path, NULL as in tray_open. w must outlive the job. */
Job *corner_start(const Workspace *w, const char *tray, const CornerConfig *c, Bell bell, Err *err);
