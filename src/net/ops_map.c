/* What lies between convolutions on maps, as ops of lowered nets: joins, coefficients of batch norms,
 * conversions. */
#include "math/mapjoin.h"
#include "net/op.h"
#include <math.h>
#include <string.h>

static bool map_of_first(OpSite *s, Err *err)
{
    (void)err;
    s->out = *s->in[0];
    s->layout = LAYOUT_MAP;
    return true;
}

static size_t lanes_of(int C)
{
    return (size_t)map_blocks(C) * MAP_LANES;
}

/* ---- join: a, [coefficient], [b], [coefficient], [noise], [strength] ----------------------------------- */

enum { A, A_COEF, B, B_COEF, NOISE, STRENGTH };

static MapTerm term_of(const OpRun *r, int i)
{
    Bend bend = r->site->attrs.read[i / 2];
    float *k = r->in[i + 1];
    return (MapTerm){.x = r->in[i],
                     .scale = k,
                     .shift = k ? k + op_in(r, i + 1) / 2 : NULL,
                     .per_image = k && r->site->in[i + 1]->dim[0] == NET_BATCH,
                     .slope = bend.slope,
                     .gain = bend.gain};
}

static MapJoin join_of(const OpRun *r)
{
    const Shape *x = r->site->in[A];
    Bend bend = r->site->attrs.write;
    return (MapJoin){.a = term_of(r, A),
                     .b = term_of(r, B),
                     .noise = r->in[NOISE],
                     .strength = r->in[STRENGTH] ? r->in[STRENGTH][0] : 0,
                     .slope = bend.slope,
                     .gain = bend.gain,
                     .N = shape_dim(x, 0, r->n),
                     .C = x->dim[1],
                     .P = op_pixels(x)};
}

static void join_run(const OpRun *r)
{
    MapJoin j = join_of(r);
    mapjoin_forward(r->out, &j, r->pool);
}

static MapTermBack term_back(const OpRun *r, int i)
{
    float *k = op_sum(r, i + 1);
    return (MapTermBack){
        .dx = r->din[i], .add = r->add[i], .dscale = k, .dshift = k ? k + op_in(r, i + 1) / 2 : NULL};
}

static void join_back(const OpRun *r)
{
    MapJoin j = join_of(r);
    MapJoinBack back = {.a = term_back(r, A),
                        .b = term_back(r, B),
                        .dnoise = op_sum(r, NOISE),
                        .dstrength = op_sum(r, STRENGTH)};
    mapjoin_backward(&back, r->dout, r->out, &j, r->scratch, r->pool);
}

static size_t join_needs(const OpSite *s, int n, int threads)
{
    (void)threads;
    return mapjoin_scratch(shape_dim(s->in[A], 0, n), s->in[A]->dim[1]);
}

const OpRow op_row_JOIN = {.least = 1,
                           .most = 6,
                           .optional = ~OP_BIT(A),
                           .keep = KEEP_IN(A) | KEEP_IN(A_COEF) | KEEP_IN(B) | KEEP_IN(B_COEF) |
                                   KEEP_IN(NOISE) | KEEP_IN(STRENGTH) | KEEP_OUT,
                           .inplace = true,
                           .remake = true,
                           .infer = map_of_first,
                           .forward = join_run,
                           .backward = join_back,
                           .scratch = join_needs};

/* ---- coef: scale = k / sqrt(var + eps), shift = offset - mean * scale ---------------------------------- */

enum { MOMENTS, SCALE, OFFSET, MEAN, VAR, BEFORE };

/* Statistics of the batch where there are moments, else the running ones. */
typedef struct {
    int C;
    size_t lanes;
    const float *mean, *var, *scale, *offset, *before;
    float eps;
} Coef;

static Coef coef_of(const OpRun *r)
{
    Coef c = {.C = r->site->in[MEAN]->dim[0], .eps = r->site->attrs.eps};
    const float *moments = r->in[MOMENTS];
    c.lanes = lanes_of(c.C);
    c.mean = moments ? moments : r->in[MEAN];
    c.var = moments ? moments + c.lanes : r->in[VAR];
    c.scale = r->in[SCALE], c.offset = r->in[OFFSET], c.before = r->in[BEFORE];
    return c;
}

static bool coef_infer(OpSite *s, Err *err)
{
    (void)err;
    s->out = shape2(2, (int)lanes_of(s->in[MEAN]->dim[0]));
    return true;
}

static float coef_inv(const Coef *k, int c)
{
    return 1.0f / sqrtf(k->var[c] + k->eps);
}

/* As math/norm.h batchnorm_train; attrs.count holds the pixels of an image. */
static void coef_track(const OpRun *r, const Coef *k)
{
    float momentum = r->site->attrs.momentum, *mean = r->in[MEAN], *var = r->in[VAR];
    double count = (double)r->n * r->site->attrs.count, unbiased = count > 1 ? count / (count - 1) : 1;
    for (int c = 0; c < k->C; c++) {
        mean[c] += momentum * (k->mean[c] - mean[c]);
        var[c] += momentum * ((float)(k->var[c] * unbiased) - var[c]);
    }
}

static void coef_run(const OpRun *r)
{
    Coef k = coef_of(r);
    memset(r->out, 0, 2 * k.lanes * sizeof *r->out);
    for (int c = 0; c < k.C; c++) {
        float scale = (k.scale ? k.scale[c] : 1) * coef_inv(&k, c);
        r->out[c] = scale;
        r->out[k.lanes + (size_t)c] =
            (k.offset ? k.offset[c] : 0) - (k.mean[c] - (k.before ? k.before[c] : 0)) * scale;
    }
    if (r->in[MOMENTS]) coef_track(r, &k);
}

static void coef_back(const OpRun *r)
{
    Coef k = coef_of(r);
    float *dmoments = op_sum(r, MOMENTS), *dscale = op_sum(r, SCALE), *doffset = op_sum(r, OFFSET);
    for (int c = 0; c < k.C; c++) {
        float inv = coef_inv(&k, c), gain = k.scale ? k.scale[c] : 1;
        float dk = r->dout[c], dshift = r->dout[k.lanes + (size_t)c];
        float dinv = dk - (k.mean[c] - (k.before ? k.before[c] : 0)) * dshift;
        if (dscale) dscale[c] += dinv * inv;
        if (doffset) doffset[c] += dshift;
        if (!dmoments) continue;
        dmoments[c] -= gain * inv * dshift;
        dmoments[k.lanes + (size_t)c] -= 0.5f * gain * dinv * inv * inv * inv;
    }
}

const OpRow op_row_COEF = {.least = 5,
                           .most = 6,
                           .optional = OP_BIT(MOMENTS) | OP_BIT(SCALE) | OP_BIT(OFFSET) | OP_BIT(BEFORE),
                           .buffers = OP_BIT(MEAN) | OP_BIT(VAR),
                           .keep = KEEP_IN(MOMENTS) | KEEP_IN(SCALE),
                           .infer = coef_infer,
                           .forward = coef_run,
                           .backward = coef_back};

/* ---- tomap, frommap, recast ---------------------------------------------------------------------------- */

typedef struct {
    int N, C, P;
} Size;

static Size size_of(const OpRun *r)
{
    const Shape *x = r->site->in[0];
    return (Size){shape_dim(x, 0, r->n), x->dim[1], op_pixels(x)};
}

static void tomap_run(const OpRun *r)
{
    Size d = size_of(r);
    map_from_plain(r->out, r->in[0], d.N, d.C, d.P, false, r->pool);
}

static void tomap_back(const OpRun *r)
{
    Size d = size_of(r);
    if (r->din[0]) map_to_plain(r->din[0], r->dout, d.N, d.C, d.P, r->add[0], r->pool);
}

const OpRow op_row_TOMAP = {
    .least = 1, .most = 1, .infer = map_of_first, .forward = tomap_run, .backward = tomap_back};

static bool plain_of_first(OpSite *s, Err *err)
{
    (void)err;
    s->out = *s->in[0];
    return true;
}

static void frommap_run(const OpRun *r)
{
    Size d = size_of(r);
    map_to_plain(r->out, r->in[0], d.N, d.C, d.P, false, r->pool);
}

static void frommap_back(const OpRun *r)
{
    Size d = size_of(r);
    if (r->din[0]) map_from_plain(r->din[0], r->dout, d.N, d.C, d.P, r->add[0], r->pool);
}

const OpRow op_row_FROMMAP = {
    .least = 1, .most = 1, .infer = plain_of_first, .forward = frommap_run, .backward = frommap_back};

static bool recast_infer(OpSite *s, Err *err)
{
    (void)err;
    s->out = *s->in[0];
    s->layout = s->attrs.to;
    return true;
}

static void nothing(const OpRun *r)
{
    (void)r;
}

const OpRow op_row_RECAST = {
    .least = 1, .most = 1, .alias = true, .infer = recast_infer, .forward = nothing, .backward = nothing};
