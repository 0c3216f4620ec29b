/* Convolution on maps, backward: one pass over memory for the gradients of input, coefficients, weights and
 * bias. The batch is cut into chunks by its shape; sums of a chunk are kept apart and added in order, so that
 * bits depend on no thread. */
#include "math/carve.h"
#include "math/mapconv.h"
#include "math/mapconv_stage.h"
#include "math/mapconv_way.h"
#include "math/whole.h"
#include <string.h>

enum { CHUNKS = 16, PARTIAL_FLOATS = 1 << 24 };

/* Staged pixels of one side: origin and size that suit all who read them. */
typedef struct {
    int row0, col0, row1, col1;
} Extent;

typedef struct {
    const MapConv *c;
    const MapBack *out;
    const MapGrad *grad;
    const MapRead *from;
    Way back, outer; /* from the gradient to the input; always gather, for the weights */
    StageSource grad_source, from_source;
    Extent grad_extent, from_extent;
    Staged grad_shape, from_shape;
    int group, chunks;
    bool data;            /* a gradient of the input or its coefficients is wanted */
    float *packed, *coef; /* weights for `back`; by and constant of grad_source */
    ptrdiff_t *back_offset, *outer_offset;
    float *write_sums; /* of a scaled result, see StageSource */
    float *partial;    /* of each chunk: weights, coefficients (blocks, 2, 16), bias (blocks, 16) */
    size_t weight_floats, coef_floats, bias_floats, partial_floats;
    float *worker; /* scratch of each worker: two staged sides, raw results, the kernels' own */
    size_t worker_floats, grad_room, from_room, raw_room;
} Backward;

/* ---- Cutting up ---- */

static Extent extent_of(const Way *w)
{
    return (Extent){w->row0, w->col0, w->row0 + way_rows(w, w->out.H), w->col0 + way_cols(w)};
}

static Extent extent_join(Extent a, Extent b)
{
    return (Extent){min_int(a.row0, b.row0), min_int(a.col0, b.col0), max_int(a.row1, b.row1),
                    max_int(a.col1, b.col1)};
}

/* What the outer product reads of its result's side: all pixels, and whole tiles for Winograd. */
static Extent extent_result(const Way *w)
{
    int to = w->step;
    return (Extent){0, 0, (w->out.H + to - 1) / to * to, (w->out.W + to - 1) / to * to};
}

static Staged extent_shape(Extent e, int channels)
{
    return (Staged){
        .images = 1, .blocks = map_blocks(channels), .rows = e.row1 - e.row0, .cols = e.col1 - e.col0};
}

static void find_extents(Backward *b)
{
    bool t = b->c->transposed;
    Extent gather = extent_of(&b->outer), result = extent_result(&b->outer), back = extent_of(&b->back);
    b->grad_extent = extent_join(back, t ? gather : result);
    b->from_extent = t ? result : gather;
    b->grad_shape = extent_shape(b->grad_extent, b->back.in.C);
    b->from_shape = extent_shape(b->from_extent, b->back.out.C);
}

static void find_chunks(Backward *b)
{
    int N = b->c->s.N, wanted = min_int(way_images(&b->back), way_images(&b->outer));
    int fit = (int)((size_t)PARTIAL_FLOATS / (b->weight_floats + 1));
    b->group = stage_group(N, wanted, max_size(staged_image(&b->grad_shape), staged_image(&b->from_shape)));
    b->chunks = min_int(max_int(2, min_int(CHUNKS, fit)), (N + b->group - 1) / b->group);
}

static Backward backward_carve(Carve *carver, const MapConv *c, int threads)
{
    Backward b = {.c = c, .back = way_of(c, !c->transposed, c->plain_in), .outer = way_of(c, false, false)};
    MapSide in = b.back.out, grad = b.back.in;
    find_extents(&b);
    b.weight_floats = way_gradient(&b.outer);
    b.coef_floats = (size_t)map_blocks(in.C) * 2 * MAP_LANES;
    b.bias_floats = (size_t)map_blocks(grad.C) * MAP_LANES;
    b.partial_floats = (b.weight_floats + 15) / 16 * 16 + b.coef_floats + b.bias_floats;
    find_chunks(&b);
    size_t group = (size_t)b.group;
    b.grad_room = group * staged_image(&b.grad_shape);
    b.from_room = group * staged_image(&b.from_shape);
    b.raw_room = map_count(b.group, in.C, in.H * in.W);
    size_t kernels =
        max_size(way_scratch(&b.back, b.group, in.H), way_scratch(&b.outer, b.group, b.outer.out.H));
    b.worker_floats = (b.grad_room + b.from_room + b.raw_room + kernels + 15) / 16 * 16;
    b.back_offset = carve_offsets(carver, way_offsets(&b.back));
    b.outer_offset = carve_offsets(carver, way_offsets(&b.outer));
    b.packed = carve(carver, way_packed(&b.back));
    b.coef = carve(carver, 2 * b.bias_floats);
    if (c->scaled) b.write_sums = carve(carver, (size_t)c->s.N * b.bias_floats * 3);
    b.partial = carve(carver, b.partial_floats * (size_t)b.chunks);
    b.worker = carve(carver, b.worker_floats * (size_t)threads);
    return b;
}

/* ---- A task ---- */

/* The staged pixels as a reader whose origin is (row0, col0) sees them. */
static Staged seen_from(const Staged *s, Extent e, int row0, int col0)
{
    Staged v = *s;
    v.at += (size_t)(row0 - e.row0) * staged_row(s) + (size_t)(col0 - e.col0) * MAP_LANES;
    return v;
}

/* dx and the coefficients' sums of block k of image n from raw gradients. */
static void back_block(const Backward *b, const float *raw, float *sums, int n, int k)
{
    const MapRead *from = b->from;
    size_t blocks = (size_t)map_blocks(b->back.out.C), P = (size_t)b->back.out.H * (size_t)b->back.out.W;
    size_t at = ((size_t)n * blocks + (size_t)k) * P * MAP_LANES, c = (size_t)k * MAP_LANES;
    size_t image = from->per_image ? (size_t)n * blocks * MAP_LANES : 0;
    float own[2 * MAP_LANES] = {0};
    FinishBack f = {
        .read = {.slope = from->slope, .gain = from->gain}, .x = from->x + at, .add = b->out->add};
    f.stream = map_count(b->c->s.N, b->back.out.C, (int)P) > MAP_STREAM;
    if (from->scale) f.read.scale = from->scale + image + c, f.read.shift = from->shift + image + c;
    if (b->out->dscale) f.sums = from->per_image ? own : sums + (size_t)k * 2 * MAP_LANES;
    stage_kernels()->back(b->out->dx ? b->out->dx + at : NULL, raw, P, &f);
    for (int l = 0; b->out->dscale && from->per_image && l < MAP_LANES; l++) {
        b->out->dscale[image + c + (size_t)l] += own[l];
        b->out->dshift[image + c + (size_t)l] += own[MAP_LANES + l];
    }
}

static void back_plain(const Backward *b, const float *raw, int n0, int images)
{
    size_t count = (size_t)b->back.out.C * (size_t)b->back.out.H * (size_t)b->back.out.W;
    float *dx = b->out->dx + (size_t)n0 * count;
    if (b->back.kernel != WAY_NARROW) {
        map_to_plain(dx, raw, images, b->back.out.C, b->back.out.H * b->back.out.W, b->out->add, NULL);
        return;
    }
    for (size_t i = 0; i < count * (size_t)images; i++) dx[i] = b->out->add ? dx[i] + raw[i] : raw[i];
}

/* Results that are the gradient as they are, and not to be streamed. */
static bool back_inplace(const Backward *b)
{
    MapSide m = b->back.out;
    return b->out->dx && !b->c->plain_in && !b->from->scale && !b->out->add &&
           map_count(b->c->s.N, m.C, m.H * m.W) <= MAP_STREAM;
}

static void back_images(const Backward *b, const Staged *grad, float *raw, float *scratch, float *sums,
                        int n0)
{
    MapSide m = b->back.out;
    size_t P = (size_t)m.H * (size_t)m.W, blocks = (size_t)map_blocks(m.C);
    bool narrow = b->back.kernel == WAY_NARROW, inplace = back_inplace(b);
    size_t pixel = narrow ? 1 : MAP_LANES, parts = narrow ? (size_t)m.C : blocks;
    MapRegion y = {raw, parts * P * pixel, P * pixel, (size_t)m.W * pixel, pixel, m.H, m.W};
    if (inplace) y.at = b->out->dx + (size_t)n0 * y.image;
    Staged x = seen_from(grad, b->grad_extent, b->back.row0, b->back.col0);
    WayProduct product = {&b->back, &x, b->packed, b->back_offset, 0, way_pairs(&b->back)};
    way_product(&y, &product, scratch);
    if (inplace) return;
    if (b->c->plain_in) {
        back_plain(b, raw, n0, grad->images);
        return;
    }
    for (int i = 0; i < grad->images; i++)
        for (size_t k = 0; k < blocks; k++)
            back_block(b, raw + (size_t)i * y.image + k * y.block, sums, n0 + i, (int)k);
}

static void outer_images(const Backward *b, const Staged *grad, const Staged *from, float *du, float *scratch)
{
    bool t = b->c->transposed;
    const Staged *input = t ? grad : from, *result = t ? from : grad;
    Staged x = seen_from(input, t ? b->grad_extent : b->from_extent, b->outer.row0, b->outer.col0);
    Staged y = seen_from(result, t ? b->from_extent : b->grad_extent, 0, 0);
    way_outer(du, &x, &y, b->outer_offset, &b->outer, scratch);
}

static void bias_images(const Backward *b, const Staged *grad, float *sums)
{
    Staged inside = seen_from(grad, b->grad_extent, 0, 0);
    for (int i = 0; i < grad->images; i++)
        for (int k = 0; k < grad->blocks; k++)
            stage_kernels()->sum(sums + k * MAP_LANES,
                                 inside.at + (size_t)i * staged_image(grad) + (size_t)k * staged_block(grad),
                                 b->back.in.H, b->back.in.W, staged_row(grad));
}

static void backward_group(const Backward *b, int n0, int images, float *partial, float *worker)
{
    Staged grad = b->grad_shape, from = b->from_shape;
    grad.at = worker, from.at = grad.at + b->grad_room;
    grad.images = from.images = images;
    float *raw = from.at + b->from_room, *scratch = raw + b->raw_room;
    float *sums = partial + (b->weight_floats + 15) / 16 * 16, *bias = sums + b->coef_floats;
    stage_images(&grad, &b->grad_source, n0, b->grad_extent.row0, b->grad_extent.col0);
    if (b->out->dbias && !b->write_sums) bias_images(b, &grad, bias);
    if (b->out->dw) {
        stage_images(&from, &b->from_source, n0, b->from_extent.row0, b->from_extent.col0);
        outer_images(b, &grad, &from, partial, scratch);
    }
    if (b->data) back_images(b, &grad, raw, scratch, sums, n0);
}

static void backward_chunk(void *ctx, int chunk, int worker)
{
    const Backward *b = ctx;
    float *partial = b->partial + (size_t)chunk * b->partial_floats;
    int N = b->c->s.N, n0 = (int)((long)N * chunk / b->chunks),
        end = (int)((long)N * (chunk + 1) / b->chunks);
    memset(partial, 0, b->partial_floats * sizeof *partial);
    for (int n = n0; n < end; n += b->group)
        backward_group(b, n, min_int(b->group, end - n), partial,
                       b->worker + (size_t)worker * b->worker_floats);
}

/* ---- The whole ---- */

/* What the moments' gradients add to that of each pixel: d mean / d y = 1 / count, d variance / d y = 2 (y -
 * mean) / count. */
static void moment_coefficients(Backward *b)
{
    const float *d = b->grad->dmoments;
    size_t lanes = b->bias_floats;
    float count = (float)b->c->s.N * (float)b->back.in.H * (float)b->back.in.W;
    for (size_t i = 0; i < lanes; i++) {
        b->coef[i] = 2 * d[lanes + i] / count;
        b->coef[lanes + i] = d[i] / count;
    }
    b->grad_source.by = b->coef;
    b->grad_source.constant = b->coef + lanes;
}

/* to[i] += the sum over chunks of what lies at `from` in each. */
static void add_chunks(const Backward *b, float *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float sum = 0;
        for (int k = 0; k < b->chunks; k++) sum += from[(size_t)k * b->partial_floats + i];
        to[i] += sum;
    }
}

/* Of y = gain * act(z), z = scale * raw + shift + strength * noise, the raw result is not kept. But dz * z =
 * dy * y, whichever side of the bend it is on, and so sum(dz * scale * raw) = sum(dy * y) - shift * sum(dz) -
 * strength
 * * sum(dz * noise). */
static void scaled_lane(const Backward *b, const float *sums, int n, int c, double *strength)
{
    const MapGrad *g = b->grad;
    size_t at = (size_t)n * b->bias_floats + (size_t)c;
    double shift = g->shift ? (double)g->shift[c] : 0, noise = (double)sums[2 * MAP_LANES];
    double raw = (double)sums[MAP_LANES] - shift * (double)sums[0] - (double)g->strength * noise;
    if (b->out->dscaled) b->out->dscaled[at] += (float)(raw / (double)g->scale[at]);
    if (b->out->dbias) b->out->dbias[c] += sums[0];
    *strength += noise;
}

static void gather_scaled(const Backward *b)
{
    double strength = 0;
    for (int n = 0; n < b->c->s.N; n++)
        for (int c = 0; c < b->back.in.C; c++) {
            size_t block = (size_t)n * (size_t)map_blocks(b->back.in.C) + (size_t)(c / MAP_LANES);
            scaled_lane(b, b->write_sums + block * 3 * MAP_LANES + c % MAP_LANES, n, c, &strength);
        }
    if (b->out->dstrength) *b->out->dstrength += (float)strength;
}

static void gather_sums(const Backward *b, Pool *pool)
{
    const float *sums = b->partial + (b->weight_floats + 15) / 16 * 16, *bias = sums + b->coef_floats;
    if (b->out->dw) way_unpack(b->out->dw, b->partial, b->chunks, b->partial_floats, &b->outer, pool);
    if (b->write_sums) gather_scaled(b);
    if (b->out->dbias && !b->write_sums) add_chunks(b, b->out->dbias, bias, (size_t)b->back.in.C);
    if (!b->out->dscale || b->from->per_image) return;
    for (int k = 0; k < map_blocks(b->back.out.C); k++) {
        const float *block = sums + (size_t)k * 2 * MAP_LANES;
        add_chunks(b, b->out->dscale + k * MAP_LANES, block, MAP_LANES);
        add_chunks(b, b->out->dshift + k * MAP_LANES, block + MAP_LANES, MAP_LANES);
    }
}

void mapconv_backward(const MapBack *back, const MapGrad *dy, const MapRead *from, const float *w,
                      const MapConv *c, float *scratch, Pool *pool)
{
    Carve carver = {scratch, 0};
    Backward b = backward_carve(&carver, c, pool_threads(pool));
    b.out = back, b.grad = dy, b.from = from;
    b.data = back->dx || back->dscale;
    b.grad_source = (StageSource){.side = b.back.in, .plain = c->plain_out, .grad = dy};
    b.grad_source.sums = b.write_sums;
    b.from_source = (StageSource){.side = b.back.out, .plain = c->plain_in, .from = from};
    if (dy->dmoments) moment_coefficients(&b);
    if (b.data) way_pack(b.packed, w, &b.back, pool);
    way_offset(b.back_offset, &b.back, &b.grad_shape);
    way_offset(b.outer_offset, &b.outer, c->transposed ? &b.grad_shape : &b.from_shape);
    pool_run(pool, b.chunks, backward_chunk, &b);
    gather_sums(&b, pool);
}

size_t mapconv_scratch(const MapConv *c, bool backward, int threads)
{
    Carve carver = {0};
    if (!backward) return mapconv_forward_scratch(c, threads);
    (void)backward_carve(&carver, c, threads);
    return carver.used;
}
