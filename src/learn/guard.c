/* The guard: judges every step, keeps the last good weights. */
#include "learn/guard.h"
#include "math/act.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

bool guard_open(Guard *g, const Weights *weights, const Weights *momentum, Err *err)
{
    *g = (Guard){.rate = 1};
    g->weights = weights_copy(weights, err);
    g->momentum = g->weights ? weights_copy(momentum, err) : NULL;
    return g->momentum != NULL;
}

void guard_close(Guard *g)
{
    weights_drop(g->weights);
    weights_drop(g->momentum);
    *g = (Guard){0};
}

static void keep_good(Guard *g, const Weights *weights, const Weights *momentum, uint64_t step)
{
    if (g->faults && ++g->clean >= GUARD_CLEAN) g->faults = g->clean = 0;
    if (step % GUARD_EVERY) return;
    weights_assign(g->weights, weights);
    weights_assign(g->momentum, momentum);
    g->good_step = step;
}

GuardVerdict guard_judge(Guard *g, Weights *weights, Weights *momentum, double loss, const Weights *grads,
                         uint64_t step, char *told, size_t cap, Err *err)
{
    bool loss_ok = isfinite(loss);
    if (cap) *told = 0;
    if (loss_ok && vec_finite(grads->block, grads->params)) {
        keep_good(g, weights, momentum, step);
        return GUARD_OK;
    }
    weights_assign(weights, g->weights);
    weights_assign(momentum, g->momentum);
    g->faults++;
    g->total++;
    g->clean = 0;
    g->rate *= 0.5f;
    const char *what = loss_ok ? "gradient" : "loss";
    if (g->faults > GUARD_FAULTS) {
        err_set(err, ERR_NUMERIC,
                "training stopped: the %s was not finite at step %" PRIu64
                " and %d times before; lower the learning rate",
                what, step, g->faults - 1);
        return GUARD_GAVE_UP;
    }
    snprintf(told, cap,
             "the %s was not finite at step %" PRIu64 ": back to step %" PRIu64
             ", rate halved (%g of what is set)",
             what, step, g->good_step, (double)g->rate);
    return GUARD_ROLLED_BACK;
}
