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

/* Counts embeddings without spread; true when there were too many of them. */
static bool collapsed(Guard *g, double spread)
{
    if (!isfinite(spread) || spread >= GUARD_SPREAD) {
        g->spread |= isfinite(spread);
        g->flat = 0;
        return false;
    }
    return ++g->flat >= GUARD_FLAT && g->spread;
}

static GuardVerdict go_back(Guard *g, Weights *weights, Weights *momentum, const char *what, uint64_t step,
                            char *told, size_t cap, Err *err)
{
    weights_assign(weights, g->weights);
    weights_assign(momentum, g->momentum);
    g->faults++;
    g->total++;
    g->clean = g->flat = 0;
    g->spread = false;
    g->rate *= 0.5f;
    if (g->faults > GUARD_FAULTS) {
        err_set(err, ERR_NUMERIC,
                "training stopped: %s at step %" PRIu64 " and %d times before; lower the learning rate", what,
                step, g->faults - 1);
        return GUARD_GAVE_UP;
    }
    snprintf(told, cap, "%s at step %" PRIu64 ": back to step %" PRIu64 ", rate halved (%g of what is set)",
             what, step, g->good_step, (double)g->rate);
    return GUARD_ROLLED_BACK;
}

GuardVerdict guard_judge(Guard *g, Weights *weights, Weights *momentum, double loss, double spread,
                         const Weights *grads, uint64_t step, char *told, size_t cap, Err *err)
{
    const char *what = NULL;
    if (cap) *told = 0;
    if (!isfinite(loss))
        what = "the loss was not finite";
    else if (!vec_finite(grads->block, grads->params))
        what = "the gradient was not finite";
    else if (collapsed(g, spread))
        what = "all embeddings had become one point";
    if (what) return go_back(g, weights, momentum, what, step, told, cap, err);
    if (!g->flat) keep_good(g, weights, momentum, step);
    return GUARD_OK;
}
