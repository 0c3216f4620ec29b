/* What every operator needs while a graph becomes a net: its attributes, its inputs as numbers, nodes and
 * parameters. */
#include "model/onnx_draft.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLOATS = 1 << 25 }; /* of one value, for each image: 512 x 512 x 128 */

#undef draft_refuse
bool draft_refuse(Draft *d, const char *fmt, ...)
{
    char why[400], name[80] = "", op[48] = "";
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    if (!d->node) return err_set(d->err, ERR_FORMAT, "%s: %s", d->what, why);
    onnx_text(name, sizeof name, d->node->name);
    onnx_text(op, sizeof op, d->node->op);
    return err_set(d->err, ERR_FORMAT, "%s: node '%s' (%s): %s", d->what, name, op, why);
}
#define draft_refuse(...) err_false(draft_refuse(__VA_ARGS__))

/* ---- Attributes -------------------------------------------------------------------------------------------
 */

bool draft_attr(const Draft *d, const char *name)
{
    return onnx_attr(d->node, name) != NULL;
}

int64_t draft_int(const Draft *d, const char *name, int64_t otherwise)
{
    const OnnxAttr *a = onnx_attr(d->node, name);
    return a && a->type == ONNX_ATTR_INT ? a->whole : otherwise;
}

float draft_float(const Draft *d, const char *name, float otherwise)
{
    const OnnxAttr *a = onnx_attr(d->node, name);
    return a && a->type == ONNX_ATTR_FLOAT ? a->number : otherwise;
}

bool draft_says(const Draft *d, const char *name, const char *text)
{
    const OnnxAttr *a = onnx_attr(d->node, name);
    return a && a->type == ONNX_ATTR_TEXT && onnx_text_is(a->text, text);
}

bool draft_ints(Draft *d, const char *name, int64_t *out, int most, int *n)
{
    const OnnxAttr *a = onnx_attr(d->node, name);
    *n = a && a->type == ONNX_ATTR_INTS ? onnx_ints(out, most, a) : 0;
    return *n >= 0 ||
           draft_refuse(d, "its attribute '%s' holds more than %d numbers, or is damaged", name, most);
}

/* ---- Inputs and outputs -----------------------------------------------------------------------------------
 */

const Operand *draft_in(const Draft *d, int i)
{
    if (i >= d->node->inputs || d->node->in[i] < 0) return NULL;
    return &d->operand[d->node->in[i]];
}

void draft_out(Draft *d, int k, Operand o)
{
    int value = k < d->node->outputs ? d->node->out[k] : -1;
    if (value < 0) {
        numbers_drop(d, o.numbers);
        return;
    }
    o.value = value;
    d->operand[value] = o;
}

bool draft_moved(Draft *d, bool ok, Operand o)
{
    if (ok) draft_out(d, 0, o);
    return ok;
}

bool draft_reshaped(Draft *d, const Operand *o, const Extent *dim, int rank)
{
    Operand out;
    return draft_moved(d, axes_reshape(d, &out, o, dim, rank), out);
}

int64_t whole_clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

static int64_t whole(double x)
{
    if (!(x > -9e15)) return INT64_MIN / 4;
    return x < 9e15 ? (int64_t)x : INT64_MAX / 4;
}

bool draft_wholes(Draft *d, const Operand *o, int64_t (*out)[2], int most, int *n)
{
    *n = 0;
    if (!o) return true;
    if (o->kind != OPERAND_NUMBERS)
        return draft_refuse(d, "a shape or position depends on the numbers of an image: this is not read");
    if (o->numbers->count > (size_t)most)
        return draft_refuse(d, "it takes a list of more than %d numbers", most);
    if (!numbers_load(d, o->numbers)) return false;
    for (*n = 0; *n < (int)o->numbers->count; ++*n)
        for (int lane = 0; lane < 2; lane++) out[*n][lane] = whole(numbers_at(o->numbers, (size_t)*n, lane));
    return true;
}

bool draft_list(Draft *d, int i, const char *attr, int64_t *out, int most, int *n)
{
    int64_t pair[64][2];
    if (!draft_in(d, i)) return attr ? draft_ints(d, attr, out, most, n) : (*n = 0, true);
    if (!draft_wholes(d, draft_in(d, i), pair, most < 64 ? most : 64, n)) return false;
    for (int k = 0; k < *n; k++) {
        if (pair[k][0] != pair[k][1])
            return draft_refuse(d, "a position depends on the batch: this is not read");
        out[k] = pair[k][0];
    }
    return true;
}

bool draft_scalar(Draft *d, int i, double otherwise, double *out)
{
    const Operand *o = draft_in(d, i);
    *out = otherwise;
    return !o || numbers_same(d, o, out) ||
           draft_refuse(d, "its input %d must be one constant number", i + 1);
}

bool draft_axis(Draft *d, int64_t axis, int rank, int *out)
{
    *out = (int)(axis < 0 ? axis + rank : axis);
    if (axis >= -rank && axis < rank) return true;
    return draft_refuse(d, "axis %lld is not one of its %d", (long long)axis, rank);
}

/* ---- Nodes and parameters ---------------------------------------------------------------------------------
 */

static bool broken(Draft *d)
{
    const char *why = net_mistake(d->net);
    return draft_refuse(d, "%s", why ? why : "it cannot be");
}

ValueId draft_add(Draft *d, int op, const ValueId *in, int inputs, const Attrs *attrs)
{
    ValueId id = net_add(d->net, op, in, inputs, attrs);
    if (id == NET_NONE) {
        broken(d);
        return NET_NONE;
    }
    if (shape_count(&net_value(d->net, id)->shape, 1) <= MOST_FLOATS) return id;
    draft_refuse(d, "a value of more than %d numbers for each image is not read", MOST_FLOATS);
    return NET_NONE;
}

ValueId draft_one(Draft *d, int op, ValueId x, Attrs a)
{
    return x == NET_NONE ? NET_NONE : draft_add(d, op, &x, 1, &a);
}

/* Remembers whose numbers a value of the net has. */
static bool give(Draft *d, ValueId id, Numbers *n)
{
    if (++d->params > DRAFT_PARAMS)
        return draft_refuse(d, "it needs more than %d constants, which is more than this program reads",
                            DRAFT_PARAMS);
    if (id >= d->given_cap) {
        int cap = id * 2 + 64;
        Numbers **more = realloc(d->given, (size_t)cap * sizeof(Numbers *));
        if (!more) return err_nomem(d->err, "the parameters of a graph");
        memset(more + d->given_cap, 0, (size_t)(cap - d->given_cap) * sizeof(Numbers *));
        d->given = more, d->given_cap = cap;
    }
    d->given[id] = numbers_keep(n);
    return true;
}

/* The ONNX name where it fits and is free, else with a number. */
static void name_of(const Draft *d, char *out, size_t cap, int value)
{
    char name[72] = "constant";
    if (value >= 0 && proto_size(d->m->name[value])) onnx_text(name, sizeof name, d->m->name[value]);
    snprintf(out, cap, "%s", name);
    for (int v = 0; v < net_values(d->net); v++)
        if (!strcmp(net_value(d->net, v)->name, out)) {
            snprintf(out, cap, "%s.%d", name, net_values(d->net));
            return;
        }
}

static ValueId named(Draft *d, Numbers *n, int value, Shape shape, bool buffer)
{
    char name[96];
    if (n->param != NET_NONE && shape_equal(&n->shape, &shape) &&
        buffer == (net_value(d->net, n->param)->kind == VALUE_BUFFER))
        return n->param;
    if (n->count != shape_count(&shape, 1))
        return draft_refuse(d, "a constant has not as many numbers as it takes"), NET_NONE;
    name_of(d, name, sizeof name, value);
    ValueId id =
        buffer ? net_buffer(d->net, name, shape, init_zero()) : net_param(d->net, name, shape, init_zero());
    if (id == NET_NONE) return broken(d), NET_NONE;
    n->param = id, n->shape = shape;
    return give(d, id, n) ? id : NET_NONE;
}

ValueId draft_again(Draft *d, const Value *v, Numbers *n)
{
    ValueId id = v->kind == VALUE_BUFFER ? net_buffer(d->net, v->name, v->shape, v->init)
                                         : net_param(d->net, v->name, v->shape, v->init);
    if (id == NET_NONE) return broken(d), NET_NONE;
    return give(d, id, n) ? id : NET_NONE;
}

ValueId draft_param(Draft *d, const Operand *o, Shape shape)
{
    return named(d, o->numbers, o->value, shape, false);
}

ValueId draft_buffer(Draft *d, const Operand *o, Shape shape)
{
    return named(d, o->numbers, o->value, shape, true);
}

ValueId draft_constant(Draft *d, const float *x, Shape shape, bool buffer)
{
    Numbers *n = numbers_new(d, shape_count(&shape, 1), false);
    if (!n) return NET_NONE;
    memcpy(n->f, x, n->count * sizeof *x);
    ValueId id = named(d, n, -1, shape, buffer);
    numbers_drop(d, n);
    return id;
}

bool draft_result(Draft *d, ValueId id, const Extent *dim, int rank)
{
    Operand o = {.kind = OPERAND_RESULT, .rank = rank, .id = id};
    if (id == NET_NONE) return false;
    memcpy(o.dim, dim, (size_t)rank * sizeof *dim);
    draft_out(d, 0, o);
    return true;
}

bool draft_like(Draft *d, ValueId id, const Operand *o)
{
    return draft_result(d, id, o->dim, o->rank);
}
