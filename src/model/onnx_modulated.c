/* Convolutions whose weights a graph makes for every image, as exporters write StyleGAN2's (Karras et al.
 * 2020): constant weights times a number for each image and input channel, maybe one for each image and
 * output channel. The same comes of scaling the channels before and after one convolution with the constant
 * weights; what demodulates is a product with their squares. */
#include "math/point.h"
#include "model/onnx_draft.h"
#include <stdlib.h>
#include <string.h>

/* w (1,O,C,KH,KW) times scale, in (N,1,C,1,1) and out (N,O,..); either may be absent. */
typedef struct {
    ValueId w, in, out;
    float scale;
    bool turned; /* the value has C before O */
} Modulated;

static const Node *maker(const Draft *d, ValueId id)
{
    const Value *v = net_value(d->net, id);
    return v->producer >= 0 ? net_node(d->net, v->producer) : NULL;
}

/* A number for each image and channel `axis` alone, (N,..,C,..); shape of rank 5. */
static bool is_factor(const Draft *d, ValueId id, int axis)
{
    const Shape *s = &net_value(d->net, id)->shape;
    if (s->rank != 5 || s->dim[0] != NET_BATCH) return false;
    for (int i = 1; i < 5; i++)
        if (i != axis && s->dim[i] != 1) return false;
    return true;
}

static bool is_weights(const Draft *d, ValueId id)
{
    const Value *v = net_value(d->net, id);
    return v->kind == VALUE_PARAM && v->shape.rank == 5 && v->shape.dim[0] == 1;
}

/* One factor less: where the walk goes on, or NET_NONE. */
static ValueId strip(const Draft *d, Modulated *m, const Node *n)
{
    if (n->op == OP_SCALE && n->attrs.gain == 0) {
        m->scale *= n->attrs.alpha;
        return n->in[0];
    }
    if (n->op == OP_AFFINE && n->in[1] != NET_NONE && n->in[2] == NET_NONE && m->out == NET_NONE &&
        net_value(d->net, n->in[1])->shape.rank == 2) {
        m->out = n->in[1];
        return n->in[0];
    }
    for (int i = 0; n->op == OP_MUL && i < 2; i++) {
        ValueId factor = n->in[i];
        if (m->in == NET_NONE && is_factor(d, factor, 2)) {
            m->in = factor;
            return n->in[1 - i];
        }
        if (m->out == NET_NONE && is_factor(d, factor, 1)) {
            m->out = factor;
            return n->in[1 - i];
        }
    }
    return NET_NONE;
}

static bool modulated_of(const Draft *d, Modulated *m, ValueId id)
{
    static const int turn[] = {0, 2, 1, 3, 4};
    *m = (Modulated){.w = NET_NONE, .in = NET_NONE, .out = NET_NONE, .scale = 1};
    const Node *n = maker(d, id);
    if (n && n->op == OP_TRANSPOSE && net_value(d->net, id)->shape.rank == 5 &&
        !memcmp(n->attrs.perm, turn, sizeof turn)) {
        m->turned = true;
        id = n->in[0];
    }
    while (id != NET_NONE && !is_weights(d, id)) id = (n = maker(d, id)) ? strip(d, m, n) : NET_NONE;
    m->w = id;
    return id != NET_NONE && m->in != NET_NONE;
}

/* The constant weights as (O,C,KH,KW), or (C,O,KH,KW) where turned. */
static ValueId weights_param(Draft *d, const Modulated *m)
{
    const int turn[] = {1, 0, 2, 3};
    const Shape *s = &net_value(d->net, m->w)->shape;
    Operand o = {.kind = OPERAND_NUMBERS, .rank = 4, .numbers = d->given[m->w], .value = -1}, turned;
    for (int i = 0; i < 4; i++) o.dim[i] = (Extent){s->dim[i + 1], false, 1};
    if (!m->turned) return draft_param(d, &o, shape4(s->dim[1], s->dim[2], s->dim[3], s->dim[4]));
    if (!fold_transpose(d, &turned, &o, turn)) return NET_NONE;
    ValueId id = draft_param(d, &turned, shape4(s->dim[2], s->dim[1], s->dim[3], s->dim[4]));
    numbers_drop(d, turned.numbers);
    return id;
}

/* x times a factor for each image and channel; NONE: x. */
static ValueId scaled(Draft *d, ValueId x, ValueId factor, int C)
{
    ValueId in[2] = {x, factor};
    if (factor == NET_NONE || x == NET_NONE) return x;
    if (net_value(d->net, factor)->shape.rank != 2)
        in[1] = draft_one(d, OP_RESHAPE, factor, (Attrs){.shape = shape2(NET_BATCH, C)});
    return in[1] == NET_NONE ? NET_NONE : draft_add(d, OP_AFFINE, in, 2, NULL);
}

bool modulated_conv(Draft *d, const Operand *x, const Operand *w, int op, const Attrs *attrs, bool *is)
{
    Modulated m;
    Operand plain = *x;
    int b = operand_batch(x), wb = operand_batch(w);
    *is = w->kind == OPERAND_RESULT && x->kind == OPERAND_RESULT && x->rank == 4 && w->rank == 4 && b <= 1 &&
          wb == 0 && (b == 0 || x->dim[0].n == 1) && modulated_of(d, &m, w->id) &&
          m.turned == (op == OP_CONVT);
    if (!*is) return true;
    const Shape *s = &net_value(d->net, m.w)->shape;
    int O = s->dim[1], C = s->dim[2], has = b ? x->dim[1].n : x->dim[1].n * x->dim[0].n;
    if (has != C || x->dim[b].outer != 1) return draft_refuse(d, "its weights do not fit its input");
    plain.dim[0] = (Extent){1, true, 1}, plain.dim[1] = (Extent){C, false, 1};
    ValueId id, weights = weights_param(d, &m);
    if (weights == NET_NONE || !operand_id(d, &plain, &id)) return false;
    id = scaled(d, id, m.in, C);
    id = id == NET_NONE ? NET_NONE : draft_add(d, op, (ValueId[]){id, weights}, 2, attrs);
    id = scaled(d, id, m.out, O);
    if (m.scale != 1) id = draft_one(d, OP_SCALE, id, (Attrs){.alpha = m.scale});
    if (id == NET_NONE) return false;
    const Shape *y = &net_value(d->net, id)->shape;
    Extent dim[] = {{1, true, 1}, {O, false, 1}, {y->dim[2], false, 1}, {y->dim[3], false, 1}};
    if (b == 1) dim[0] = (Extent){1, false, 1}, dim[1] = (Extent){O, true, 1};
    return draft_result(d, id, dim, 4);
}

/* sum over kernels of the squares of constant weights, (O,C). */
static ValueId squares(Draft *d, const Modulated *m)
{
    const Shape *s = &net_value(d->net, m->w)->shape;
    Numbers *w = d->given[m->w], *sum = numbers_new(d, (size_t)s->dim[1] * (size_t)s->dim[2], false);
    size_t taps = (size_t)s->dim[3] * (size_t)s->dim[4];
    ValueId id = NET_NONE;
    for (size_t i = 0; sum && numbers_load(d, w) && i < w->count; i++) {
        double v = numbers_at(w, i, 0) * (double)m->scale;
        sum->f[i / taps] += (float)(v * v);
    }
    if (sum) id = draft_constant(d, sum->f, shape2(s->dim[1], s->dim[2]), false);
    numbers_drop(d, sum);
    return id;
}

bool modulated_norm(Draft *d, ValueId *out, const Operand *x, const bool *chosen, bool *is)
{
    Modulated m;
    const Node *n = maker(d, x->id);
    *is = n && n->op == OP_POINT && n->attrs.mode == POINT_POW && n->attrs.alpha == 2 && x->rank == 5 &&
          operand_batch(x) == 0 && !chosen[1] && chosen[2] && chosen[3] && chosen[4] &&
          modulated_of(d, &m, n->in[0]) && !m.turned && m.out == NET_NONE;
    if (!*is) return true;
    ValueId w = squares(d, &m), s = m.in;
    int C = net_value(d->net, m.w)->shape.dim[2];
    s = draft_one(d, OP_RESHAPE, s, (Attrs){.shape = shape2(NET_BATCH, C)});
    s = draft_one(d, OP_POINT, s, (Attrs){.mode = POINT_POW, .alpha = 2});
    *out = w == NET_NONE || s == NET_NONE ? NET_NONE : draft_add(d, OP_LINEAR, (ValueId[]){s, w}, 2, NULL);
    return *out != NET_NONE;
}
