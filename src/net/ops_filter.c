/* Filters and tables of foreign generators as ops: StyleGAN's blur, BigGAN's standing statistics. */
#include "math/fir.h"
#include "math/map.h"
#include "net/op.h"
#include <math.h>
#include <string.h>

/* ---- fir: x (N,C,H,W), kernel buffer (KH,KW); attrs scale (zeros between), pad ------------------------- */

static bool fir_of(Fir *f, const OpSite *s, int n)
{
    const Shape *x = s->in[0], *k = s->in[1];
    const Attrs *a = &s->attrs;
    bool map = s->in_layout[0] == LAYOUT_MAP;
    *f = (Fir){.planes = shape_dim(x, 0, n) * (map ? map_blocks(x->dim[1]) : x->dim[1]),
               .lanes = map ? MAP_LANES : 1,
               .H = x->dim[2],
               .W = x->dim[3],
               .up = a->scale,
               .KH = k->dim[0],
               .KW = k->dim[1],
               .top = a->pad[0],
               .left = a->pad[1],
               .bottom = a->pad[2],
               .right = a->pad[3]};
    return fir_shape(f);
}

static bool fir_infer(OpSite *s, Err *err)
{
    Fir f;
    op_default(&s->attrs.scale, 1);
    if (!op_rank(s, 0, "x", 4, err) || !op_rank(s, 1, "kernel", 2, err)) return false;
    if (s->attrs.scale > 8 || s->in[0]->dim[2] > 65536 || s->in[0]->dim[3] > 65536 || !fir_of(&f, s, 1))
        return err_set(err, ERR_FORMAT, "the filter does not fit the picture");
    s->out = shape4(s->in[0]->dim[0], s->in[0]->dim[1], f.OH, f.OW);
    s->layout = s->in_layout[0];
    return true;
}

static void fir_run(const OpRun *r)
{
    Fir f;
    fir_of(&f, r->site, r->n);
    fir_forward(r->out, r->in[0], r->in[1], &f, r->pool);
}

static void fir_back(const OpRun *r)
{
    Fir f;
    fir_of(&f, r->site, r->n);
    if (r->din[0]) fir_backward(r->din[0], r->dout, r->in[1], &f, r->add[0], r->pool);
}

const OpRow op_row_FIR = {.least = 2,
                          .most = 2,
                          .buffers = OP_BIT(1),
                          .infer = fir_infer,
                          .forward = fir_run,
                          .backward = fir_back};

/* ---- standing: t (N,1), table buffer (R,C) -> (N,C) ------------------------------------------------------
 */

static bool standing_infer(OpSite *s, Err *err)
{
    if (!op_rank(s, 0, "t", 2, err) || !op_rank(s, 1, "table", 2, err)) return false;
    if (s->in[0]->dim[1] != 1 || s->in[1]->dim[0] < 2)
        return err_set(err, ERR_FORMAT, "t is one number for each image, and the table has two rows or more");
    s->out = shape2(s->in[0]->dim[0], s->in[1]->dim[1]);
    return true;
}

/* Rows stand for t = 0 .. 1 in equal steps. Between two of them the published code of BigGAN-deep weighs row
 * i by the fraction and row i + 1 by the rest, and its weights are used so. */
static void standing_row(float *out, float t, const float *table, int rows, size_t C)
{
    double at = fmin(fmax((double)t, 0), 1) * (rows - 1), whole = floor(at + 1e-4);
    float f = at - whole > 1e-4 ? (float)(at - whole) : 0;
    const float *row = table + (size_t)whole * C;
    for (size_t c = 0; c < C; c++) out[c] = f > 0 ? row[c] * f + row[C + c] * (1 - f) : row[c];
}

static void standing_run(const OpRun *r)
{
    const Shape *table = r->site->in[1];
    size_t C = (size_t)table->dim[1];
    for (int n = 0; n < shape_dim(r->site->in[0], 0, r->n); n++)
        standing_row(r->out + (size_t)n * C, r->in[0][n], r->in[1], table->dim[0], C);
}

/* The statistics are constants of a truncation: no gradient goes to it. */
static void standing_back(const OpRun *r)
{
    op_sum(r, 0);
}

const OpRow op_row_STANDING = {.least = 2,
                               .most = 2,
                               .buffers = OP_BIT(1),
                               .infer = standing_infer,
                               .forward = standing_run,
                               .backward = standing_back};
