/* Modulation and demodulation as coefficients of maps for each image: ops of lowered nets (net/ops.h). */
#include "math/demod.h"
#include "math/map.h"
#include "net/op.h"
#include <string.h>

static int lanes_of(int C)
{
    return map_blocks(C) * MAP_LANES;
}

/* ---- style: [scale], [offset], each per channel or per image and channel; absent: 1 and 0 ----------------
 */

static bool for_each_image(const OpSite *s, int i)
{
    return i < s->inputs && s->in[i] && s->in[i]->rank == 2;
}

static bool style_infer(OpSite *s, Err *err)
{
    (void)err;
    const Shape *any = s->in[0] ? s->in[0] : s->in[1];
    bool each = for_each_image(s, 0) || for_each_image(s, 1);
    int lanes = lanes_of(any->dim[any->rank - 1]);
    s->out = each ? shape2(NET_BATCH, 2 * lanes) : shape2(2, lanes);
    return true;
}

/* Rows of the coefficient: one, or one for each image. */
static size_t style_rows(const OpRun *r)
{
    return r->site->out.dim[0] == NET_BATCH ? (size_t)r->n : 1;
}

static void style_run(const OpRun *r)
{
    const OpSite *s = r->site;
    const Shape *any = s->in[0] ? s->in[0] : s->in[1];
    size_t C = (size_t)any->dim[any->rank - 1], rows = style_rows(r), row = (size_t)lanes_of((int)C);
    memset(r->out, 0, op_out(r) * sizeof *r->out);
    for (int i = 0; i < 2; i++)
        for (size_t n = 0; n < rows; n++) {
            float *to = r->out + ((size_t)i * rows + n) * row;
            if (i < s->inputs && r->in[i])
                memcpy(to, r->in[i] + (for_each_image(s, i) ? n * C : 0), C * sizeof *to);
            else
                for (size_t c = 0; i == 0 && c < C; c++) to[c] = 1;
        }
}

static void style_back(const OpRun *r)
{
    const OpSite *s = r->site;
    for (int i = 0; i < s->inputs; i++) {
        float *d = s->in[i] ? op_sum(r, i) : NULL;
        if (!d) continue;
        size_t C = (size_t)s->in[i]->dim[s->in[i]->rank - 1], rows = style_rows(r),
               row = (size_t)lanes_of((int)C);
        for (size_t n = 0; n < rows; n++)
            for (size_t c = 0; c < C; c++)
                d[(for_each_image(s, i) ? n * C : 0) + c] += r->dout[((size_t)i * rows + n) * row + c];
    }
}

const OpRow op_row_STYLE = {.least = 1,
                            .most = 2,
                            .optional = OP_BIT(0) | OP_BIT(1),
                            .infer = style_infer,
                            .forward = style_run,
                            .backward = style_back};

/* ---- demod: style, w; scale = d, shift = 0 ----------------------------------------------------
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
    memset(r->out, 0, op_out(r) * sizeof *r->out);
    demod_forward(r->out, r->in[0], r->in[1], &s, r->scratch, r->pool);
}

static void demod_back(const OpRun *r)
{
    DemodShape s = demod_of(r->site, r->n);
    float *dstyle = op_sum(r, 0), *dw = op_sum(r, 1);
    if (dstyle || dw)
        demod_backward(dstyle, dw, r->dout, r->out, r->in[0], r->in[1], &s, r->scratch, r->pool);
}

static size_t demod_needs(const OpSite *s, int n, int threads)
{
    DemodShape d = demod_of(s, n);
    (void)threads;
    return demod_scratch(&d);
}

const OpRow op_row_DEMOD = {.least = 2,
                            .most = 2,
                            .keep = KEEP_IN(0) | KEEP_IN(1) | KEEP_OUT,
                            .infer = demod_infer,
                            .forward = demod_run,
                            .backward = demod_back,
                            .scratch = demod_needs};
