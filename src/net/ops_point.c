/* Pointwise arithmetic as ops: activations, broadcasting sums and products, noise, a constant for every
 * image. */
#include "math/act.h"
#include "math/resample.h"
#include "net/op.h"
#include <assert.h>
#include <string.h>

static_assert((int)ACT_RELU == MATH_RELU && (int)ACT_LEAKY == MATH_LEAKY && (int)ACT_TANH == MATH_TANH &&
                  (int)ACT_SIGMOID == MATH_SIGMOID && (int)ACT_SOFTPLUS == MATH_SOFTPLUS &&
                  (int)ACT_EXP == MATH_EXP && (int)ACT_SQRT == MATH_SQRT,
              "the two lists of activations are one");

/* Like x, in its layout too: elementwise. */
static bool same_infer(OpSite *s, Err *err)
{
    (void)err;
    s->out = *s->in[0];
    s->layout = s->in_layout[0];
    return true;
}

/* ---- act ----------------------------------------------------------------------------------------------- */

static bool act_infer(OpSite *s, Err *err)
{
    Attrs *a = &s->attrs;
    if (a->act < ACT_RELU || a->act > ACT_SQRT)
        return err_set(err, ERR_FORMAT, "there is no activation %d", a->act);
    op_default_float(&a->gain, 1);
    if (a->act == ACT_LEAKY) op_default_float(&a->alpha, 0.2f);
    return same_infer(s, err);
}

static void act_run(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    act_forward(r->out, r->in[0], op_out(r), a->act, a->alpha, a->gain, r->pool);
}

static void act_back(const OpRun *r)
{
    const Attrs *a = &r->site->attrs;
    if (r->din[0])
        act_backward(r->din[0], r->dout, r->out, op_out(r), a->act, a->alpha, a->gain, r->add[0], r->pool);
}

const OpRow op_row_ACT = {.least = 1,
                          .most = 1,
                          .keep = KEEP_OUT,
                          .inplace = true,
                          .infer = act_infer,
                          .forward = act_run,
                          .backward = act_back};

/* ---- add, mul ------------------------------------------------------------------------------------------ */

/* One dimension of the result: equal, or one of them 1; 0 where they do not match. */
static int wider(int a, int b)
{
    if (a == b || b == 1) return a;
    return a == 1 ? b : 0;
}

static bool pair_infer(OpSite *s, Err *err)
{
    const Shape *a = s->in[0], *b = s->in[1];
    bool fits = true;
    s->out.rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < s->out.rank; i++) {
        int ia = i + a->rank - s->out.rank, ib = i + b->rank - s->out.rank;
        int d = wider(ia < 0 ? 1 : a->dim[ia], ib < 0 ? 1 : b->dim[ib]);
        fits = fits && d != 0 && (d != NET_BATCH || i == 0);
        s->out.dim[i] = d;
    }
    if (fits) return true;
    char as[64], bs[64];
    shape_text(as, sizeof as, a);
    shape_text(bs, sizeof bs, b);
    return err_set(err, ERR_FORMAT, "a %s and b %s do not broadcast to one shape that begins with the batch",
                   as, bs);
}

static Broadcast pair_of(const OpRun *r)
{
    Broadcast b;
    int a_dim[NET_RANK], b_dim[NET_RANK], out[NET_RANK], rank;
    const Shape *sa = r->site->in[0], *sb = r->site->in[1];
    for (int i = 0; i < sa->rank; i++) a_dim[i] = shape_dim(sa, i, r->n);
    for (int i = 0; i < sb->rank; i++) b_dim[i] = shape_dim(sb, i, r->n);
    bool fits = broadcast_make(&b, out, &rank, a_dim, sa->rank, b_dim, sb->rank);
    assert(fits), (void)fits;
    return b;
}

static void add_run(const OpRun *r)
{
    Broadcast b = pair_of(r);
    broadcast_add(r->out, r->in[0], r->in[1], &b, r->pool);
}

static void add_back(const OpRun *r)
{
    Broadcast b = pair_of(r);
    for (int i = 0; i < 2; i++) {
        if (!r->din[i]) continue;
        if (shape_equal(r->site->in[i], &r->site->out))
            op_pass(r, i, r->dout, 1);
        else
            broadcast_reduce(op_sum(r, i), r->dout, NULL, &b, i);
    }
}

const OpRow op_row_ADD = {
    .least = 2, .most = 2, .infer = pair_infer, .forward = add_run, .backward = add_back};

static void mul_run(const OpRun *r)
{
    Broadcast b = pair_of(r);
    broadcast_mul(r->out, r->in[0], r->in[1], &b, r->pool);
}

static void mul_back(const OpRun *r)
{
    Broadcast b = pair_of(r);
    for (int i = 0; i < 2; i++)
        if (r->din[i]) broadcast_reduce(op_sum(r, i), r->dout, r->in[1 - i], &b, i);
}

const OpRow op_row_MUL = {.least = 2,
                          .most = 2,
                          .keep = KEEP_IN(0) | KEEP_IN(1),
                          .infer = pair_infer,
                          .forward = mul_run,
                          .backward = mul_back};

/* ---- scale --------------------------------------------------------------------------------------------- */

static void scale_run(const OpRun *r)
{
    vec_scale(r->out, r->in[0], op_out(r), r->site->attrs.alpha, r->site->attrs.gain, r->pool);
}

static void scale_back(const OpRun *r)
{
    op_pass(r, 0, r->dout, r->site->attrs.alpha);
}

const OpRow op_row_SCALE = {.least = 1,
                            .most = 1,
                            .inplace = true,
                            .infer = same_infer,
                            .forward = scale_run,
                            .backward = scale_back};

/* ---- noise --------------------------------------------------------------------------------------------- */

static bool noise_infer(OpSite *s, Err *err)
{
    const Shape *x = s->in[0], *noise = s->in[1];
    if (!op_rank(s, 0, "x", 4, err) || !op_rank(s, 1, "noise", 4, err)) return false;
    if (!op_vector(s, 2, "strength", 1, err)) return false;
    s->out = *x;
    if (noise->dim[0] == x->dim[0] && noise->dim[1] == 1 && noise->dim[2] == x->dim[2] &&
        noise->dim[3] == x->dim[3])
        return true;
    char xs[64], ns[64];
    shape_text(xs, sizeof xs, x);
    shape_text(ns, sizeof ns, noise);
    return err_set(err, ERR_FORMAT, "noise %s must be one plane for each image of x %s", ns, xs);
}

static void noise_run(const OpRun *r)
{
    const Shape *x = r->site->in[0];
    noise_forward(r->out, r->in[0], r->in[1], r->in[2][0], shape_dim(x, 0, r->n), x->dim[1], op_pixels(x),
                  r->pool);
}

/* d noise = strength * sum over channels of dy. */
static void noise_back_noise(const OpRun *r, int N, int C, int P)
{
    float *d = op_sum(r, 1), strength = r->in[2][0];
    for (int nc = 0; d && nc < N * C; nc++) {
        float *to = d + (size_t)(nc / C) * (size_t)P;
        const float *dy = r->dout + (size_t)nc * (size_t)P;
        for (int p = 0; p < P; p++) to[p] += strength * dy[p];
    }
}

static void noise_back(const OpRun *r)
{
    const Shape *x = r->site->in[0];
    int N = shape_dim(x, 0, r->n), C = x->dim[1], P = op_pixels(x);
    op_pass(r, 0, r->dout, 1);
    noise_back_noise(r, N, C, P);
    if (r->din[2]) *op_sum(r, 2) += (float)noise_backward(r->dout, r->in[1], N, C, P);
}

const OpRow op_row_NOISE = {.least = 3,
                            .most = 3,
                            .keep = KEEP_IN(1) | KEEP_IN(2),
                            .infer = noise_infer,
                            .forward = noise_run,
                            .backward = noise_back};

/* ---- broadcast ----------------------------------------------------------------------------------------- */

static bool broadcast_infer(OpSite *s, Err *err)
{
    s->out = *s->in[0];
    if (s->out.dim[0] != 1) return err_set(err, ERR_FORMAT, "x must have 1 as its first dimension");
    s->out.dim[0] = NET_BATCH;
    return true;
}

static void broadcast_run(const OpRun *r)
{
    size_t size = op_in(r, 0);
    for (int i = 0; i < r->n; i++) memcpy(r->out + size * (size_t)i, r->in[0], size * sizeof(float));
}

static void broadcast_back(const OpRun *r)
{
    size_t size = op_in(r, 0);
    float *d = op_sum(r, 0);
    for (int i = 0; d && i < r->n; i++) vec_axpy(d, r->dout + size * (size_t)i, size, 1, r->pool);
}

const OpRow op_row_BROADCAST = {
    .least = 1, .most = 1, .infer = broadcast_infer, .forward = broadcast_run, .backward = broadcast_back};
