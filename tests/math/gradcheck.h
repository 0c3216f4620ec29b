/* One harness for every operation: forward against an oracle in double, gradients against central differences
 * of that oracle, overwriting and adding, and equal bits for any number of threads and every instruction set.
 */
#pragma once
#include "check.h"
#include "base/pool.h"
#include "base/rng.h"
#include "math/isa.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OP_INPUTS = 4, OP_SAMPLES = 150 }; /* entries of a gradient that are checked */

typedef struct {
    const char *name;
    int inputs;
    size_t in[OP_INPUTS], out; /* floats */
    void (*oracle)(double *y, const double *const *in, const void *spec);
    /* Runs forward and backward. A gradient is overwritten or added to as `accumulate` says; those in `adds`
     * are always added to. */
    void (*run)(float *y, float *const *grad, const float *const *in, const float *dy, bool accumulate,
                const void *spec, Pool *pool);
    const void *spec;
    unsigned positive, constant,
        adds;            /* bit i: input i is above 0.3; has no gradient; its gradient is only added to */
    bool isa_may_differ; /* AVX2 and AVX-512 agree always; the portable set only when this is false */
} OpTest;

static inline float *floats(size_t n)
{
    float *x = NULL; /* aligned, with a guard that a stray write changes */
    if (n > SIZE_MAX / 8 || posix_memalign((void **)&x, 64, (n + 16) * sizeof *x)) abort();
    for (size_t i = 0; i < n + 16; i++) x[i] = 12345.0f;
    return x;
}

static inline void free_floats(float *x, size_t n)
{
    for (size_t i = n; i < n + 16; i++) assert_true(x[i] == 12345.0f);
    free(x);
}

/* Largest |got - want| measured against max(|want|, root mean square of want). */
static inline double worst_gap(const float *got, const double *want, size_t n)
{
    double square = 0, worst = 0;
    for (size_t i = 0; i < n; i++) square += want[i] * want[i];
    double floor = sqrt(square / (double)(n ? n : 1)) + 1e-30;
    for (size_t i = 0; i < n; i++) {
        double gap = fabs(got[i] - want[i]) / (fabs(want[i]) > floor ? fabs(want[i]) : floor);
        if (!(gap <= worst)) worst = gap; /* a NaN is kept */
    }
    return worst;
}

/* Two arrays of floats, compared as above. */
static inline double worst_float_gap(const float *got, const float *want, size_t n)
{
    double *w = malloc((n + 1) * sizeof *w);
    for (size_t i = 0; i < n; i++) w[i] = want[i];
    double gap = worst_gap(got, w, n);
    free(w);
    return gap;
}

typedef struct {
    float *in[OP_INPUTS], *dy, *y, *grad[OP_INPUTS];
} OpMemory;

static inline OpMemory op_memory(const OpTest *t)
{
    OpMemory m = {0};
    for (int i = 0; i < t->inputs; i++) {
        m.in[i] = floats(t->in[i]);
        m.grad[i] = floats(t->in[i]);
        rng_fill_normal(m.in[i], t->in[i], 11 + (uint64_t)i, RNG_TEST);
        for (size_t k = 0; k < t->in[i] && t->positive >> i & 1; k++) m.in[i][k] = fabsf(m.in[i][k]) + 0.3f;
    }
    m.y = floats(t->out);
    m.dy = floats(t->out);
    rng_fill_normal(m.dy, t->out, 99, RNG_TEST);
    return m;
}

static inline void op_memory_free(const OpTest *t, OpMemory *m)
{
    for (int i = 0; i < t->inputs; i++) {
        free_floats(m->in[i], t->in[i]);
        free_floats(m->grad[i], t->in[i]);
    }
    free_floats(m->y, t->out);
    free_floats(m->dy, t->out);
}

static inline void op_run(const OpTest *t, OpMemory *m, bool accumulate, Pool *pool)
{
    for (int i = 0; i < t->inputs; i++)
        for (size_t k = 0; k < t->in[i]; k++) m->grad[i][k] = accumulate ? 1 : t->adds >> i & 1 ? 0 : NAN;
    t->run(m->y, m->grad, (const float *const *)m->in, m->dy, accumulate, t->spec, pool);
}

/* sum dy * oracle(in) */
static inline double op_value(const OpTest *t, double *y, double *const *in, const float *dy)
{
    double sum = 0;
    t->oracle(y, (const double *const *)in, t->spec);
    for (size_t i = 0; i < t->out; i++) sum += y[i] * dy[i];
    return sum;
}

/* Central differences at evenly spread entries of input `which` (of all gradients, when they are few). */
static inline double op_gradient_gap(const OpTest *t, const OpMemory *m, double *y, double *const *in,
                                     int which)
{
    size_t n = t->in[which], step = n / OP_SAMPLES + 1, count = 0;
    float got[OP_SAMPLES + 1];
    double want[OP_SAMPLES + 1];
    for (size_t i = 0; i < n; i += step) {
        double keep = in[which][i], h = 1e-5;
        in[which][i] = keep + h;
        double up = op_value(t, y, in, m->dy);
        in[which][i] = keep - h;
        want[count] = (up - op_value(t, y, in, m->dy)) / (2 * h);
        in[which][i] = keep;
        got[count++] = m->grad[which][i];
    }
    return worst_gap(got, want, count);
}

static inline void op_check_adding(const OpTest *t, OpMemory *m)
{
    for (int i = 0; i < t->inputs; i++) {
        if (t->constant >> i & 1) continue;
        float *once = floats(t->in[i]);
        op_run(t, m, false, NULL);
        for (size_t k = 0; k < t->in[i]; k++) once[k] = m->grad[i][k] + 1;
        op_run(t, m, true, NULL);
        if (!(worst_float_gap(m->grad[i], once, t->in[i]) < 1e-5))
            fail_msg("%s: gradient %d is not added", t->name, i);
        free_floats(once, t->in[i]);
    }
}

typedef struct {
    const OpTest *t;
    OpMemory *m;
    Pool *pool;
} OpThread;

static inline void *op_thread(void *arg)
{
    OpThread *a = arg;
    op_run(a->t, a->m, false, a->pool);
    return NULL;
}

/* isa_current is decided once a thread, so another instruction set takes a fresh one. */
static inline void in_fresh_thread(const char *isa, void *(*body)(void *), void *arg)
{
    pthread_t thread;
    char *before = getenv("VIEWSMITH_ISA") ? strdup(getenv("VIEWSMITH_ISA")) : NULL;
    if (isa) setenv("VIEWSMITH_ISA", isa, 1);
    assert_int_equal(pthread_create(&thread, NULL, body, arg), 0);
    pthread_join(thread, NULL);
    if (before)
        setenv("VIEWSMITH_ISA", before, 1);
    else
        unsetenv("VIEWSMITH_ISA");
    free(before);
}

static inline void op_same_bits(const OpTest *t, const OpMemory *a, const OpMemory *b, const char *what)
{
    if (memcmp(a->y, b->y, t->out * sizeof(float))) fail_msg("%s: y differs with %s", t->name, what);
    for (int i = 0; i < t->inputs; i++)
        if (!(t->constant >> i & 1) && memcmp(a->grad[i], b->grad[i], t->in[i] * sizeof(float)))
            fail_msg("%s: gradient %d differs with %s", t->name, i, what);
}

static inline void op_check_bits(const OpTest *t, OpMemory *m)
{
    static const char *const isas[] = {"avx2", "avx512", "portable"};
    OpMemory other = op_memory(t);
    for (int threads = 1; threads <= 4; threads *= 2) {
        Pool *pool = pool_new(threads, 0, NULL);
        op_run(t, m, false, NULL);
        op_run(t, &other, false, pool);
        op_same_bits(t, m, &other, threads == 1 ? "1 thread" : threads == 2 ? "2 threads" : "4 threads");
        pool_free(pool);
    }
    in_fresh_thread(isas[0], op_thread, &(OpThread){t, m, NULL});
    for (int i = 1; i < 3 - t->isa_may_differ; i++) {
        in_fresh_thread(isas[i], op_thread, &(OpThread){t, &other, NULL});
        op_same_bits(t, m, &other, isas[i]);
    }
    op_memory_free(t, &other);
}

static inline void op_test(const OpTest *t)
{
    OpMemory m = op_memory(t);
    double *in[OP_INPUTS] = {0}, *y = malloc((t->out + 1) * sizeof *y), worst = 0;
    op_run(t, &m, false, NULL); /* it may also fill its constant inputs */
    for (int i = 0; i < t->inputs; i++) {
        in[i] = malloc((t->in[i] + 1) * sizeof **in);
        for (size_t k = 0; k < t->in[i]; k++) in[i][k] = m.in[i][k];
    }
    t->oracle(y, (const double *const *)in, t->spec);
    double forward = worst_gap(m.y, y, t->out);
    for (int i = 0; i < t->inputs; i++) {
        double gap = t->constant >> i & 1 ? 0 : op_gradient_gap(t, &m, y, in, i);
        if (!(gap <= worst)) worst = gap;
    }
    print_message("%-44s forward %.1e  gradient %.1e\n", t->name, forward, worst);
    assert_true(forward <= 1e-5);
    assert_true(worst <= 1e-4);
    op_check_adding(t, &m);
    op_check_bits(t, &m);
    for (int i = 0; i < t->inputs; i++) free(in[i]);
    free(y);
    op_memory_free(t, &m);
}
