/* ONNX operators that move numbers, and those that compute shapes. */
#include "model/onnx_draft.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Extent ONE = {1, false, 1};

static bool pass(Draft *d)
{
    Operand o = *draft_in(d, 0);
    numbers_keep(o.numbers);
    draft_out(d, 0, o);
    return true;
}

/* ---- Shapes as numbers ------------------------------------------------------------------------------------
 */

static Operand list_of(Draft *d, int count, int rank)
{
    Operand o = {.kind = OPERAND_NUMBERS, .type = NUMBER_WHOLE, .rank = rank, .value = -1};
    if (rank) o.dim[0] = (Extent){count, false, 1};
    o.numbers = numbers_new(d, (size_t)count, true);
    return o;
}

static bool shape(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int first, end, rank = x->rank;
    int64_t from = draft_int(d, "start", 0), to = draft_int(d, "end", rank);
    first = (int)fmax(0, fmin(rank, (double)(from < 0 ? from + rank : from)));
    end = (int)fmax(first, fmin(rank, (double)(to < 0 ? to + rank : to)));
    Operand o = list_of(d, end - first, 1);
    for (int i = first; o.numbers && i < end; i++)
        numbers_put(o.numbers, (size_t)(i - first), extent_at(d, &x->dim[i], 0), extent_at(d, &x->dim[i], 1));
    return draft_moved(d, o.numbers != NULL, o);
}

static bool size(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    Operand o = list_of(d, 1, 0);
    double n[2] = {1, 1};
    for (int i = 0; i < x->rank; i++)
        for (int lane = 0; lane < 2; lane++) n[lane] *= extent_at(d, &x->dim[i], lane);
    if (o.numbers) numbers_put(o.numbers, 0, n[0], n[1]);
    return draft_moved(d, o.numbers != NULL, o);
}

static bool constant_of_shape(Draft *d)
{
    int64_t length[DRAFT_RANK][2];
    OnnxTensor t;
    Operand o = {.kind = OPERAND_NUMBERS}, value = {0};
    double fill = 0;
    if (!draft_wholes(d, draft_in(d, 0), length, DRAFT_RANK, &o.rank) ||
        !extents_of(d, o.dim, (const int64_t(*)[2])length, o.rank))
        return false;
    if (onnx_attr_tensor(&t, onnx_attr(d->node, "value"))) {
        if (!operand_tensor(d, &value, &t, false)) return false;
        bool one = numbers_same(d, &value, &fill);
        o.type = value.type;
        numbers_drop(d, value.numbers);
        if (!one) return draft_refuse(d, "its value must be one number");
    }
    o.numbers = numbers_new(d, extent_count(o.dim, o.rank), o.type != NUMBER_FLOAT);
    for (size_t i = 0; o.numbers && i < o.numbers->count; i++) numbers_put(o.numbers, i, fill, fill);
    return draft_moved(d, o.numbers != NULL, o);
}

static bool range(Draft *d)
{
    double start, limit, delta;
    if (!draft_scalar(d, 0, 0, &start) || !draft_scalar(d, 1, 0, &limit) || !draft_scalar(d, 2, 1, &delta))
        return false;
    double count = delta ? ceil((limit - start) / delta) : 0;
    if (!(count < 1 << 24)) return draft_refuse(d, "it makes too many numbers");
    Operand o = list_of(d, count > 0 ? (int)count : 0, 1);
    o.type = draft_in(d, 0)->type;
    for (size_t i = 0; o.numbers && i < o.numbers->count; i++)
        numbers_put(o.numbers, i, start + (double)i * delta, start + (double)i * delta);
    return draft_moved(d, o.numbers != NULL, o);
}

/* ---- Constants --------------------------------------------------------------------------------------------
 */

static bool constant_list(Draft *d)
{
    int64_t x[64];
    int n;
    if (draft_attr(d, "value_int"))
        n = 1, x[0] = draft_int(d, "value_int", 0);
    else if (!draft_ints(d, "value_ints", x, 64, &n))
        return false;
    Operand o = list_of(d, n, !draft_attr(d, "value_int"));
    for (int i = 0; o.numbers && i < n; i++) numbers_put(o.numbers, (size_t)i, (double)x[i], (double)x[i]);
    return draft_moved(d, o.numbers != NULL, o);
}

static bool constant(Draft *d)
{
    OnnxTensor t;
    Operand o;
    if (onnx_attr_tensor(&t, onnx_attr(d->node, "value")))
        return draft_moved(d, operand_tensor(d, &o, &t, false), o);
    if (draft_attr(d, "value_int") || draft_attr(d, "value_ints")) return constant_list(d);
    if (!draft_attr(d, "value_float")) return draft_refuse(d, "a constant of this kind is not read");
    o = (Operand){.kind = OPERAND_NUMBERS, .numbers = numbers_new(d, 1, false)};
    if (o.numbers) numbers_put(o.numbers, 0, (double)draft_float(d, "value_float", 0), 0);
    return draft_moved(d, o.numbers != NULL, o);
}

/* ---- Reshape and its kin ----------------------------------------------------------------------------------
 */

/* Resolves 0 (as it was) and -1 (what is left). */
static bool target(Draft *d, Extent *dim, const Operand *x, int64_t (*length)[2], int n)
{
    double all[2] = {1, 1};
    int open = -1;
    for (int i = 0; i < x->rank; i++)
        for (int lane = 0; lane < 2; lane++) all[lane] *= extent_at(d, &x->dim[i], lane);
    for (int i = 0; i < n; i++) {
        if (length[i][0] == -1 && open < 0) {
            open = i;
            continue;
        }
        for (int lane = 0; lane < 2; lane++) {
            if (length[i][lane] == 0 && i < x->rank && !draft_int(d, "allowzero", 0))
                length[i][lane] = (int64_t)extent_at(d, &x->dim[i], lane);
            all[lane] /= (double)length[i][lane];
        }
    }
    for (int lane = 0; open >= 0 && lane < 2; lane++) {
        if (!(all[lane] >= 0 && all[lane] < 1e15) || all[lane] != floor(all[lane]))
            return draft_refuse(d, "the shape asked for does not hold as many numbers");
        length[open][lane] = (int64_t)all[lane];
    }
    return extents_of(d, dim, (const int64_t(*)[2])length, n);
}

static bool reshape(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t length[DRAFT_RANK][2];
    Extent dim[DRAFT_RANK];
    int n;
    if (!draft_wholes(d, draft_in(d, 1), length, DRAFT_RANK, &n) || !target(d, dim, x, length, n))
        return false;
    return draft_reshaped(d, x, dim, n);
}

static bool flatten(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t axis = draft_int(d, "axis", 1), length[2][2] = {{1, 1}, {1, 1}};
    Extent dim[2];
    if (axis < 0) axis += x->rank;
    if (axis < 0 || axis > x->rank) return draft_refuse(d, "its axis is not one of the input's");
    for (int i = 0; i < x->rank; i++)
        for (int lane = 0; lane < 2; lane++) {
            double l = extent_at(d, &x->dim[i], lane);
            if (l * (double)length[i >= axis][lane] > 1e15) return draft_refuse(d, "its input is too large");
            length[i >= axis][lane] *= (int64_t)l;
        }
    if (!extents_of(d, dim, (const int64_t(*)[2])length, 2)) return false;
    return draft_reshaped(d, x, dim, 2);
}

static bool squeeze(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t list[DRAFT_RANK];
    Extent dim[DRAFT_RANK];
    bool gone[DRAFT_RANK] = {false};
    int n, at, rank = 0;
    if (!draft_list(d, 1, "axes", list, DRAFT_RANK, &n)) return false;
    for (int i = 0; i < n; i++) {
        if (!draft_axis(d, list[i], x->rank, &at)) return false;
        if (x->dim[at].n != 1 || x->dim[at].batch) return draft_refuse(d, "axis %d is not of length 1", at);
        gone[at] = true;
    }
    for (int i = 0; i < x->rank; i++)
        if (n ? !gone[i] : x->dim[i].n != 1 || x->dim[i].batch) dim[rank++] = x->dim[i];
    return draft_reshaped(d, x, dim, rank);
}

static bool unsqueeze(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t list[DRAFT_RANK];
    Extent dim[DRAFT_RANK];
    bool fresh[DRAFT_RANK] = {false};
    int n, at, from = 0;
    if (!draft_list(d, 1, "axes", list, DRAFT_RANK, &n)) return false;
    if (x->rank + n > DRAFT_RANK)
        return draft_refuse(d, "a value of more than %d axes is not read", DRAFT_RANK);
    for (int i = 0; i < n; i++) {
        if (!draft_axis(d, list[i], x->rank + n, &at)) return false;
        if (fresh[at]) return draft_refuse(d, "axis %d is named twice", at);
        fresh[at] = true;
    }
    for (int i = 0; i < x->rank + n; i++) dim[i] = fresh[i] ? ONE : x->dim[from++];
    return draft_reshaped(d, x, dim, x->rank + n);
}

static bool transpose(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t list[DRAFT_RANK];
    int perm[DRAFT_RANK], n;
    unsigned seen = 0;
    Operand out;
    if (x->kind == OPERAND_LABEL) return pass(d);
    if (!draft_ints(d, "perm", list, DRAFT_RANK, &n)) return false;
    for (int i = 0; i < x->rank; i++) {
        int64_t from = n == x->rank ? list[i] : n ? -1 : x->rank - 1 - i;
        if (from < 0 || from >= x->rank || seen >> from & 1)
            return draft_refuse(d, "its permutation does not name each axis once");
        seen |= 1u << from;
        perm[i] = (int)from;
    }
    return draft_moved(d, axes_transpose(d, &out, x, perm), out);
}

/* ---- Blocks of pixels -------------------------------------------------------------------------------------
 */

static bool depth_to_space(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int64_t s = draft_int(d, "blocksize", 0);
    if (!operand_plain(d, x, 4, 4)) return false;
    int C = x->dim[1].n, H = x->dim[2].n, W = x->dim[3].n, b = (int)whole_clamp(s, 0, 64);
    if (b < 1 || C % (b * b)) return draft_refuse(d, "its channels are not whole blocks of pixels");
    bool crd = draft_says(d, "mode", "CRD");
    Extent N = x->dim[0], c = {C / (b * b), false, 1}, k = {b, false, 1}, h = {H, false, 1},
           w = {W, false, 1};
    const int dcr_perm[] = {0, 3, 4, 1, 5, 2}, crd_perm[] = {0, 1, 4, 2, 5, 3};
    Operand six, moved_six;
    if (!axes_reshape(d, &six, x, crd ? (Extent[]){N, c, k, k, h, w} : (Extent[]){N, k, k, c, h, w}, 6) ||
        !axes_transpose(d, &moved_six, &six, crd ? crd_perm : dcr_perm))
        return false;
    return draft_reshaped(d, &moved_six, (Extent[]){N, c, {H * b, false, 1}, {W * b, false, 1}}, 4);
}

static bool space_to_depth(Draft *d)
{
    const Operand *x = draft_in(d, 0);
    int b = (int)whole_clamp(draft_int(d, "blocksize", 0), 0, 64);
    if (!operand_plain(d, x, 4, 4)) return false;
    int C = x->dim[1].n, H = x->dim[2].n, W = x->dim[3].n;
    if (b < 1 || H % b || W % b || C > 1 << 16) return draft_refuse(d, "its pixels are not whole blocks");
    const int perm[] = {0, 3, 5, 1, 2, 4};
    Extent N = x->dim[0], c = {C, false, 1}, k = {b, false, 1}, h = {H / b, false, 1}, w = {W / b, false, 1};
    Operand six, moved_six;
    if (!axes_reshape(d, &six, x, (Extent[]){N, c, h, k, w, k}, 6) ||
        !axes_transpose(d, &moved_six, &six, perm))
        return false;
    return draft_reshaped(d, &moved_six, (Extent[]){N, {C * b * b, false, 1}, h, w}, 4);
}

const OnnxOp onnx_ops_axes[] = {
    {"Identity", pass, 1},
    {"Dropout", pass, 1},
    {"Shape", shape, 1},
    {"Size", size, 1},
    {"ConstantOfShape", constant_of_shape, 1},
    {"Range", range, 3},
    {"Constant", constant, 0},
    {"Reshape", reshape, 2},
    {"Flatten", flatten, 1},
    {"Squeeze", squeeze, 1},
    {"Unsqueeze", unsqueeze, 1},
    {"Transpose", transpose, 1},
    {"DepthToSpace", depth_to_space, 1},
    {"SpaceToDepth", space_to_depth, 1},
    {0},
};
