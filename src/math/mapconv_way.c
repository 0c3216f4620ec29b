/* What both ways through a layer need: kernel choice, packed weights, offset tables, and the products. */
#include "math/mapconv_way.h"
#include "math/bf16.h"
#include "math/direct.h"
#include "math/winograd.h"
#include <string.h>

enum { FEW = 4 }; /* outputs that the narrow kernel serves */

static int divide_down(int a, int b)
{
    return a / b - (a % b < 0);
}

static int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

enum { PIXELS = 512 }; /* results of a task: 36 register tiles */

/* ---- Choosing ---- */

/* Tiles of 4x4 must be at least half full, and sixteen channels there to fill a vector; else Winograd loses.
 */
static bool winograd_pays(const Way *w)
{
    const ConvShape *s = w->s;
    bool fits = s->KH == 3 && s->KW == 3 && s->sh == 1 && s->sw == 1 && s->dh == 1 && s->dw == 1;
    int covered = 16 * divide_up(w->out.H, 4) * divide_up(w->out.W, 4);
    return fits && s->pt <= 2 && s->pl <= 2 && w->in.C >= 16 && w->out.C >= 16 &&
           2 * w->out.H * w->out.W >= covered;
}

/* The matrix unit wants vectors of channels, and few enough taps for its tables. */
static bool bf16_pays(const Way *w)
{
    return !w->single && w->in.C >= 16 && w->out.C >= 16 && w->s->KH * w->s->KW <= BF16_TAPS && bf16_here();
}

Way way_of(const MapConv *c, bool scatter, bool plain_out)
{
    const ConvShape *s = &c->s;
    MapSide a = {s->C, s->H, s->W}, b = {s->O, s->OH, s->OW};
    Way w = {.s = s, .scatter = scatter, .in = scatter ? b : a, .out = scatter ? a : b, .kernel = WAY_DIRECT};
    w.up_y = scatter ? s->sh : 1, w.up_x = scatter ? s->sw : 1;
    w.down_y = scatter ? 1 : s->sh, w.down_x = scatter ? 1 : s->sw;
    w.row0 = scatter ? divide_down(s->pt - (s->KH - 1) * s->dh, s->sh) : -s->pt;
    w.col0 = scatter ? divide_down(s->pl - (s->KW - 1) * s->dw, s->sw) : -s->pl;
    if (scatter && w.in.H == 1 && w.in.W == 1) {
        w.single = true;
        w.up_y = w.out.H, w.up_x = w.out.W;
        w.row0 = w.col0 = 0;
    }
    w.step = w.up_y;
    if (plain_out && w.out.C <= FEW) {
        w.kernel = WAY_NARROW;
    } else if (c->bf16 && !c->exact && bf16_pays(&w)) {
        w.kernel = WAY_BF16;
    } else if (!c->exact && winograd_pays(&w)) {
        w.kernel = WAY_WINOGRAD;
        w.step = 4;
    }
    return w;
}

/* The last input row or column that `n` results from 0 on read, less the first, plus 1. */
static int reach(const Way *w, int n, int first, int stride, int dilation, int kernel, int pad)
{
    int last =
        w->scatter ? divide_down(n - 1 + pad, stride) : (n - 1) * stride - pad + (kernel - 1) * dilation;
    return last - first + 1;
}

int way_rows(const Way *w, int rows)
{
    const ConvShape *s = w->s;
    if (w->kernel == WAY_WINOGRAD) return 4 * divide_up(rows, 4) + 2;
    return reach(w, rows, w->row0, s->sh, s->dh, s->KH, s->pt);
}

int way_cols(const Way *w)
{
    const ConvShape *s = w->s;
    if (w->kernel == WAY_WINOGRAD) return 4 * divide_up(w->out.W, 4) + 2;
    return reach(w, w->out.W, w->col0, s->sw, s->dw, s->KW, s->pl);
}

int way_first(const Way *w, int r)
{
    return w->row0 + r / w->up_y * w->down_y;
}

/* ---- Phases: which taps reach the result pixels (y % up_y, x % up_x) ---- */

typedef struct {
    int y, x; /* the phase */
    int taps;
    int K; /* inputs */
} Phase;

/* The staged row that tap kh of a phase's row 0 reads, or -1 when it reads none. */
static int tap_at(const Way *w, int phase, int k, int first, int stride, int dilation, int pad)
{
    if (!w->scatter) return k * dilation;
    int at = phase + pad - k * dilation;
    if (w->single) return at ? -1 : 0;
    return at % stride ? -1 : divide_down(at, stride) - first;
}

static int tap_row(const Way *w, int phase, int kh)
{
    return tap_at(w, phase, kh, w->row0, w->s->sh, w->s->dh, w->s->pt);
}

static int tap_col(const Way *w, int phase, int kw)
{
    return tap_at(w, phase, kw, w->col0, w->s->sw, w->s->dw, w->s->pl);
}

/* Channels that the inputs of block b stand for: all sixteen lanes for the narrow kernel. */
static int lanes_of(const Way *w, int b)
{
    return w->kernel == WAY_NARROW ? MAP_LANES : min_int(MAP_LANES, w->in.C - b * MAP_LANES);
}

static Phase phase_of(const Way *w, int index)
{
    Phase p = {.y = index / w->up_x, .x = index % w->up_x};
    for (int kh = 0; kh < w->s->KH; kh++)
        for (int kw = 0; kw < w->s->KW; kw++) p.taps += tap_row(w, p.y, kh) >= 0 && tap_col(w, p.x, kw) >= 0;
    p.K = p.taps * (w->kernel == WAY_NARROW ? map_blocks(w->in.C) * MAP_LANES : w->in.C);
    return p;
}

/* Calls body for every input k of a phase, in order: blocks, taps, lanes. */
#define EACH_INPUT(w, p, body)                                                                               \
    for (int b = 0, k = 0; b < map_blocks((w)->in.C); b++)                                                   \
        for (int kh = 0; kh < (w)->s->KH; kh++)                                                              \
            for (int kw = 0; kw < (w)->s->KW; kw++) {                                                        \
                int row = tap_row(w, (p)->y, kh), col = tap_col(w, (p)->x, kw);                              \
                if (row < 0 || col < 0) continue;                                                            \
                for (int l = 0; l < lanes_of(w, b); l++, k++) body                                           \
            }

size_t way_offsets(const Way *w)
{
    size_t channels = (size_t)map_blocks(w->in.C) * MAP_LANES;
    bool table = w->kernel == WAY_DIRECT || w->kernel == WAY_NARROW;
    return table ? channels * (size_t)w->s->KH * (size_t)w->s->KW : 0;
}

void way_offset(ptrdiff_t *offset, const Way *w, const Staged *shape)
{
    if (!way_offsets(w)) return;
    for (int i = 0; i < w->up_y * w->up_x; i++) {
        Phase p = phase_of(w, i);
        ptrdiff_t across = (ptrdiff_t)staged_row(shape), block = (ptrdiff_t)staged_block(shape);
        EACH_INPUT(w, &p, { offset[k] = b * block + row * across + col * shape->step + l; })
        offset += p.K;
    }
}

/* ---- Weights ---- */

static size_t phase_packed(const Way *w, const Phase *p)
{
    if (w->kernel == WAY_BF16) return bf16_filter_floats(w->out.C, w->in.C, p->taps);
    size_t floats =
        w->kernel == WAY_NARROW ? (size_t)w->out.C * (size_t)p->K : direct_filter_floats(w->out.C, p->K);
    return (floats + MAP_LANES - 1) / MAP_LANES * MAP_LANES;
}

size_t way_packed(const Way *w)
{
    size_t floats = 0;
    if (w->kernel == WAY_WINOGRAD) return winograd_filter_floats(w->s->O, w->s->C, w->scatter);
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

/* For the matrix unit: which weights the taps of a phase are, and which places they read. */
typedef struct {
    int weight[BF16_TAPS], place[BF16_TAPS];
} Taps;

static void find_taps(Taps *t, const Way *w, const Phase *p, const Bf16Planes *planes)
{
    int n = 0;
    for (int kh = 0; kh < w->s->KH; kh++)
        for (int kw = 0; kw < w->s->KW; kw++) {
            int row = tap_row(w, p->y, kh), col = tap_col(w, p->x, kw);
            if (row < 0 || col < 0) continue;
            t->weight[n] = kh * w->s->KW + kw;
            t->place[n++] = planes ? bf16_place(planes, row, col) : 0;
        }
}

static Bf16Filter filter_of(const Way *w, const Phase *p, const float *weight, Taps *t)
{
    size_t taps = (size_t)w->s->KH * (size_t)w->s->KW, row = (size_t)w->s->C * taps;
    find_taps(t, w, p, NULL);
    return (Bf16Filter){.w = weight,
                        .o_step = w->scatter ? taps : row,
                        .c_step = w->scatter ? row : taps,
                        .tap = t->weight,
                        .taps = p->taps,
                        .O = w->out.C,
                        .C = w->in.C};
}

static void pack_part(void *ctx, int part, int worker)
{
    const Packing *j = ctx;
    Taps t;
    (void)worker;
    Bf16Filter f = filter_of(j->w, &j->phase, j->weight, &t);
    bf16_filter((uint16_t *)(void *)j->packed, &f, part);
}

void way_pack(float *packed, const float *weight, const Way *w, Pool *pool)
{
    if (w->kernel == WAY_WINOGRAD) {
        winograd_filter(packed, weight, w->s->O, w->s->C, w->scatter, pool);
        return;
    }
    for (int i = 0; i < w->up_y * w->up_x; i++) {
        Packing j = {w, weight, phase_of(w, i), packed};
        if (w->kernel == WAY_BF16)
            pool_run(pool, bf16_blocks(w->out.C), pack_part, &j);
        else if (w->kernel == WAY_NARROW)
            pool_run(pool, w->out.C, pack_output, &j);
        else
            pool_run(pool, (map_blocks(w->out.C) + 1) / 2, pack_pair, &j);
        packed += phase_packed(w, &j.phase);
    }
}

/* ---- Products ---- */

/* The pixels of a phase, as a region of its own. */
static MapRegion phase_region(const MapRegion *y, const Way *w, const Phase *p)
{
    MapRegion r = *y;
    r.at += (size_t)p->y * y->row + (size_t)p->x * y->pixel;
    r.row *= (size_t)w->up_y, r.pixel *= (size_t)w->up_x;
    r.rows = divide_up(y->rows - p->y, w->up_y), r.cols = divide_up(y->cols - p->x, w->up_x);
    return r;
}

static void phase_product(const MapRegion *y, const WayProduct *j, const float *packed,
                          const ptrdiff_t *offset, const Phase *p)
{
    const Way *w = j->way;
    MapRegion r = phase_region(y, w, p);
    DirectInput in = {.x = j->x->at,
                      .image = staged_image(j->x),
                      .down = (ptrdiff_t)staged_row(j->x) * w->down_y,
                      .right = (ptrdiff_t)j->x->step * w->down_x,
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

static void bf16_phase(const MapRegion *y, const Bf16Product *shared, const float *packed, const Way *w,
                       const Phase *p)
{
    MapRegion r = phase_region(y, w, p);
    Taps t;
    if (r.rows <= 0 || r.cols <= 0) return;
    find_taps(&t, w, p, &shared->planes);
    Bf16Product job = *shared;
    job.w = (const uint16_t *)(const void *)packed;
    job.tap = t.place, job.taps = p->taps;
    bf16_product(&r, &job);
}

static Bf16Product bf16_begin(const WayProduct *j, float *scratch)
{
    const Way *w = j->way;
    uint16_t *words = (uint16_t *)(void *)scratch;
    Bf16Product p = {.x = words,
                     .planes = bf16_planes(j->x, w->down_y, w->down_x),
                     .images = j->x->images,
                     .C = w->in.C,
                     .O = w->out.C,
                     .first = j->first,
                     .parts = j->pairs};
    bf16_input(words, j->x, &p.planes);
    return p;
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
    if (w->kernel == WAY_WINOGRAD) {
        winograd_product(y, j->x, packed, w->out.C, w->in.C, 2 * j->first, 2 * j->pairs, scratch);
        return;
    }
    Bf16Product shared = {0};
    if (w->kernel == WAY_BF16) shared = bf16_begin(j, scratch);
    for (int i = 0; i < w->up_y * w->up_x; i++) {
        Phase p = phase_of(w, i);
        if (w->kernel == WAY_BF16)
            bf16_phase(y, &shared, packed, w, &p);
        else
            phase_product(y, j, packed, offset, &p);
        offset += p.K;
        packed += phase_packed(w, &p);
    }
}

static Bf16Planes bf16_layout(const Way *w, int rows)
{
    Staged s = {.rows = way_rows(w, rows), .cols = way_cols(w), .step = MAP_LANES};
    return bf16_planes(&s, w->down_y, w->down_x);
}

/* Also what the weight gradient along a gather way needs. */
static size_t bf16_scratch(const Way *w, int images, int rows)
{
    Bf16Planes p = bf16_layout(w, rows);
    size_t product = bf16_input_floats(&p, images, w->in.C);
    if (w->scatter) return product;
    size_t outer = bf16_outer_input_floats(&p, images, w->in.C) +
                   bf16_outer_gradient_floats(&p, rows, w->out.W, images, w->out.C);
    return product > outer ? product : outer;
}

int way_images(const Way *w)
{
    if (w->kernel == WAY_WINOGRAD) return winograd_images(w->out.H, w->out.W);
    return divide_up(PIXELS, w->out.H * w->out.W);
}

size_t way_scratch(const Way *w, int images, int rows)
{
    if (w->kernel == WAY_BF16) return bf16_scratch(w, images, rows);
    if (w->kernel != WAY_WINOGRAD) return 0;
    return winograd_scratch(images * divide_up(rows, 4) * divide_up(w->out.W, 4), w->out.C, w->in.C);
}

/* ---- The weight gradient ---- */

size_t way_gradient(const Way *w)
{
    if (w->kernel == WAY_WINOGRAD) return winograd_gradient_floats(w->out.C, w->in.C);
    Phase p = phase_of(w, 0);
    if (w->kernel == WAY_BF16) return bf16_outer_floats(w->out.C, w->in.C, p.taps);
    return direct_filter_floats(w->out.C, p.K);
}

static void bf16_weights(float *du, const Staged *x, const Staged *dy, const Way *w, const Phase *phase,
                         float *scratch)
{
    Taps t;
    Bf16Outer p = {.planes = bf16_planes(x, w->down_y, w->down_x),
                   .tap = t.place,
                   .taps = phase->taps,
                   .images = x->images,
                   .C = w->in.C,
                   .O = w->out.C,
                   .rows = w->out.H,
                   .cols = w->out.W};
    uint16_t *words = (uint16_t *)(void *)scratch;
    uint16_t *pairs = (uint16_t *)(void *)(scratch + bf16_outer_input_floats(&p.planes, x->images, w->in.C));
    find_taps(&t, w, phase, &p.planes);
    bf16_outer_input(words, x, &p.planes);
    bf16_outer_gradient(pairs, dy, &p.planes, w->out.H, w->out.W);
    p.x = words, p.dy = pairs;
    bf16_outer(du, &p);
}

void way_outer(float *du, const Staged *x, const Staged *dy, const ptrdiff_t *offset, const Way *w,
               float *scratch)
{
    if (w->kernel == WAY_WINOGRAD) {
        winograd_outer(du, x, dy, w->out.H, w->out.W, w->out.C, w->in.C, scratch);
        return;
    }
    Phase p = phase_of(w, 0);
    if (w->kernel == WAY_BF16) {
        bf16_weights(du, x, dy, w, &p, scratch);
        return;
    }
    DirectInput in = {.x = x->at,
                      .image = staged_image(x),
                      .down = (ptrdiff_t)staged_row(x) * w->down_y,
                      .right = (ptrdiff_t)x->step * w->down_x,
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

static void unpack_part(void *ctx, int part, int worker)
{
    const Unpacking *j = ctx;
    Taps t;
    (void)worker;
    Bf16Filter f = filter_of(j->w, &j->phase, NULL, &t);
    bf16_outer_unpack(j->dw, j->du, j->n, j->stride, &f, part);
}

void way_unpack(float *dw, const float *du, int n, size_t stride, const Way *w, Pool *pool)
{
    if (w->kernel == WAY_WINOGRAD) {
        winograd_unfilter(dw, du, n, stride, w->s->O, w->s->C, pool);
        return;
    }
    Unpacking j = {dw, du, n, stride, w, phase_of(w, 0)};
    pool_run(pool, (map_blocks(w->s->O) + 1) / 2, w->kernel == WAY_BF16 ? unpack_part : unpack_pair, &j);
}
