/* Which kernel serves a way through a layer, how large its inputs are, and which taps reach which results. */
#include "math/mapconv_way.h"
#include "math/bf16.h"
#include "math/split.h"
#include "math/strided.h"
#include "math/whole.h"
#include "math/winograd.h"

enum {
    FEW = 4,                /* outputs that the narrow kernel serves */
    SPLIT_FEW = 32 * 32,    /* outputs times channels: more than these pay, */
    SPLIT_MANY = 256 * 256, /* and at most these */
    PIXELS = 512            /* results of a task: 36 register tiles */
};

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

/* The matrix unit takes 32 channels and outputs at a time. For 32 of both, transforms cost what it saves; of
 * very many, every chunk of tiles reads filters that are six times as large as their taps. */
static bool split_pays(const Way *w)
{
    int whole = divide_up(w->in.C, 32) * 32 * divide_up(w->out.C, 32) * 32;
    return winograd_pays(w) && 3 * whole <= 4 * w->in.C * w->out.C && whole > SPLIT_FEW &&
           whole <= SPLIT_MANY && split_here();
}

/* The same for 4x4 of stride 2, whose whole tiles must reach the last row and column. A transposed
 * convolution may be cut into bands of rows, which the tiles of its results would cross. */
static bool phases_pay(const Way *w, bool transposed)
{
    const ConvShape *s = w->s;
    bool fits = s->KH == 4 && s->KW == 4 && s->sh == 2 && s->sw == 2 && s->dh == 1 && s->dw == 1;
    if (!fits || (w->scatter && transposed) || s->C < 16 || s->O < 16) return false;
    int m = strided_tile(s->OH, s->OW), down = divide_up(s->OH, m) * m, right = divide_up(s->OW, m) * m;
    return strided_pays(s->OH, s->OW) && s->H + s->pt <= 2 * down + 2 && s->W + s->pl <= 2 * right + 2;
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
        w.kernel = c->split && split_pays(&w) ? WAY_SPLIT : WAY_WINOGRAD;
        w.step = 4;
    } else if (!c->exact && phases_pay(&w, c->transposed)) {
        w.kernel = WAY_STRIDED;
        w.step = strided_tile(s->OH, s->OW);
        if (scatter) w.row0 = w.col0 = 0;
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

/* Staged pixels of `n` results, in whole tiles. */
static int strided_reach(const Way *w, int n)
{
    int whole = divide_up(n, w->step) * w->step;
    return w->scatter ? whole : 2 * whole + 2;
}

int way_rows(const Way *w, int rows)
{
    const ConvShape *s = w->s;
    if (w->kernel == WAY_STRIDED) return strided_reach(w, w->scatter ? s->OH : rows);
    if (way_winograd(w)) return 4 * divide_up(rows, 4) + 2;
    return reach(w, rows, w->row0, s->sh, s->dh, s->KH, s->pt);
}

int way_cols(const Way *w)
{
    const ConvShape *s = w->s;
    if (w->kernel == WAY_STRIDED) return strided_reach(w, s->OW);
    if (way_winograd(w)) return 4 * divide_up(w->out.W, 4) + 2;
    return reach(w, w->out.W, w->col0, s->sw, s->dw, s->KW, s->pl);
}

int way_first(const Way *w, int r)
{
    return w->row0 + r / w->up_y * w->down_y;
}

int way_images(const Way *w)
{
    if (w->kernel == WAY_SPLIT) return split_images(w->out.H, w->out.W, w->out.C, w->in.C);
    if (w->kernel == WAY_WINOGRAD) return winograd_images(w->out.H, w->out.W);
    if (w->kernel == WAY_STRIDED) return strided_images(w->s->OH, w->s->OW);
    return divide_up(PIXELS, w->out.H * w->out.W);
}

/* ---- Phases: which taps reach the result pixels (y % up_y, x % up_x) ---- */

/* The staged row that tap kh of a phase's row 0 reads, or -1 when it reads none. */
static int tap_at(const Way *w, int phase, int k, int first, int stride, int dilation, int pad)
{
    if (!w->scatter) return k * dilation;
    int at = phase + pad - k * dilation;
    if (w->single) return at ? -1 : 0;
    return at % stride ? -1 : divide_down(at, stride) - first;
}

int tap_row(const Way *w, int phase, int kh)
{
    return tap_at(w, phase, kh, w->row0, w->s->sh, w->s->dh, w->s->pt);
}

int tap_col(const Way *w, int phase, int kw)
{
    return tap_at(w, phase, kw, w->col0, w->s->sw, w->s->dw, w->s->pl);
}

int lanes_of(const Way *w, int b)
{
    return w->kernel == WAY_NARROW ? MAP_LANES : min_int(MAP_LANES, w->in.C - b * MAP_LANES);
}

Phase phase_of(const Way *w, int index)
{
    Phase p = {.y = index / w->up_x, .x = index % w->up_x};
    for (int kh = 0; kh < w->s->KH; kh++)
        for (int kw = 0; kw < w->s->KW; kw++) p.taps += tap_row(w, p.y, kh) >= 0 && tap_col(w, p.x, kw) >= 0;
    p.K = p.taps * (w->kernel == WAY_NARROW ? map_blocks(w->in.C) * MAP_LANES : w->in.C);
    return p;
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
        EACH_INPUT(w, &p, { offset[k] = b * block + row * across + col * MAP_LANES + l; })
        offset += p.K;
    }
}

MapRegion phase_region(const MapRegion *y, const Way *w, const Phase *p)
{
    MapRegion r = *y;
    r.at += (size_t)p->y * y->row + (size_t)p->x * y->pixel;
    r.row *= (size_t)w->up_y, r.pixel *= (size_t)w->up_x;
    r.rows = divide_up(y->rows - p->y, w->up_y), r.cols = divide_up(y->cols - p->x, w->up_x);
    return r;
}
