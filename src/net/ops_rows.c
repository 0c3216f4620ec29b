/* Normalisations over rows as ops: pixel norm, L2 norm, softmax, and the spectral norm of a weight. */
#include "math/norm.h"
#include "net/op.h"

/* Rows of the last dimension. */
typedef struct {
    int N, C;
} Rows;

static Rows rows_of(const OpSite *s, int n)
{
    const Shape *x = s->in[0];
    Rows d = {.C = shape_dim(x, x->rank - 1, n)};
    d.N = (int)(shape_count(x, n) / (size_t)d.C);
    return d;
}

static bool rows_infer(OpSite *s, Err *err)
{
    op_default_float(&s->attrs.eps, 1e-8f);
    s->out = *s->in[0];
    if (s->out.rank >= 2) return true;
    return err_set(err, ERR_FORMAT,
                   "x must have at least 2 dimensions, images and a row of numbers for each");
}

static size_t one_per_row(const OpSite *s, int n)
{
    return (size_t)rows_of(s, n).N;
}

/* ---- pixelnorm ----------------------------------------------------------------------------------------- */

static void pixelnorm_run(const OpRun *r)
{
    Rows d = rows_of(r->site, r->n);
    pixelnorm_forward(r->out, r->saved, r->in[0], d.N, d.C, r->site->attrs.eps);
}

static void pixelnorm_back(const OpRun *r)
{
    Rows d = rows_of(r->site, r->n);
    if (r->din[0]) pixelnorm_backward(r->din[0], r->dout, r->in[0], r->saved, d.N, d.C, r->add[0]);
}

const OpRow op_row_PIXELNORM = {.least = 1,
                                .most = 1,
                                .keep = KEEP_IN(0),
                                .infer = rows_infer,
                                .forward = pixelnorm_run,
                                .backward = pixelnorm_back,
                                .saves = one_per_row};

/* ---- l2norm -------------------------------------------------------------------------------------------- */

static void l2norm_run(const OpRun *r)
{
    Rows d = rows_of(r->site, r->n);
    l2norm_forward(r->out, r->saved, r->in[0], d.N, d.C);
}

static void l2norm_back(const OpRun *r)
{
    Rows d = rows_of(r->site, r->n);
    if (r->din[0]) l2norm_backward(r->din[0], r->dout, r->out, r->saved, d.N, d.C, r->add[0]);
}

const OpRow op_row_L2NORM = {.least = 1,
                             .most = 1,
                             .keep = KEEP_OUT,
                             .infer = rows_infer,
                             .forward = l2norm_run,
                             .backward = l2norm_back,
                             .saves = one_per_row};

/* ---- softmax ------------------------------------------------------------------------------------------- */

static void softmax_run(const OpRun *r)
{
    Rows d = rows_of(r->site, r->n);
    softmax_forward(r->out, r->in[0], d.N, d.C);
}

static void softmax_back(const OpRun *r)
{
    Rows d = rows_of(r->site, r->n);
    if (r->din[0]) softmax_backward(r->din[0], r->dout, r->out, d.N, d.C, r->add[0]);
}

const OpRow op_row_SOFTMAX = {.least = 1,
                              .most = 1,
                              .keep = KEEP_OUT,
                              .infer = rows_infer,
                              .forward = softmax_run,
                              .backward = softmax_back};

/* ---- spectral: in[1] is u, the power iteration's vector ------------------------------------------------ */

static bool spectral_infer(OpSite *s, Err *err)
{
    s->out = *s->in[0];
    if (s->out.dim[0] == NET_BATCH || s->out.rank < 2)
        return err_set(err, ERR_FORMAT, "w must be a weight of at least 2 dimensions, without the batch");
    return op_vector(s, 1, "u", s->out.dim[0], err);
}

static int spectral_columns(const OpSite *s)
{
    return (int)(shape_count(s->in[0], 1) / (size_t)s->in[0]->dim[0]);
}

static void spectral_run(const OpRun *r)
{
    spectral_forward(r->out, r->saved, r->in[1], r->in[0], r->site->in[0]->dim[0], spectral_columns(r->site),
                     r->train, r->pool);
}

static void spectral_back(const OpRun *r)
{
    float *d = op_sum(r, 0);
    if (d)
        spectral_backward(d, r->dout, r->out, r->saved, r->site->in[0]->dim[0], spectral_columns(r->site),
                          r->pool);
}

static size_t spectral_saves(const OpSite *s, int n)
{
    (void)n;
    return 1 + (size_t)s->in[0]->dim[0] + (size_t)spectral_columns(s);
}

const OpRow op_row_SPECTRAL = {.least = 2,
                               .most = 2,
                               .buffers = OP_BIT(1),
                               .keep = KEEP_OUT,
                               .infer = spectral_infer,
                               .forward = spectral_run,
                               .backward = spectral_back,
                               .saves = spectral_saves};
