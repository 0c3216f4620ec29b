/* Copies what leads to the output into the net that is kept, and fills its weights. */
#include "model/onnx_draft.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    Draft *d;
    const Net *from;
    Net *to;
    bool *live;  /* per value of `from` */
    ValueId *is; /* per value of `from`: what it has become */
} Tidy;

static void find_live(Tidy *t)
{
    const Port *ports;
    for (int i = 0, n = net_ports(t->from, &ports); i < n; i++) t->live[ports[i].value] = true;
    for (int i = net_nodes(t->from) - 1; i >= 0; i--) {
        const Node *node = net_node(t->from, i);
        for (int k = 0; t->live[node->out] && k < node->inputs; k++)
            if (node->in[k] != NET_NONE) t->live[node->in[k]] = true;
    }
}

/* Ports of inputs in the file's order, then parameters and buffers. */
static void copy_values(Tidy *t)
{
    for (int v = 0; v < net_values(t->from); v++) {
        const Value *value = net_value(t->from, v);
        t->is[v] = NET_NONE;
        if (value->kind == VALUE_INPUT) t->is[v] = net_input(t->to, value->name, value->shape);
        if (!t->live[v]) continue;
        if (value->kind == VALUE_PARAM) t->is[v] = net_param(t->to, value->name, value->shape, value->init);
        if (value->kind == VALUE_BUFFER) t->is[v] = net_buffer(t->to, value->name, value->shape, value->init);
    }
}

static void copy_nodes(Tidy *t)
{
    for (int i = 0; i < net_nodes(t->from); i++) {
        const Node *node = net_node(t->from, i);
        ValueId in[NET_INPUTS];
        if (!t->live[node->out]) continue;
        for (int k = 0; k < node->inputs; k++)
            in[k] = node->in[k] == NET_NONE ? NET_NONE : t->is[node->in[k]];
        t->is[node->out] = net_add(t->to, node->op, in, node->inputs, &node->attrs);
    }
}

static void copy_ports(Tidy *t)
{
    const Port *ports;
    for (int i = 0, n = net_ports(t->from, &ports); i < n; i++)
        if (net_value(t->from, ports[i].value)->kind != VALUE_INPUT)
            net_output(t->to, ports[i].name, t->is[ports[i].value]);
}

static bool fill(Tidy *t, Weights *w)
{
    for (int v = 0; v < net_values(t->from); v++) {
        ValueKind kind = net_value(t->from, v)->kind;
        if ((kind != VALUE_PARAM && kind != VALUE_BUFFER) || t->is[v] == NET_NONE) continue;
        if (!numbers_copy_floats(weights_at(w, t->is[v]), t->d->given[v]))
            return draft_refuse(t->d, "a tensor does not hold as many numbers as its shape says");
        numbers_drop(t->d, t->d->given[v]);
        t->d->given[v] = NULL;
    }
    return weights_finite(w) || draft_refuse(t->d, "its weights hold numbers that are not finite");
}

bool onnx_tidy(Draft *d, Net **net, Weights **weights)
{
    size_t values = (size_t)net_values(d->net) + 1;
    Tidy t = {.d = d,
              .from = d->net,
              .to = net_new(),
              .live = calloc(values, 1),
              .is = calloc(values, sizeof *t.is)};
    bool ok = (t.to && t.live && t.is) || err_nomem(d->err, "reading a graph");
    *net = t.to, *weights = NULL;
    if (ok) {
        find_live(&t);
        copy_values(&t);
        copy_nodes(&t);
        copy_ports(&t);
        ok = net_finish(t.to, d->err) && (*weights = weights_new(t.to, d->err)) && fill(&t, *weights);
    }
    free(t.live);
    free(t.is);
    return ok;
}
