/* The pairs of any step of a run, made again: what a run draws is a function of its settings, of what it was
 * told, and of the step. */
#pragma once
#include "engine/workspace.h"

typedef struct {
    int pair; /* its place in the batch */
    Address a, b;
} StepPair;

/* The first generated pairs of that step, kept views among them, at most max, before crop and light; how many
 * there are, or -1. Needs the run's generator in w; real pictures that were mixed in are passed over. Some
 * milliseconds. */
int train_pairs(StepPair *out, int max, const Workspace *w, const RunInfo *run, uint64_t step, Err *err);
