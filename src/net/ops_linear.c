/* Products as ops: linear layers, batched matrix products, row-wise dot products. */
#include "math/act.h"
#include "math/conv.h"
#include "math/gemm.h"
#include "math/whole.h"
#include "net/op.h"
#include <string.h>

/* ---- linear -------------------------------------------------------------------------------------------- */

static bool linear_infer(OpSite *s, Err *err)
{
    const Shape *x = s->in[0], *w = s->in[1];
    if (!op_rank(s, 1, "w", 2, err) || !op_vector(s, 2, "bias", w->dim[0], err)) return false;
    s->out = *x;
    s->out.dim[x->rank - 1] = w->dim[0];
    if (x->rank >= 2 && x->dim[x->rank - 1] == w->dim[1]) return true;
    char xs[64], ws[64];
    shape_text(xs, sizeof xs, x);
    shape_text(ws, sizeof ws, w);
    return err_set(err, ERR_FORMAT, "x %s must end in the %d inputs of w %s", xs, w->dim[1], ws);
}

typedef struct {
    int rows, I, O;
} LinearSize;

static LinearSize linear_of(const OpSite *s, int n)
{
    LinearSize d = {.I = s->in[1]->dim[1], .O = s->in[1]->dim[0]};
    d.rows = (int)(shape_count(s->in[0], n) / (size_t)d.I);
    return d;
}

static void linear_run(const OpRun *r)
{
    LinearSize d = linear_of(r->site, r->n);
    for (int i = 0; r->in[2] && i < d.rows; i++)
        memcpy(r->out + (size_t)i * d.O, r->in[2], (size_t)d.O * sizeof(float));
    gemm(r->out, r->in[0], r->in[1], d.rows, d.O, d.I, GEMM_NT, r->in[2] != NULL, r->scratch, r->pool);
}

static void linear_back(const OpRun *r)
{
    LinearSize d = linear_of(r->site, r->n);
    float *db = r->din[2];
    if (r->din[0])
        gemm(r->din[0], r->dout, r->in[1], d.rows, d.I, d.O, GEMM_NN, r->add[0], r->scratch, r->pool);
    if (r->din[1])
        gemm(r->din[1], r->dout, r->in[0], d.O, d.I, d.rows, GEMM_TN, r->add[1], r->scratch, r->pool);
    if (db) conv_backward_bias(op_sum(r, 2), r->dout, d.rows, d.O, 1);
}

static size_t linear_needs(const OpSite *s, int n, int threads)
{
    LinearSize d = linear_of(s, n);
    (void)threads;
    return max_size(gemm_scratch(d.rows, d.O, d.I),
                  max_size(gemm_scratch(d.rows, d.I, d.O), gemm_scratch(d.O, d.I, d.rows)));
}

static double linear_macs(const OpSite *s, int n)
{
    LinearSize d = linear_of(s, n);
    return (double)d.rows * d.I * d.O;
}

const OpRow op_row_LINEAR = {.least = 2,
                             .most = 3,
                             .optional = OP_BIT(2),
                             .keep = KEEP_IN(0) | KEEP_IN(1),
                             .infer = linear_infer,
                             .forward = linear_run,
                             .backward = linear_back,
                             .scratch = linear_needs,
                             .macs = linear_macs};

/* ---- matmul: one gemm per leading index, spread over the workers --------------------------------------- */

static bool matmul_infer(OpSite *s, Err *err)
{
    const Shape *a = s->in[0], *b = s->in[1];
    bool same = a->rank == b->rank && a->rank >= 2;
    for (int i = 0; same && i < a->rank - 2; i++) same = a->dim[i] == b->dim[i];
    same = same && a->dim[a->rank - 1] == b->dim[b->rank - 2] && b->dim[b->rank - 2] != NET_BATCH;
    if (!same) {
        char as[64], bs[64];
        shape_text(as, sizeof as, a);
        shape_text(bs, sizeof bs, b);
        return err_set(err, ERR_FORMAT,
                       "a %s and b %s cannot be multiplied: (..,M,K) and (..,K,L) are needed", as, bs);
    }
    s->out = *a;
    s->out.dim[a->rank - 1] = b->dim[b->rank - 1];
    return true;
}

typedef struct {
    const OpRun *r;
    int count, M, K, L;
    size_t part; /* floats of one gemm's scratch */
} MatmulSize;

static MatmulSize matmul_of(const OpSite *s, int n)
{
    const Shape *a = s->in[0], *b = s->in[1];
    MatmulSize d = {.M = shape_dim(a, a->rank - 2, n), .K = a->dim[a->rank - 1], .L = b->dim[b->rank - 1]};
    d.count = (int)(shape_count(a, n) / ((size_t)d.M * (size_t)d.K));
    d.part =
        max_size(gemm_scratch(d.M, d.L, d.K), max_size(gemm_scratch(d.M, d.K, d.L), gemm_scratch(d.K, d.L, d.M)));
    d.part = (d.part + 15) & ~(size_t)15;
    return d;
}

/* One product alone gets all workers inside gemm; several get one worker each. */
static void matmul_spread(MatmulSize *d, PoolTask *one)
{
    if (d->count == 1)
        one(d, 0, 0);
    else
        pool_run(d->r->pool, d->count, one, d);
}

static void matmul_one(void *ctx, int i, int worker)
{
    const MatmulSize *d = ctx;
    const OpRun *r = d->r;
    size_t mk = (size_t)d->M * (size_t)d->K, kl = (size_t)d->K * (size_t)d->L,
           ml = (size_t)d->M * (size_t)d->L;
    gemm(r->out + ml * (size_t)i, r->in[0] + mk * (size_t)i, r->in[1] + kl * (size_t)i, d->M, d->L, d->K,
         GEMM_NN, false, r->scratch + d->part * (size_t)worker, d->count == 1 ? r->pool : NULL);
}

static void matmul_run(const OpRun *r)
{
    MatmulSize d = matmul_of(r->site, r->n);
    d.r = r;
    matmul_spread(&d, matmul_one);
}

static void matmul_back_one(void *ctx, int i, int worker)
{
    const MatmulSize *d = ctx;
    const OpRun *r = d->r;
    size_t mk = (size_t)d->M * (size_t)d->K, kl = (size_t)d->K * (size_t)d->L,
           ml = (size_t)d->M * (size_t)d->L;
    float *scratch = r->scratch + d->part * (size_t)worker;
    const float *dout = r->dout + ml * (size_t)i;
    Pool *pool = d->count == 1 ? r->pool : NULL;
    if (r->din[0])
        gemm(r->din[0] + mk * (size_t)i, dout, r->in[1] + kl * (size_t)i, d->M, d->K, d->L, GEMM_NT,
             r->add[0], scratch, pool);
    if (r->din[1])
        gemm(r->din[1] + kl * (size_t)i, r->in[0] + mk * (size_t)i, dout, d->K, d->L, d->M, GEMM_TN,
             r->add[1], scratch, pool);
}

static void matmul_back(const OpRun *r)
{
    MatmulSize d = matmul_of(r->site, r->n);
    d.r = r;
    matmul_spread(&d, matmul_back_one);
}

static size_t matmul_needs(const OpSite *s, int n, int threads)
{
    return matmul_of(s, n).part * (size_t)threads;
}

static double matmul_macs(const OpSite *s, int n)
{
    MatmulSize d = matmul_of(s, n);
    return (double)d.count * d.M * d.K * d.L;
}

const OpRow op_row_MATMUL = {.least = 2,
                             .most = 2,
                             .keep = KEEP_IN(0) | KEEP_IN(1),
                             .infer = matmul_infer,
                             .forward = matmul_run,
                             .backward = matmul_back,
                             .scratch = matmul_needs,
                             .macs = matmul_macs};

/* ---- rowdot -------------------------------------------------------------------------------------------- */

static bool rowdot_infer(OpSite *s, Err *err)
{
    if (!op_rank(s, 0, "a", 2, err)) return false;
    s->out = shape2(s->in[0]->dim[0], 1);
    if (shape_equal(s->in[0], s->in[1])) return true;
    char a[64], b[64];
    shape_text(a, sizeof a, s->in[0]);
    shape_text(b, sizeof b, s->in[1]);
    return err_set(err, ERR_FORMAT, "a %s and b %s must have the same shape", a, b);
}

static void rowdot_run(const OpRun *r)
{
    size_t C = (size_t)r->site->in[0]->dim[1];
    for (size_t i = 0; i < op_out(r); i++) r->out[i] = (float)vec_dot(r->in[0] + i * C, r->in[1] + i * C, C);
}

static void rowdot_back(const OpRun *r)
{
    size_t C = (size_t)r->site->in[0]->dim[1];
    for (int k = 0; k < 2; k++) {
        if (!r->din[k]) continue;
        for (size_t i = 0; i < op_out(r); i++)
            for (size_t c = i * C; c < (i + 1) * C; c++)
                r->din[k][c] = (r->add[k] ? r->din[k][c] : 0) + r->dout[i] * r->in[1 - k][c];
    }
}

const OpRow op_row_ROWDOT = {.least = 2,
                             .most = 2,
                             .keep = KEEP_IN(0) | KEEP_IN(1),
                             .infer = rowdot_infer,
                             .forward = rowdot_run,
                             .backward = rowdot_back};
