/* One picture's nearest real ones through the kept checkpoints of a run: what the encoder took for alike
 * while it learnt.
 *
 *     Job *job = through_start(workspace, &run, &query, THROUGH_REAL, bell, err);
 *     ThroughNews *n = (ThroughNews *)job_news(job);     grows by a checkpoint at a time;
 * news_drop(&n->news);
 *
 * The real pictures are the first `real` of the training part (which is in random order), so that a
 * checkpoint takes a second instead of half a minute; they are the same for all checkpoints. */
#pragma once
#include "engine/job.h"
#include "engine/train_history.h"
#include "engine/workspace.h"
#include "inspect/neighbours.h"

#define THROUGH_K    8
#define THROUGH_REAL 4000

/* What is asked about: a view, or where has_address is false a picture (of any size; the caller keeps it). */
typedef struct {
    bool has_address;
    Address address;
    const Image *picture;
} ThroughQuery;

/* The nearest at one checkpoint, best first. */
typedef struct {
    uint64_t step;
    Neighbour hit[THROUGH_K];
    Image picture[THROUGH_K];
} ThroughStep;

typedef struct {
    News news;
    Image query;            /* as the encoder sees it */
    int n, done;            /* checkpoints: all, and those that are there */
    int real;               /* pictures searched */
    ThroughStep *at;        /* (n), by step */
    char (*class_name)[24]; /* (classes) */
    int classes;
} ThroughNews;

/* Refused where the run keeps no checkpoint. Interactive: it runs at nice 0 in short pieces. */
Job *through_start(const Workspace *w, const RunInfo *run, const ThroughQuery *query, int real, Bell bell,
                   Err *err);
/* The name of a class, "" where there is none. */
const char *through_class(const ThroughNews *n, int label);
/* The place of the newest checkpoint at or before step, 0 where all are later, -1 where none is there yet. */
int through_find(const ThroughNews *n, uint64_t step);
