/* Two runs beside each other: the settings that differ, what they were told, and their curves at the same
 * steps. */
#pragma once
#include "engine/run_curve.h"
#include "engine/runs.h"

#define RUN_DIFF_SETTINGS 48
#define RUN_DIFF_STEPS    9
#define RUN_DIFF_TEXT     160

typedef struct {
    char name[24], a[RUN_DIFF_TEXT], b[RUN_DIFF_TEXT]; /* "sigma", "0.3", "0.45"; "" where a run has none */
} RunDifference;

typedef struct {
    RunDifference setting[RUN_DIFF_SETTINGS];
    int settings, steps;
    float step[RUN_DIFF_STEPS], a[RUN_DIFF_STEPS],
        b[RUN_DIFF_STEPS]; /* smoothed loss, as far as both have come */
} RunDiff;

/* Settings are those of config.json as they began and, below "told", the changes in force at the end. */
bool run_diff(RunDiff *out, const RunInfo *a, const RunInfo *b, Err *err);
