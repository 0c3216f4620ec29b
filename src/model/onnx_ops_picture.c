/* ONNX operators on pictures: convolutions, norms, pooling. */
#include "math/axis.h"
#include "model/onnx_draft.h"
#include "net/op.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Windows: strides, paddings, dilations ----------------------------------------------------------------
 */

typedef struct {
    int stride[2], dilation[2], kernel[2], pad[4]; /* pad: top left bottom right */
    bool one; /* the input has one axis of pixels: it is read as one row of them */
} Window;

/* A list of one number for each axis of pixels, as two; those absent are `otherwise`. */
static bool sides(Draft *d, const char *name, int *out, int axes, int otherwise)
{
    int64_t x[2];
    int n;
    if (!draft_ints(d, name, x, 2, &n)) return false;
    if (n != 0 && n != axes) return draft_refuse(d, "its %s are not one for each axis of pixels", name);
    out[0] = out[1] = axes == 1 ? (strcmp(name, "kernel_shape") ? 1 : 1) : otherwise;
    for (int i = 0; i < axes; i++) {
        int64_t v = n ? x[i] : otherwise;
        if (v < 1 || v > 4096) return draft_refuse(d, "its %s are not from 1 to 4096", name);
        out[2 - axes + i] = (int)v;
    }
    return true;
}

static bool pads(Draft *d, Window *w, int axes)
{
    int64_t x[4];
    int n;
    if (!draft_ints(d, "pads", x, 4, &n)) return false;
    if (n != 0 && n != 2 * axes) return draft_refuse(d, "its pads are not two for each axis of pixels");
    memset(w->pad, 0, sizeof w->pad);
    for (int i = 0; i < n; i++) {
        if (x[i] < 0 || x[i] > 4096) return draft_refuse(d, "its pads are not from 0 to 4096");
        w->pad[axes == 2 ? i : 2 * i + 1] = (int)x[i]; /* begins, then ends */
    }
    return true;
}

/* How far a kernel reaches. */
static int reach(const Window *w, int axis)
{
    return w->dilation[axis] * (w->kernel[axis] - 1) + 1;
}

/* auto_pad: results as large as the input divided by the stride. */
static void pad_same(Window *w, const int size[2], bool lower)
{
    for (int i = 0; i < 2; i++) {
        int out = (size[i] + w->stride[i] - 1) / w->stride[i];
        int all = (out - 1) * w->stride[i] + reach(w, i) - size[i];
        if (all < 0) all = 0;
        w->pad[i] = lower ? (all + 1) / 2 : all / 2;
        w->pad[2 + i] = all - w->pad[i];
    }
}

static bool is_same(const Draft *d, bool *lower)
{
    *lower = draft_says(d, "auto_pad", "SAME_LOWER");
    return *lower || draft_says(d, "auto_pad", "SAME_UPPER");
}

/* kernel from the weight's shape, or NULL: from the attribute. */
static bool window(Draft *d, Window *w, const Operand *x, const Extent *kernel)
{
    int axes = x->rank - 2;
    bool lower;
    if (!operand_plain(d, x, 3, 4)) return false;
    w->one = axes == 1;
    if (!sides(d, "strides", w->stride, axes, 1) || !sides(d, "dilations", w->dilation, axes, 1) ||
        !pads(d, w, axes))
        return false;
    if (kernel) {
        w->kernel[0] = axes == 1 ? 1 : kernel[0].n;
        w->kernel[1] = kernel[axes - 1].n;
    } else if (!draft_attr(d, "kernel_shape")) {
        return draft_refuse(d, "it does not say how large its window is");
    } else if (!sides(d, "kernel_shape", w->kernel, axes, 1)) {
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (w->kernel[i] < 1 || w->kernel[i] > 4096)
            return draft_refuse(d, "its window is not from 1 to 4096 wide");
    if (!onnx_text_is(d->node->op, "ConvTranspose") && is_same(d, &lower))
        pad_same(w, (int[]){axes == 1 ? 1 : x->dim[2].n, x->dim[axes + 1].n}, lower);
    return true;
}

/* x as (N,C,H,W). */
static bool picture(Draft *d, const Operand *x, const Window *w, ValueId *id)
{
    if (!operand_id(d, x, id)) return false;
    if (!w->one) return true;
    *id = draft_one(d, OP_RESHAPE, *id, (Attrs){.shape = shape4(NET_BATCH, x->dim[1].n, 1, x->dim[2].n)});
    return *id != NET_NONE;
}

/* The result, (N,C,H,W) or (N,C,W) as the input was. */
static bool picture_result(Draft *d, ValueId id, const Window *w)
{
    if (id == NET_NONE) return false;
    const Shape *s = &net_value(d->net, id)->shape;
    Extent dim[4] = {{1, true, 1}, {s->dim[1], false, 1}, {s->dim[2], false, 1}, {s->dim[3], false, 1}};
    if (w->one) dim[2] = dim[3];
    return draft_result(d, id, dim, w->one ? 3 : 4);
}

static Attrs attrs_of(const Window *w)
{
    Attrs a = {0};
    memcpy(a.stride, w->stride, sizeof a.stride);
    memcpy(a.dilation, w->dilation, sizeof a.dilation);
    memcpy(a.pad, w->pad, sizeof a.pad);
    return a;
}

/* ---- Convolutions -----------------------------------------------------------------------------------------
 */

/* A constant of this many numbers, as a parameter (n). */
static bool vector(Draft *d, int i, int n, bool buffer, ValueId *id)
{
    const Operand *o = draft_in(d, i);
    *id = NET_NONE;
    if (!o) return true;
    if (o->kind != OPERAND_NUMBERS || o->numbers->count != (size_t)n)
        return draft_refuse(d, "its input %d must be a constant of %d numbers", i + 1, n);
    *id = buffer ? draft_buffer(d, o, shape1(n)) : draft_param(d, o, shape1(n));
    return *id != NET_NONE;
}

static bool weight(Draft *d, const Operand *o, const Operand *x, ValueId *id)
{
    Shape s = {.rank = 4, .dim = {o->dim[0].n, o->dim[1].n, 1, 1}};
    if (o->kind != OPERAND_NUMBERS)
        return draft_refuse(
            d, "its weight is no constant: this is read for modulated convolutions of a batch of 1 alone");
    if (o->rank != x->rank) return draft_refuse(d, "its weight does not have as many axes as its input");
    for (int i = 2; i < o->rank; i++) s.dim[i + 4 - o->rank] = o->dim[i].n;
    *id = draft_param(d, o, s);
    return *id != NET_NONE;
}

/* Weights made for every image, with the batch as groups: read where that is 1. */
static bool conv_each(Draft *d, int op, bool *is)
{
    const Operand *w = draft_in(d, 1);
    Operand x, plain;
    Window win;
    *is = false;
    if (w->kind != OPERAND_RESULT || w->rank != 4 || d->fixed != 1 || draft_int(d, "group", 1) != 1 ||
        draft_in(d, 2))
        return true;
    if (!draft_first(d, &x)) return false;
    plain = x;
    plain.dim[0] = (Extent){1, true, 1};
    if (x.rank != 4) return true;
    if (!window(d, &win, &plain, w->dim + 2)) return false;
    Attrs a = attrs_of(&win);
    return modulated_conv(d, &x, w, op, &a, is);
}

static bool conv(Draft *d)
{
    const Operand *w = draft_in(d, 1);
    Operand x;
    Window win;
    ValueId in[3];
    int64_t groups = draft_int(d, "group", 1);
    bool each;
    if (!conv_each(d, OP_CONV, &each)) return false;
    if (each) return true;
    if (!draft_first(d, &x) || w->rank < 3 || !window(d, &win, &x, w->dim + 2))
        return w->rank >= 3 ? false : draft_refuse(d, "its weight has too few axes");
    if (groups < 1 || groups > 1 << 16) return draft_refuse(d, "it has %lld groups", (long long)groups);
    Attrs a = attrs_of(&win);
    a.groups = (int)groups;
    if (!picture(d, &x, &win, &in[0]) || !weight(d, w, &x, &in[1]) ||
        !vector(d, 2, w->dim[0].n, false, &in[2]))
        return false;
    return picture_result(d, draft_add(d, OP_CONV, in, 3, &a), &win);
}

/* Paddings from the size asked for, or from auto_pad, or as they are; what does not divide goes to the end.
 */
static bool pad_transposed(Draft *d, Window *w, const Operand *x, int out_pad[2])
{
    int64_t size[2];
    int n, axes = x->rank - 2;
    bool lower, same = is_same(d, &lower);
    if (!draft_ints(d, "output_shape", size, 2, &n)) return false;
    if (n == 0 && !same) return true;
    if (n != 0 && n != axes)
        return draft_refuse(d, "its output_shape is not one number for each axis of pixels");
    for (int i = 2 - axes; i < 2; i++) {
        int has = x->dim[2 + i - (2 - axes)].n;
        int64_t want = n ? size[i - (2 - axes)] : (int64_t)has * w->stride[i];
        int64_t all = (int64_t)w->stride[i] * (has - 1) + out_pad[i] + reach(w, i) - want;
        if (all < 0 || all > 4096) return draft_refuse(d, "its output_shape cannot be reached");
        w->pad[i] = (int)(lower || (n && !same) ? all - all / 2 : all / 2);
        w->pad[2 + i] = (int)all - w->pad[i];
    }
    return true;
}

static bool conv_transpose(Draft *d)
{
    const Operand *w = draft_in(d, 1);
    Operand x;
    Window win;
    ValueId in[3];
    int64_t groups = draft_int(d, "group", 1), out_pad[2];
    int n;
    bool each;
    if (!conv_each(d, OP_CONVT, &each)) return false;
    if (each) return true;
    if (!draft_first(d, &x) || w->rank < 3 || !window(d, &win, &x, w->dim + 2))
        return w->rank >= 3 ? false : draft_refuse(d, "its weight has too few axes");
    if (groups < 1 || groups > 1 << 16) return draft_refuse(d, "it has %lld groups", (long long)groups);
    if (!draft_ints(d, "output_padding", out_pad, 2, &n)) return false;
    Attrs a = {0};
    for (int i = 0; i < n && n == x.rank - 2; i++) {
        if (out_pad[i] < 0 || out_pad[i] > 64)
            return draft_refuse(d, "its output_padding is not from 0 to 64");
        a.out_pad[i + 2 - n] = (int)out_pad[i];
    }
    if (!pad_transposed(d, &win, &x, a.out_pad)) return false;
    Attrs b = attrs_of(&win);
    memcpy(b.out_pad, a.out_pad, sizeof b.out_pad);
    b.groups = (int)groups;
    int64_t O = (int64_t)w->dim[1].n * groups;
    if (O > 1 << 20 || !picture(d, &x, &win, &in[0]) || !weight(d, w, &x, &in[1]) ||
        !vector(d, 2, (int)O, false, &in[2]))
        return O > 1 << 20 ? draft_refuse(d, "its weight is too large") : false;
    return picture_result(d, draft_add(d, OP_CONVT, in, 3, &b), &win);
}

/* ---- Norms ------------------------------------------------------------------------------------------------
 */

static bool batch_norm(Draft *d)
{
    Operand own, *x = &own;
    ValueId in[5];
    if (!draft_first(d, x) || !operand_plain(d, x, 2, NET_RANK)) return false;
    if (draft_int(d, "training_mode", 0))
        return draft_refuse(d, "it was exported while training: call eval() before the export");
    int C = x->dim[1].n;
    if (!operand_id(d, x, &in[0])) return false;
    for (int i = 1; i < 5; i++)
        if (!vector(d, i, C, i > 2, &in[i])) return false;
    Attrs a = {.eps = draft_float(d, "epsilon", 1e-5f), .momentum = 1 - draft_float(d, "momentum", 0.9f)};
    return draft_like(d, draft_add(d, OP_BATCHNORM, in, 5, &a), x);
}

static bool instance_norm(Draft *d)
{
    Operand own, *x = &own;
    ValueId in[3];
    if (!draft_first(d, x) || !operand_plain(d, x, 3, NET_RANK) || !operand_id(d, x, &in[0])) return false;
    for (int i = 1; i < 3; i++)
        if (!vector(d, i, x->dim[1].n, false, &in[i])) return false;
    return draft_like(
        d, draft_add(d, OP_INSTANCENORM, in, 3, &(Attrs){.eps = draft_float(d, "epsilon", 1e-5f)}), x);
}

/* ---- Pooling ----------------------------------------------------------------------------------------------
 */

/* ceil_mode: one more window where it begins within the picture or the padding before it. */
static void ceil_pads(Window *w, const int size[2])
{
    for (int i = 0; i < 2; i++) {
        int room = size[i] + w->pad[i] + w->pad[2 + i] - w->kernel[i], s = w->stride[i];
        int out = (room + s - 1) / s + 1;
        if ((out - 1) * s >= size[i] + w->pad[i]) out--;
        int more = (out - 1) * s - room;
        if (more > 0) w->pad[2 + i] += more;
    }
}

/* Zeros around the pixels, for means that count them. */
static bool zeros_around(Draft *d, ValueId *id, Window *w)
{
    for (int i = 0; i < 2; i++) {
        int has = net_value(d->net, *id)->shape.dim[2 + i], count = has + w->pad[i] + w->pad[2 + i];
        if (count == has) continue;
        float *table = malloc((size_t)count * 2 * sizeof *table);
        if (!table) return err_nomem(d->err, "a padding");
        for (int k = 0; k < count; k++) {
            int at = k - w->pad[i];
            table[k] = (float)(at < 0 ? 0 : at < has ? at : has - 1);
            table[count + k] = at >= 0 && at < has ? 1 : 0;
        }
        ValueId index = draft_constant(d, table, shape2(count, 1), true),
                weights = draft_constant(d, table + count, shape2(count, 1), true);
        free(table);
        if (index == NET_NONE || weights == NET_NONE) return false;
        *id = draft_add(d, OP_GATHER, (ValueId[]){*id, index, weights}, 3, &(Attrs){.axis = 2 + i});
        if (*id == NET_NONE) return false;
        w->pad[i] = w->pad[2 + i] = 0;
    }
    return true;
}

static bool pool(Draft *d)
{
    Operand own, *x = &own;
    bool average = onnx_text_is(d->node->op, "AveragePool");
    Window w;
    ValueId id;
    if (!draft_first(d, x) || !window(d, &w, x, NULL)) return false;
    if (w.dilation[0] != 1 || w.dilation[1] != 1) return draft_refuse(d, "dilations are not read");
    if (draft_int(d, "storage_order", 0) || d->node->outputs > 1)
        return draft_refuse(d, "its second output, or order of storage, is not read");
    int size[2] = {w.one ? 1 : x->dim[2].n, x->dim[x->rank - 1].n};
    if (!picture(d, x, &w, &id)) return false;
    if (average && draft_int(d, "count_include_pad", 0) && !draft_int(d, "ceil_mode", 0) &&
        !zeros_around(d, &id, &w))
        return false;
    if (draft_int(d, "ceil_mode", 0)) ceil_pads(&w, size);
    Attrs a = attrs_of(&w);
    memcpy(a.kernel, w.kernel, sizeof a.kernel);
    memset(a.dilation, 0, sizeof a.dilation);
    return picture_result(d, draft_add(d, average ? OP_AVGPOOL : OP_MAXPOOL, &id, 1, &a), &w);
}

static bool global_pool(Draft *d)
{
    Operand own, *x = &own;
    bool average = onnx_text_is(d->node->op, "GlobalAveragePool");
    ValueId id;
    if (!draft_first(d, x) || !operand_plain(d, x, 3, NET_RANK) || !operand_id(d, x, &id)) return false;
    Operand out = own;
    for (int i = 2; i < x->rank; i++) out.dim[i].n = 1;
    if (average && x->rank == 4)
        id = draft_one(d, OP_MEANHW, id, (Attrs){0});
    else
        id = draft_one(d, OP_REDUCE, id,
                       (Attrs){.mode = average ? REDUCE_MEAN : REDUCE_MAX, .axis = 2, .count = x->rank - 2});
    return draft_like(d, id, &out);
}

const OnnxOp onnx_ops_picture[] = {
    {"Conv", conv, 2},
    {"ConvTranspose", conv_transpose, 2},
    {"BatchNormalization", batch_norm, 5},
    {"InstanceNormalization", instance_norm, 3},
    {"MaxPool", pool, 1},
    {"AveragePool", pool, 1},
    {"GlobalAveragePool", global_pool, 1},
    {"GlobalMaxPool", global_pool, 1},
    {0},
};
