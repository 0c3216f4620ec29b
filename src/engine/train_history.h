/* What a run keeps of its way: a checkpoint and its encoder at evenly spaced steps, thinned as the run grows,
 * to go back to and to look through.
 *
 *     RUN/checkpoints/00000400.safetensors  00000400.encoder.safetensors
 *
 * Which steps are kept is a function of the step alone: multiples of 10, 20, 40 ... so that there are at most
 * keep + 1. */
#pragma once
#include "learn/train.h"

#define HISTORY_MAX  256 /* --keep at most */
#define HISTORY_KEEP 16

typedef struct {
    int count;
    uint64_t step[HISTORY_MAX + 1]; /* steps done, ascending */
} History;

/* The kept steps of a run's folder; one without any has none. */
bool history_list(History *out, const char *run_folder, Err *err);
/* The checkpoint of exactly that step; refused, naming the nearest one, where it is not kept. */
bool history_path(char *out, size_t cap, const char *run_folder, uint64_t step, Err *err);
/* The encoder as it was then; the caller drops it. */
bool history_encoder(Encoder **out, const char *run_folder, uint64_t step, Err *err);

/* True where a run that keeps `keep` (0: none) keeps one after `step` steps. */
bool history_due(uint64_t step, int keep);
/* Keeps t as it is, between two steps, and removes what `keep` no longer holds. */
bool history_save(Trainer *t, const char *run_folder, int keep, Err *err);
/* Removes what is kept of steps after `step`: the run has gone back to it. */
bool history_cut(const char *run_folder, uint64_t step, Err *err);
