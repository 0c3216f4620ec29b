/* Builds a graph node by node, checking each; the first mistake is kept and reported by net_finish. */
#include "net/net.h"
#include "net/op.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FLOATS INT32_MAX /* per image: kernels index with int */
#define MOST_ATTR   65536

struct Net {
    Value *values;
    Node *nodes;
    Port *ports;
    int value_count, node_count, port_count, value_cap, node_cap, port_cap;
    bool outputs, finished, broken;
    Err mistake;
};

Net *net_new(void)
{
    return calloc(1, sizeof(Net));
}

void net_free(Net *net)
{
    if (!net) return;
    free(net->values);
    free(net->nodes);
    free(net->ports);
    free(net);
}

/* ---- Mistakes ------------------------------------------------------------------------------------------ */

/* Marks the net as broken for the first cause; returns false. */
static bool broken(Net *net, ErrCode code, const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));
static bool broken(Net *net, ErrCode code, const char *fmt, ...)
{
    char why[sizeof net->mistake.msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    net->broken = true;
    return err_set(&net->mistake, code, "%s", why);
}

/* Nothing can be added: broken before, never allocated, or finished. */
static bool closed(Net *net)
{
    if (!net || net->broken) return true;
    if (net->finished) broken(net, ERR_USAGE, "the net is finished: nothing can be added to it");
    return net->finished;
}

const char *net_mistake(const Net *net)
{
    if (!net) return "out of memory for a net";
    return net->broken ? net->mistake.msg : NULL;
}

/* The array with room for one more of `size` bytes; NULL, and the old array stays, where there is none. */
static void *room(Net *net, void *array, int count, int *cap, size_t size)
{
    if (count < *cap) return array;
    int more = *cap ? *cap * 2 : 64;
    void *grown = more > 1 << 22 ? NULL : realloc(array, (size_t)more * size);
    if (grown)
        *cap = more;
    else
        broken(net, ERR_NOMEM, "out of memory for a net of %d nodes", net->node_count);
    return grown;
}

/* ---- Values -------------------------------------------------------------------------------------------- */

/* False, and broken, unless there can be a value of that shape. */
static bool shape_fits(Net *net, const char *what, const Shape *s, bool batch)
{
    char text[64];
    bool fits = s->rank >= 1 && s->rank <= NET_RANK;
    for (int i = 0; fits && i < s->rank; i++)
        fits = s->dim[i] >= 1 || (i == 0 && batch && s->dim[i] == NET_BATCH);
    if (fits && shape_count(s, 1) <= MOST_FLOATS) return true;
    if (!fits && (s->rank < 1 || s->rank > NET_RANK))
        return broken(net, ERR_FORMAT, "%s has %d dimensions: 1 to %d are possible", what, s->rank, NET_RANK);
    shape_text(text, sizeof text, s);
    if (fits) return broken(net, ERR_LIMIT, "%s %s is larger than 2^31 numbers for each image", what, text);
    return broken(net, ERR_FORMAT, "%s %s: dimensions must be positive%s", what, text,
                  batch ? ", and only the first may be the batch" : ", without the batch");
}

static bool name_fits(Net *net, const char *name)
{
    if (name && *name && strlen(name) < sizeof net->values[0].name) return true;
    return broken(net, ERR_FORMAT, "the name '%s' must have 1 to %zu bytes", name ? name : "",
                  sizeof net->values[0].name - 1);
}

static ValueId value_push(Net *net, const Value *v)
{
    Value *values = room(net, net->values, net->value_count, &net->value_cap, sizeof *values);
    if (!values) return NET_NONE;
    net->values = values;
    net->values[net->value_count] = *v;
    return net->value_count++;
}

/* An input, parameter or buffer: the values that have names of their own. */
static ValueId named(Net *net, const char *name, Shape shape, ValueKind kind, Init init)
{
    Value v = {.shape = shape, .kind = kind, .producer = -1, .alias_of = NET_NONE, .init = init};
    if (closed(net) || !name_fits(net, name) || !shape_fits(net, name, &shape, kind == VALUE_INPUT))
        return NET_NONE;
    for (int i = 0; i < net->value_count; i++)
        if (!strcmp(net->values[i].name, name))
            return broken(net, ERR_FORMAT, "the name '%s' is used twice", name), NET_NONE;
    snprintf(v.name, sizeof v.name, "%s", name);
    return value_push(net, &v);
}

ValueId net_param(Net *net, const char *name, Shape shape, Init init)
{
    return named(net, name, shape, VALUE_PARAM, init);
}

ValueId net_buffer(Net *net, const char *name, Shape shape, Init init)
{
    return named(net, name, shape, VALUE_BUFFER, init);
}

/* ---- Ports --------------------------------------------------------------------------------------------- */

static bool port_push(Net *net, const char *name, ValueId value)
{
    Port p = {.value = value};
    if (!name || !*name || strlen(name) >= sizeof p.name)
        return broken(net, ERR_FORMAT, "the port name '%s' must have 1 to %zu bytes", name ? name : "",
                      sizeof p.name - 1);
    if (net_port(net, name) != NET_NONE)
        return broken(net, ERR_FORMAT, "there are two ports named '%s'", name);
    Port *ports = room(net, net->ports, net->port_count, &net->port_cap, sizeof *ports);
    if (!ports) return false;
    net->ports = ports;
    snprintf(p.name, sizeof p.name, "%s", name);
    net->ports[net->port_count++] = p;
    return true;
}

ValueId net_input(Net *net, const char *name, Shape shape)
{
    ValueId id = named(net, name, shape, VALUE_INPUT, init_zero());
    return id != NET_NONE && port_push(net, name, id) ? id : NET_NONE;
}

void net_output(Net *net, const char *name, ValueId value)
{
    if (closed(net)) return;
    const char *shown = name ? name : "";
    if (value < 0 || value >= net->value_count) {
        broken(net, ERR_FORMAT, "port '%s' names no value of this net", shown);
        return;
    }
    const Value *v = &net->values[value];
    if (v->alias_of != NET_NONE) v = &net->values[v->alias_of];
    if (v->kind != VALUE_ACTIVATION)
        broken(net, ERR_FORMAT, "port '%s' is '%s' itself: an output must be the result of a node", shown,
               v->name);
    else
        net->outputs |= port_push(net, name, value);
}

/* ---- Nodes --------------------------------------------------------------------------------------------- */

/* "node 7 (conv 'conv1.weight')": where a mistake is, by the first named value that the node reads. */
static void node_text(const Net *net, char *out, size_t cap, const Node *node)
{
    const char *name = "";
    for (int i = 0; i < node->inputs && !*name; i++)
        if (node->in[i] >= 0 && node->in[i] < net->value_count) name = net->values[node->in[i]].name;
    snprintf(out, cap, *name ? "node %d (%s '%s')" : "node %d (%s)", net->node_count, op_name(node->op),
             name);
}

static bool node_wrong(Net *net, const Node *node, ErrCode code, const char *why)
{
    char where[160];
    node_text(net, where, sizeof where, node);
    return broken(net, code, "%s: %s", where, why);
}

static bool attrs_fit(const Attrs *a)
{
    const int small[] = {a->stride[0],  a->stride[1], a->pad[0],      a->pad[1],      a->pad[2],
                         a->pad[3],     a->groups,    a->dilation[0], a->dilation[1], a->out_pad[0],
                         a->out_pad[1], a->kernel[0], a->kernel[1],   a->scale};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (small[i] < 0 || small[i] > MOST_ATTR) return false;
    return true;
}

static ValueId root_of(const Net *net, ValueId id)
{
    return net->values[id].alias_of != NET_NONE ? net->values[id].alias_of : id;
}

/* Checks one input: there, of this net, a buffer where one is needed. */
static bool input_fits(Net *net, const Node *node, const OpRow *row, int i)
{
    ValueId id = node->in[i];
    if (id == NET_NONE && (row->optional & OP_BIT(i))) return true;
    if (id < 0 || id >= net->value_count) return node_wrong(net, node, ERR_FORMAT, "an input is missing");
    if ((row->buffers & OP_BIT(i)) && net->values[id].kind != VALUE_BUFFER)
        return node_wrong(net, node, ERR_FORMAT, "running state must be a buffer");
    for (int k = 0; row->apart && k < i; k++)
        if (node->in[k] != NET_NONE && root_of(net, node->in[k]) == root_of(net, id))
            return node_wrong(net, node, ERR_FORMAT, "two inputs are the same value");
    return true;
}

/* Fills the node's attributes, its result, and the shape of the second one (rank 0: none). */
static bool node_infer(Net *net, Node *node, Value *out, Shape *second)
{
    const OpRow *row = op_row(node->op);
    OpSite site = {.attrs = node->attrs, .inputs = node->inputs};
    Err why = {0};
    for (int i = 0; i < node->inputs; i++) {
        if (!input_fits(net, node, row, i)) return false;
        op_site_input(&site, i, node->in[i] == NET_NONE ? NULL : &net->values[node->in[i]]);
    }
    if (!attrs_fit(&node->attrs))
        return node_wrong(net, node, ERR_LIMIT, "an attribute is negative or above 65,536");
    if (!row->infer(&site, &why)) return node_wrong(net, node, why.code, why.msg);
    node->attrs = site.attrs;
    out->shape = site.out, out->layout = site.layout;
    *second = site.out2;
    return true;
}

/* Copies the caller's inputs; trailing absent ones are dropped. */
static bool node_make(Net *net, Node *node, int op, const ValueId *in, int inputs, const Attrs *attrs)
{
    const OpRow *row = op_row(op);
    *node = (Node){.op = op, .inputs = inputs, .out2 = NET_NONE};
    if (attrs) node->attrs = *attrs;
    for (int i = 0; i < NET_INPUTS; i++) node->in[i] = i < inputs ? in[i] : NET_NONE;
    if (!row) return node_wrong(net, node, ERR_FORMAT, "there is no such op");
    if (inputs >= row->least && inputs <= row->most) return true;
    char why[64];
    snprintf(why, sizeof why, "it has %d inputs, not %d to %d", inputs, row->least, row->most);
    return node_wrong(net, node, ERR_FORMAT, why);
}

ValueId net_add(Net *net, int op, const ValueId *in, int inputs, const Attrs *attrs)
{
    Node node;
    Value out = {.kind = VALUE_ACTIVATION, .alias_of = NET_NONE}, second = out;
    if (closed(net) || !node_make(net, &node, op, in, inputs, attrs) ||
        !node_infer(net, &node, &out, &second.shape))
        return NET_NONE;
    char where[160];
    node_text(net, where, sizeof where, &node);
    if (!shape_fits(net, where, &out.shape, true)) return NET_NONE;
    Node *nodes = room(net, net->nodes, net->node_count, &net->node_cap, sizeof *nodes);
    if (!nodes) return NET_NONE;
    net->nodes = nodes;
    out.producer = second.producer = net->node_count;
    if (op_row(op)->alias) out.alias_of = root_of(net, node.in[0]);
    node.out = value_push(net, &out);
    if (second.shape.rank) node.out2 = value_push(net, &second);
    if (!net->broken) net->nodes[net->node_count++] = node;
    return net->broken ? NET_NONE : node.out;
}

bool net_finish(Net *net, Err *err)
{
    if (!net) return err_nomem(err, "a net");
    if (!net->broken && !net->outputs) broken(net, ERR_FORMAT, "the net has no output port");
    if (net->broken) return err_set(err, net->mistake.code, "%s", net->mistake.msg);
    net->finished = true;
    return true;
}

/* ---- Reading ------------------------------------------------------------------------------------------- */

ValueId net_port(const Net *net, const char *name)
{
    for (int i = 0; i < net->port_count; i++)
        if (!strcmp(net->ports[i].name, name)) return net->ports[i].value;
    return NET_NONE;
}

int net_ports(const Net *net, const Port **ports)
{
    *ports = net->ports;
    return net->port_count;
}

int net_values(const Net *net)
{
    return net->value_count;
}

const Value *net_value(const Net *net, ValueId id)
{
    return id >= 0 && id < net->value_count ? &net->values[id] : NULL;
}

int net_nodes(const Net *net)
{
    return net->node_count;
}

const Node *net_node(const Net *net, int i)
{
    return &net->nodes[i];
}

double net_macs(const Net *net, int n)
{
    double sum = 0;
    for (int i = 0; i < net->node_count; i++) {
        const OpRow *row = op_row(net->nodes[i].op);
        OpSite site;
        if (!row->macs) continue;
        op_site(&site, net, i);
        sum += row->macs(&site, n);
    }
    return sum;
}
