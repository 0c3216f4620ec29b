/* The table of op rows, and the few helpers that all families use. */
#include "net/op.h"
#include "math/act.h"
#include <string.h>

static const char *const names[] = {
#define X(id, name) [OP_##id] = name,
    NET_OPS(X) NET_OPS_LOWERED(X)
#undef X
};

static const OpRow *const rows[] = {
#define X(id, name) [OP_##id] = &op_row_##id,
    NET_OPS(X) NET_OPS_LOWERED(X)
#undef X
};

const char *op_name(int op)
{
    return op_row(op) ? names[op] : "unknown";
}

const OpRow *op_row(int op)
{
    return op >= 0 && op < OP_END ? rows[op] : NULL;
}

void op_site_input(OpSite *site, int i, const Value *v)
{
    site->in[i] = v ? &v->shape : NULL;
    site->in_layout[i] = v ? v->layout : LAYOUT_PLAIN;
}

void op_site(OpSite *site, const Net *net, int i)
{
    const Node *node = net_node(net, i);
    const Value *out = net_value(net, node->out), *second = net_value(net, node->out2);
    *site = (OpSite){.attrs = node->attrs, .inputs = node->inputs, .out = out->shape, .layout = out->layout};
    if (second) site->out2 = second->shape;
    for (int k = 0; k < node->inputs; k++) op_site_input(site, k, net_value(net, node->in[k]));
}

static size_t floats(const Shape *shape, Layout layout, int n)
{
    return value_count(&(Value){.shape = *shape, .layout = layout}, n);
}

size_t op_in(const OpRun *r, int i)
{
    return floats(r->site->in[i], r->site->in_layout[i], r->n);
}

size_t op_out(const OpRun *r)
{
    return floats(&r->site->out, r->site->layout, r->n);
}

float *op_sum(const OpRun *r, int i)
{
    if (r->din[i] && !r->add[i]) memset(r->din[i], 0, op_in(r, i) * sizeof(float));
    return r->din[i];
}

void op_pass(const OpRun *r, int i, const float *x, float alpha)
{
    if (!r->din[i]) return;
    if (r->add[i])
        vec_axpy(r->din[i], x, op_in(r, i), alpha, r->pool);
    else
        vec_scale(r->din[i], x, op_in(r, i), alpha, 0, r->pool);
}

int op_pixels(const Shape *s)
{
    int p = 1;
    for (int i = 2; i < s->rank; i++) p *= s->dim[i];
    return p;
}

void op_default(int *attr, int value)
{
    if (*attr == 0) *attr = value;
}

void op_default_float(float *attr, float value)
{
    if (*attr == 0) *attr = value;
}

bool op_rank(const OpSite *s, int i, const char *name, int rank, Err *err)
{
    if (s->in[i]->rank == rank) return true;
    char shape[64];
    shape_text(shape, sizeof shape, s->in[i]);
    return err_set(err, ERR_FORMAT, "%s %s must have %d dimensions", name, shape, rank);
}

bool op_vector(const OpSite *s, int i, const char *name, int a, Err *err)
{
    if (i >= s->inputs || !s->in[i] || (s->in[i]->rank == 1 && s->in[i]->dim[0] == a)) return true;
    char shape[64];
    shape_text(shape, sizeof shape, s->in[i]);
    return err_set(err, ERR_FORMAT, "%s %s must be (%d)", name, shape, a);
}
