/* Walks the user's net once and builds the lowered one beside it. */
#include "net/lower.h"
#include "net/lower_form.h"
#include <stdlib.h>
#include <string.h>

/* ---- The values that have names ------------------------------------------------------------------------ */

static ValueId copy_named(Net *net, const Value *v)
{
    if (v->kind == VALUE_PARAM) return net_param(net, v->name, v->shape, v->init);
    if (v->kind == VALUE_BUFFER) return net_buffer(net, v->name, v->shape, v->init);
    return NET_NONE;
}

/* Input ports, in the user's order and under their names; then parameters and buffers. */
static void copy_values(Lower *l)
{
    const Port *ports;
    for (int v = 0; v < net_values(l->user); v++)
        l->form[v] = (Form){.plain = copy_named(l->net, net_value(l->user, v)), .term = {.x = NET_NONE}};
    for (int i = 0, n = net_ports(l->user, &ports); i < n; i++) {
        const Value *v = net_value(l->user, ports[i].value);
        if (v->kind == VALUE_INPUT)
            l->form[ports[i].value].plain = net_input(l->net, ports[i].name, v->shape);
    }
}

/* ---- What is known before --------------------------------------------------------------------------------
 */

static bool has_moments(const Lower *l, const Node *node)
{
    const Value *x = net_value(l->user, node->in[0]);
    const Node *maker = x->producer >= 0 ? net_node(l->user, x->producer) : NULL;
    return l->train && node->op == OP_BATCHNORM && maker && (maker->op == OP_CONV || maker->op == OP_CONVT) &&
           maker->attrs.groups == 1;
}

static void look_ahead(Lower *l)
{
    const Port *ports;
    for (int i = 0; i < net_nodes(l->user); i++) {
        const Node *node = net_node(l->user, i);
        for (int k = 0; k < node->inputs; k++)
            if (node->in[k] != NET_NONE) l->readers[node->in[k]]++;
        if (has_moments(l, node)) l->normed[node->in[0]] = true;
    }
    for (int i = 0, n = net_ports(l->user, &ports); i < n; i++) l->readers[ports[i].value] += 2;
}

/* ---- The walk --------------------------------------------------------------------------------------------
 */

/* The node as it is, on plain values. */
static void keep_node(Lower *l, const Node *node)
{
    ValueId in[NET_INPUTS];
    for (int k = 0; k < node->inputs; k++)
        in[k] = node->in[k] == NET_NONE ? NET_NONE : lower_plain(l, node->in[k]);
    ValueId out = net_add(l->net, node->op, in, node->inputs, &node->attrs);
    l->form[node->out] = (Form){.plain = out, .term = {.x = NET_NONE}};
}

static void walk(Lower *l)
{
    const Port *ports;
    copy_values(l);
    look_ahead(l);
    for (int i = 0; i < net_nodes(l->user); i++) {
        const Node *node = net_node(l->user, i);
        if (!lower_rule(l, node)) keep_node(l, node);
    }
    for (int i = 0, n = net_ports(l->user, &ports); i < n; i++)
        if (net_value(l->user, ports[i].value)->kind != VALUE_INPUT)
            net_output(l->net, ports[i].name, lower_plain(l, ports[i].value));
}

/* ---- From value to value ---------------------------------------------------------------------------------
 */

static bool map_room(Lowered *out, int user, int lowered)
{
    out->to = malloc((size_t)(user + 1) * sizeof *out->to);
    out->from = malloc((size_t)(lowered + 1) * sizeof *out->from);
    if (!out->to || !out->from) return false;
    for (int v = 0; v < user; v++) out->to[v] = NET_NONE;
    for (int v = 0; v < lowered; v++) out->from[v] = NET_NONE;
    return true;
}

/* Ports, parameters and buffers. */
static bool map_values(Lowered *out, const Lower *l)
{
    const Port *ports;
    if (!map_room(out, net_values(l->user), net_values(l->net))) return false;
    for (int v = 0; v < net_values(l->user); v++) {
        ValueKind kind = net_value(l->user, v)->kind;
        if (kind == VALUE_PARAM || kind == VALUE_BUFFER) out->from[out->to[v] = l->form[v].plain] = v;
    }
    for (int i = 0, n = net_ports(l->user, &ports); i < n; i++)
        out->to[ports[i].value] = l->form[ports[i].value].plain;
    return true;
}

static bool map_identity(Lowered *out, const Net *net)
{
    int n = net_values(net);
    out->net = net;
    if (!map_room(out, n, n)) return false;
    for (int v = 0; v < n; v++) out->to[v] = out->from[v] = v;
    return true;
}

static bool lower_with(Lowered *out, Lower *l, Err *err)
{
    if (!l->net || !l->form || !l->readers || !l->normed) return err_nomem(err, "lowering a net");
    walk(l);
    if (!net_finish(l->net, err)) return false;
    out->net = l->net;
    return map_values(out, l) || err_nomem(err, "lowering a net");
}

bool lower_net(Lowered *out, const Net *net, ExecMode mode, ExecGrads grads, Err *err)
{
    size_t values = (size_t)net_values(net) + 1;
    *out = (Lowered){0};
    if (mode & EXEC_PLAIN) return map_identity(out, net) || err_nomem(err, "running a net");
    Lower l = {.user = net, .train = mode & EXEC_TRAIN, .exact = mode & EXEC_EXACT, .bf16 = mode & EXEC_BF16};
    l.frozen = !l.train && !grads.params && !grads.inputs;
    l.net = out->own = net_new();
    l.form = calloc(values, sizeof *l.form);
    l.readers = calloc(values, sizeof *l.readers);
    l.normed = calloc(values, sizeof *l.normed);
    bool ok = lower_with(out, &l, err);
    free(l.form);
    free(l.readers);
    free(l.normed);
    return ok;
}

void lower_free(Lowered *l)
{
    net_free(l->own);
    free(l->to);
    free(l->from);
    *l = (Lowered){0};
}
