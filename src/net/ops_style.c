/* Modulation and demodulation as coefficients of maps for each image: ops of lowered nets (net/ops.h). */
#include "math/demod.h"
#include "math/map.h"
#include "net/op.h"
#include <string.h>

static int lanes_of(int C)
{
    return map_blocks(C) * MAP_LANES;
}

/* ---- style: scale = style, shift = 0 ---------------------------------------------------------------------
 */

static bool style_infer(OpSite *s, Err *err)
{
    (void)err;
    s->out = shape2(s->in[0]->dim[0], 2 * lanes_of(s->in[0]->dim[1]));
    return true;
}

static void style_run(const OpRun *r)
{
    size_t C = (size_t)r->site->in[0]->dim[1], row = (size_t)r->site->out.dim[1] / 2;
    memset(r->out, 0, op_out(r) * sizeof *r->out);
    for (size_t n = 0; n < (size_t)r->n; n++) memcpy(r->out + n * row, r->in[0] + n * C, C * sizeof *r->out);
}

static void style_back(const OpRun *r)
{
    size_t C = (size_t)r->site->in[0]->dim[1], row = (size_t)r->site->out.dim[1] / 2;
    float *d = op_sum(r, 0);
    for (size_t n = 0; d && n < (size_t)r->n; n++)
        for (size_t c = 0; c < C; c++) d[n * C + c] += r->dout[n * row + c];
}

const OpRow op_row_STYLE = {
    .least = 1, .most = 1, .infer = style_infer, .forward = style_run, .backward = style_back};

/* ---- demod: style, w, [bias]; scale = d, shift = bias ----------------------------------------------------
 */

static DemodShape demod_of(const OpSite *s, int n)
{
    const Shape *w = s->in[1];
    return (DemodShape){.N = n,
                        .C = w->dim[1],
                        .O = w->dim[0],
                        .taps = w->dim[2] * w->dim[3],
                        .row = lanes_of(w->dim[0]),
                        .eps = s->attrs.eps};
}

static bool demod_infer(OpSite *s, Err *err)
{
    (void)err;
    s->out = shape2(s->in[0]->dim[0], 2 * lanes_of(s->in[1]->dim[0]));
    return true;
}

static void demod_run(const OpRun *r)
{
    DemodShape s = demod_of(r->site, r->n);
    float *shift = r->out + op_out(r) / 2;
    memset(r->out, 0, op_out(r) * sizeof *r->out);
    demod_forward(r->out, r->in[0], r->in[1], &s, r->scratch, r->pool);
    for (int n = 0; r->in[2] && n < r->n; n++)
        memcpy(shift + (size_t)n * (size_t)s.row, r->in[2], (size_t)s.O * sizeof *shift);
}

static void demod_back(const OpRun *r)
{
    DemodShape s = demod_of(r->site, r->n);
    const float *dshift = r->dout + op_out(r) / 2;
    float *dstyle = op_sum(r, 0), *dw = op_sum(r, 1), *dbias = op_sum(r, 2);
    if (dstyle || dw)
        demod_backward(dstyle, dw, r->dout, r->out, r->in[0], r->in[1], &s, r->scratch, r->pool);
    for (int n = 0; dbias && n < r->n; n++)
        for (int o = 0; o < s.O; o++) dbias[o] += dshift[(size_t)n * (size_t)s.row + (size_t)o];
}

static size_t demod_needs(const OpSite *s, int n, int threads)
{
    DemodShape d = demod_of(s, n);
    (void)threads;
    return demod_scratch(&d);
}

const OpRow op_row_DEMOD = {.least = 2,
                            .most = 3,
                            .optional = OP_BIT(2),
                            .keep = KEEP_IN(0) | KEEP_IN(1) | KEEP_OUT,
                            .infer = demod_infer,
                            .forward = demod_run,
                            .backward = demod_back,
                            .scratch = demod_needs};
