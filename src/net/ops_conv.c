/* Convolutions as ops: plain, transposed (the data gradient of the mirrored one) and modulated. */
#include "math/act.h"
#include "math/modconv.h"
#include "net/conv_site.h"

static size_t aligned(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

static bool fits_not(const OpSite *s, int wi, Err *err)
{
    char x[64], w[64];
    shape_text(x, sizeof x, s->in[0]);
    shape_text(w, sizeof w, s->in[wi]);
    return err_set(err, ERR_FORMAT,
                   "w %s with stride %dx%d, padding %d,%d,%d,%d, dilation %dx%d and %d group%s does not "
                   "fit x %s",
                   w, s->attrs.stride[0], s->attrs.stride[1], s->attrs.pad[0], s->attrs.pad[1],
                   s->attrs.pad[2], s->attrs.pad[3], s->attrs.dilation[0], s->attrs.dilation[1],
                   s->attrs.groups, s->attrs.groups == 1 ? "" : "s", x);
}

static bool channels(const OpSite *s, int wi, int takes, Err *err)
{
    if (s->in[0]->dim[1] == takes) return true;
    char x[64], w[64];
    shape_text(x, sizeof x, s->in[0]);
    shape_text(w, sizeof w, s->in[wi]);
    return err_set(err, ERR_FORMAT, "x %s has %d channels, but w %s takes %d", x, s->in[0]->dim[1], w, takes);
}

static bool infer_any(OpSite *s, int wi, Err *err)
{
    ConvShape c;
    conv_site_defaults(&s->attrs);
    if (!op_rank(s, 0, "x", 4, err) || !op_rank(s, wi, "w", 4, err)) return false;
    if (!channels(s, wi, s->in[wi]->dim[1] * s->attrs.groups, err)) return false;
    if (!op_vector(s, wi + 1, "bias", s->in[wi]->dim[0], err)) return false;
    if (!conv_site(&c, s, wi, 1)) return fits_not(s, wi, err);
    s->out = shape4(s->in[0]->dim[0], c.O, c.OH, c.OW);
    return true;
}

/* ---- conv ---------------------------------------------------------------------------------------------- */

static bool conv_infer(OpSite *s, Err *err)
{
    return infer_any(s, 1, err);
}

static void conv_run(const OpRun *r)
{
    ConvShape c;
    conv_site(&c, r->site, 1, r->n);
    conv_forward(r->out, r->in[0], r->in[1], r->in[2], &c, r->scratch, r->pool);
}

static void conv_back(const OpRun *r)
{
    ConvShape c;
    float *d;
    conv_site(&c, r->site, 1, r->n);
    if (r->din[0]) conv_backward_data(r->din[0], r->dout, r->in[1], NULL, &c, r->add[0], r->scratch, r->pool);
    if ((d = op_sum(r, 1))) conv_backward_weight(d, r->dout, r->in[0], &c, r->scratch, r->pool);
    if ((d = op_sum(r, 2))) conv_backward_bias(d, r->dout, c.N, c.O, c.OH * c.OW);
}

static size_t conv_needs(const OpSite *s, int n, int threads)
{
    ConvShape c;
    conv_site(&c, s, 1, n);
    return conv_scratch(&c, threads);
}

static double conv_macs(const OpSite *s, int n)
{
    ConvShape c;
    conv_site(&c, s, 1, n);
    return conv_site_macs(&c);
}

const OpRow op_row_CONV = {.least = 2,
                           .most = 3,
                           .optional = OP_BIT(2),
                           .keep = KEEP_IN(0) | KEEP_IN(1),
                           .infer = conv_infer,
                           .forward = conv_run,
                           .backward = conv_back,
                           .scratch = conv_needs,
                           .macs = conv_macs};

/* ---- convt: x and out change sides of a convolution from out to x -------------------------------------- */

static bool convt_infer(OpSite *s, Err *err)
{
    ConvShape c;
    conv_site_defaults(&s->attrs);
    if (!op_rank(s, 0, "x", 4, err) || !op_rank(s, 1, "w", 4, err)) return false;
    if (!channels(s, 1, s->in[1]->dim[0], err)) return false;
    if (!op_vector(s, 2, "bias", s->in[1]->dim[1] * s->attrs.groups, err)) return false;
    if (!convt_site(&c, s, 1)) return fits_not(s, 1, err);
    s->out = shape4(s->in[0]->dim[0], c.C, c.H, c.W);
    return true;
}

static void convt_run(const OpRun *r)
{
    ConvShape c;
    convt_site(&c, r->site, r->n);
    conv_backward_data(r->out, r->in[0], r->in[1], r->in[2], &c, false, r->scratch, r->pool);
}

/* conv_forward only overwrites: an accumulated gradient goes through the first part of scratch. */
static void convt_back_data(const OpRun *r, const ConvShape *c)
{
    float *to = r->add[0] ? r->scratch : r->din[0], *rest = r->scratch + aligned(op_in(r, 0));
    conv_forward(to, r->dout, r->in[1], NULL, c, rest, r->pool);
    if (r->add[0]) vec_axpy(r->din[0], to, op_in(r, 0), 1, r->pool);
}

static void convt_back(const OpRun *r)
{
    ConvShape c;
    float *d;
    convt_site(&c, r->site, r->n);
    if (r->din[0]) convt_back_data(r, &c);
    if ((d = op_sum(r, 1))) conv_backward_weight(d, r->in[0], r->dout, &c, r->scratch, r->pool);
    if ((d = op_sum(r, 2))) conv_backward_bias(d, r->dout, c.N, c.C, c.H * c.W);
}

static size_t convt_needs(const OpSite *s, int n, int threads)
{
    ConvShape c;
    convt_site(&c, s, n);
    return conv_scratch(&c, threads) + (s->want[0] ? aligned(shape_count(s->in[0], n)) : 0);
}

static double convt_macs(const OpSite *s, int n)
{
    ConvShape c;
    convt_site(&c, s, n);
    return conv_site_macs(&c);
}

const OpRow op_row_CONVT = {.least = 2,
                            .most = 3,
                            .optional = OP_BIT(2),
                            .keep = KEEP_IN(0) | KEEP_IN(1),
                            .infer = convt_infer,
                            .forward = convt_run,
                            .backward = convt_back,
                            .scratch = convt_needs,
                            .macs = convt_macs};

/* ---- modconv ------------------------------------------------------------------------------------------- */

static bool modconv_infer(OpSite *s, Err *err)
{
    op_default_float(&s->attrs.eps, 1e-8f);
    if (!infer_any(s, 2, err) || !op_rank(s, 1, "style", 2, err)) return false;
    if (s->attrs.groups != 1) return err_set(err, ERR_FORMAT, "a modulated convolution has no groups");
    if (s->in[1]->dim[0] == s->in[0]->dim[0] && s->in[1]->dim[1] == s->in[0]->dim[1]) return true;
    char style[64], x[64];
    shape_text(style, sizeof style, s->in[1]);
    shape_text(x, sizeof x, s->in[0]);
    return err_set(err, ERR_FORMAT, "style %s must hold one number per image and channel of x %s", style, x);
}

static void modconv_run(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    ConvShape c;
    conv_site(&c, r->site, 2, r->n);
    modconv_forward(r->out, r->saved, r->in[0], r->in[1], r->in[2], r->in[3], &c, a->demodulate, a->eps,
                    r->scratch, r->pool);
}

static void modconv_back(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    ConvShape c;
    float *d;
    conv_site(&c, r->site, 2, r->n);
    modconv_backward(r->din[0], r->add[0], r->din[1], r->add[1], op_sum(r, 2), r->dout, r->saved, r->in[0],
                     r->in[1], r->in[2], &c, a->demodulate, a->eps, r->scratch, r->pool);
    if ((d = op_sum(r, 3))) conv_backward_bias(d, r->dout, c.N, c.O, c.OH * c.OW);
}

static size_t modconv_saves(const OpSite *s, int n)
{
    ConvShape c;
    conv_site(&c, s, 2, n);
    return modconv_saved(&c, s->attrs.demodulate);
}

static size_t modconv_needs(const OpSite *s, int n, int threads)
{
    ConvShape c;
    conv_site(&c, s, 2, n);
    return modconv_scratch(&c, threads);
}

static double modconv_macs(const OpSite *s, int n)
{
    ConvShape c;
    conv_site(&c, s, 2, n);
    return conv_site_macs(&c);
}

const OpRow op_row_MODCONV = {.least = 3,
                              .most = 4,
                              .optional = OP_BIT(3),
                              .apart = true,
                              .keep = KEEP_IN(0) | KEEP_IN(1) | KEEP_IN(2),
                              .infer = modconv_infer,
                              .forward = modconv_run,
                              .backward = modconv_back,
                              .saves = modconv_saves,
                              .scratch = modconv_needs,
                              .macs = modconv_macs};
