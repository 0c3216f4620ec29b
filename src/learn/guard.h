/* The guard of a training run: a loss or gradient that is not finite never reaches the weights, and a
 * representation that falls into one point is taken back out of it.
 *
 * Every GUARD_EVERY steps the guard keeps a copy of weights and momentum that just gave a finite loss and
 * gradient, and an embedding with some spread. When a step is not finite, or the last GUARD_FLAT embeddings had a
 * spread below GUARD_SPREAD after one had more, its update is dropped, the copy is put back, and the rate is
 * halved from then on. More than GUARD_FAULTS such steps in a row without GUARD_CLEAN clean ones between give up. */
#pragma once
#include "net/weights.h"

enum { GUARD_EVERY = 20, GUARD_FAULTS = 5, GUARD_CLEAN = 100, GUARD_FLAT = 5 };
#define GUARD_SPREAD 0.02 /* deviation per dimension of unit rows over 1 / sqrt(D), which is 1 where they are even */

typedef struct {
    Weights *weights, *momentum; /* the last good ones */
    uint64_t good_step;
    int faults, clean; /* faults that count; clean steps since the last one */
    int total;         /* faults of the whole run */
    float rate;        /* factor on the learning rate */
    bool spread;       /* an embedding has had GUARD_SPREAD since the last fault */
    int flat;          /* embeddings in a row that had less */
} Guard;

bool guard_open(Guard *g, const Weights *weights, const Weights *momentum, Err *err);
void guard_close(Guard *g);

typedef enum { GUARD_OK, GUARD_ROLLED_BACK, GUARD_GAVE_UP } GuardVerdict;

/* Judges step `step` before its update; spread: of its embedding, NaN where there is none to judge. On ROLLED_BACK weights and momentum are the good ones and told (cap
 * bytes) says so in one sentence; on GAVE_UP they are too, and err is set. */
GuardVerdict guard_judge(Guard *g, Weights *weights, Weights *momentum, double loss, double spread,
                         const Weights *grads, uint64_t step, char *told, size_t cap, Err *err);
