/* ONNX operators that change sizes: Resize, Upsample, Pad. All are weighted gathering along one axis at a
 * time (math/axis.h); growing by a whole factor, nearest or bilinear, has an op of its own, which reads maps.
 */
#include "model/onnx_draft.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TAPS = 4, LONGEST_SIDE = 8192 };

/* Where each of `out` places takes from: (out, taps) places, then as many weights. */
typedef struct {
    float *index, *weight; /* one block, index first */
    int out, taps;
} Table;

static bool table_new(Draft *d, Table *t, int out, int taps)
{
    *t = (Table){.out = out, .taps = taps};
    if (out < 1 || out > LONGEST_SIDE)
        return draft_refuse(d, "it makes an axis of %d, not of 1 to %d", out, LONGEST_SIDE);
    t->index = calloc((size_t)out * (size_t)taps * 2, sizeof *t->index);
    t->weight = t->index + (size_t)out * (size_t)taps;
    return t->index || err_nomem(d->err, "a table of places");
}

/* One axis through the table, which is freed. */
static bool through(Draft *d, Operand *o, int axis, Table *t)
{
    ValueId x, index, weight;
    bool ok = operand_id(d, o, &x);
    index = ok ? draft_constant(d, t->index, shape2(t->out, t->taps), true) : NET_NONE;
    weight = ok ? draft_constant(d, t->weight, shape2(t->out, t->taps), true) : NET_NONE;
    free(t->index);
    if (index == NET_NONE || weight == NET_NONE) return false;
    o->id =
        draft_add(d, OP_GATHER, (ValueId[]){x, index, weight}, 3, &(Attrs){.axis = operand_place(o, axis)});
    o->dim[axis].n = t->out;
    return o->id != NET_NONE;
}

/* ---- Resize -----------------------------------------------------------------------------------------------
 */

typedef enum { NEAREST, LINEAR, CUBIC } Kind;

typedef struct {
    Kind kind;
    bool align_corners, asymmetric, centre_nn, pytorch, exclude_outside;
    int nearest; /* 0 round_prefer_floor, 1 round_prefer_ceil, 2 floor, 3 ceil */
    double cubic;
} Resize;

/* The place in the input of place i of the output. */
static double source(const Resize *r, int i, double scale, int in, int out)
{
    if (r->align_corners) return out == 1 ? 0 : (double)i * (in - 1) / (out - 1);
    if (r->asymmetric) return i / scale;
    if (r->centre_nn) return (i + 0.5) / scale;
    if (r->pytorch && out == 1) return 0;
    return (i + 0.5) / scale - 0.5;
}

static int nearest(const Resize *r, double x)
{
    switch (r->nearest) {
    case 0:
        return (int)ceil(x - 0.5);
    case 1:
        return (int)floor(x + 0.5);
    case 2:
        return (int)floor(x);
    default:
        return (int)ceil(x);
    }
}

/* Keys 1981: a cubic through four neighbours. */
static double cubic(double x, double a)
{
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static void place(const Resize *r, Table *t, int i, double x, int in)
{
    int first = r->kind == NEAREST ? nearest(r, x) : (int)floor(x) - (r->kind == CUBIC);
    double sum = 0;
    for (int k = 0; k < t->taps; k++) {
        int at = first + k;
        double w = r->kind == NEAREST ? 1 : r->kind == LINEAR ? 1 - fabs(x - at) : cubic(x - at, r->cubic);
        if (r->exclude_outside && (at < 0 || at >= in)) w = 0;
        t->index[i * t->taps + k] = (float)(at < 0 ? 0 : at < in ? at : in - 1);
        t->weight[i * t->taps + k] = (float)w;
        sum += w;
    }
    for (int k = 0; r->exclude_outside && k < t->taps; k++) t->weight[i * t->taps + k] /= (float)sum;
}

static bool table_resize(Draft *d, Table *t, const Resize *r, int in, int out, double scale)
{
    if (!table_new(d, t, out, r->kind == NEAREST ? 1 : r->kind == LINEAR ? 2 : 4)) return false;
    for (int i = 0; i < out; i++) {
        double x = source(r, i, scale, in, out);
        if (r->kind == LINEAR) x = x < 0 ? 0 : x > in - 1 ? in - 1 : x; /* edges go on */
        place(r, t, i, x, in);
    }
    return true;
}

/* Whether a table is that of OP_UPSAMPLE by a whole factor. */
static bool is_upsampling(const Table *t, int in, int mode)
{
    int scale = t->out / in;
    if (t->out != in * scale) return false;
    for (int i = 0; i < t->out; i++) {
        double x = ((double)i + 0.5) / scale - 0.5, at = 0, sum = 0;
        x = x < 0 ? 0 : x > in - 1 ? in - 1 : x;
        for (int k = 0; k < t->taps; k++) {
            at += (double)t->weight[i * t->taps + k] * (double)t->index[i * t->taps + k];
            sum += (double)t->weight[i * t->taps + k];
        }
        if (fabs(sum - 1) > 1e-6 || fabs(at - (mode ? x : i / scale)) > 1e-5) return false;
    }
    return true;
}

static bool read_resize(Draft *d, Resize *r)
{
    static const char *const rounding[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    bool old = d->m->opset < 11; /* Upsample, and Resize 10: as asymmetric, rounded down */
    *r = (Resize){.kind = draft_says(d, "mode", "linear") || draft_says(d, "mode", "bilinear") ? LINEAR
                          : draft_says(d, "mode", "cubic")                                     ? CUBIC
                                                                                               : NEAREST,
                  .align_corners = draft_says(d, "coordinate_transformation_mode", "align_corners"),
                  .asymmetric = old || draft_says(d, "coordinate_transformation_mode", "asymmetric"),
                  .centre_nn = draft_says(d, "coordinate_transformation_mode", "tf_half_pixel_for_nn"),
                  .pytorch = draft_says(d, "coordinate_transformation_mode", "pytorch_half_pixel"),
                  .exclude_outside = draft_int(d, "exclude_outside", 0),
                  .nearest = old ? 2 : 0,
                  .cubic = (double)draft_float(d, "cubic_coeff_a", -0.75f)};
    for (int i = 0; i < 4; i++)
        if (draft_says(d, "nearest_mode", rounding[i])) r->nearest = i;
    return !draft_says(d, "coordinate_transformation_mode", "tf_crop_and_resize") ||
           draft_refuse(d, "tf_crop_and_resize is not read");
}

/* Scales and sizes of all axes: from input 1 (Upsample, Resize 10), inputs 2 and 3 since, or the attribute.
 */
static bool read_scales(Draft *d, const Operand *x, double *scale, int *size)
{
    int at = d->m->opset < 11 ? 1 : 2, n;
    const Operand *scales = draft_in(d, at), *sizes = draft_in(d, 3);
    int64_t length[DRAFT_RANK][2];
    if (scales && scales->kind == OPERAND_NUMBERS && scales->numbers->count == (size_t)x->rank) {
        if (!numbers_load(d, scales->numbers)) return false;
        for (int i = 0; i < x->rank; i++) {
            scale[i] = numbers_at(scales->numbers, (size_t)i, 0);
            if (scale[i] != numbers_at(scales->numbers, (size_t)i, 1) || !(scale[i] > 0 && scale[i] < 1000))
                return draft_refuse(d, "its scales are not from 0 to 1000");
            size[i] = (int)fmin(floor(x->dim[i].n * scale[i]), LONGEST_SIDE + 1);
        }
        return true;
    }
    if (!sizes || !draft_wholes(d, sizes, length, DRAFT_RANK, &n) || n != x->rank)
        return draft_refuse(d, "it says neither scales nor sizes that are known");
    for (int i = 0; i < n; i++) {
        Extent e;
        if (!extent_of(d, &e, length[i][0], length[i][1]) || e.batch != (x->dim[i].batch && !d->fixed))
            return draft_refuse(d, "its sizes depend on the batch");
        size[i] = x->dim[i].batch ? x->dim[i].n : e.n;
        scale[i] = x->dim[i].n ? (double)size[i] / x->dim[i].n : 1;
    }
    return true;
}

static bool resize(Draft *d)
{
    Operand own, *x = &own;
    Resize r;
    double scale[DRAFT_RANK];
    int size[DRAFT_RANK];
    if (!draft_first(d, x) || !operand_plain(d, x, 3, 5) || !read_resize(d, &r) ||
        !read_scales(d, x, scale, size))
        return false;
    Operand o = *x;
    Table t[DRAFT_RANK];
    int grown = 0;
    for (int i = 0; i < x->rank; i++)
        if (i == 0 ? scale[0] != 1 : i == 1 && size[1] != x->dim[1].n)
            return draft_refuse(d, "it resizes more than pixels");
    if (x->rank == 4 && r.kind != CUBIC && size[2] % x->dim[2].n == 0 &&
        size[2] / x->dim[2].n == size[3] / x->dim[3].n) {
        for (int i = 2; i < 4; i++) {
            if (!table_resize(d, &t[i], &r, x->dim[i].n, size[i], scale[i])) {
                if (i == 3) free(t[2].index);
                return false;
            }
            grown += is_upsampling(&t[i], x->dim[i].n, r.kind == LINEAR);
        }
        free(t[2].index);
        free(t[3].index);
    }
    ValueId id;
    if (grown == 2 && size[2] > x->dim[2].n && operand_id(d, &o, &id)) {
        for (int i = 2; i < 4; i++) o.dim[i].n = size[i];
        id = draft_one(d, OP_UPSAMPLE, id, (Attrs){.scale = size[2] / x->dim[2].n, .mode = r.kind == LINEAR});
        return draft_like(d, id, &o);
    }
    for (int i = 2; i < x->rank; i++)
        if ((size[i] != x->dim[i].n || scale[i] != 1) &&
            (!table_resize(d, &t[i], &r, x->dim[i].n, size[i], scale[i]) || !through(d, &o, i, &t[i])))
            return false;
    return draft_like(d, o.id, &o);
}

/* ---- Pad --------------------------------------------------------------------------------------------------
 */

/* Which place of n is shown at place i outside of it. */
static int mirror(int i, int n)
{
    int period = n > 1 ? 2 * n - 2 : 1;
    i = abs(i) % period;
    return i < n ? i : period - i;
}

static bool table_pad(Draft *d, Table *t, int n, int before, int after, bool reflect, bool edge)
{
    if (!table_new(d, t, n + before + after, 1)) return false;
    for (int i = 0; i < t->out; i++) {
        int at = i - before;
        bool inside = at >= 0 && at < n;
        t->index[i] = (float)(inside ? at : reflect ? mirror(at, n) : at < 0 ? 0 : n - 1);
        t->weight[i] = inside || reflect || edge ? 1 : 0;
    }
    return true;
}

static bool pad(Draft *d)
{
    Operand own, *x = &own;
    int64_t pads[2 * DRAFT_RANK];
    int n;
    double value;
    Table t;
    bool reflect = draft_says(d, "mode", "reflect"), edge = draft_says(d, "mode", "edge");
    if (!draft_first(d, x) || !draft_list(d, 1, "pads", pads, 2 * DRAFT_RANK, &n) ||
        !draft_scalar(d, 2, (double)draft_float(d, "value", 0), &value))
        return false;
    Operand o = *x;
    if (n != 2 * x->rank) return draft_refuse(d, "its pads are not two for each axis");
    if (value != 0 && !reflect && !edge)
        o.id = draft_one(d, OP_SCALE, o.id, (Attrs){.alpha = 1, .gain = (float)-value});
    if (o.id == NET_NONE) return false;
    for (int i = 0; i < x->rank; i++) {
        int64_t before = pads[i], after = pads[i + x->rank];
        if (before == 0 && after == 0) continue;
        if (x->dim[i].batch) return draft_refuse(d, "it adds images to a batch, which is not read");
        if (llabs(before) > LONGEST_SIDE || llabs(after) > LONGEST_SIDE)
            return draft_refuse(d, "it pads by more than %d", LONGEST_SIDE);
        if (!table_pad(d, &t, x->dim[i].n, (int)before, (int)after, reflect, edge) || !through(d, &o, i, &t))
            return false;
    }
    ValueId id = o.id;
    if (value != 0 && !reflect && !edge)
        id = draft_one(d, OP_SCALE, id, (Attrs){.alpha = 1, .gain = (float)value});
    return draft_like(d, id, &o);
}

const OnnxOp onnx_ops_size[] = {{"Resize", resize, 1}, {"Upsample", resize, 1}, {"Pad", pad, 1}, {0}};
