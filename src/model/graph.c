/* Writes nets as JSON and reads them again; appends one net to another. */
#include "model/graph.h"
#include "net/ops.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The attributes of ops that users' nets hold. Zero is what they are when absent. */
typedef enum { INTS, FLOATS, BOOLS } AttrKind;
static const struct {
    const char *name;
    size_t at;
    AttrKind kind;
    int n;
} fields[] = {
    {"stride", offsetof(Attrs, stride), INTS, 2},
    {"dilation", offsetof(Attrs, dilation), INTS, 2},
    {"groups", offsetof(Attrs, groups), INTS, 1},
    {"pad", offsetof(Attrs, pad), INTS, 4},
    {"out_pad", offsetof(Attrs, out_pad), INTS, 2},
    {"axis", offsetof(Attrs, axis), INTS, 1},
    {"start", offsetof(Attrs, start), INTS, 1},
    {"count", offsetof(Attrs, count), INTS, 1},
    {"kernel", offsetof(Attrs, kernel), INTS, 2},
    {"scale", offsetof(Attrs, scale), INTS, 1},
    {"act", offsetof(Attrs, act), INTS, 1},
    {"alpha", offsetof(Attrs, alpha), FLOATS, 1},
    {"gain", offsetof(Attrs, gain), FLOATS, 1},
    {"eps", offsetof(Attrs, eps), FLOATS, 1},
    {"momentum", offsetof(Attrs, momentum), FLOATS, 1},
    {"demodulate", offsetof(Attrs, demodulate), BOOLS, 1},
    {"mode", offsetof(Attrs, mode), INTS, 1},
    {"perm", offsetof(Attrs, perm), INTS, NET_RANK},
    {"rank", offsetof(Attrs, shape) + offsetof(Shape, rank), INTS, 1},
    {"shape", offsetof(Attrs, shape) + offsetof(Shape, dim), INTS, NET_RANK},
    {"transposed", offsetof(Attrs, transposed), BOOLS, 1},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const size_t width[] = {[INTS] = sizeof(int), [FLOATS] = sizeof(float), [BOOLS] = sizeof(bool)};

/* ---- Writing ---------------------------------------------------------------------------------------- */

static Json *ints_json(const int *x, int n)
{
    Json *list = json_make_array();
    for (int i = 0; i < n; i++) json_add_int(list, x[i]);
    return list;
}

static double number_at(const void *p, AttrKind kind)
{
    if (kind == INTS) return *(const int *)p;
    return kind == FLOATS ? (double)*(const float *)p : *(const bool *)p;
}

static Json *attrs_json(const Attrs *a)
{
    static const char zero[NET_RANK * sizeof(int)];
    Json *o = json_make();
    for (int i = 0; i < FIELDS; i++) {
        const char *at = (const char *)a + fields[i].at;
        size_t size = width[fields[i].kind];
        if (!memcmp(at, zero, size * (size_t)fields[i].n)) continue;
        Json *list = json_make_array();
        for (int k = 0; k < fields[i].n; k++)
            json_add_num(list, number_at(at + (size_t)k * size, fields[i].kind));
        json_put(o, fields[i].name, list);
    }
    return o;
}

static Json *value_json(const Net *net, const Value *v)
{
    static const char *const kinds[] = {
        [VALUE_INPUT] = "input", [VALUE_PARAM] = "param", [VALUE_BUFFER] = "buffer"};
    Json *entry = json_make_array();
    if (v->kind != VALUE_ACTIVATION) {
        json_add_str(entry, kinds[v->kind]);
        json_add_str(entry, v->name);
        json_add(entry, ints_json(v->shape.dim, v->shape.rank));
        return entry;
    }
    const Node *node = net_node(net, v->producer);
    json_add_str(entry, op_name(node->op));
    json_add(entry, ints_json(node->in, node->inputs));
    json_add(entry, attrs_json(&node->attrs));
    return entry;
}

Json *graph_json(const Net *net)
{
    Json *list = json_make_array();
    const Port *ports;
    for (int i = 0; i < net_values(net); i++) json_add(list, value_json(net, net_value(net, i)));
    for (int i = 0, n = net_ports(net, &ports); i < n; i++) {
        if (net_value(net, ports[i].value)->kind == VALUE_INPUT) continue;
        Json *entry = json_make_array();
        json_add_str(entry, "output");
        json_add_str(entry, ports[i].name);
        json_add_int(entry, ports[i].value);
        json_add(list, entry);
    }
    return list;
}

/* ---- Reading ---------------------------------------------------------------------------------------- */

static bool read_ints(int *out, int *n, int most, const Json *list)
{
    if (!list || !json_is_array(list) || json_count(list) > (size_t)most) return false;
    *n = (int)json_count(list);
    for (int i = 0; i < *n; i++) {
        int64_t x;
        if (!json_value_int(json_at(list, (size_t)i), &x) || x < INT32_MIN || x > INT32_MAX) return false;
        out[i] = (int)x;
    }
    return true;
}

static bool set_number(void *p, AttrKind kind, double x)
{
    if (kind == FLOATS) return *(float *)p = (float)x, true;
    if (x != (double)(int)x) return false;
    if (kind == BOOLS) return *(bool *)p = x != 0, true;
    *(int *)p = (int)x;
    return true;
}

static bool read_attr(Attrs *a, const char *name, const Json *list)
{
    for (int i = 0; i < FIELDS; i++) {
        if (strcmp(fields[i].name, name)) continue;
        if (!json_is_array(list) || json_count(list) != (size_t)fields[i].n) return false;
        for (int k = 0; k < fields[i].n; k++) {
            double x;
            char *at = (char *)a + fields[i].at + (size_t)k * width[fields[i].kind];
            if (!json_value_num(json_at(list, (size_t)k), &x) || !(x > -3e9 && x < 3e9) ||
                !set_number(at, fields[i].kind, x))
                return false;
        }
        return true;
    }
    return false;
}

static bool read_attrs(Attrs *a, const Json *o)
{
    *a = (Attrs){0};
    if (!o || !json_is_object(o)) return false;
    for (JsonIter it = json_first(o); it.key; it = json_next(o, it))
        if (!read_attr(a, it.key, it.value)) return false;
    return a->shape.rank >= 0 && a->shape.rank <= NET_RANK;
}

static int op_named(const char *name)
{
    for (int op = 0; op < OP_COUNT; op++)
        if (!strcmp(op_name(op), name)) return op;
    return -1;
}

static bool read_node(Net *net, int op, const Json *entry)
{
    ValueId in[NET_INPUTS];
    int n;
    Attrs a;
    if (!read_ints(in, &n, NET_INPUTS, json_at(entry, 1)) || !n || !read_attrs(&a, json_at(entry, 2)))
        return false;
    net_add(net, op, in, n, &a);
    return true;
}

static bool read_named(Net *net, const char *kind, const char *name, const Json *dims)
{
    Shape s = {0};
    if (!read_ints(s.dim, &s.rank, NET_RANK, dims)) return false;
    if (!strcmp(kind, "input"))
        net_input(net, name, s);
    else if (!strcmp(kind, "param"))
        net_param(net, name, s, init_zero());
    else
        net_buffer(net, name, s, init_zero());
    return true;
}

/* False: the entry is none at all. A mistake of the net is the net's. */
static bool read_entry(Net *net, const Json *entry)
{
    const char *kind, *name;
    int64_t value;
    if (!json_is_array(entry) || json_count(entry) != 3 || !json_value_str(json_at(entry, 0), &kind))
        return false;
    int op = op_named(kind);
    if (op >= 0) return read_node(net, op, entry);
    if (!json_value_str(json_at(entry, 1), &name)) return false;
    if (strcmp(kind, "output"))
        return (!strcmp(kind, "input") || !strcmp(kind, "param") || !strcmp(kind, "buffer")) &&
               read_named(net, kind, name, json_at(entry, 2));
    if (!json_value_int(json_at(entry, 2), &value) || value < 0 || value >= net_values(net)) return false;
    net_output(net, name, (ValueId)value);
    return true;
}

Net *graph_read(const Json *list, const char *what, Err *err)
{
    Net *net = net_new();
    Err why = {0};
    bool ok = net || err_nomem(err, "a net");
    if (ok && (!json_is_array(list) || json_count(list) > GRAPH_ENTRIES_MAX))
        ok = err_set(err, ERR_FORMAT, "%s: its graph is no list of at most %d entries", what,
                     GRAPH_ENTRIES_MAX);
    for (size_t i = 0; ok && i < json_count(list) && !net_mistake(net); i++)
        if (!read_entry(net, json_at(list, i)))
            ok = err_set(err, ERR_FORMAT, "%s: entry %zu of its graph is not understood", what, i);
    if (ok && !net_finish(net, &why)) ok = err_set(err, why.code, "%s: its graph: %s", what, why.msg);
    if (ok) return net;
    net_free(net);
    return NULL;
}

/* ---- Appending -------------------------------------------------------------------------------------- */

static ValueId append_value(Net *net, const Net *from, const Value *v, const ValueId *to_value)
{
    ValueId in[NET_INPUTS];
    if (v->kind == VALUE_PARAM) return net_param(net, v->name, v->shape, v->init);
    if (v->kind == VALUE_BUFFER) return net_buffer(net, v->name, v->shape, v->init);
    const Node *node = net_node(from, v->producer);
    for (int i = 0; i < node->inputs; i++) in[i] = node->in[i] == NET_NONE ? NET_NONE : to_value[node->in[i]];
    return net_add(net, node->op, in, node->inputs, &node->attrs);
}

Net *graph_copy(const Net *from, Err *err)
{
    Net *net = net_new();
    const Port *ports;
    int n = net_values(from);
    ValueId *same = malloc(((size_t)n + 1) * sizeof *same);
    for (int i = 0; same && i < n; i++) {
        const Value *v = net_value(from, i);
        same[i] =
            v->kind == VALUE_INPUT ? net_input(net, v->name, v->shape) : append_value(net, from, v, same);
    }
    for (int i = 0, count = net_ports(from, &ports); i < count; i++)
        if (net_value(from, ports[i].value)->kind != VALUE_INPUT)
            net_output(net, ports[i].name, ports[i].value);
    bool ok = (same || err_nomem(err, "a net")) && net_finish(net, err);
    free(same);
    if (ok) return net;
    net_free(net);
    return NULL;
}

static ValueId given(const char *input, char *const *name, const ValueId *value, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(name[i], input)) return value[i];
    return NET_NONE;
}

void graph_append(Net *net, const Net *from, char *const *name, const ValueId *value, int n,
                  ValueId *to_value)
{
    for (int i = 0; i < net_values(from); i++) {
        const Value *v = net_value(from, i);
        to_value[i] =
            v->kind == VALUE_INPUT ? given(v->name, name, value, n) : append_value(net, from, v, to_value);
    }
}
