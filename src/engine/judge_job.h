/* Training the judge as a job: an encoder with labels, in whose features generators are measured
 * (learn/classify.h).
 *
 *     FILE                the encoder, at the end         FILE.checkpoint   while it trains; removed at the
 * end
 *
 * It learns from the training split and is judged on the validation pictures. */
#pragma once
#include "data/dataset.h"
#include "engine/job.h"
#include "learn/classify.h"

typedef struct {
    ClassifyConfig config;
    char path[3072], spec[1024], name[64];
    int size, channels; /* of a folder; 0: the data's own */
    bool resume;        /* config is then the checkpoint's */
    int threads;
    double save_seconds;
} Judge;

typedef struct {
    News news;
    ClassifyMetrics now; /* loss and accuracy smoothed over some fifty steps */
    double left;         /* seconds, NaN until known */
    Figure valid;        /* at the end: accuracy on the validation pictures */
    bool ended_ok;
    char told[256], sentence[512];
} JudgeNews;

/* Takes judge (from malloc) over. */
Job *judge_start(Judge *judge, Bell bell, Err *err);
