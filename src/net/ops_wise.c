/* Elementwise functions of foreign graphs as ops: of one number, of two, and the choice between two. */
#include "math/pair.h"
#include "math/point.h"
#include "net/op.h"
#include <assert.h>

/* ---- point ------------------------------------------------------------------------------------------------
 */

static bool point_infer(OpSite *s, Err *err)
{
    s->out = *s->in[0];
    if (s->attrs.mode >= 0 && s->attrs.mode < POINT_KINDS) return true;
    return err_set(err, ERR_FORMAT, "there is no function %d", s->attrs.mode);
}

static void point_run(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    point_forward(r->out, r->in[0], op_out(r), (PointKind)a->mode, a->alpha, a->gain, r->pool);
}

static void point_back(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    if (r->din[0])
        point_backward(r->din[0], r->dout, r->in[0], r->out, op_out(r), (PointKind)a->mode, a->alpha, a->gain,
                       r->add[0], r->pool);
}

const OpRow op_row_POINT = {.least = 1,
                            .most = 1,
                            .keep = KEEP_IN(0) | KEEP_OUT,
                            .infer = point_infer,
                            .forward = point_run,
                            .backward = point_back};

/* ---- Broadcasting -----------------------------------------------------------------------------------------
 */

/* What two dimensions become, the batch being longer than any 1; 0 where they do not match. */
static int wider(int a, int b)
{
    if (a == b || b == 1) return a;
    return a == 1 ? b : 0;
}

static bool spread_infer(OpSite *s, Err *err)
{
    bool fits = true;
    s->out = (Shape){0};
    for (int k = 0; k < s->inputs; k++)
        if (s->in[k]->rank > s->out.rank) s->out.rank = s->in[k]->rank;
    for (int i = 0; i < s->out.rank; i++) {
        int d = 1;
        for (int k = 0; k < s->inputs; k++) {
            int at = i - (s->out.rank - s->in[k]->rank);
            if (d != 0) d = wider(d, at < 0 ? 1 : s->in[k]->dim[at]);
        }
        fits = fits && d != 0 && (d != NET_BATCH || i == 0);
        s->out.dim[i] = d;
    }
    if (fits) return true;
    char a[64], b[64];
    shape_text(a, sizeof a, s->in[s->inputs - 2]);
    shape_text(b, sizeof b, s->in[s->inputs - 1]);
    return err_set(err, ERR_FORMAT, "a %s and b %s do not broadcast to one shape that begins with the batch",
                   a, b);
}

static Spread spread_of(const OpRun *r)
{
    Spread s;
    int dim[SPREAD_OPERANDS][6], rank[SPREAD_OPERANDS];
    for (int k = 0; k < r->site->inputs; k++) {
        rank[k] = r->site->in[k]->rank;
        for (int i = 0; i < rank[k]; i++) dim[k][i] = shape_dim(r->site->in[k], i, r->n);
    }
    bool fits = spread_make(&s, (const int(*)[6])dim, rank, r->site->inputs);
    assert(fits), (void)fits;
    return s;
}

/* ---- pair -------------------------------------------------------------------------------------------------
 */

static bool pair_infer(OpSite *s, Err *err)
{
    if (s->attrs.mode < 0 || s->attrs.mode >= PAIR_KINDS)
        return err_set(err, ERR_FORMAT, "there is no function %d of two numbers", s->attrs.mode);
    return spread_infer(s, err);
}

static void pair_run(const OpRun *r)
{
    Spread s = spread_of(r);
    pair_forward(r->out, r->in[0], r->in[1], &s, (PairKind)r->site->attrs.mode);
}

static void pair_back(const OpRun *r)
{
    Spread s = spread_of(r);
    for (int i = 0; i < 2; i++) {
        float *d = op_sum(r, i);
        if (d) pair_backward(d, r->dout, r->in[0], r->in[1], &s, (PairKind)r->site->attrs.mode, i);
    }
}

const OpRow op_row_PAIR = {.least = 2,
                           .most = 2,
                           .keep = KEEP_IN(0) | KEEP_IN(1),
                           .infer = pair_infer,
                           .forward = pair_run,
                           .backward = pair_back};

/* ---- select -----------------------------------------------------------------------------------------------
 */

static void select_run(const OpRun *r)
{
    Spread s = spread_of(r);
    select_forward(r->out, r->in[0], r->in[1], r->in[2], &s);
}

/* The condition has steps alone: its gradient is 0. */
static void select_back(const OpRun *r)
{
    Spread s = spread_of(r);
    op_sum(r, 0);
    for (int i = 1; i < 3; i++) {
        float *d = op_sum(r, i);
        if (d) select_backward(d, r->dout, r->in[0], &s, i);
    }
}

const OpRow op_row_SELECT = {.least = 3,
                             .most = 3,
                             .keep = KEEP_IN(0),
                             .infer = spread_infer,
                             .forward = select_run,
                             .backward = select_back};
