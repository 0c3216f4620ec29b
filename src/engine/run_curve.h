/* The curves of a run as its folder holds them, thinned to what a screen can show: for runs that ended, that
 * another process trains, or that another run is compared with. */
#pragma once
#include "learn/objective.h"
#include <stdint.h>

#define CURVE_POINTS 1024
#define CURVE_PROBES 512
#define CURVE_MARKS  128

/* Columns of equal length, ready to be plotted; what is not known is NaN. What is read from files fills half
 * of the room at most, so that news can be joined to it. */
typedef struct {
    int points, probes, marks;
    float step[CURVE_POINTS], loss[CURVE_POINTS], smooth[CURVE_POINTS];
    float alignment[CURVE_POINTS], uniformity[CURVE_POINTS];
    float rank[CURVE_POINTS], spread[CURVE_POINTS]; /* measured every few seconds */
    ContrastSpread cosines;                         /* of the last measurement; all 0 before the first */
    float probe_step[CURVE_PROBES], linear[CURVE_PROBES], knn[CURVE_PROBES]; /* in percent */
    float untrained_linear, untrained_knn;
    struct {
        float step;
        char text[48]; /* "sigma 0.45", "exclude seed 4711" */
    } mark[CURVE_MARKS];
    int lefts; /* ways that were left by going back; a gap (NaN) between two of them */
    float left_step[CURVE_POINTS / 2], left_loss[CURVE_POINTS / 2];
    double positive, negative; /* mean cosines of the last step */
    uint64_t steps, views, unique;
    double elapsed, rate, temperature, sigma,
        share;       /* of the last step; share: NaN without views of the tray */
    char event[200]; /* the last thing the guard or the log told; "" for none */
} RunCurve;

/* Reads metrics.jsonl, control.jsonl and left.jsonl of a run's folder; files that are absent give an empty
 * curve. */
bool run_curve_read(RunCurve *out, const char *folder, Err *err);
/* Only the ways that were left. */
bool run_curve_read_left(RunCurve *out, const char *folder, Err *err);
/* Drops what was known from step `step` on: the run has gone back to it. */
void run_curve_cut(RunCurve *c, float step);
