/* Moving numbers without changing them, as ops: concat, slice, reshape, transpose. */
#include "math/act.h"
#include "math/mapmove.h"
#include "math/resample.h"
#include "net/op.h"
#include <string.h>

/* A run of axes around `axis`: outer blocks of dim[axis] rows of inner floats. */
typedef struct {
    size_t outer, inner;
} Around;

static Around around(const Shape *s, int axis, int n)
{
    Around a = {1, 1};
    for (int i = 0; i < axis; i++) a.outer *= (size_t)shape_dim(s, i, n);
    for (int i = axis + 1; i < s->rank; i++) a.inner *= (size_t)s->dim[i];
    return a;
}

static bool axis_fits(const OpSite *s, Err *err)
{
    int axis = s->attrs.axis, rank = s->in[0]->rank;
    if (axis >= 1 && axis < rank) return true;
    return err_set(err, ERR_FORMAT, "axis %d is not one of 1 to %d", axis, rank - 1);
}

/* ---- concat -------------------------------------------------------------------------------------------- */

static bool concat_infer(OpSite *s, Err *err)
{
    int axis = s->attrs.axis;
    if (!axis_fits(s, err)) return false;
    s->out = *s->in[0];
    for (int i = 1; i < s->inputs; i++) {
        Shape rest = *s->in[i];
        if (rest.rank > axis) rest.dim[axis] = s->in[0]->dim[axis];
        if (!shape_equal(&rest, s->in[0])) {
            char a[64], b[64];
            shape_text(a, sizeof a, s->in[0]);
            shape_text(b, sizeof b, s->in[i]);
            return err_set(err, ERR_FORMAT, "%s and %s differ in more than axis %d", a, b, axis);
        }
        if (__builtin_add_overflow(s->out.dim[axis], s->in[i]->dim[axis], &s->out.dim[axis]))
            return err_set(err, ERR_LIMIT, "the result is too large");
    }
    s->layout = s->in_layout[0]; /* maps only along the channels, and then all of them */
    return true;
}

static void channels_of(int *C, const OpSite *s)
{
    for (int i = 0; i < s->inputs; i++) C[i] = s->in[i]->dim[1];
}

static void concat_maps(const OpRun *r)
{
    int C[NET_INPUTS];
    channels_of(C, r->site);
    map_concat(r->out, (const float *const *)r->in, C, r->site->inputs, shape_dim(r->site->in[0], 0, r->n),
               op_pixels(&r->site->out), r->pool);
}

static void concat_maps_back(const OpRun *r)
{
    int C[NET_INPUTS];
    channels_of(C, r->site);
    map_concat_backward(r->din, r->add, r->dout, C, r->site->inputs, shape_dim(r->site->in[0], 0, r->n),
                        op_pixels(&r->site->out), r->pool);
}

static void concat_run(const OpRun *r)
{
    if (r->site->layout == LAYOUT_MAP) {
        concat_maps(r);
        return;
    }
    int axis = r->site->attrs.axis;
    Around a = around(&r->site->out, axis, r->n);
    size_t wide = a.inner * (size_t)r->site->out.dim[axis], at = 0;
    for (int i = 0; i < r->site->inputs; i++) {
        size_t part = a.inner * (size_t)r->site->in[i]->dim[axis];
        for (size_t o = 0; o < a.outer; o++)
            memcpy(r->out + o * wide + at, r->in[i] + o * part, part * sizeof(float));
        at += part;
    }
}

static void concat_back(const OpRun *r)
{
    if (r->site->layout == LAYOUT_MAP) {
        concat_maps_back(r);
        return;
    }
    int axis = r->site->attrs.axis;
    Around a = around(&r->site->out, axis, r->n);
    size_t wide = a.inner * (size_t)r->site->out.dim[axis], at = 0;
    for (int i = 0; i < r->site->inputs; i++) {
        size_t part = a.inner * (size_t)r->site->in[i]->dim[axis];
        float *d = op_sum(r, i);
        for (size_t o = 0; d && o < a.outer; o++)
            vec_axpy(d + o * part, r->dout + o * wide + at, part, 1, NULL);
        at += part;
    }
}

const OpRow op_row_CONCAT = {
    .least = 1, .most = NET_INPUTS, .infer = concat_infer, .forward = concat_run, .backward = concat_back};

/* ---- slice --------------------------------------------------------------------------------------------- */

static bool slice_infer(OpSite *s, Err *err)
{
    const Attrs *a = &s->attrs;
    if (!axis_fits(s, err)) return false;
    int has = s->in[0]->dim[a->axis];
    if (a->start < 0 || a->count < 1 || a->start > has - a->count)
        return err_set(err, ERR_FORMAT, "%d from %d on is not within the %d of axis %d", a->count, a->start,
                       has, a->axis);
    s->out = *s->in[0];
    s->out.dim[a->axis] = a->count;
    return true;
}

typedef struct {
    size_t outer, part, wide, at;
} SliceSize;

static SliceSize slice_of(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    Around d = around(r->site->in[0], a->axis, r->n);
    return (SliceSize){d.outer, d.inner * (size_t)a->count, d.inner * (size_t)r->site->in[0]->dim[a->axis],
                       d.inner * (size_t)a->start};
}

static void slice_run(const OpRun *r)
{
    SliceSize d = slice_of(r);
    for (size_t o = 0; o < d.outer; o++)
        memcpy(r->out + o * d.part, r->in[0] + o * d.wide + d.at, d.part * sizeof(float));
}

static void slice_back(const OpRun *r)
{
    SliceSize d = slice_of(r);
    float *to = op_sum(r, 0);
    for (size_t o = 0; to && o < d.outer; o++)
        vec_axpy(to + o * d.wide + d.at, r->dout + o * d.part, d.part, 1, NULL);
}

const OpRow op_row_SLICE = {
    .least = 1, .most = 1, .infer = slice_infer, .forward = slice_run, .backward = slice_back};

/* ---- reshape ------------------------------------------------------------------------------------------- */

static bool reshape_infer(OpSite *s, Err *err)
{
    const Shape *x = s->in[0], *to = &s->attrs.shape;
    s->out = *to;
    bool fits =
        to->rank >= 1 && to->rank <= NET_RANK && (x->dim[0] == NET_BATCH) == (to->dim[0] == NET_BATCH);
    for (int i = 0; fits && i < to->rank; i++) fits = to->dim[i] >= 1 || (i == 0 && to->dim[i] == NET_BATCH);
    if (fits && shape_count(x, 1) == shape_count(to, 1)) return true;
    char xs[64], ts[64];
    shape_text(xs, sizeof xs, x);
    shape_text(ts, sizeof ts, to);
    return err_set(err, ERR_FORMAT, "x %s cannot take the shape %s", xs, ts);
}

static void nothing(const OpRun *r)
{
    (void)r;
}

const OpRow op_row_RESHAPE = {
    .least = 1, .most = 1, .alias = true, .infer = reshape_infer, .forward = nothing, .backward = nothing};

/* ---- transpose ----------------------------------------------------------------------------------------- */

static bool transpose_infer(OpSite *s, Err *err)
{
    const Shape *x = s->in[0];
    const int *perm = s->attrs.perm;
    unsigned seen = 0;
    s->out.rank = x->rank;
    for (int i = 0; i < x->rank; i++) {
        if (perm[i] < 0 || perm[i] >= x->rank || seen >> perm[i] & 1 || perm[0] != 0)
            return err_set(err, ERR_FORMAT, "perm must hold 0 first, and each of the other %d axes once",
                           x->rank - 1);
        seen |= 1u << perm[i];
        s->out.dim[i] = x->dim[perm[i]];
    }
    return true;
}

static void transpose_run(const OpRun *r)
{
    const Shape *x = r->site->in[0];
    int dim[NET_RANK];
    for (int i = 0; i < x->rank; i++) dim[i] = shape_dim(x, i, r->n);
    transpose_forward(r->out, r->in[0], dim, r->site->attrs.perm, x->rank, false);
}

static void transpose_back(const OpRun *r)
{
    const Shape *y = &r->site->out;
    int dim[NET_RANK], back[NET_RANK];
    for (int i = 0; i < y->rank; i++) {
        dim[i] = shape_dim(y, i, r->n);
        back[r->site->attrs.perm[i]] = i;
    }
    if (r->din[0]) transpose_forward(r->din[0], r->dout, dim, back, y->rank, r->add[0]);
}

const OpRow op_row_TRANSPOSE = {
    .least = 1, .most = 1, .infer = transpose_infer, .forward = transpose_run, .backward = transpose_back};
