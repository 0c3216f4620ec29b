/* Packs weights, and runs products and weight gradients by the kernel of their way. */
#include "math/direct.h"
#include "math/mapconv_bf16.h"
#include "math/mapconv_way.h"
#include "math/split.h"
#include "math/strided.h"
#include "math/whole.h"
#include "math/winograd.h"

/* ---- Weights ---- */

static size_t phase_packed(const Way *w, const Phase *p)
{
    if (w->kernel == WAY_BF16) return way_bf16_packed(w, p);
    size_t floats =
        w->kernel == WAY_NARROW ? (size_t)w->out.C * (size_t)p->K : direct_filter_floats(w->out.C, p->K);
    return (floats + MAP_LANES - 1) / MAP_LANES * MAP_LANES;
}

size_t way_packed(const Way *w)
{
    size_t floats = 0;
    if (w->kernel == WAY_SPLIT) return split_filter_floats(w->s->O, w->s->C, w->scatter);
    if (w->kernel == WAY_WINOGRAD) return winograd_filter_floats(w->s->O, w->s->C, w->scatter);
    if (w->kernel == WAY_STRIDED) return strided_filter_floats(w->out.C, w->in.C);
    for (int i = 0; i < w->up_y * w->up_x; i++) {
        Phase p = phase_of(w, i);
        floats += phase_packed(w, &p);
    }
    return floats;
}

typedef struct {
    const Way *w;
    const float *weight;
    Phase phase;
    float *packed;
} Packing;

/* The weight from input channel i to output channel o at a tap; 0 past the last channel. */
static float weight_at(const Way *w, const float *weight, int o, int i, int kh, int kw)
{
    const ConvShape *s = w->s;
    int from = w->scatter ? o : i, to = w->scatter ? i : o;
    if (i >= w->in.C || o >= w->out.C) return 0;
    return weight[(((size_t)to * (size_t)s->C + (size_t)from) * (size_t)s->KH + (size_t)kh) * (size_t)s->KW +
                  (size_t)kw];
}

static void pack_pair(void *ctx, int pair, int worker)
{
    const Packing *j = ctx;
    const Way *w = j->w;
    int wide = min_int(2, map_blocks(w->out.C) - 2 * pair) * MAP_LANES;
    float *to = j->packed + (size_t)pair * (size_t)j->phase.K * 2 * MAP_LANES;
    (void)worker;
    EACH_INPUT(w, &j->phase, {
        for (int o = 0; o < wide; o++)
            to[k * wide + o] = weight_at(w, j->weight, pair * 2 * MAP_LANES + o, b * MAP_LANES + l, kh, kw);
    })
}

static void pack_output(void *ctx, int o, int worker)
{
    const Packing *j = ctx;
    float *to = j->packed + (size_t)o * (size_t)j->phase.K;
    (void)worker;
    EACH_INPUT(j->w, &j->phase, { to[k] = weight_at(j->w, j->weight, o, b * MAP_LANES + l, kh, kw); })
}

void way_pack(float *packed, const float *weight, const Way *w, Pool *pool)
{
    if (w->kernel == WAY_SPLIT) {
        split_filter(packed, weight, w->s->O, w->s->C, w->scatter, pool);
        return;
    }
    if (w->kernel == WAY_WINOGRAD) {
        winograd_filter(packed, weight, w->s->O, w->s->C, w->scatter, pool);
        return;
    }
    if (w->kernel == WAY_STRIDED) {
        strided_filter(packed, weight, w->s->O, w->s->C, w->scatter, pool);
        return;
    }
    for (int i = 0; i < w->up_y * w->up_x; i++) {
        Packing j = {w, weight, phase_of(w, i), packed};
        if (w->kernel == WAY_BF16)
            way_bf16_pack(packed, weight, w, &j.phase, pool);
        else if (w->kernel == WAY_NARROW)
            pool_run(pool, w->out.C, pack_output, &j);
        else
            pool_run(pool, (map_blocks(w->out.C) + 1) / 2, pack_pair, &j);
        packed += phase_packed(w, &j.phase);
    }
}

/* ---- Products ---- */

static void phase_product(const MapRegion *y, const WayProduct *j, const float *packed,
                          const ptrdiff_t *offset, const Phase *p)
{
    const Way *w = j->way;
    MapRegion r = phase_region(y, w, p);
    DirectInput in = {.x = j->x->at,
                      .image = staged_image(j->x),
                      .down = (ptrdiff_t)staged_row(j->x) * w->down_y,
                      .right = (ptrdiff_t)MAP_LANES * w->down_x,
                      .offset = offset,
                      .K = p->K};
    int from = j->first * 2 * MAP_LANES;
    if (r.rows <= 0 || r.cols <= 0) return;
    if (w->kernel == WAY_NARROW) {
        direct_narrow(&r, &in, packed, j->x->images, w->out.C);
        return;
    }
    r.at += (size_t)(2 * j->first) * r.block;
    direct_product(&r, &in, packed + (size_t)from * (size_t)p->K, j->x->images,
                   min_int(w->out.C - from, j->pairs * 2 * MAP_LANES));
}

static StridedShape strided_of(const Way *w)
{
    const ConvShape *s = w->s;
    return (StridedShape){.O = s->O, .C = s->C, .rows = s->OH, .cols = s->OW, .top = s->pt, .left = s->pl};
}

int way_pairs(const Way *w)
{
    return w->kernel == WAY_NARROW ? 1 : (map_blocks(w->out.C) + 1) / 2;
}

void way_product(const MapRegion *y, const WayProduct *j, float *scratch)
{
    const Way *w = j->way;
    const float *packed = j->packed;
    const ptrdiff_t *offset = j->offset;
    if (w->kernel == WAY_BF16) {
        way_bf16_product(y, j, scratch);
        return;
    }
    if (w->kernel == WAY_SPLIT) {
        split_product(y, j->x, packed, w->out.C, w->in.C, 2 * j->first, 2 * j->pairs, scratch);
        return;
    }
    if (w->kernel == WAY_WINOGRAD) {
        winograd_product(y, j->x, packed, w->out.C, w->in.C, 2 * j->first, 2 * j->pairs, scratch);
        return;
    }
    if (w->kernel == WAY_STRIDED) {
        StridedShape s = strided_of(w);
        if (w->scatter)
            strided_back(y, j->x, packed, &s, scratch);
        else
            strided_product(y, j->x, packed, &s, 2 * j->first, 2 * j->pairs, scratch);
        return;
    }
    for (int i = 0; i < w->up_y * w->up_x; i++) {
        Phase p = phase_of(w, i);
        phase_product(y, j, packed, offset, &p);
        offset += p.K;
        packed += phase_packed(w, &p);
    }
}

size_t way_scratch(const Way *w, int images, int rows)
{
    if (w->kernel == WAY_BF16) return way_bf16_scratch(w, images, rows);
    if (w->kernel == WAY_STRIDED) {
        StridedShape s = strided_of(w);
        return strided_scratch(&s, images);
    }
    if (!way_winograd(w)) return 0;
    int tiles = images * divide_up(rows, 4) * divide_up(w->out.W, 4);
    size_t floats = winograd_scratch(tiles, w->out.C, w->in.C);
    return w->kernel == WAY_SPLIT ? max_size(floats, split_scratch(tiles, w->out.C, w->in.C)) : floats;
}

/* ---- The weight gradient ---- */

size_t way_gradient(const Way *w)
{
    if (way_winograd(w)) return winograd_gradient_floats(w->out.C, w->in.C);
    if (w->kernel == WAY_STRIDED) return strided_filter_floats(w->out.C, w->in.C);
    Phase p = phase_of(w, 0);
    if (w->kernel == WAY_BF16) return way_bf16_gradient(w);
    return direct_filter_floats(w->out.C, p.K);
}

void way_outer(float *du, const Staged *x, const Staged *dy, const ptrdiff_t *offset, const Way *w,
               float *scratch)
{
    if (way_winograd(w)) {
        winograd_outer(du, x, dy, w->out.H, w->out.W, w->out.C, w->in.C, scratch);
        return;
    }
    if (w->kernel == WAY_STRIDED) {
        StridedShape s = strided_of(w);
        strided_outer(du, x, dy, &s, scratch);
        return;
    }
    Phase p = phase_of(w, 0);
    if (w->kernel == WAY_BF16) {
        way_bf16_outer(du, x, dy, w, scratch);
        return;
    }
    DirectInput in = {.x = x->at,
                      .image = staged_image(x),
                      .down = (ptrdiff_t)staged_row(x) * w->down_y,
                      .right = (ptrdiff_t)MAP_LANES * w->down_x,
                      .offset = offset,
                      .K = p.K};
    MapRegion y = {.at = dy->at,
                   .image = staged_image(dy),
                   .block = staged_block(dy),
                   .row = staged_row(dy),
                   .pixel = MAP_LANES,
                   .rows = w->out.H,
                   .cols = w->out.W};
    direct_outer(du, &in, &y, x->images, w->out.C);
}

typedef struct {
    float *dw;
    const float *du;
    int n;
    size_t stride;
    const Way *w;
    Phase phase;
} Unpacking;

static void unpack_pair(void *ctx, int pair, int worker)
{
    const Unpacking *j = ctx;
    const ConvShape *s = j->w->s;
    int first = pair * 2 * MAP_LANES, wide = min_int(2, map_blocks(s->O) - 2 * pair) * MAP_LANES;
    const float *from = j->du + (size_t)pair * (size_t)j->phase.K * 2 * MAP_LANES;
    (void)worker;
    EACH_INPUT(j->w, &j->phase, {
        for (int o = first; o < min_int(s->O, first + wide); o++) {
            float sum = 0;
            for (int i = 0; i < j->n; i++)
                sum += from[(size_t)i * j->stride + (size_t)(k * wide + o - first)];
            size_t at = ((size_t)o * (size_t)s->C + (size_t)(b * MAP_LANES + l)) * (size_t)s->KH + (size_t)kh;
            j->dw[at * (size_t)s->KW + (size_t)kw] += sum;
        }
    })
}

void way_unpack(float *dw, const float *du, int n, size_t stride, const Way *w, Pool *pool)
{
    if (way_winograd(w)) {
        winograd_unfilter(dw, du, n, stride, w->s->O, w->s->C, pool);
        return;
    }
    if (w->kernel == WAY_STRIDED) {
        strided_unfilter(dw, du, n, stride, w->s->O, w->s->C, pool);
        return;
    }
    if (w->kernel == WAY_BF16) {
        way_bf16_unpack(dw, du, n, stride, w, pool);
        return;
    }
    Unpacking j = {dw, du, n, stride, w, phase_of(w, 0)};
    pool_run(pool, (map_blocks(w->s->O) + 1) / 2, unpack_pair, &j);
}
