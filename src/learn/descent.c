/* The shared part of training: schedule by progress, guarded SGD, and its part of a checkpoint. */
#include "learn/descent.h"
#include "learn/fields.h"
#include "math/blas.h"
#include "math/isa.h"
#include "math/optim.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TICKS 1000000000L /* the schedule's steps: progress in billionths */

bool budget_check(const Budget *b, Err *err)
{
    bool some = b->steps > 0 || b->seconds > 0;
    if (some && b->steps <= 1000000000u && b->seconds >= 0 && b->seconds <= 1e8) return true;
    return err_set(err, ERR_USAGE,
                   "budget: steps (up to 1,000,000,000) or seconds (up to 100,000,000) must be above 0");
}

bool descent_open(Descent *d, const Net *net, const Budget *budget, uint64_t seed, Err *err)
{
    *d = (Descent){.budget = *budget};
    if (!budget_check(budget, err)) return false;
    d->weights = weights_new(net, err);
    d->grads = d->weights ? weights_new(net, err) : NULL;
    d->momentum = d->grads ? weights_new(net, err) : NULL;
    if (d->momentum) weights_init(d->weights, seed);
    if (d->momentum && guard_open(&d->guard, d->weights, d->momentum, err)) return true;
    descent_close(d);
    return false;
}

void descent_close(Descent *d)
{
    weights_drop(d->weights);
    weights_drop(d->grads);
    weights_drop(d->momentum);
    guard_close(&d->guard);
    *d = (Descent){0};
}

/* Share of the budget spent once `done` steps are. */
static double progress_at(const Descent *d, double done)
{
    double by_steps = d->budget.steps ? done / (double)d->budget.steps : 0;
    double by_time = d->budget.seconds > 0 ? d->elapsed / d->budget.seconds : 0;
    return fmin(fmax(by_steps, by_time), 1);
}

double descent_progress(const Descent *d)
{
    return progress_at(d, (double)d->step);
}

bool descent_done(const Descent *d)
{
    return descent_progress(d) >= 1;
}

float descent_rate(const Descent *d, const DescentConfig *c)
{
    long now = (long)(progress_at(d, (double)d->step + 0.5) * (double)TICKS);
    long warm = (long)((double)c->warm * (double)TICKS);
    return d->guard.rate * schedule_cosine(now < TICKS ? now : TICKS - 1, TICKS, warm, c->rate, 0);
}

bool descent_update(Descent *d, const DescentConfig *c, double loss, double spread, char *told, size_t cap,
                    Pool *pool, Err *err)
{
    float rate = descent_rate(d, c);
    GuardVerdict verdict =
        guard_judge(&d->guard, d->weights, d->momentum, loss, spread, d->grads, d->step, told, cap, err);
    if (verdict == GUARD_GAVE_UP) return false;
    if (verdict == GUARD_OK) {
        sgd_step(d->weights->block, d->momentum->block, d->grads->block, d->weights->params, rate,
                 c->momentum, c->decay, pool);
        weights_touch(d->weights);
    }
    d->step++;
    return true;
}

/* Calls one of the two for every parameter and buffer of w as PREFIX/NAME. */
static bool each_value(Weights *w, const char *prefix, Checkpoint *to, const Checkpoint *from, Err *err)
{
    char name[160];
    for (ValueId id = 0; id < net_values(w->net); id++) {
        if (w->offset[id] == SIZE_MAX) continue;
        const Value *v = net_value(w->net, id);
        size_t count = shape_count(&v->shape, 1);
        snprintf(name, sizeof name, "%s/%s", prefix, v->name);
        if (to)
            checkpoint_tensor(to, name, weights_at(w, id), count);
        else if (!checkpoint_get(from, name, weights_at(w, id), count, err))
            return false;
    }
    return true;
}

static bool each_weights(const Descent *d, Checkpoint *to, const Checkpoint *from, Err *err)
{
    return each_value(d->weights, "weights", to, from, err) &&
           each_value(d->momentum, "momentum", to, from, err) &&
           each_value(d->guard.weights, "good/weights", to, from, err) &&
           each_value(d->guard.momentum, "good/momentum", to, from, err);
}

void descent_put(const Descent *d, Checkpoint *ck)
{
    each_weights(d, ck, NULL, NULL);
    checkpoint_meta_int(ck, "step", d->step);
    fact_put(ck, "elapsed_bits", d->elapsed);
    checkpoint_meta_int(ck, "guard_good_step", d->guard.good_step);
    checkpoint_meta_int(ck, "guard_faults", (uint64_t)d->guard.faults);
    checkpoint_meta_int(ck, "guard_clean", (uint64_t)d->guard.clean);
    checkpoint_meta_int(ck, "guard_total", (uint64_t)d->guard.total);
    fact_put(ck, "guard_rate_bits", (double)d->guard.rate);
    checkpoint_meta_int(ck, "guard_flat", (uint64_t)d->guard.flat);
    checkpoint_meta_int(ck, "guard_spread", d->guard.spread);
    checkpoint_meta(ck, "isa", isa_name(isa_current()));
    checkpoint_meta(ck, "blas", blas_core());
}

/* A run of before embeddings were judged begins to judge them. */
static bool get_spread(Guard *g, const Checkpoint *ck, Err *err)
{
    int spread = 0;
    if (!checkpoint_get_meta(ck, "guard_spread")) return true;
    bool ok = fact_get_int(&g->flat, ck, "guard_flat", err) && fact_get_int(&spread, ck, "guard_spread", err);
    g->spread = spread != 0;
    return ok;
}

bool descent_get(Descent *d, const Checkpoint *ck, Err *err)
{
    return each_weights(d, NULL, ck, err) && checkpoint_get_int(ck, "step", &d->step, err) &&
           fact_get(&d->elapsed, ck, "elapsed_bits", 0, 1e12, err) &&
           checkpoint_get_int(ck, "guard_good_step", &d->guard.good_step, err) &&
           fact_get_int(&d->guard.faults, ck, "guard_faults", err) &&
           fact_get_int(&d->guard.clean, ck, "guard_clean", err) &&
           fact_get_int(&d->guard.total, ck, "guard_total", err) &&
           fact_get_float(&d->guard.rate, ck, "guard_rate_bits", 1e-30, 1, err) &&
           get_spread(&d->guard, ck, err);
}

void descent_notice(char *out, size_t cap, const Checkpoint *ck)
{
    const char *isa = checkpoint_get_meta(ck, "isa"), *blas = checkpoint_get_meta(ck, "blas");
    if (cap) *out = 0;
    if (!isa || !blas || (!strcmp(isa, isa_name(isa_current())) && !strcmp(blas, blas_core()))) return;
    snprintf(out, cap,
             "this run was saved on %s with BLAS core %s and goes on with %s and %s: it will not be bit for "
             "bit the same",
             isa, blas, isa_name(isa_current()), blas_core());
}
