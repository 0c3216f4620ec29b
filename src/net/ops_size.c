/* Changing the size of feature maps as ops: upsampling, pooling, sums and means over pixels. */
#include "math/mapjoin.h"
#include "math/mapmove.h"
#include "math/resample.h"
#include "net/op.h"

static bool on_map(const OpRun *r)
{
    return r->site->in_layout[0] == LAYOUT_MAP;
}

static int images(const OpRun *r)
{
    return shape_dim(r->site->in[0], 0, r->n);
}

static int planes(const Shape *x, int n)
{
    return shape_dim(x, 0, n) * x->dim[1];
}

/* ---- upsample ------------------------------------------------------------------------------------------ */

static bool upsample_infer(OpSite *s, Err *err)
{
    Attrs *a = &s->attrs;
    op_default(&a->scale, 2);
    if (!op_rank(s, 0, "x", 4, err)) return false;
    if (a->mode != 0 && a->mode != 1)
        return err_set(err, ERR_FORMAT, "there is no way of upsampling %d", a->mode);
    s->out = *s->in[0];
    for (int i = 2; i < 4; i++)
        if (__builtin_mul_overflow(s->out.dim[i], a->scale, &s->out.dim[i]))
            return err_set(err, ERR_LIMIT, "scaling by %d makes the picture too large", a->scale);
    s->layout = s->in_layout[0]; /* a map only for scale 2 */
    return true;
}

static void upsample_run(const OpRun *r)
{
    const Shape *x = r->site->in[0];
    const Attrs *a = &r->site->attrs;
    if (on_map(r))
        map_grow(r->out, r->in[0], images(r), x->dim[1], x->dim[2], x->dim[3], a->mode, r->pool);
    else
        upsample_forward(r->out, r->in[0], planes(x, r->n), x->dim[2], x->dim[3], a->scale, a->mode, r->pool);
}

static void upsample_back(const OpRun *r)
{
    const Shape *x = r->site->in[0];
    const Attrs *a = &r->site->attrs;
    if (!r->din[0]) return;
    if (on_map(r))
        map_grow_backward(r->din[0], r->dout, images(r), x->dim[1], x->dim[2], x->dim[3], a->mode, r->add[0],
                          r->pool);
    else
        upsample_backward(r->din[0], r->dout, planes(x, r->n), x->dim[2], x->dim[3], a->scale, a->mode,
                          r->add[0], r->pool);
}

const OpRow op_row_UPSAMPLE = {
    .least = 1, .most = 1, .infer = upsample_infer, .forward = upsample_run, .backward = upsample_back};

/* ---- avgpool, maxpool ---------------------------------------------------------------------------------- */

static bool pool_of(PoolShape *p, const OpSite *s, int n)
{
    const Shape *x = s->in[0];
    const Attrs *a = &s->attrs;
    *p = (PoolShape){.M = planes(x, n),
                     .H = x->dim[2],
                     .W = x->dim[3],
                     .kh = a->kernel[0],
                     .kw = a->kernel[1],
                     .sh = a->stride[0],
                     .sw = a->stride[1],
                     .pt = a->pad[0],
                     .pl = a->pad[1],
                     .pb = a->pad[2],
                     .pr = a->pad[3]};
    return pool_shape(p);
}

static bool pool_infer(OpSite *s, Err *err)
{
    PoolShape p;
    Attrs *a = &s->attrs;
    for (int i = 0; i < 2; i++) {
        op_default(&a->kernel[i], 2);
        op_default(&a->stride[i], 1);
    }
    if (!op_rank(s, 0, "x", 4, err)) return false;
    bool padded = a->pad[0] >= a->kernel[0] || a->pad[2] >= a->kernel[0] || a->pad[1] >= a->kernel[1] ||
                  a->pad[3] >= a->kernel[1]; /* a window could lie wholly outside the picture */
    if (padded || !pool_of(&p, s, 1)) {
        char x[64];
        shape_text(x, sizeof x, s->in[0]);
        return err_set(err, ERR_FORMAT,
                       "a %dx%d window with stride %dx%d and padding %d,%d,%d,%d does not fit x %s",
                       a->kernel[0], a->kernel[1], a->stride[0], a->stride[1], a->pad[0], a->pad[1],
                       a->pad[2], a->pad[3], x);
    }
    s->out = shape4(s->in[0]->dim[0], s->in[0]->dim[1], p.OH, p.OW);
    return true;
}

static void avgpool_run(const OpRun *r)
{
    PoolShape p;
    pool_of(&p, r->site, r->n);
    if (on_map(r))
        map_mean(r->out, r->in[0], images(r), r->site->in[0]->dim[1], &p, r->pool);
    else
        avgpool_forward(r->out, r->in[0], &p, r->pool);
}

static void avgpool_back(const OpRun *r)
{
    PoolShape p;
    pool_of(&p, r->site, r->n);
    if (!r->din[0]) return;
    if (on_map(r))
        map_mean_backward(r->din[0], r->dout, images(r), r->site->in[0]->dim[1], &p, r->add[0], r->pool);
    else
        avgpool_backward(r->din[0], r->dout, &p, r->add[0], r->pool);
}

static bool avgpool_infer(OpSite *s, Err *err)
{
    s->layout = s->in_layout[0];
    return pool_infer(s, err);
}

const OpRow op_row_AVGPOOL = {
    .least = 1, .most = 1, .infer = avgpool_infer, .forward = avgpool_run, .backward = avgpool_back};

static void maxpool_run(const OpRun *r)
{
    PoolShape p;
    pool_of(&p, r->site, r->n);
    maxpool_forward(r->out, r->in[0], &p, r->pool);
}

static void maxpool_back(const OpRun *r)
{
    PoolShape p;
    pool_of(&p, r->site, r->n);
    if (r->din[0]) maxpool_backward(r->din[0], r->dout, r->in[0], &p, r->add[0], r->pool);
}

const OpRow op_row_MAXPOOL = {.least = 1,
                              .most = 1,
                              .keep = KEEP_IN(0),
                              .infer = pool_infer,
                              .forward = maxpool_run,
                              .backward = maxpool_back};

/* ---- meanhw, sumhw ------------------------------------------------------------------------------------- */

static bool planes_infer(OpSite *s, Err *err)
{
    if (!op_rank(s, 0, "x", 4, err)) return false;
    s->out = shape2(s->in[0]->dim[0], s->in[0]->dim[1]);
    return true;
}

static void planes_run(const OpRun *r, float scale)
{
    const Shape *x = r->site->in[0];
    if (on_map(r))
        map_sum(r->out, r->in[0], images(r), x->dim[1], op_pixels(x), scale, r->pool);
    else
        reduce_planes(r->out, r->in[0], planes(x, r->n), op_pixels(x), scale);
}

static void planes_back(const OpRun *r, float scale)
{
    const Shape *x = r->site->in[0];
    if (!r->din[0]) return;
    if (on_map(r))
        map_sum_backward(r->din[0], r->dout, images(r), x->dim[1], op_pixels(x), scale, r->add[0], r->pool);
    else
        reduce_planes_backward(r->din[0], r->dout, planes(x, r->n), op_pixels(x), scale, r->add[0]);
}

static void meanhw_run(const OpRun *r)
{
    planes_run(r, 1.0f / (float)op_pixels(r->site->in[0]));
}

static void meanhw_back(const OpRun *r)
{
    planes_back(r, 1.0f / (float)op_pixels(r->site->in[0]));
}

static void sumhw_run(const OpRun *r)
{
    planes_run(r, 1);
}

static void sumhw_back(const OpRun *r)
{
    planes_back(r, 1);
}

const OpRow op_row_MEANHW = {
    .least = 1, .most = 1, .infer = planes_infer, .forward = meanhw_run, .backward = meanhw_back};
const OpRow op_row_SUMHW = {
    .least = 1, .most = 1, .infer = planes_infer, .forward = sumhw_run, .backward = sumhw_back};
