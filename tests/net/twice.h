/* The same net run lowered and as it is, with the same draws: how far apart all that can be seen is. */
#pragma once
#include "zoo.h"
#include <math.h>

typedef struct {
    const Net *net;
    int n;
    ExecGrads grads;
    Exec *e[2]; /* lowered, plain */
    Weights *w[2], *d[2];
    char what[160]; /* the first thing that differs */
} Twice;

static inline bool not_numbers(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i]) && !isfinite(b[i])) return true;
    return false;
}

/* The largest difference against the largest number; overflown tensors count as equal where both are. */
static inline bool apart(Twice *t, const char *kind, const char *name, const float *a, const float *b,
                         size_t n, double bound)
{
    double most = 0, size = 1e-2; /* gradients that cancel to nothing count as that small */
    if (!a || !b) return false;
    if (not_numbers(a, b, n)) return false;
    for (size_t i = 0; i < n; i++) {
        double gap = fabs((double)a[i] - (double)b[i]);
        if (!(gap <= most)) most = gap;
        if (fabsf(b[i]) > size) size = fabsf(b[i]);
    }
    if (most <= bound * size) return false;
    snprintf(t->what, sizeof t->what, "%s of %s is off by %g of %g", kind, name, most, size);
    return true;
}

static inline bool ports_apart(Twice *t, bool gradients, double bound)
{
    const Port *p;
    for (int i = 0, count = net_ports(t->net, &p); i < count; i++) {
        size_t floats = port_floats(t->net, &p[i], t->n);
        if (is_input(t->net, &p[i]) != gradients) continue;
        const float *a = gradients ? exec_grad(t->e[0], p[i].value) : exec_value(t->e[0], p[i].value);
        const float *b = gradients ? exec_grad(t->e[1], p[i].value) : exec_value(t->e[1], p[i].value);
        if (apart(t, gradients ? "gradient" : "value", p[i].name, a, b, floats, bound)) return true;
    }
    return false;
}

static inline bool weights_apart(Twice *t, double bound)
{
    for (int v = 0; v < net_values(t->net); v++) {
        const Value *value = net_value(t->net, v);
        size_t n = shape_count(&value->shape, 1);
        if (!weights_get(t->w[0], v)) continue;
        if (apart(t, "number", value->name, weights_get(t->w[0], v), weights_get(t->w[1], v), n, bound) ||
            apart(t, "gradient", value->name, weights_get(t->d[0], v), weights_get(t->d[1], v), n, bound))
            return true;
    }
    return false;
}

static inline bool steps_apart(Twice *t, uint64_t seed, double bound)
{
    for (int k = 0; k < 2; k++) {
        fill_inputs(t->e[k], t->net, t->n, seed);
        exec_forward(t->e[k], t->w[k], t->n);
    }
    if (ports_apart(t, false, bound)) return true;
    for (int k = 0; k < 2 && (t->grads.params || t->grads.inputs); k++) {
        fill_seeds(t->e[k], t->net, t->n, seed);
        exec_backward(t->e[k], t->w[k], t->d[k], t->n);
    }
    return ports_apart(t, true, bound) || weights_apart(t, bound);
}

/* NULL where they agree within bound, else a sentence that lasts until the next call. */
static inline const char *lowered_differs(const Net *net, int n, int batch, ExecMode mode, ExecGrads g,
                                          uint64_t seed, double bound)
{
    static char what[160];
    Err err = {0};
    Twice t = {.net = net, .n = n, .grads = g};
    for (int k = 0; k < 2; k++) {
        g.once = g.lean = !k && seed % 2 == 0;
        t.e[k] = exec_new(net, batch, k ? mode | EXEC_PLAIN : mode, g, NULL, &err);
        assert_ok(t.e[k], err);
        t.w[k] = drawn(net, seed), t.d[k] = weights_new(net, &err);
    }
    bool differs = steps_apart(&t, seed, bound);
    memcpy(what, t.what, sizeof what);
    for (int k = 0; k < 2; k++) weights_drop(t.w[k]), weights_drop(t.d[k]), exec_free(t.e[k]);
    return differs ? what : NULL;
}
