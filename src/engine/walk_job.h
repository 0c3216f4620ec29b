/* Learning walks as a job: the generator's file with them, what they reach and what every direction does.
 *
 *     OUT                the generator with its walks, at the end     OUT.checkpoint   while it learns; removed at the end
 *
 * It goes on bit for bit from its checkpoint. Realism bounds the walks where the judge and real pictures are there. */
#pragma once
#include "engine/job.h"
#include "engine/workspace.h"
#include "latent/walk.h"

typedef struct {
    WalkConfig config;
    char out[3072];
    char command[1024]; /* for the card: how to make it again */
    int views;          /* that directions are described on */
    int threads;
    bool resume; /* go on from OUT.checkpoint with its settings */
    double save_seconds;
} WalkSet;

typedef enum { WALK_LEARNING, WALK_MEASURING, WALK_DESCRIBING } WalkPhase;

typedef struct {
    News news;
    WalkPhase phase;
    double progress, left; /* of the phase; seconds left of it, NaN until known */
    int step, steps;
    double loss[WALKS];        /* smoothed over some thirty steps; NaN before the first */
    Direction walk[WALKS];     /* once measured (vector NULL); marks 0 before */
    char bound[256];           /* what the bounds of the walks rest on */
    bool done;
} WalkNews;

/* ws must outlive the job. Takes set (from malloc) over. */
Job *walk_start(const Workspace *ws, WalkSet *set, Bell bell, Err *err);
