/* What every training by gradient descent shares: weights, momentum, guard, schedule by progress, and their
 * part of a checkpoint. A step machine adds its own batches and loss (train.h, classify.h). */
#pragma once
#include "data/checkpoint.h"
#include "base/pool.h"
#include "learn/guard.h"

/* At least one is above 0; with both, whichever is spent first ends the run. */
typedef struct {
    uint64_t steps;
    double seconds;
} Budget;

typedef struct {
    float rate, momentum, decay; /* SGD; rate is the base of the schedule */
    float warm;                  /* share of the budget spent warming up */
} DescentConfig;

typedef struct {
    Budget budget;
    Weights *weights, *grads, *momentum;
    Guard guard;
    uint64_t step;  /* steps done */
    double elapsed; /* seconds that count against the budget */
} Descent;

/* Weights start from `seed`; the net must outlive the Descent. */
bool descent_open(Descent *d, const Net *net, const Budget *budget, uint64_t seed, Err *err);
void descent_close(Descent *d);
bool budget_check(const Budget *b, Err *err);

/* Share of the budget that is spent, 0..1, and whether it is all. With a step budget this is a function of
 * the step. */
double descent_progress(const Descent *d);
bool descent_done(const Descent *d);
/* The rate of the coming step: linear warm-up, cosine to 0, halved by the guard. */
float descent_rate(const Descent *d, const DescentConfig *c);
/* Ends a step: judged by the guard (spread as there), then one SGD update at descent_rate, and the step counted either way.
 * told as in guard_judge, empty when all is well. */
bool descent_update(Descent *d, const DescentConfig *c, double loss, double spread, char *told, size_t cap, Pool *pool,
                    Err *err);

/* Into a checkpoint (weights are borrowed until checkpoint_save) and out of one made for the same net. */
void descent_put(const Descent *d, Checkpoint *ck);
bool descent_get(Descent *d, const Checkpoint *ck, Err *err);
/* Says in one sentence where a run was made on another instruction set or BLAS core; empty when not. */
void descent_notice(char *out, size_t cap, const Checkpoint *ck);
