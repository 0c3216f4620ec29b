/* ONNX operators that repeat, pick and put together: Expand, Tile, Slice, Split, Gather, Concat. */
#include "model/onnx_draft.h"
#include <stdlib.h>
#include <string.h>

static const Extent ONE = {1, false, 1};

/* ---- Repeating --------------------------------------------------------------------------------------------
 */

/* Constants: axes of length 1 repeat, those of the batch for every image. */
static bool expand_numbers(Draft *d, const Operand *x, const Extent *dim, int rank)
{
    Operand out = {.kind = OPERAND_NUMBERS, .type = x->type, .rank = rank, .value = x->value};
    int count[DRAFT_RANK];
    ptrdiff_t stride[DRAFT_RANK], step = 1;
    if (!numbers_load(d, x->numbers)) return false;
    memcpy(out.dim, dim, (size_t)rank * sizeof *dim);
    for (int i = rank - 1, k = x->rank - 1; i >= 0; i--, k--) {
        int has = k < 0 ? 1 : x->dim[k].n;
        if (k >= 0 && x->dim[k].batch) out.dim[i].batch = true;
        if (out.dim[i].n == 1 && has != 1) out.dim[i].n = has;
        if (has != 1 && out.dim[i].n != has)
            return draft_refuse(d, "the shape asked for does not fit the input's");
        count[i] = out.dim[i].n;
        stride[i] = has == 1 ? 0 : step;
        step *= has;
    }
    out.numbers = numbers_view(d, x->numbers, rank, count, stride, 0);
    return draft_moved(d, out.numbers != NULL, out);
}

/* Results: a product with ones of the shape asked for. */
static bool expand_result(Draft *d, const Operand *x, const Extent *dim, int rank)
{
    Operand wide = *x;
    Extent to[DRAFT_RANK];
    bool grows = false;
    if (x->rank > rank) return draft_refuse(d, "the shape asked for has fewer axes than the input");
    for (int i = 0; i < rank; i++) to[i] = i < rank - x->rank ? ONE : x->dim[i - (rank - x->rank)];
    if (!axes_reshape(d, &wide, x, to, rank)) return false;
    for (int i = 0; i < rank; i++) {
        bool batch = wide.dim[i].batch;
        if (dim[i].n != 1 && !batch && wide.dim[i].n != dim[i].n) {
            if (wide.dim[i].n != 1) return draft_refuse(d, "the shape asked for does not fit the input's");
            grows = true, to[i].n = dim[i].n;
        } else {
            to[i] = wide.dim[i];
        }
    }
    return (!grows || operand_widen(d, &wide, to)) && draft_like(d, wide.id, &wide);
}

static bool expand(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t length[DRAFT_RANK][2];
    Extent dim[DRAFT_RANK];
    int n;
    if (!draft_wholes(d, draft_in(d, 1), length, DRAFT_RANK, &n) ||
        !extents_of(d, dim, (const int64_t(*)[2])length, n))
        return false;
    for (int i = n; i < x->rank; i++) memmove(dim + 1, dim, (size_t)i * sizeof *dim), dim[0] = ONE;
    if (x->rank > n) n = x->rank;
    return x->kind == OPERAND_NUMBERS ? expand_numbers(d, x, dim, n) : expand_result(d, x, dim, n);
}

/* Along one axis, again and again: places 0 .. n-1 and over. */
static bool repeat(Draft *d, Operand *o, int axis, int times)
{
    int n = o->dim[axis].n, count = n * times;
    float *index = malloc((size_t)count * 2 * sizeof *index);
    if (!index) return err_nomem(d->err, "a repetition");
    for (int i = 0; i < count; i++) index[i] = (float)(i % n), index[count + i] = 1;
    ValueId at = draft_constant(d, index, shape2(count, 1), true),
            weight = draft_constant(d, index + count, shape2(count, 1), true), x;
    free(index);
    if (at == NET_NONE || weight == NET_NONE || !operand_id(d, o, &x)) return false;
    o->id = draft_add(d, OP_GATHER, (ValueId[]){x, at, weight}, 3, &(Attrs){.axis = operand_place(o, axis)});
    o->dim[axis].n = count;
    return o->id != NET_NONE;
}

/* Of constants each axis becomes two, (times, n), of which the first does not move. */
static bool tile_numbers(Draft *d, const Operand *x, const Extent *times)
{
    int dim[2 * DRAFT_RANK];
    ptrdiff_t stride[2 * DRAFT_RANK], step = 1;
    Operand out = *x;
    if (!numbers_load(d, x->numbers)) return false;
    for (int i = x->rank - 1; i >= 0; i--) {
        dim[2 * i] = times[i].n, stride[2 * i] = 0;
        dim[2 * i + 1] = x->dim[i].n, stride[2 * i + 1] = step;
        step *= x->dim[i].n;
        if ((int64_t)x->dim[i].n * times[i].n > 1 << 26) return draft_refuse(d, "it makes too many numbers");
        out.dim[i].n = x->dim[i].n * times[i].n;
        out.dim[i].batch |= times[i].batch;
    }
    out.numbers = numbers_view(d, x->numbers, 2 * x->rank, dim, stride, 0);
    return draft_moved(d, out.numbers != NULL, out);
}

static bool tile(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t length[DRAFT_RANK][2];
    Extent times[DRAFT_RANK];
    int n;
    if (!draft_wholes(d, draft_in(d, 1), length, DRAFT_RANK, &n) ||
        !extents_of(d, times, (const int64_t(*)[2])length, n))
        return false;
    if (n != x->rank) return draft_refuse(d, "it takes one number for each axis");
    if (x->kind == OPERAND_NUMBERS) return tile_numbers(d, x, times);
    Operand o = *x;
    for (int i = 0; i < n; i++) {
        if (times[i].n == 1 && !times[i].batch) continue;
        if (o.dim[i].batch || times[i].batch) return draft_refuse(d, "it repeats images, which is not read");
        if (times[i].n < 1 || (int64_t)times[i].n * o.dim[i].n > 1 << 20)
            return draft_refuse(d, "it repeats too often");
        if (!repeat(d, &o, i, times[i].n)) return false;
    }
    return draft_like(d, o.id, &o);
}

/* ---- Slices -----------------------------------------------------------------------------------------------
 */

/* Places first, first + step, ... (count of them) of one axis of constants. */
static bool slice_numbers(Draft *d, Operand *o, int axis, int64_t first, int64_t step, int count)
{
    int dim[DRAFT_RANK];
    ptrdiff_t stride[DRAFT_RANK], own = 1, start = 0;
    if (!numbers_load(d, o->numbers)) return false;
    for (int i = o->rank - 1; i >= 0; i--) {
        dim[i] = i == axis ? count : o->dim[i].n;
        stride[i] = i == axis ? own * (ptrdiff_t)step : own;
        if (i == axis) start = own * (ptrdiff_t)first;
        own *= o->dim[i].n;
    }
    Numbers *to = numbers_view(d, o->numbers, o->rank, dim, stride, (size_t)start);
    numbers_drop(d, o->numbers);
    o->numbers = to;
    o->dim[axis].n = count;
    return to != NULL;
}

/* Places of one axis of a result, in any order. */
static bool pick(Draft *d, Operand *o, int axis, const int64_t *place, int count)
{
    bool run = true;
    ValueId x;
    for (int i = 0; i < count; i++) run &= place[i] == place[0] + i;
    if (!operand_id(d, o, &x)) return false;
    Attrs a = {.axis = operand_place(o, axis)};
    if (run) {
        a.start = (int)place[0], a.count = count;
        o->id = draft_one(d, OP_SLICE, x, a);
    } else {
        float *index = malloc((size_t)count * 2 * sizeof *index);
        if (!index) return err_nomem(d->err, "a selection");
        for (int i = 0; i < count; i++) index[i] = (float)place[i], index[count + i] = 1;
        ValueId at = draft_constant(d, index, shape2(count, 1), true),
                weight = draft_constant(d, index + count, shape2(count, 1), true);
        free(index);
        if (at == NET_NONE || weight == NET_NONE) return false;
        o->id = draft_add(d, OP_GATHER, (ValueId[]){x, at, weight}, 3, &a);
    }
    o->dim[axis].n = count;
    return o->id != NET_NONE;
}

static bool pick_steps(Draft *d, Operand *o, int axis, int64_t first, int64_t step, int count)
{
    int64_t *place = malloc((size_t)count * sizeof *place);
    for (int i = 0; place && i < count; i++) place[i] = first + i * step;
    bool ok = place ? pick(d, o, axis, place, count) : err_nomem(d->err, "a selection");
    free(place);
    return ok;
}

/* One axis from `from` to before `to`, for both batch sizes. */
static bool slice_axis(Draft *d, Operand *o, int axis, const int64_t from[2], const int64_t to[2],
                       int64_t step)
{
    int64_t first[2], count[2];
    if (step == 0) return draft_refuse(d, "its step is 0");
    for (int lane = 0; lane < 2; lane++) {
        int64_t n = (int64_t)extent_at(d, &o->dim[axis], lane), f = from[lane], t = to[lane];
        f = whole_clamp(f < 0 ? f + n : f, step > 0 ? 0 : -1, step > 0 ? n : n - 1);
        t = whole_clamp(t < 0 ? t + n : t, -1, n);
        if (step > 0 && t < 0) t = 0;
        first[lane] = f;
        count[lane] = step > 0 ? (t - f + step - 1) / step : (t - f + step + 1) / step;
        if (count[lane] == n && step == 1) first[lane] = 0;
    }
    bool whole = step == 1 && count[0] == (int64_t)extent_at(d, &o->dim[axis], 0) &&
                 count[1] == (int64_t)extent_at(d, &o->dim[axis], 1);
    if (whole) return true;
    if (o->dim[axis].batch || first[0] != first[1] || count[0] != count[1])
        return draft_refuse(d, "it takes some images of a batch, which is not read");
    if (count[0] < 1 && o->kind != OPERAND_NUMBERS) return draft_refuse(d, "nothing is left of its input");
    if (count[0] < 0) count[0] = 0;
    if (o->kind == OPERAND_NUMBERS) return slice_numbers(d, o, axis, first[0], step, (int)count[0]);
    return pick_steps(d, o, axis, first[0], step, (int)count[0]);
}

/* Starts, ends, axes and steps are inputs since opset 10, attributes before. */
static bool slice_lists(Draft *d, int64_t (*from)[2], int64_t (*to)[2], int64_t *axes, int64_t *steps, int *n,
                        int *axis_count, int *step_count)
{
    int ends;
    if (d->node->inputs > 1) {
        if (!draft_wholes(d, draft_in(d, 1), from, DRAFT_RANK, n) ||
            !draft_wholes(d, draft_in(d, 2), to, DRAFT_RANK, &ends))
            return false;
    } else {
        int64_t f[DRAFT_RANK], t[DRAFT_RANK];
        if (!draft_ints(d, "starts", f, DRAFT_RANK, n) || !draft_ints(d, "ends", t, DRAFT_RANK, &ends))
            return false;
        for (int i = 0; i < *n; i++) from[i][0] = from[i][1] = f[i];
        for (int i = 0; i < ends; i++) to[i][0] = to[i][1] = t[i];
    }
    if (ends != *n) return draft_refuse(d, "it has not as many ends as starts");
    return draft_list(d, 3, "axes", axes, DRAFT_RANK, axis_count) &&
           draft_list(d, 4, NULL, steps, DRAFT_RANK, step_count);
}

static bool slice(Draft *d)
{
    int64_t from[DRAFT_RANK][2], to[DRAFT_RANK][2], axes[DRAFT_RANK], steps[DRAFT_RANK];
    int n, axis_count, step_count, axis;
    if (draft_in(d, 0)->kind == OPERAND_LABEL) return draft_moved(d, true, *draft_in(d, 0));
    if (!slice_lists(d, from, to, axes, steps, &n, &axis_count, &step_count)) return false;
    Operand o = *draft_in(d, 0);
    if ((axis_count && axis_count != n) || (step_count && step_count != n) || n > o.rank)
        return draft_refuse(d, "its lists of starts, axes and steps are not of one length");
    numbers_keep(o.numbers);
    bool ok = true;
    for (int i = 0; ok && i < n; i++)
        ok = draft_axis(d, axis_count ? axes[i] : i, o.rank, &axis) &&
             slice_axis(d, &o, axis, from[i], to[i],
                        step_count ? whole_clamp(steps[i], -(1 << 20), 1 << 20) : 1);
    if (!ok) numbers_drop(d, o.numbers);
    return draft_moved(d, ok, o);
}

static bool split(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t part[256];
    int n, axis, outputs = d->node->outputs;
    if (!draft_axis(d, draft_int(d, "axis", 0), x->rank, &axis)) return false;
    if (x->kind == OPERAND_LABEL || x->dim[axis].batch)
        return draft_refuse(d, "it takes the batch apart, which is not read");
    const Operand *given = draft_in(d, 1);
    int64_t pair[256][2];
    if (given ? !draft_wholes(d, given, pair, 256, &n) : !draft_ints(d, "split", part, 256, &n)) return false;
    for (int i = 0; given && i < n; i++) part[i] = pair[i][0];
    if (n == 0 && outputs > 0 && outputs <= 256)
        for (int each = (x->dim[axis].n + outputs - 1) / outputs, at = 0; n < outputs; n++, at += each)
            part[n] = whole_clamp(x->dim[axis].n - at, 0, each);
    if (n != outputs) return draft_refuse(d, "it has not as many parts as outputs");
    int64_t at[2] = {0, 0};
    for (int i = 0; i < n; i++) {
        Operand o = *x;
        int64_t end[2] = {at[0] + whole_clamp(part[i], 0, 1 << 26), 0};
        end[1] = end[0];
        numbers_keep(o.numbers);
        if (part[i] < 1 || end[0] > x->dim[axis].n || !slice_axis(d, &o, axis, at, end, 1)) {
            numbers_drop(d, o.numbers);
            return draft_refuse(d, "its parts do not fit the input");
        }
        at[0] = at[1] = end[0];
        draft_out(d, i, o);
    }
    return true;
}

/* ---- Gather -----------------------------------------------------------------------------------------------
 */

/* Rows of a table chosen by labels: the product of one-hot and table. */
static bool choose_rows(Draft *d, const Operand *table, const Operand *label)
{
    const int swap[] = {1, 0};
    Operand w;
    Extent dim[DRAFT_RANK];
    if (table->kind != OPERAND_NUMBERS || table->rank != 2)
        return draft_refuse(d, "labels can only choose rows of a constant table");
    if (d->class_port == NET_NONE) {
        d->classes = table->dim[0].n;
        d->class_port = net_input(d->net, "class", shape2(NET_BATCH, d->classes));
    }
    if (d->class_port == NET_NONE || d->classes != table->dim[0].n)
        return draft_refuse(d, "its table has another number of classes");
    if (!fold_transpose(d, &w, table, swap)) return false;
    ValueId weight = draft_param(d, &w, shape2(w.dim[0].n, w.dim[1].n));
    numbers_drop(d, w.numbers);
    if (weight == NET_NONE) return false;
    for (int i = 0; i < label->rank; i++) dim[i] = label->dim[i];
    if (label->rank == DRAFT_RANK) return draft_refuse(d, "labels of so many axes are not read");
    dim[label->rank] = (Extent){w.dim[0].n, false, 1};
    return draft_result(d, draft_add(d, OP_LINEAR, (ValueId[]){d->class_port, weight}, 2, NULL), dim,
                        label->rank + 1);
}

/* Constants of constants; places may depend on the batch, what is found there too. */
static bool gather_numbers(Draft *d, const Operand *x, const Operand *index, int axis)
{
    Operand out = {.kind = OPERAND_NUMBERS, .type = x->type, .value = x->value};
    if (!numbers_load(d, x->numbers) || !numbers_load(d, index->numbers)) return false;
    if (x->rank - 1 + index->rank > DRAFT_RANK)
        return draft_refuse(d, "a value of more than %d axes is not read", DRAFT_RANK);
    for (int i = 0; i < axis; i++) out.dim[out.rank++] = x->dim[i];
    for (int i = 0; i < index->rank; i++) out.dim[out.rank++] = index->dim[i];
    for (int i = axis + 1; i < x->rank; i++) out.dim[out.rank++] = x->dim[i];
    size_t inner = extent_count(x->dim + axis + 1, x->rank - axis - 1), count = index->numbers->count;
    out.numbers = numbers_new(d, extent_count(out.dim, out.rank), x->numbers->pair != NULL);
    for (size_t i = 0; out.numbers && i < out.numbers->count; i++) {
        double y[2];
        for (int lane = 0; lane < 2; lane++) {
            double at = numbers_at(index->numbers, i / inner % count, lane);
            if (at < 0) at += x->dim[axis].n;
            if (!(at >= 0 && at < x->dim[axis].n)) {
                numbers_drop(d, out.numbers);
                return draft_refuse(d, "it takes a place that its input does not have");
            }
            y[lane] = numbers_at(
                x->numbers, (i / inner / count * (size_t)x->dim[axis].n + (size_t)at) * inner + i % inner,
                lane);
        }
        numbers_put(out.numbers, i, y[0], y[1]);
    }
    return draft_moved(d, out.numbers != NULL, out);
}

static bool gather_result(Draft *d, const Operand *x, const Operand *index, int axis)
{
    enum { MOST = 4096 };
    Operand o = *x;
    Extent dim[DRAFT_RANK];
    int n, rank = 0;
    if (x->dim[axis].batch) return draft_refuse(d, "it takes some images of a batch, which is not read");
    int64_t(*pair)[2] = malloc(MOST * sizeof *pair), *place = malloc(MOST * sizeof *place);
    bool ok = (pair && place) || err_nomem(d->err, "a selection");
    ok = ok && draft_wholes(d, index, pair, MOST, &n);
    ok = ok && (n > 0 || draft_refuse(d, "nothing is left of its input"));
    for (int i = 0; ok && i < n; i++) {
        place[i] = pair[i][0] < 0 ? pair[i][0] + x->dim[axis].n : pair[i][0];
        ok = (pair[i][0] == pair[i][1] && place[i] >= 0 && place[i] < x->dim[axis].n) ||
             draft_refuse(d, "it takes a place that its input does not have");
    }
    ok = ok && pick(d, &o, axis, place, n);
    free(pair);
    free(place);
    if (!ok) return false;
    if (x->rank - 1 + index->rank > DRAFT_RANK)
        return draft_refuse(d, "a value of more than %d axes is not read", DRAFT_RANK);
    for (int i = 0; i < axis; i++) dim[rank++] = x->dim[i];
    for (int i = 0; i < index->rank; i++) dim[rank++] = index->dim[i];
    for (int i = axis + 1; i < x->rank; i++) dim[rank++] = x->dim[i];
    return draft_reshaped(d, &o, dim, rank);
}

static bool gather(Draft *d)
{
    const Operand *x = draft_in(d, 0), *index = draft_in(d, 1);
    int axis;
    if (!draft_axis(d, draft_int(d, "axis", 0), x->rank, &axis)) return false;
    if (index->kind == OPERAND_LABEL && axis == 0) return choose_rows(d, x, index);
    if (index->kind != OPERAND_NUMBERS || x->kind == OPERAND_LABEL)
        return draft_refuse(d, "its places depend on the numbers of an image: this is not read");
    return x->kind == OPERAND_NUMBERS ? gather_numbers(d, x, index, axis) : gather_result(d, x, index, axis);
}

/* ---- Concat -----------------------------------------------------------------------------------------------
 */

static bool concat_numbers(Draft *d, int axis)
{
    Operand out = *draft_in(d, 0);
    bool pairs = false;
    int64_t along = 0;
    for (int i = 0; i < d->node->inputs; i++) {
        const Operand *x = draft_in(d, i);
        if (x->rank != out.rank || !numbers_load(d, x->numbers))
            return draft_refuse(d, "its inputs have different shapes");
        for (int k = 0; k < x->rank; k++)
            if (k != axis && x->dim[k].n != out.dim[k].n)
                return draft_refuse(d, "its inputs have different shapes");
        pairs |= x->numbers->pair != NULL;
        along += x->dim[axis].n;
    }
    if (along > 1 << 26) return draft_refuse(d, "it makes too many numbers");
    out.dim[axis].n = (int)along;
    size_t inner = extent_count(out.dim + axis + 1, out.rank - axis - 1), row = (size_t)along * inner, at = 0;
    out.numbers = numbers_new(d, extent_count(out.dim, out.rank), pairs);
    for (int i = 0; out.numbers && i < d->node->inputs; i++) {
        const Operand *x = draft_in(d, i);
        size_t own = (size_t)x->dim[axis].n * inner;
        for (size_t k = 0; k < x->numbers->count; k++)
            numbers_put(out.numbers, k / own * row + at + k % own, numbers_at(x->numbers, k, 0),
                        numbers_at(x->numbers, k, 1));
        at += own;
    }
    return draft_moved(d, out.numbers != NULL, out);
}

/* Eight at a time. */
static ValueId join(Draft *d, ValueId *in, int n, int axis)
{
    while (n > 1) {
        int take = n < NET_INPUTS ? n : NET_INPUTS;
        in[0] = draft_add(d, OP_CONCAT, in, take, &(Attrs){.axis = axis});
        if (in[0] == NET_NONE) return NET_NONE;
        memmove(in + 1, in + take, (size_t)(n - take) * sizeof *in);
        n -= take - 1;
    }
    return in[0];
}

static bool concat_results(Draft *d, const Operand *like, int axis)
{
    enum { MOST = 256 };
    ValueId in[MOST];
    Operand out = *like, o;
    int b = operand_batch(like);
    int64_t along = 0;
    if (d->node->inputs > MOST || like->dim[axis].batch)
        return draft_refuse(d, "it puts images of batches together, which is not read");
    for (int i = 0; i < d->node->inputs; i++) {
        if (draft_in(d, i)->rank != like->rank || !operand_result(d, &o, draft_in(d, i), b) ||
            operand_batch(&o) != b || !operand_id(d, &o, &in[i]))
            return draft_refuse(d, "its inputs have different shapes");
        along += o.dim[axis].n;
    }
    out.dim[axis].n = (int)whole_clamp(along, 1, 1 << 26);
    return draft_like(d, join(d, in, d->node->inputs, operand_place(like, axis)), &out);
}

static bool concat(Draft *d)
{
    const Operand *like = NULL;
    int axis;
    for (int i = 0; i < d->node->inputs; i++) {
        if (!draft_in(d, i) || draft_in(d, i)->kind == OPERAND_LABEL)
            return draft_refuse(d, "an input is missing");
        if (draft_in(d, i)->kind == OPERAND_RESULT) like = draft_in(d, i);
    }
    if (!draft_axis(d, draft_int(d, "axis", 1), draft_in(d, 0)->rank, &axis)) return false;
    return like ? like->rank > axis && concat_results(d, like, axis) : concat_numbers(d, axis);
}

const OnnxOp onnx_ops_pick[] = {
    {"Expand", expand, 2},
    {"Tile", tile, 2},
    {"Slice", slice, 1},
    {"Split", split, 1},
    {"Gather", gather, 2},
    {"Concat", concat, 1},
    {0},
};
