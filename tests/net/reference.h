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

/* Runs the net both ways with the same draws and demands the same bits of all that can be seen: outputs,
 * gradients, buffers. Returns false and says where. */
static inline bool same_as_reference(const Net *net, int n, int batch, ExecMode mode, ExecGrads g,
                                     uint64_t seed, char *where, size_t cap)
{
    Err err = {0};
    const Port *ports;
    int count = net_ports(net, &ports);
    bool same = true;
    Exec *e = exec_new(net, batch, mode, g, NULL, &err);
    assert_ok(e, err);
    Weights *w = drawn(net, seed), *w2 = drawn(net, seed), *d = weights_new(net, &err),
            *d2 = weights_new(net, &err);
    Reference r = reference_new(net, n, mode == EXEC_TRAIN, g, 1);
    fill_inputs(e, net, n, seed);
    for (int i = 0; i < count; i++)
        if (is_input(net, &ports[i]))
            memcpy(r.value[ports[i].value], exec_value(e, ports[i].value),
                   port_floats(net, &ports[i], n) * sizeof(float));
    exec_forward(e, w, n);
    reference_forward(&r, w2);
    for (int i = 0; i < count; i++)
        if (memcmp(exec_value(e, ports[i].value), r.value[ref_root(net, ports[i].value)],
                   port_floats(net, &ports[i], n) * sizeof(float))) {
            snprintf(where, cap, "port %s differs", ports[i].name);
            same = false;
        }
    if (same && (g.params || g.inputs)) {
        exec_seed_zero(e);
        for (int i = 0; i < count; i++) {
            ValueId root = ref_root(net, ports[i].value);
            float *seeded = exec_grad(e, ports[i].value);
            if (is_input(net, &ports[i]) || !seeded) continue;
            rng_fill_normal(seeded, port_floats(net, &ports[i], n), seed + (uint64_t)i + 1000, RNG_TEST);
            memcpy(r.grad[root], seeded, port_floats(net, &ports[i], n) * sizeof(float));
            r.has[root] = true;
        }
        exec_backward(e, w, d, n);
        reference_backward(&r, w2, d2);
        for (int i = 0; i < count && g.inputs; i++) {
            ValueId v = ports[i].value;
            if (!is_input(net, &ports[i])) continue;
            if (!r.has[v]) memset(r.grad[v], 0, port_floats(net, &ports[i], n) * sizeof(float));
            if (memcmp(exec_grad(e, v), r.grad[v], port_floats(net, &ports[i], n) * sizeof(float))) {
                snprintf(where, cap, "gradient of %s differs", ports[i].name);
                same = false;
            }
        }
    }
    for (int v = 0; v < net_values(net); v++) {
        size_t size = shape_count(&net_value(net, v)->shape, 1) * sizeof(float);
        if (!weights_at(w, v)) continue;
        if (memcmp(weights_at(w, v), weights_at(w2, v), size) ||
            memcmp(weights_at(d, v), weights_at(d2, v), size)) {
            snprintf(where, cap, "%s or its gradient differs", net_value(net, v)->name);
            same = false;
        }
    }
    reference_free(&r);
    weights_drop(w), weights_drop(w2), weights_drop(d), weights_drop(d2);
    exec_free(e);
    return same;
}
