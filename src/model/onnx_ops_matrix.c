/* ONNX operators that sum: products of matrices, reductions, softmax, norms over rows. */
#include "math/axis.h"
#include "math/point.h"
#include "model/onnx_draft.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Products ---------------------------------------------------------------------------------------------
 */

/* x (N,..,K) times constants (K,L) or, turned, (L,K); bias (L) or NULL. */
static bool times_constant(Draft *d, const Operand *x, const Operand *w, bool turned, const Operand *bias)
{
    const int swap[] = {1, 0};
    Operand turned_w = *w;
    ValueId in[3] = {NET_NONE, NET_NONE, NET_NONE};
    Extent dim[DRAFT_RANK];
    int last = x->rank - 1;
    if (x->rank < 1 || x->dim[last].batch) return draft_refuse(d, "it sums over the batch");
    if (turned)
        numbers_keep(turned_w.numbers);
    else if (!fold_transpose(d, &turned_w, w, swap))
        return false;
    int L = turned_w.dim[0].n, K = turned_w.dim[1].n;
    in[1] = L > 0 && K > 0 ? draft_param(d, &turned_w, shape2(L, K)) : NET_NONE;
    numbers_drop(d, turned_w.numbers);
    if (in[1] == NET_NONE || K != x->dim[last].n)
        return draft_refuse(d, "its inputs have shapes that do not match");
    if (bias && (in[2] = draft_param(d, bias, shape1(L))) == NET_NONE) return false;
    if (!operand_id(d, x, &in[0])) return false;
    memcpy(dim, x->dim, sizeof dim);
    dim[last].n = L;
    return draft_result(d, draft_add(d, OP_LINEAR, in, 3, NULL), dim, x->rank);
}

/* A constant (M,K) times x (N,..,K,L): turned, multiplied, turned back. */
static bool constant_times(Draft *d, const Operand *w, const Operand *x)
{
    int perm[DRAFT_RANK], value = d->node->outputs ? d->node->out[0] : -1;
    Operand turned, back;
    if (x->rank < 2 || value < 0) return draft_refuse(d, "it sums over the batch");
    for (int i = 0; i < x->rank; i++) perm[i] = i;
    perm[x->rank - 1] = x->rank - 2, perm[x->rank - 2] = x->rank - 1;
    if (!axes_transpose(d, &turned, x, perm) || !times_constant(d, &turned, w, true, NULL)) return false;
    Operand y = d->operand[value];
    if (!axes_transpose(d, &back, &y, perm)) return false;
    draft_out(d, 0, back);
    return true;
}

/* Axes of length 1 before the matrices repeat. */
static bool widen(Draft *d, Operand *x, const Operand *other)
{
    Extent dim[DRAFT_RANK];
    bool grows = false;
    memcpy(dim, x->dim, sizeof dim);
    for (int i = 0; i < x->rank - 2; i++)
        if (!x->dim[i].batch && x->dim[i].n == 1 && other->dim[i].n != 1)
            dim[i].n = other->dim[i].n, grows = true;
    return !grows || operand_widen(d, x, dim);
}

/* Axes of length 1 before the others, up to a rank; the caller drops the numbers. */
static bool lead(Draft *d, Operand *o, int rank)
{
    Extent dim[DRAFT_RANK];
    Operand long_one;
    for (int i = 0; i < rank; i++)
        dim[i] = i < rank - o->rank ? (Extent){1, false, 1} : o->dim[i - (rank - o->rank)];
    if (!axes_reshape(d, &long_one, o, dim, rank)) return false;
    *o = long_one;
    return true;
}

static bool results_product(Draft *d, Operand a, Operand b)
{
    ValueId in[2];
    int at = operand_batch(a.kind == OPERAND_RESULT ? &a : &b);
    if (a.rank != b.rank || a.rank < 3 || at > a.rank - 3)
        return draft_refuse(d, "products of these shapes are not read");
    if (!operand_result(d, &a, &a, at) || !operand_result(d, &b, &b, at)) return false;
    if (operand_batch(&a) != at || operand_batch(&b) != at || a.dim[at].n != b.dim[at].n ||
        a.dim[at].outer != b.dim[at].outer)
        return draft_refuse(d, "its inputs hold the batch differently");
    if (!widen(d, &a, &b) || !widen(d, &b, &a) || !operand_id(d, &a, &in[0]) || !operand_id(d, &b, &in[1]))
        return false;
    Extent dim[DRAFT_RANK];
    memcpy(dim, a.dim, sizeof dim);
    dim[a.rank - 1] = b.dim[b.rank - 1];
    return draft_result(d, draft_add(d, OP_MATMUL, in, 2, NULL), dim, a.rank);
}

static bool matmul(Draft *d)
{
    const Operand *a = draft_in(d, 0), *b = draft_in(d, 1);
    Operand out;
    if (a->kind == OPERAND_LABEL || b->kind == OPERAND_LABEL || a->rank < 1 || b->rank < 1)
        return draft_refuse(d, "labels of classes can only choose rows of a table");
    if (a->kind == OPERAND_NUMBERS && b->kind == OPERAND_NUMBERS)
        return fold_product(d, &out, a, b) && (draft_out(d, 0, out), true);
    if (b->kind == OPERAND_NUMBERS && b->rank == 2) return times_constant(d, a, b, false, NULL);
    if (a->kind == OPERAND_NUMBERS && a->rank == 2) return constant_times(d, a, b);
    Operand la = *a, lb = *b;
    int rank = a->rank > b->rank ? a->rank : b->rank;
    if (!lead(d, &la, rank)) return false;
    bool ok = lead(d, &lb, rank) && results_product(d, la, lb);
    numbers_drop(d, la.numbers);
    numbers_drop(d, lb.numbers);
    return ok;
}

static double times(double a, double b, const double k[2])
{
    (void)b;
    return a * k[0];
}

/* alpha and beta go into the constants. */
static bool gemm(Draft *d)
{
    const Operand *x = draft_in(d, 0), *w = draft_in(d, 1), *c = draft_in(d, 2);
    double alpha[2] = {(double)draft_float(d, "alpha", 1)}, beta[2] = {(double)draft_float(d, "beta", 1)};
    Operand sw = {0}, sc = {0}, wide = {.kind = OPERAND_NUMBERS, .rank = 1};
    if (draft_int(d, "transA", 0) || x->kind != OPERAND_RESULT || w->kind != OPERAND_NUMBERS ||
        w->rank != 2 || (c && (c->kind != OPERAND_NUMBERS || c->rank > 2)))
        return draft_refuse(d, "only products of an input with constants are read");
    bool turned = draft_int(d, "transB", 0);
    wide.dim[0] = (Extent){w->dim[turned ? 0 : 1].n, false, 1};
    if (c && (c->rank == 2 && c->dim[0].n != 1)) return draft_refuse(d, "its third input is no bias");
    sw = *w;
    bool ok = alpha[0] == 1 ? (numbers_keep(sw.numbers), true)
                            : fold_each(d, &sw, w, NULL, times, alpha, NUMBER_FLOAT);
    if (ok && c && (beta[0] != 1 || c->numbers->count != (size_t)wide.dim[0].n)) {
        /* a bias of one number for all: added to zeros */
        wide.numbers = numbers_new(d, (size_t)wide.dim[0].n, false);
        Operand scaled = {0};
        ok = wide.numbers && fold_each(d, &scaled, c, NULL, times, beta, NUMBER_FLOAT);
        for (size_t i = 0; ok && i < wide.numbers->count; i++) {
            double at = scaled.numbers->count ? numbers_at(scaled.numbers, i % scaled.numbers->count, 0) : 0;
            numbers_put(wide.numbers, i, at, at);
        }
        numbers_drop(d, scaled.numbers);
        sc = wide;
    } else if (ok && c) {
        sc = *c;
        numbers_keep(sc.numbers);
    }
    ok = ok && times_constant(d, x, &sw, turned, c ? &sc : NULL);
    numbers_drop(d, sw.numbers);
    numbers_drop(d, sc.numbers ? sc.numbers : wide.numbers);
    return ok;
}

/* ---- Along axes -------------------------------------------------------------------------------------------
 */

/* The value with these axes at the end of its net's shape, in order; how many they are there. */
static bool axes_last(Draft *d, const Operand *x, const bool *chosen, ValueId *id, Attrs *back, int *count)
{
    Shape shape;
    Attrs perm = {0};
    int n = 0, places[NET_RANK];
    bool last[NET_RANK] = {false}, still = true;
    if (!operand_shape(d, &shape, x) || !operand_id(d, x, id)) return false;
    *count = 0;
    for (int i = 0; i < x->rank; i++)
        if (chosen[i]) last[operand_place(x, i)] = true;
    for (int i = 0; i < shape.rank; i++)
        if (!last[i]) places[n++] = i;
    for (int i = 0; i < shape.rank; i++)
        if (last[i]) places[n++] = i, ++*count;
    for (int i = 0; i < shape.rank; i++) {
        perm.perm[i] = places[i];
        back->perm[places[i]] = i;
        still &= places[i] == i;
    }
    if (!still) *id = draft_one(d, OP_TRANSPOSE, *id, perm);
    return *id != NET_NONE;
}

static bool choose(Draft *d, const Operand *x, bool *chosen, const int64_t *axes, int n)
{
    memset(chosen, 0, DRAFT_RANK * sizeof *chosen);
    for (int i = 0; i < n; i++) {
        int at;
        if (!draft_axis(d, axes[i], x->rank, &at)) return false;
        chosen[at] = true;
    }
    for (int i = 0; n == 0 && i < x->rank; i++) chosen[i] = true;
    for (int i = 0; i < x->rank; i++)
        if (chosen[i] && x->dim[i].batch)
            return draft_refuse(d, "it sums over the images of a batch, which is not read");
    return true;
}

/* The sum or mean over the two axes of pixels has an op of its own, which reads maps. */
static bool pixels_only(const Operand *x, const bool *chosen)
{
    return x->rank == 4 && operand_batch(x) == 0 && x->dim[0].n == 1 && !chosen[1] && chosen[2] && chosen[3];
}

/* x reduced over the chosen axes; they stay, of length 1. */
static bool reduced(Draft *d, Operand *out, const Operand *x, const bool *chosen, ReduceKind kind)
{
    ValueId id;
    Attrs back = {0};
    Shape shape;
    int count;
    *out = *x;
    for (int i = 0; i < x->rank; i++)
        if (chosen[i]) out->dim[i] = (Extent){1, false, 1};
    bool norm = false;
    if (kind == REDUCE_SUM && !modulated_norm(d, &out->id, x, chosen, &norm)) return false;
    if (norm) return true;
    if (pixels_only(x, chosen) && (kind == REDUCE_SUM || kind == REDUCE_MEAN)) {
        if (!operand_id(d, x, &id)) return false;
        out->id = draft_one(d, kind == REDUCE_SUM ? OP_SUMHW : OP_MEANHW, id, (Attrs){0});
        return out->id != NET_NONE;
    }
    if (!axes_last(d, x, chosen, &id, &back, &count)) return false;
    if (count == 0) return out->id = id, true;
    shape = net_value(d->net, id)->shape;
    out->id =
        draft_one(d, OP_REDUCE, id, (Attrs){.mode = (int)kind, .axis = shape.rank - count, .count = count});
    return out->id != NET_NONE; /* what is left lies in order; axes of length 1 are where they may be */
}

static double fold_sum(double a, double b, const double k[2])
{
    (void)k;
    return a + b;
}

/* Constants: slice by slice. */
static bool fold_reduced(Draft *d, Operand *out, const Operand *x, const bool *chosen, ReduceKind kind)
{
    Operand sum = {.kind = OPERAND_NUMBERS, .type = x->type, .rank = x->rank, .value = x->value};
    double count = 1;
    if (!numbers_load(d, x->numbers)) return false;
    for (int i = 0; i < x->rank; i++) {
        sum.dim[i] = chosen[i] ? (Extent){1, false, 1} : x->dim[i];
        if (chosen[i]) count *= x->dim[i].n;
    }
    sum.numbers = numbers_new(d, extent_count(sum.dim, sum.rank), x->numbers->pair != NULL);
    for (size_t i = 0; sum.numbers && i < x->numbers->count; i++) {
        size_t at = i, place = 0, stride = 1;
        bool first = true;
        for (int k = x->rank - 1; k >= 0; k--) {
            size_t here = at % (size_t)x->dim[k].n;
            at /= (size_t)x->dim[k].n;
            if (chosen[k])
                first &= here == 0;
            else
                place += here * stride, stride *= (size_t)x->dim[k].n;
        }
        double y[2];
        for (int lane = 0; lane < 2; lane++) {
            double v = numbers_at(x->numbers, i, lane), was = numbers_at(sum.numbers, place, lane);
            if (kind == REDUCE_MEAN) v /= count;
            y[lane] = first                ? v
                      : kind == REDUCE_MAX ? fmax(was, v)
                      : kind == REDUCE_MIN ? fmin(was, v)
                                           : fold_sum(was, v, NULL);
        }
        numbers_put(sum.numbers, place, y[0], y[1]);
    }
    *out = sum;
    return sum.numbers != NULL;
}

/* What is done to each number before, and to the sum after. */
typedef struct {
    const char *name;
    ReduceKind kind;
    int before, after; /* of math/point.h, or -1 */
    bool root;
} Reduction;

static const Reduction reductions[] = {
    {"ReduceSum", REDUCE_SUM, -1, -1, false},       {"ReduceMean", REDUCE_MEAN, -1, -1, false},
    {"ReduceMax", REDUCE_MAX, -1, -1, false},       {"ReduceMin", REDUCE_MIN, -1, -1, false},
    {"ReduceL1", REDUCE_SUM, POINT_ABS, -1, false}, {"ReduceSumSquare", REDUCE_SUM, POINT_POW, -1, false},
    {"ReduceL2", REDUCE_SUM, POINT_POW, -1, true},  {"ReduceLogSum", REDUCE_SUM, -1, POINT_LOG, false},
};

static bool drop_axes(Draft *d, const Operand *x, const bool *gone)
{
    Extent dim[DRAFT_RANK];
    Operand out;
    int rank = 0;
    for (int i = 0; i < x->rank; i++)
        if (!gone[i]) dim[rank++] = x->dim[i];
    if (!axes_reshape(d, &out, x, dim, rank)) return false;
    draft_out(d, 0, out);
    return true;
}

static bool reduce_by(Draft *d, const Reduction *r)
{
    const Operand *x = draft_in(d, 0);
    int64_t axes[DRAFT_RANK];
    bool chosen[DRAFT_RANK], none[DRAFT_RANK] = {false};
    int n;
    Operand y, from = *x;
    if (!draft_list(d, 1, "axes", axes, DRAFT_RANK, &n)) return false;
    if (n == 0 && draft_int(d, "noop_with_empty_axes", 0))
        return draft_refuse(d, "without axes it is not read");
    if (x->kind == OPERAND_LABEL || !choose(d, x, chosen, axes, n)) return false;
    bool keep = draft_int(d, "keepdims", 1);
    if (x->kind == OPERAND_NUMBERS) {
        if (r->before >= 0 || r->after >= 0) return draft_refuse(d, "of constants it is not read");
        if (!fold_reduced(d, &y, x, chosen, r->kind)) return false;
        bool ok = drop_axes(d, &y, keep ? none : chosen);
        numbers_drop(d, y.numbers);
        return ok;
    }
    if (r->before >= 0) from.id = draft_one(d, OP_POINT, x->id, (Attrs){.mode = r->before, .alpha = 2});
    if (from.id == NET_NONE || !reduced(d, &y, &from, chosen, r->kind)) return false;
    if (r->after >= 0) y.id = draft_one(d, OP_POINT, y.id, (Attrs){.mode = r->after});
    if (r->root) y.id = draft_one(d, OP_ACT, y.id, (Attrs){.act = ACT_SQRT});
    return y.id != NET_NONE && drop_axes(d, &y, keep ? none : chosen);
}

static bool reduce(Draft *d)
{
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++)
        if (onnx_text_is(d->node->op, reductions[i].name)) return reduce_by(d, &reductions[i]);
    return draft_refuse(d, "it is not read");
}

/* ---- Rows -------------------------------------------------------------------------------------------------
 */

/* The chosen axes as one row at the end, through one op, and back. */
static bool through_rows(Draft *d, const Operand *x, const bool *chosen, int op, Attrs attrs, ValueId *out)
{
    ValueId id;
    Attrs back = {0};
    int count, row = 1;
    if (!axes_last(d, x, chosen, &id, &back, &count)) return false;
    Shape shape = net_value(d->net, id)->shape, flat = shape;
    flat.rank -= count - 1;
    for (int i = flat.rank - 1; i < shape.rank; i++) row *= shape.dim[i];
    flat.dim[flat.rank - 1] = row;
    if (count > 1) id = draft_one(d, OP_RESHAPE, id, (Attrs){.shape = flat});
    id = draft_one(d, op, id, attrs);
    if (count > 1) id = draft_one(d, OP_RESHAPE, id, (Attrs){.shape = shape});
    bool still = true;
    for (int i = 0; i < shape.rank; i++) still &= back.perm[i] == i;
    *out = still ? id : draft_one(d, OP_TRANSPOSE, id, back);
    return *out != NET_NONE;
}

/* Over one axis since opset 13; before, over all from `axis` on. */
static bool softmax(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    bool chosen[DRAFT_RANK] = {false}, whole = d->m->opset < 13;
    int axis;
    ValueId y;
    if (x->kind != OPERAND_RESULT) return draft_refuse(d, "of constants it is not read");
    if (!draft_axis(d, draft_int(d, "axis", whole ? 1 : -1), x->rank, &axis)) return false;
    for (int i = axis; i < (whole ? x->rank : axis + 1); i++) chosen[i] = true;
    if (!choose(d, x, chosen, (int64_t[]){axis}, 1)) return false;
    for (int i = axis; whole && i < x->rank; i++) chosen[i] = true;
    if (!through_rows(d, x, chosen, OP_SOFTMAX, (Attrs){0}, &y)) return false;
    if (onnx_text_is(d->node->op, "LogSoftmax")) y = draft_one(d, OP_POINT, y, (Attrs){.mode = POINT_LOG});
    return draft_like(d, y, x);
}

static bool lp_normalization(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    bool chosen[DRAFT_RANK];
    ValueId y;
    if (x->kind != OPERAND_RESULT || draft_int(d, "p", 2) != 2) return draft_refuse(d, "only p = 2 is read");
    if (!choose(d, x, chosen, (int64_t[]){draft_int(d, "axis", -1)}, 1)) return false;
    return through_rows(d, x, chosen, OP_L2NORM, (Attrs){0}, &y) && draft_like(d, y, x);
}

/* Over all axes from `axis` on: an instance norm of rows; then scale and offset of constants. */
static bool layer_norm(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int axis, row = 1;
    Shape shape;
    ValueId y, c;
    if (!operand_plain(d, x, 2, NET_RANK) || !draft_axis(d, draft_int(d, "axis", -1), x->rank, &axis))
        return false;
    if (axis == 0 || !operand_shape(d, &shape, x) || !operand_id(d, x, &y))
        return draft_refuse(d, "it sums over the batch");
    for (int i = axis; i < x->rank; i++) row *= x->dim[i].n;
    Shape rows = {3, {NET_BATCH, (int)(shape_count(&shape, 1) / (size_t)row), row}};
    y = draft_one(d, OP_RESHAPE, y, (Attrs){.shape = rows});
    y = draft_one(d, OP_INSTANCENORM, y, (Attrs){.eps = draft_float(d, "epsilon", 1e-5f)});
    y = draft_one(d, OP_RESHAPE, y, (Attrs){.shape = shape});
    for (int k = 1; k < 3 && y != NET_NONE; k++) {
        const Operand *o = draft_in(d, k);
        Shape tail = {.rank = x->rank - axis};
        if (!o) continue;
        for (int i = 0; i < tail.rank; i++) tail.dim[i] = x->dim[axis + i].n;
        if (o->kind != OPERAND_NUMBERS) return draft_refuse(d, "its scale and bias must be constants");
        c = draft_param(d, o, tail);
        y = c == NET_NONE ? NET_NONE : draft_add(d, k == 1 ? OP_MUL : OP_ADD, (ValueId[]){y, c}, 2, NULL);
    }
    return draft_like(d, y, x);
}

const OnnxOp onnx_ops_matrix[] = {
    {"MatMul", matmul, 2},
    {"Gemm", gemm, 2},
    {"ReduceSum", reduce, 1},
    {"ReduceMean", reduce, 1},
    {"ReduceMax", reduce, 1},
    {"ReduceMin", reduce, 1},
    {"ReduceL1", reduce, 1},
    {"ReduceL2", reduce, 1},
    {"ReduceLogSum", reduce, 1},
    {"ReduceSumSquare", reduce, 1},
    {"Softmax", softmax, 1},
    {"LogSoftmax", softmax, 1},
    {"LpNormalization", lp_normalization, 1},
    {"LayerNormalization", layer_norm, 1},
    {0},
};
