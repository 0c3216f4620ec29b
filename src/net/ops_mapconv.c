/* The convolution on maps as an op of lowered nets: which tensors of math/mapconv.h are which inputs.
 *
 * in[] = x, w, [coefficient of x], [coefficient of the result], [bias], [added map], [noise], [strength];
 * out2 the moments. */
#include "math/mapconv.h"
#include "math/mapjoin.h"
#include "math/whole.h"
#include "net/conv_site.h"
#include <string.h>

enum { X, W, READ, WRITE, BIAS, ADDED, NOISE, STRENGTH };

static size_t aligned(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

static bool per_image(const OpSite *s, int i)
{
    return s->in[i] && s->in[i]->dim[0] == NET_BATCH;
}

static bool layer_of(MapConv *c, const OpSite *s, int n)
{
    *c = (MapConv){.transposed = s->attrs.transposed,
                   .exact = s->attrs.exact,
                   .split = s->attrs.split,
                   .bf16 = s->attrs.bf16,
                   .scaled = per_image(s, WRITE),
                   .plain_in = s->in_layout[X] == LAYOUT_PLAIN,
                   .plain_out = s->attrs.to == LAYOUT_PLAIN};
    return s->attrs.transposed ? convt_site(&c->s, s, n) : conv_site(&c->s, s, W, n);
}

static bool mapconv_infer(OpSite *s, Err *err)
{
    MapConv c;
    conv_site_defaults(&s->attrs);
    if (!layer_of(&c, s, 1)) return err_set(err, ERR_FORMAT, "the kernel does not fit");
    MapSide y = mapconv_result(&c);
    s->out = shape4(s->in[X]->dim[0], y.C, y.H, y.W);
    s->layout = s->attrs.to;
    if (s->attrs.moments) s->out2 = shape2(2, map_blocks(y.C) * MAP_LANES);
    return true;
}

/* ---- Coefficients: (2,lanes), or (N,2 lanes) with all scales before all shifts ------------------------- */

static MapRead read_of(const OpRun *r)
{
    float *k = r->in[READ];
    Bend bend = r->site->attrs.read[0];
    return (MapRead){.x = r->in[X],
                     .scale = k,
                     .shift = k ? k + op_in(r, READ) / 2 : NULL,
                     .per_image = per_image(r->site, READ),
                     .slope = bend.slope,
                     .gain = bend.gain};
}

/* The bias, filled up with zeros to whole blocks. */
static const float *bias_lanes(const OpRun *r, float *lanes, int O)
{
    if (!r->in[BIAS]) return NULL;
    memset(lanes, 0, aligned((size_t)O) * sizeof *lanes);
    memcpy(lanes, r->in[BIAS], (size_t)O * sizeof *lanes);
    return lanes;
}

/* A coefficient for each image scales only: its shift is the bias. */
static MapWrite write_of(const OpRun *r, const float *bias)
{
    float *k = r->in[WRITE];
    bool each = per_image(r->site, WRITE);
    Bend bend = r->site->attrs.write;
    return (MapWrite){.y = r->out,
                      .scale = k,
                      .shift = k && !each ? k + op_in(r, WRITE) / 2 : bias,
                      .per_image = each,
                      .add = r->in[ADDED],
                      .noise = r->in[NOISE],
                      .strength = r->in[STRENGTH] ? r->in[STRENGTH][0] : 0,
                      .slope = bend.slope,
                      .gain = bend.gain,
                      .moments = r->out2};
}

/* ---- Running ------------------------------------------------------------------------------------------- */

static void mapconv_run(const OpRun *r)
{
    MapConv c;
    layer_of(&c, r->site, r->n);
    int O = mapconv_result(&c).C;
    float *lanes = r->scratch, *packed = lanes + aligned((size_t)O), *rest = packed;
    if (r->packed)
        packed = r->packed;
    else
        rest += aligned(mapconv_packed(&c));
    if (!r->packed || r->repack) mapconv_pack(packed, r->in[W], &c, r->pool);
    MapRead from = read_of(r);
    MapWrite to = write_of(r, bias_lanes(r, lanes, O));
    mapconv_forward(&to, &from, packed, &c, rest, r->pool);
}

/* The gradient of the noise itself: one number for all channels of a pixel. */
static void noise_back(const OpRun *r, const MapGrad *grad, const MapConv *c)
{
    MapSide y = mapconv_result(c);
    MapJoin j = {.noise = grad->noise,
                 .strength = grad->strength,
                 .slope = grad->slope,
                 .gain = grad->gain,
                 .N = r->n,
                 .C = y.C,
                 .P = y.H * y.W};
    MapJoinBack back = {.dnoise = op_sum(r, NOISE)};
    mapjoin_backward(&back, grad->dy, grad->y, &j, NULL, r->pool);
}

static void mapconv_back(const OpRun *r)
{
    MapConv c;
    layer_of(&c, r->site, r->n);
    Bend bend = r->site->attrs.write;
    MapRead from = read_of(r);
    float *lanes = r->scratch, *rest = lanes + aligned((size_t)mapconv_result(&c).C);
    MapGrad grad = {.dy = r->dout,
                    .y = bend.slope != 1 || r->dout2 || c.scaled ? r->out : NULL,
                    .moments = r->out2,
                    .dmoments = r->dout2,
                    .slope = bend.slope,
                    .gain = bend.gain};
    if (c.scaled) {
        MapWrite to = write_of(r, bias_lanes(r, lanes, mapconv_result(&c).C));
        grad.scale = to.scale, grad.shift = to.shift, grad.noise = to.noise, grad.strength = to.strength;
    }
    MapBack back = {.dx = r->din[X], .add = r->add[X], .dw = op_sum(r, W), .dbias = op_sum(r, BIAS)};
    back.dscale = op_sum(r, READ);
    back.dshift = back.dscale ? back.dscale + op_in(r, READ) / 2 : NULL;
    if (c.scaled && r->din[NOISE]) noise_back(r, &grad, &c);
    if (c.scaled) back.dscaled = op_sum(r, WRITE), back.dstrength = op_sum(r, STRENGTH);
    mapconv_backward(&back, &grad, &from, r->in[W], &c, rest, r->pool);
}

/* Fewer images are cut into other pieces, which may need more room: enough for any number of them. */
static size_t mapconv_needs(const OpSite *s, int n, int threads)
{
    MapConv c;
    layer_of(&c, s, n);
    bool back = s->want[X] || s->want[W] || s->want[READ] || s->want[WRITE] || s->want[BIAS] ||
                s->want[NOISE] || s->want[STRENGTH];
    size_t lanes = aligned((size_t)mapconv_result(&c).C), packed = aligned(mapconv_packed(&c)), most = 0;
    for (int N = c.s.N; c.s.N > 0; c.s.N = s->in[X]->dim[0] == NET_BATCH ? --N : 0) {
        most = max_size(most, lanes + packed + mapconv_scratch(&c, false, threads));
        if (back) most = max_size(most, lanes + mapconv_scratch(&c, true, threads));
    }
    return most;
}

static size_t mapconv_packs(const OpSite *s)
{
    MapConv c;
    layer_of(&c, s, 1);
    return mapconv_packed(&c);
}

static const char *mapconv_name(const OpSite *s)
{
    MapConv c;
    layer_of(&c, s, 1);
    return mapconv_kernel(&c);
}

static double mapconv_macs(const OpSite *s, int n)
{
    MapConv c;
    layer_of(&c, s, n);
    return conv_site_macs(&c.s);
}

const OpRow op_row_MAPCONV = {.least = 2,
                              .most = NET_INPUTS,
                              .optional = ~(OP_BIT(X) | OP_BIT(W)),
                              .keep = KEEP_IN(X) | KEEP_IN(W) | KEEP_IN(READ) | KEEP_IN(WRITE) |
                                      KEEP_IN(NOISE) | KEEP_IN(STRENGTH) | KEEP_OUT,
                              .infer = mapconv_infer,
                              .forward = mapconv_run,
                              .backward = mapconv_back,
                              .scratch = mapconv_needs,
                              .packs = mapconv_packs,
                              .kernel = mapconv_name,
                              .macs = mapconv_macs};
