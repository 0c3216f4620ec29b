/* Normalisations over feature maps as ops: batch and instance norm (plain and conditional), minibatch std. */
#include "math/map.h"
#include "math/norm.h"
#include "math/whole.h"
#include "net/op.h"
#include <math.h>

typedef struct {
    int N, C, P;
    bool per_image; /* scale and offset are (N,C) */
} NormSize;

static NormSize norm_of(const OpSite *s, int n)
{
    const Shape *x = s->in[0], *affine = s->in[1] ? s->in[1] : s->in[2];
    return (NormSize){
        .N = shape_dim(x, 0, n), .C = x->dim[1], .P = op_pixels(x), .per_image = affine && affine->rank == 2};
}

/* Scale or offset: absent, (C), or one row per image. */
static bool affine_fits(const OpSite *s, int i, const char *name, Err *err)
{
    const Shape *x = s->in[0], *a = i < s->inputs ? s->in[i] : NULL;
    if (!a || (a->rank == 1 && a->dim[0] == x->dim[1])) return true;
    if (a->rank == 2 && a->dim[0] == x->dim[0] && a->dim[1] == x->dim[1]) return true;
    char as[64], xs[64];
    shape_text(as, sizeof as, a);
    shape_text(xs, sizeof xs, x);
    return err_set(err, ERR_FORMAT, "%s %s must be (%d), or that for each image of x %s", name, as, x->dim[1],
                   xs);
}

static bool norm_infer(OpSite *s, Err *err)
{
    op_default_float(&s->attrs.eps, 1e-5f);
    op_default_float(&s->attrs.momentum, 0.1f);
    s->out = *s->in[0];
    if (s->out.rank < 2)
        return err_set(err, ERR_FORMAT, "x must have at least 2 dimensions, images and channels");
    if (!affine_fits(s, 1, "scale", err) || !affine_fits(s, 2, "offset", err)) return false;
    if (s->in[1] && s->in[2] && s->in[1]->rank != s->in[2]->rank)
        return err_set(err, ERR_FORMAT,
                       "scale and offset must both be per channel or both per image and channel");
    return true;
}

/* The kernels always write dx; where nobody wants it, it goes to scratch. Only then is there any. */
static float *norm_dx(const OpRun *r)
{
    return r->din[0] ? r->din[0] : r->scratch;
}

static size_t norm_needs(const OpSite *s, int n, int threads)
{
    (void)threads;
    return (s->want[1] | s->want[2]) & ~s->want[0] ? shape_count(s->in[0], n) : 0;
}

static size_t two_per_channel(const OpSite *s, int n)
{
    (void)n;
    return 2 * (size_t)s->in[0]->dim[1];
}

/* ---- batchnorm: in[3] running mean, in[4] running variance --------------------------------------------- */

static bool batchnorm_infer_shape(OpSite *s, Err *err)
{
    return norm_infer(s, err) && op_vector(s, 3, "running mean", s->in[0]->dim[1], err) &&
           op_vector(s, 4, "running variance", s->in[0]->dim[1], err);
}

static void batchnorm_run(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    NormSize d = norm_of(r->site, r->n);
    if (r->train) {
        batchnorm_train(r->out, r->saved, r->in[3], r->in[4], r->in[0], r->in[1], r->in[2], d.per_image, d.N,
                        d.C, d.P, a->eps, a->momentum, r->pool);
        return;
    }
    for (int c = 0; c < d.C; c++) {
        r->saved[c] = r->in[3][c];
        r->saved[d.C + c] = 1 / sqrtf(r->in[4][c] + a->eps);
    }
    batchnorm_infer(r->out, r->in[0], r->in[3], r->in[4], r->in[1], r->in[2], d.per_image, d.N, d.C, d.P,
                    a->eps, r->pool);
}

static void batchnorm_back(const OpRun *r)
{
    NormSize d = norm_of(r->site, r->n);
    if (!r->din[0] && !r->din[1] && !r->din[2]) return;
    batchnorm_backward(norm_dx(r), op_sum(r, 1), op_sum(r, 2), r->dout, r->in[0], r->saved, r->in[1],
                       d.per_image, !r->train, d.N, d.C, d.P, r->din[0] && r->add[0], r->pool);
}

const OpRow op_row_BATCHNORM = {.least = 5,
                                .most = 5,
                                .optional = OP_BIT(1) | OP_BIT(2),
                                .buffers = OP_BIT(3) | OP_BIT(4),
                                .keep = KEEP_IN(0) | KEEP_IN(1),
                                .apart = true,
                                .infer = batchnorm_infer_shape,
                                .forward = batchnorm_run,
                                .backward = batchnorm_back,
                                .saves = two_per_channel,
                                .scratch = norm_needs};

/* ---- instancenorm -------------------------------------------------------------------------------------- */

static void instancenorm_run(const OpRun *r)
{
    NormSize d = norm_of(r->site, r->n);
    instancenorm_forward(r->out, r->saved, r->in[0], r->in[1], r->in[2], d.per_image, d.N, d.C, d.P,
                         r->site->attrs.eps, r->pool);
}

static void instancenorm_back(const OpRun *r)
{
    NormSize d = norm_of(r->site, r->n);
    if (!r->din[0] && !r->din[1] && !r->din[2]) return;
    instancenorm_backward(norm_dx(r), op_sum(r, 1), op_sum(r, 2), r->dout, r->in[0], r->saved, r->in[1],
                          d.per_image, d.N, d.C, d.P, r->din[0] && r->add[0], r->pool);
}

static size_t two_per_plane(const OpSite *s, int n)
{
    NormSize d = norm_of(s, n);
    return 2 * (size_t)d.N * (size_t)d.C;
}

const OpRow op_row_INSTANCENORM = {.least = 1,
                                   .most = 3,
                                   .optional = OP_BIT(1) | OP_BIT(2),
                                   .keep = KEEP_IN(0) | KEEP_IN(1),
                                   .apart = true,
                                   .infer = norm_infer,
                                   .forward = instancenorm_run,
                                   .backward = instancenorm_back,
                                   .saves = two_per_plane,
                                   .scratch = norm_needs};

/* ---- batchstd ------------------------------------------------------------------------------------------ */

/* A map of whole blocks is blocks of 16P numbers each, and gains one block whose first lane alone is used. */
static NormSize std_of(const OpSite *s, int n)
{
    NormSize d = norm_of(s, n);
    if (s->layout == LAYOUT_MAP) d.C /= MAP_LANES, d.P *= MAP_LANES;
    return d;
}

/* The images from `first` on that are measured together: where they lie in x, in the result, in what is
 * saved. */
typedef struct {
    int N;
    size_t in, out, saved;
} StdGroup;

static StdGroup std_group(const OpSite *s, const NormSize *d, int first)
{
    int each = s->attrs.count ? s->attrs.count : d->N;
    size_t image = (size_t)d->C * (size_t)d->P;
    return (StdGroup){min_int(each, d->N - first), (size_t)first * image,
                      (size_t)first * (image + (size_t)d->P), (size_t)(first / each) * (1 + image)};
}

static bool batchstd_infer(OpSite *s, Err *err)
{
    op_default_float(&s->attrs.eps, 1e-8f);
    if (!op_rank(s, 0, "x", 4, err)) return false;
    s->out = *s->in[0];
    s->out.dim[1]++;
    s->layout = s->in_layout[0];
    return s->attrs.count >= 0 ||
           err_set(err, ERR_FORMAT, "the images measured together cannot be %d", s->attrs.count);
}

static void batchstd_run(const OpRun *r)
{
    NormSize d = std_of(r->site, r->n);
    size_t plane = (size_t)d.P, image = ((size_t)d.C + 1) * plane;
    StdGroup g;
    for (int first = 0; first < d.N; first += g.N) {
        g = std_group(r->site, &d, first);
        batchstd_forward(r->out + g.out, r->saved + g.saved, r->in[0] + g.in, g.N, d.C, d.P,
                         r->site->attrs.eps, r->pool);
    }
    if (r->site->layout != LAYOUT_MAP) return;
    for (float *last = r->out + image - plane; last < r->out + (size_t)d.N * image; last += image)
        for (size_t i = 0; i < plane; i++)
            if (i % MAP_LANES) last[i] = 0;
}

static void batchstd_back(const OpRun *r)
{
    NormSize d = std_of(r->site, r->n);
    StdGroup g;
    for (int first = 0; r->din[0] && first < d.N; first += g.N) {
        g = std_group(r->site, &d, first);
        batchstd_backward(r->din[0] + g.in, r->dout + g.out, r->in[0] + g.in, r->saved + g.saved, g.N, d.C,
                          d.P, r->site->attrs.eps, r->add[0], r->pool);
    }
}

static size_t batchstd_saves(const OpSite *s, int n)
{
    NormSize d = std_of(s, n);
    int groups = s->attrs.count ? divide_up(d.N, s->attrs.count) : 1;
    return (size_t)groups * (1 + (size_t)d.C * (size_t)d.P);
}

const OpRow op_row_BATCHSTD = {.least = 1,
                               .most = 1,
                               .keep = KEEP_IN(0),
                               .infer = batchstd_infer,
                               .forward = batchstd_run,
                               .backward = batchstd_back,
                               .saves = batchstd_saves};
