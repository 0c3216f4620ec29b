/* Work along axes as ops: weighted gathering, reductions, a scale and offset for each channel. */
#include "math/axis.h"
#include "net/op.h"

/* `count` axes from `axis` on, as one. */
static Axis axis_of(const OpSite *s, int count, int n)
{
    const Shape *x = s->in[0];
    Axis a = {1, 1, 1};
    for (int i = 0; i < x->rank; i++) {
        size_t d = (size_t)shape_dim(x, i, n);
        if (i < s->attrs.axis)
            a.outer *= d;
        else if (i < s->attrs.axis + count)
            a.along *= d;
        else
            a.inner *= d;
    }
    return a;
}

static bool axes_fit(const OpSite *s, int count, Err *err)
{
    int axis = s->attrs.axis, rank = s->in[0]->rank;
    if (axis >= 1 && count >= 1 && axis <= rank - count) return true;
    return err_set(err, ERR_FORMAT, "%d axes from axis %d on are not among 1 to %d", count, axis, rank - 1);
}

/* ---- gather -----------------------------------------------------------------------------------------------
 */

static bool gather_infer(OpSite *s, Err *err)
{
    if (!axes_fit(s, 1, err) || !op_rank(s, 1, "index", 2, err)) return false;
    s->out = *s->in[0];
    s->out.dim[s->attrs.axis] = s->in[1]->dim[0];
    if (shape_equal(s->in[1], s->in[2])) return true;
    return err_set(err, ERR_FORMAT, "index and weight must have the same shape");
}

static void gather_run(const OpRun *r)
{
    Axis a = axis_of(r->site, 1, r->n);
    gather_forward(r->out, r->in[0], r->in[1], r->in[2], &a, r->site->in[1]->dim[0], r->site->in[1]->dim[1],
                   r->pool);
}

static void gather_back(const OpRun *r)
{
    Axis a = axis_of(r->site, 1, r->n);
    float *d = op_sum(r, 0);
    if (d)
        gather_backward(d, r->dout, r->in[1], r->in[2], &a, r->site->in[1]->dim[0], r->site->in[1]->dim[1]);
}

const OpRow op_row_GATHER = {.least = 3,
                             .most = 3,
                             .buffers = OP_BIT(1) | OP_BIT(2),
                             .infer = gather_infer,
                             .forward = gather_run,
                             .backward = gather_back};

/* ---- reduce -----------------------------------------------------------------------------------------------
 */

static bool reduce_infer(OpSite *s, Err *err)
{
    op_default(&s->attrs.count, 1);
    if (s->attrs.mode < 0 || s->attrs.mode >= REDUCE_KINDS)
        return err_set(err, ERR_FORMAT, "there is no reduction %d", s->attrs.mode);
    if (!axes_fit(s, s->attrs.count, err)) return false;
    s->out = *s->in[0];
    for (int i = 0; i < s->attrs.count; i++) s->out.dim[s->attrs.axis + i] = 1;
    return true;
}

static void reduce_run(const OpRun *r)
{
    Axis a = axis_of(r->site, r->site->attrs.count, r->n);
    reduce_forward(r->out, r->in[0], &a, (ReduceKind)r->site->attrs.mode, r->pool);
}

static void reduce_back(const OpRun *r)
{
    Axis a = axis_of(r->site, r->site->attrs.count, r->n);
    float *d = op_sum(r, 0);
    if (d) reduce_backward(d, r->dout, r->in[0], &a, (ReduceKind)r->site->attrs.mode);
}

const OpRow op_row_REDUCE = {.least = 1,
                             .most = 1,
                             .keep = KEEP_IN(0),
                             .infer = reduce_infer,
                             .forward = reduce_run,
                             .backward = reduce_back};

/* ---- affine -----------------------------------------------------------------------------------------------
 */

/* (C), or (N,C) for each image. */
static bool channel_fits(const OpSite *s, int i, const char *name, Err *err)
{
    if (i >= s->inputs || !s->in[i] || s->in[i]->rank != 2)
        return op_vector(s, i, name, s->in[0]->dim[1], err);
    if (s->in[i]->dim[0] == s->in[0]->dim[0] && s->in[i]->dim[1] == s->in[0]->dim[1]) return true;
    return err_set(err, ERR_FORMAT, "%s must hold one number for each channel, or for each image and channel",
                   name);
}

static bool affine_infer(OpSite *s, Err *err)
{
    s->out = *s->in[0];
    if (s->out.rank < 2) return err_set(err, ERR_FORMAT, "x must have channels");
    return channel_fits(s, 1, "scale", err) && channel_fits(s, 2, "offset", err);
}

typedef struct {
    int N, C, P;
    bool per_image[2];
} Channels;

static Channels channels_of(const OpSite *s, int n)
{
    Channels c = {.N = shape_dim(s->in[0], 0, n), .C = s->in[0]->dim[1], .P = op_pixels(s->in[0])};
    for (int i = 1; i < s->inputs; i++) c.per_image[i - 1] = s->in[i] && s->in[i]->rank == 2;
    return c;
}

static void affine_run(const OpRun *r)
{
    Channels c = channels_of(r->site, r->n);
    affine_forward(r->out, r->in[0], r->in[1], r->in[2], c.per_image, c.N, c.C, c.P, r->pool);
}

static void affine_back(const OpRun *r)
{
    Channels c = channels_of(r->site, r->n);
    float *dscale = op_sum(r, 1), *doffset = op_sum(r, 2);
    affine_backward(r->din[0], dscale, doffset, r->dout, r->in[0], r->in[1], c.per_image, c.N, c.C, c.P,
                    r->add[0]);
}

const OpRow op_row_AFFINE = {.least = 1,
                             .most = 3,
                             .apart = true,
                             .optional = OP_BIT(1) | OP_BIT(2),
                             .keep = KEEP_IN(0) | KEEP_IN(1),
                             .infer = affine_infer,
                             .forward = affine_run,
                             .backward = affine_back};
