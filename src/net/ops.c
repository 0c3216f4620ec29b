/* The table of op rows, and the few helpers that all families use. */
#include "net/op.h"
#include "math/act.h"
#include <string.h>

static const char *const names[] = {
#define X(id, name) name,
    NET_OPS(X)
#undef X
};

static const OpRow *const rows[] = {
#define X(id, name) &op_row_##id,
    NET_OPS(X)
#undef X
};

const char *op_name(int op)
{
    return op >= 0 && op < OP_COUNT ? names[op] : "unknown";
}

const OpRow *op_row(int op)
{
    return op >= 0 && op < OP_COUNT ? rows[op] : NULL;
}

void op_site(OpSite *site, const Net *net, int i)
{
    const Node *node = net_node(net, i);
    *site = (OpSite){.attrs = node->attrs, .inputs = node->inputs, .out = net_value(net, node->out)->shape};
    for (int k = 0; k < node->inputs; k++)
        if (node->in[k] != NET_NONE) site->in[k] = &net_value(net, node->in[k])->shape;
}

size_t op_in(const OpRun *r, int i)
{
    return shape_count(r->site->in[i], r->n);
}

size_t op_out(const OpRun *r)
{
    return shape_count(&r->site->out, r->n);
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
