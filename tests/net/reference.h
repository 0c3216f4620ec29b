/* A net run the plain way: every value, gradient and saved number in memory of its own, nothing shared or
 * reused. */
#pragma once
#include "net/op.h"
#include "zoo.h"

typedef struct {
    const Net *net;
    int n;
    bool train;
    float **value, **grad, **saved, *scratch; /* value and grad of parameters point into weights */
    bool *has;
    uint8_t *need;
} Reference;

static inline float *floats_new(size_t n)
{
    void *p = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);
    memset(p, 0xff, (n * sizeof(float) + 127) / 64 * 64); /* NaN: nothing may count on zeros */
    return p;
}

static inline ValueId ref_root(const Net *net, ValueId v)
{
    return net_value(net, v)->alias_of == NET_NONE ? v : net_value(net, v)->alias_of;
}

static inline Reference reference_new(const Net *net, int n, bool train, ExecGrads g, int threads)
{
    int values = net_values(net), nodes = net_nodes(net);
    size_t scratch = 0;
    Reference r = {.net = net, .n = n, .train = train};
    r.value = calloc((size_t)values, sizeof(float *));
    r.grad = calloc((size_t)values, sizeof(float *));
    r.saved = calloc((size_t)nodes + 1, sizeof(float *));
    r.has = calloc((size_t)values, 1);
    r.need = calloc((size_t)values, 1);
    for (int v = 0; v < values; v++) {
        const Value *value = net_value(net, v);
        if (value->kind == VALUE_PARAM || value->kind == VALUE_BUFFER || ref_root(net, v) != v) continue;
        r.value[v] = floats_new(shape_count(&value->shape, n));
        r.grad[v] = floats_new(shape_count(&value->shape, n));
    }
    for (int v = 0; v < values; v++) {
        ValueKind kind = net_value(net, v)->kind;
        r.need[v] = (kind == VALUE_PARAM && g.params) || (kind == VALUE_INPUT && g.inputs);
    }
    for (int i = 0; i < nodes; i++) {
        const Node *node = net_node(net, i);
        const OpRow *row = op_row(node->op);
        OpSite site;
        op_site(&site, net, i);
        for (int k = 0; k < node->inputs; k++)
            if (node->in[k] != NET_NONE) r.need[node->out] |= site.want[k] = r.need[node->in[k]];
        if (row->saves) r.saved[i] = floats_new(row->saves(&site, n));
        size_t floats = row->scratch ? row->scratch(&site, n, threads) : 0;
        if (floats > scratch) scratch = floats;
    }
    r.scratch = floats_new(scratch);
    return r;
}

static inline OpRun reference_at(const Reference *r, Weights *w, const OpSite *site, int i)
{
    const Node *node = net_node(r->net, i);
    OpRun run = {.site = site,
                 .n = r->n,
                 .train = r->train,
                 .out = r->value[ref_root(r->net, node->out)],
                 .saved = r->saved[i],
                 .scratch = r->scratch};
    for (int k = 0; k < node->inputs; k++) {
        if (node->in[k] == NET_NONE) continue;
        ValueId root = ref_root(r->net, node->in[k]);
        run.in[k] = r->value[root] ? r->value[root] : weights_at(w, root);
    }
    return run;
}

static inline void reference_forward(Reference *r, Weights *w)
{
    for (int i = 0; i < net_nodes(r->net); i++) {
        OpSite site;
        op_site(&site, r->net, i);
        OpRun run = reference_at(r, w, &site, i);
        op_row(net_node(r->net, i)->op)->forward(&run);
    }
}

/* Seeds are in grad[] of the outputs; `has` marks what holds something. */
static inline void reference_backward(Reference *r, Weights *w, Weights *grads)
{
    for (int i = net_nodes(r->net) - 1; i >= 0; i--) {
        const Node *node = net_node(r->net, i);
        ValueId out = ref_root(r->net, node->out);
        OpSite site;
        if (!r->has[out] || !r->need[node->out] || op_row(node->op)->alias) continue;
        op_site(&site, r->net, i);
        OpRun run = reference_at(r, w, &site, i);
        run.dout = r->grad[out];
        for (int k = 0; k < node->inputs; k++) {
            if (node->in[k] == NET_NONE || !r->need[node->in[k]]) continue;
            ValueId root = ref_root(r->net, node->in[k]);
            bool is_param = net_value(r->net, root)->kind == VALUE_PARAM;
            run.din[k] = is_param ? weights_at(grads, root) : r->grad[root];
            run.add[k] = is_param || r->has[root];
            r->has[root] = true;
        }
        op_row(node->op)->backward(&run);
    }
}

static inline void reference_free(Reference *r)
{
    for (int v = 0; v < net_values(r->net); v++) {
        free(r->value[v]);
        free(r->grad[v]);
    }
    for (int i = 0; i < net_nodes(r->net); i++) free(r->saved[i]);
    free(r->value);
    free(r->grad);
    free(r->saved);
    free(r->scratch);
    free(r->has);
    free(r->need);
}

/* ---- Both ways -------------------------------------------------------------------------------------------
 */

/* The same net run by an Exec and plainly. */
typedef struct {
    const Net *net;
    int n, count;
    const Port *ports;
    Exec *e;
    Reference r;
    Weights *w[2], *d[2]; /* weights and gradients: the Exec's, the reference's */
} Both;

static inline size_t port_bytes(const Both *b, int i)
{
    return port_floats(b->net, &b->ports[i], b->n) * sizeof(float);
}

static inline void both_forward(Both *b, uint64_t seed)
{
    fill_inputs(b->e, b->net, b->n, seed);
    for (int i = 0; i < b->count; i++)
        if (is_input(b->net, &b->ports[i]))
            memcpy(b->r.value[b->ports[i].value], exec_value(b->e, b->ports[i].value), port_bytes(b, i));
    exec_forward(b->e, b->w[0], b->n);
    reference_forward(&b->r, b->w[1]);
}

static inline void both_backward(Both *b, uint64_t seed)
{
    fill_seeds(b->e, b->net, b->n, seed);
    for (int i = 0; i < b->count; i++) {
        ValueId root = ref_root(b->net, b->ports[i].value);
        const float *seeded = exec_grad(b->e, root);
        if (is_input(b->net, &b->ports[i]) || !seeded) continue;
        memcpy(b->r.grad[root], seeded, port_bytes(b, i));
        b->r.has[root] = true;
    }
    exec_backward(b->e, b->w[0], b->d[0], b->n);
    reference_backward(&b->r, b->w[1], b->d[1]);
}

/* The first port whose value (or, for inputs, gradient where wanted) differs, or NULL. */
static inline const char *both_ports(Both *b, bool gradients)
{
    for (int i = 0; i < b->count; i++) {
        ValueId root = ref_root(b->net, b->ports[i].value);
        bool input = is_input(b->net, &b->ports[i]);
        if (gradients != input) continue;
        const float *seen = gradients ? exec_grad(b->e, root) : exec_value(b->e, root);
        if (gradients && !b->r.has[root]) memset(b->r.grad[root], 0, port_bytes(b, i));
        if (seen && memcmp(seen, (gradients ? b->r.grad : b->r.value)[root], port_bytes(b, i)))
            return b->ports[i].name;
    }
    return NULL;
}

/* The first parameter or buffer that differs, or whose gradient does; or NULL. */
static inline const char *both_weights(const Both *b)
{
    for (int v = 0; v < net_values(b->net); v++) {
        size_t size = shape_count(&net_value(b->net, v)->shape, 1) * sizeof(float);
        if (!weights_at(b->w[0], v)) continue;
        if (memcmp(weights_at(b->w[0], v), weights_at(b->w[1], v), size) ||
            memcmp(weights_at(b->d[0], v), weights_at(b->d[1], v), size))
            return net_value(b->net, v)->name;
    }
    return NULL;
}

/* Runs the net, not lowered, both ways with the same draws and demands the same bits of all that can be seen:
 * outputs, gradients, buffers. NULL where they agree, else the name of what differs (the net owns it). */
static inline const char *differs_from_reference(const Net *net, int n, int batch, ExecMode mode, ExecGrads g,
                                                 uint64_t seed)
{
    Err err = {0};
    Both b = {.net = net, .n = n};
    b.count = net_ports(net, &b.ports);
    b.e = exec_new(net, batch, mode | EXEC_PLAIN, g, NULL, &err);
    assert_ok(b.e, err);
    b.r = reference_new(net, n, mode == EXEC_TRAIN, g, 1);
    for (int i = 0; i < 2; i++) b.w[i] = drawn(net, seed), b.d[i] = weights_new(net, &err);
    both_forward(&b, seed);
    const char *what = both_ports(&b, false);
    if (!what && (g.params || g.inputs)) {
        both_backward(&b, seed);
        what = both_ports(&b, true);
    }
    if (!what) what = both_weights(&b);
    reference_free(&b.r);
    for (int i = 0; i < 2; i++) weights_drop(b.w[i]), weights_drop(b.d[i]);
    exec_free(b.e);
    return what;
}
