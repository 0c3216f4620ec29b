/* Reads the messages of an ONNX model in two walks: one counts, so that all room is taken once and bounded,
 * one fills. */
#include "data/onnx.h"
#include "base/arena.h"
#include "base/file.h"
#include "data/onnx_tensor.h"
#include <stdlib.h>
#include <string.h>

/* Field numbers of onnx.proto. */
enum {
    MODEL_PRODUCER = 2,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_FUNCTION = 25,
    OPSET_DOMAIN = 1,
    OPSET_VERSION = 2,
    GRAPH_NODE = 1,
    GRAPH_TENSOR = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15,
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OP = 4,
    NODE_ATTR = 5,
    NODE_DOMAIN = 7,
    PORT_NAME = 1,
    PORT_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_TYPE_ELEM = 1,
    TENSOR_TYPE_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1
};
enum { OPSET_LEAST = 9, OPSET_MOST = 17, TABLE = 4 * ONNX_NAMES_MAX };

typedef struct {
    OnnxModel *m;
    const char *what;
    Err *err;
    Arena arena;
    Proto graph;
    int uses, attrs; /* counted */
    int *use;        /* filled so far */
    OnnxAttr *attr;
    int32_t *table; /* name -> value + 1, open addressing */
    bool *made;     /* per value: something makes it */
} Reader;

static bool damaged(const Reader *r, const char *where)
{
    return err_set(r->err, ERR_FORMAT, "%s: %s is cut off or damaged: copy or export the file again", r->what,
                   where);
}

/* One kind of field, counted in a message; -1 where the message is broken. */
static int count_fields(Proto message, uint32_t number)
{
    int n = 0;
    ProtoField f;
    while (proto_next(&message, &f)) n += f.number == number;
    return message.at ? n : -1;
}

/* The last field of that number, as a reader takes it; false when there is none. */
static bool find_field(ProtoField *out, Proto message, uint32_t number, ProtoWire wire)
{
    bool found = false;
    ProtoField f;
    while (proto_next(&message, &f))
        if (f.number == number && f.wire == wire) *out = f, found = true;
    return found;
}

/* ---- Names ------------------------------------------------------------------------------------------------
 */

static uint32_t hash(OnnxText t)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const uint8_t *c = t.at; c < t.end; c++) h = (h ^ *c) * 16777619u;
    return h;
}

/* The value of that name, a new one when it is met first; -1 for no name, -2 when there are too many. */
static int value_of(Reader *r, OnnxText name)
{
    OnnxModel *m = r->m;
    size_t size = proto_size(name);
    if (size == 0) return -1;
    uint32_t at = hash(name) % TABLE;
    for (; r->table[at]; at = (at + 1) % TABLE) {
        OnnxText other = m->name[r->table[at] - 1];
        if (proto_size(other) == size && !memcmp(other.at, name.at, size)) return r->table[at] - 1;
    }
    if (m->values == ONNX_NAMES_MAX) return -2;
    m->name[m->values] = name;
    r->table[at] = ++m->values;
    return m->values - 1;
}

/* ---- Counting ---------------------------------------------------------------------------------------------
 */

static bool too_many(const Reader *r, const char *things, int most)
{
    return err_set(r->err, ERR_LIMIT,
                   "%s: the graph has more than %d %s, which is more than this program reads", r->what, most,
                   things);
}

static bool count_node(Reader *r, Proto node)
{
    int in = count_fields(node, NODE_INPUT), out = count_fields(node, NODE_OUTPUT),
        attrs = count_fields(node, NODE_ATTR);
    if (in < 0) return damaged(r, "a node of the graph");
    r->uses += in + out;
    r->attrs += attrs;
    if (r->uses > ONNX_NAMES_MAX || r->attrs > ONNX_NAMES_MAX)
        return too_many(r, "inputs or attributes of nodes", ONNX_NAMES_MAX);
    return true;
}

static bool count_graph(Reader *r)
{
    OnnxModel *m = r->m;
    Proto graph = r->graph;
    ProtoField f;
    while (proto_next(&graph, &f)) {
        if (f.number == GRAPH_SPARSE)
            return err_set(r->err, ERR_FORMAT, "%s: sparse tensors are not read: export dense ones", r->what);
        if (f.wire != PROTO_BYTES) continue;
        if (f.number == GRAPH_NODE && !count_node(r, f.bytes)) return false;
        m->nodes += f.number == GRAPH_NODE;
        m->tensors += f.number == GRAPH_TENSOR;
        m->inputs += f.number == GRAPH_INPUT;
        m->outputs += f.number == GRAPH_OUTPUT;
        if (m->nodes > ONNX_NODES_MAX) return too_many(r, "nodes", ONNX_NODES_MAX);
        if (m->tensors > ONNX_TENSORS_MAX || m->inputs > ONNX_TENSORS_MAX || m->outputs > ONNX_TENSORS_MAX)
            return too_many(r, "tensors, inputs or outputs", ONNX_TENSORS_MAX);
    }
    return graph.at || damaged(r, "the graph");
}

static void lay_out(Reader *r)
{
    OnnxModel *m = r->m;
    Arena *a = &r->arena;
    m->node = arena_take(a, (size_t)m->nodes, sizeof *m->node);
    m->tensor = arena_take(a, (size_t)m->tensors, sizeof *m->tensor);
    m->input = arena_take(a, (size_t)m->inputs, sizeof *m->input);
    m->output = arena_take(a, (size_t)m->outputs, sizeof *m->output);
    m->name = arena_take(a, ONNX_NAMES_MAX, sizeof *m->name);
    r->use = arena_take(a, (size_t)r->uses + 1, sizeof *r->use);
    r->attr = arena_take(a, (size_t)r->attrs + 1, sizeof *r->attr);
}

/* ---- Filling ----------------------------------------------------------------------------------------------
 */

static bool no_room_for_names(const Reader *r)
{
    return too_many(r, "names of values", ONNX_NAMES_MAX);
}

/* Something makes this value, for the first time. */
static bool make_value(Reader *r, int value)
{
    char name[64];
    if (value == -2) return no_room_for_names(r);
    if (value < 0) return true;
    onnx_text(name, sizeof name, r->m->name[value]);
    if (r->made[value])
        return err_set(r->err, ERR_FORMAT, "%s: two things in the graph are named '%s'", r->what, name);
    return r->made[value] = true;
}

static bool read_tensor(Reader *r, Proto message)
{
    OnnxTensor *t = &r->m->tensor[r->m->tensors++];
    if (!onnx_tensor_read(t, message, r->what, r->err)) return false;
    t->value = value_of(r, t->name);
    if (t->value == -1) return err_set(r->err, ERR_FORMAT, "%s: a tensor has no name", r->what);
    return make_value(r, t->value);
}

static bool read_dims(OnnxPort *p, Proto shape)
{
    ProtoField dim, value;
    p->rank = 0;
    while (proto_next(&shape, &dim)) {
        if (dim.number != SHAPE_DIM || dim.wire != PROTO_BYTES) continue;
        if (p->rank == ONNX_RANK_MAX) return false;
        bool known = find_field(&value, dim.bytes, DIM_VALUE, PROTO_VARINT) && value.value > 0;
        p->dim[p->rank++] = known ? (int64_t)value.value : -1;
    }
    return shape.at != NULL;
}

/* An input or output; its type may be left out. */
static bool read_port(Reader *r, OnnxPort *p, Proto message)
{
    ProtoField f, type = {0}, tensor;
    *p = (OnnxPort){.value = -1, .rank = -1};
    if (find_field(&f, message, PORT_NAME, PROTO_BYTES)) p->value = value_of(r, f.bytes);
    if (p->value < 0)
        return p->value == -2 ? no_room_for_names(r)
                              : err_set(r->err, ERR_FORMAT, "%s: an input or output has no name", r->what);
    if (!find_field(&type, message, PORT_TYPE, PROTO_BYTES)) return true;
    if (!find_field(&tensor, type.bytes, TYPE_TENSOR, PROTO_BYTES))
        return err_set(r->err, ERR_FORMAT, "%s: an input or output is no tensor", r->what);
    if (find_field(&f, tensor.bytes, TENSOR_TYPE_ELEM, PROTO_VARINT)) p->type = (int)(f.value & 255);
    if (find_field(&f, tensor.bytes, TENSOR_TYPE_SHAPE, PROTO_BYTES) && !read_dims(p, f.bytes))
        return damaged(r, "the shape of an input or output");
    return true;
}

/* Older files list every initializer as an input too. */
static bool read_input(Reader *r, Proto message)
{
    OnnxPort p;
    if (!read_port(r, &p, message)) return false;
    if (r->made[p.value]) return true;
    r->m->input[r->m->inputs++] = p;
    return make_value(r, p.value);
}

static bool unknown_input(const Reader *r, const OnnxNode *n, int value)
{
    char op[48], name[64];
    onnx_text(op, sizeof op, n->op);
    onnx_text(name, sizeof name, r->m->name[value]);
    return err_set(r->err, ERR_FORMAT, "%s: a node %s takes '%s', which nothing before it makes", r->what, op,
                   name);
}

static bool read_node_field(Reader *r, OnnxNode *n, const ProtoField *f)
{
    if (f->wire != PROTO_BYTES) return true;
    if (f->number == NODE_NAME) n->name = f->bytes;
    if (f->number == NODE_OP) n->op = f->bytes;
    if (f->number == NODE_ATTR && !onnx_attr_read(&r->attr[n->attrs++], f->bytes, r->what, r->err))
        return false;
    if (f->number == NODE_DOMAIN && proto_size(f->bytes) && !onnx_text_is(f->bytes, "ai.onnx")) {
        char domain[64];
        onnx_text(domain, sizeof domain, f->bytes);
        return err_set(r->err, ERR_FORMAT,
                       "%s: a node is of the domain '%s': only ONNX's own operators are read", r->what,
                       domain);
    }
    return true;
}

/* Inputs or outputs of a node, which stand in r->use. */
static bool read_uses(Reader *r, OnnxNode *n, Proto message, uint32_t number, int *count)
{
    ProtoField f;
    while (proto_next(&message, &f)) {
        if (f.number != number) continue;
        int value = f.wire == PROTO_BYTES ? value_of(r, f.bytes) : -1;
        if (value == -2) return no_room_for_names(r);
        if (number == NODE_INPUT && value >= 0 && !r->made[value]) return unknown_input(r, n, value);
        if (number == NODE_OUTPUT && !make_value(r, value)) return false;
        r->use[(*count)++] = value;
    }
    return true;
}

static bool read_node(Reader *r, Proto message)
{
    OnnxNode *n = &r->m->node[r->m->nodes++];
    Proto fields = message;
    ProtoField f;
    *n = (OnnxNode){.attr = r->attr};
    while (proto_next(&fields, &f))
        if (!read_node_field(r, n, &f)) return false;
    r->attr += n->attrs;
    n->in = r->use;
    if (!read_uses(r, n, message, NODE_INPUT, &n->inputs)) return false;
    r->use += n->inputs;
    n->out = r->use;
    if (!read_uses(r, n, message, NODE_OUTPUT, &n->outputs)) return false;
    r->use += n->outputs;
    return true;
}

/* All messages of one kind. */
static bool each(Reader *r, uint32_t number, bool (*read)(Reader *, Proto))
{
    Proto graph = r->graph;
    ProtoField f;
    while (proto_next(&graph, &f))
        if (f.number == number && f.wire == PROTO_BYTES && !read(r, f.bytes)) return false;
    return true;
}

static bool read_output(Reader *r, Proto message)
{
    OnnxPort *p = &r->m->output[r->m->outputs++];
    if (!read_port(r, p, message)) return false;
    if (r->made[p->value]) return true;
    char name[64];
    onnx_text(name, sizeof name, r->m->name[p->value]);
    return err_set(r->err, ERR_FORMAT, "%s: nothing makes the output '%s'", r->what, name);
}

static bool fill(Reader *r)
{
    OnnxModel *m = r->m;
    m->nodes = m->tensors = m->inputs = m->outputs = 0;
    if (!each(r, GRAPH_TENSOR, read_tensor) || !each(r, GRAPH_INPUT, read_input) ||
        !each(r, GRAPH_NODE, read_node) || !each(r, GRAPH_OUTPUT, read_output))
        return false;
    if (!m->outputs) return err_set(r->err, ERR_FORMAT, "%s: the graph has no output", r->what);
    return true;
}

static bool read_graph(Reader *r)
{
    if (!count_graph(r)) return false;
    lay_out(r);
    if (!arena_open(&r->arena, r->arena.used, r->err)) return false;
    r->m->room = r->arena.base;
    lay_out(r);
    r->table = calloc(TABLE, sizeof *r->table);
    r->made = calloc(ONNX_NAMES_MAX, sizeof *r->made);
    bool ok = (r->table && r->made) || err_nomem(r->err, "the names of a graph");
    ok = ok && fill(r);
    free(r->table);
    free(r->made);
    return ok;
}

/* ---- The model --------------------------------------------------------------------------------------------
 */

static bool read_opset(Reader *r, Proto message)
{
    ProtoField f;
    if (find_field(&f, message, OPSET_DOMAIN, PROTO_BYTES) && proto_size(f.bytes) &&
        !onnx_text_is(f.bytes, "ai.onnx"))
        return true; /* whoever uses it is refused */
    r->m->opset =
        find_field(&f, message, OPSET_VERSION, PROTO_VARINT) && f.value < 1000 ? (int)f.value : 1000;
    if (r->m->opset >= OPSET_LEAST && r->m->opset <= OPSET_MOST) return true;
    return err_set(r->err, ERR_FORMAT,
                   "%s: its operators are of opset %d: export it with opset_version=13 (%d to %d are read)",
                   r->what, r->m->opset, OPSET_LEAST, OPSET_MOST);
}

static bool read_model_field(Reader *r, const ProtoField *f)
{
    if (f->wire != PROTO_BYTES) return true;
    if (f->number == MODEL_FUNCTION)
        return err_set(r->err, ERR_FORMAT,
                       "%s: it defines functions of its own: export it with plain operators", r->what);
    if (f->number == MODEL_PRODUCER) r->m->producer = f->bytes;
    if (f->number == MODEL_GRAPH) r->graph = f->bytes;
    return f->number != MODEL_OPSET || read_opset(r, f->bytes);
}

static bool read_model(Reader *r, Proto message)
{
    ProtoField f;
    while (proto_next(&message, &f))
        if (!read_model_field(r, &f)) return false;
    if (!message.at) return damaged(r, "the model");
    if (!r->graph.at || !r->m->opset)
        return err_set(r->err, ERR_FORMAT, "%s: it is no ONNX model: there is no %s in it", r->what,
                       r->graph.at ? "opset" : "graph");
    return read_graph(r);
}

bool onnx_decode(OnnxModel *m, const uint8_t *bytes, size_t size, const char *what, Err *err)
{
    *m = (OnnxModel){0};
    Reader r = {.m = m, .what = what, .err = err};
    if (read_model(&r, (Proto){bytes, bytes + size})) return true;
    onnx_close(m);
    return false;
}

bool onnx_open(OnnxModel *m, const char *path, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *m = (OnnxModel){0};
    if (!file_read(path, ONNX_FILE_MAX, &bytes, &size, err)) return false;
    if (!onnx_decode(m, bytes, size, path, err)) {
        free(bytes);
        return false;
    }
    m->bytes = bytes;
    return true;
}

void onnx_close(OnnxModel *m)
{
    Arena room = {.base = m->room};
    arena_close(&room);
    free(m->bytes);
    *m = (OnnxModel){0};
}

/* Every field at the top is one that a model has, and the graph is among them. */
bool onnx_looks_like(const uint8_t *bytes, size_t size)
{
    Proto p = {bytes, bytes + size};
    ProtoField f;
    bool graph = false;
    while (proto_next(&p, &f)) {
        if (f.number > MODEL_FUNCTION) return false;
        graph |= f.number == MODEL_GRAPH && f.wire == PROTO_BYTES;
    }
    return graph && p.at;
}
