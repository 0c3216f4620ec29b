/* Average and maximum pooling, row by row: each kernel position adds one strided row of the picture. */
#include "math/resample.h"
#include "math/kernels/lanes.h"
#include <math.h>

enum { PLANES = 16 }; /* a piece */

typedef struct {
    float *y;
    const float *x, *dy;
    const PoolShape *s;
    bool max, accumulate;
    const Lanes *l;
} Job;

bool pool_shape(PoolShape *s)
{
    if (s->M < 1 || s->H < 1 || s->W < 1 || s->kh < 1 || s->kw < 1 || s->sh < 1 || s->sw < 1) return false;
    /* as in PyTorch: a window always holds at least one pixel of the picture */
    if (s->pt < 0 || s->pl < 0 || s->pb < 0 || s->pr < 0) return false;
    if (s->pt >= s->kh || s->pb >= s->kh || s->pl >= s->kw || s->pr >= s->kw) return false;
    if ((long)s->H + s->pt + s->pb < s->kh || (long)s->W + s->pl + s->pr < s->kw) return false;
    s->OH = (int)(((long)s->H + s->pt + s->pb - s->kh) / s->sh + 1);
    s->OW = (int)(((long)s->W + s->pl + s->pr - s->kw) / s->sw + 1);
    return true;
}

typedef struct {
    int from, to; /* pixels of the picture inside a window */
} Span;

static Span span_of(int out, int stride, int pad, int kernel, int size)
{
    Span s = {out * stride - pad, out * stride - pad + kernel};
    if (s.from < 0) s.from = 0;
    if (s.to > size) s.to = size;
    return s;
}

/* Outputs along a row whose kernel column kx lies inside the picture. */
static Span outputs_of(int kx, const PoolShape *s)
{
    int before = s->pl - kx, last = s->W - 1 + before;
    Span o = {before > 0 ? (before + s->sw - 1) / s->sw : 0, last < 0 ? 0 : last / s->sw + 1};
    if (o.to > s->OW) o.to = s->OW;
    return o;
}

static void forward_row(float *y, const float *plane, int oy, const Job *j)
{
    const PoolShape *s = j->s;
    Span rows = span_of(oy, s->sh, s->pt, s->kh, s->H);
    for (int i = 0; i < s->OW; i++) y[i] = j->max ? -INFINITY : 0;
    for (int r = rows.from; r < rows.to; r++)
        for (int kx = 0; kx < s->kw; kx++) {
            Span o = outputs_of(kx, s);
            if (o.from >= o.to) continue;
            const float *from = plane + (size_t)r * s->W + (o.from * s->sw - s->pl + kx);
            j->l->row_gather(y + o.from, from, (size_t)(o.to - o.from), s->sw, j->max);
        }
    if (j->max) return;
    for (int i = 0; i < s->OW; i++) {
        Span cols = span_of(i, s->sw, s->pl, s->kw, s->W);
        y[i] *= 1.0f / (float)((rows.to - rows.from) * (cols.to - cols.from));
    }
}

/* The common case, a kernel of 2 x 2 that fits exactly: the transpose of nearest upsampling. */
static bool halves(const PoolShape *s)
{
    return s->kh == 2 && s->kw == 2 && s->sh == 2 && s->sw == 2 && !(s->pt | s->pl | s->pb | s->pr) &&
           s->H % 2 == 0 && s->W % 2 == 0;
}

static void forward_planes(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    const PoolShape *s = j->s;
    (void)worker;
    for (int m = index * PLANES; m < (index + 1) * PLANES && m < s->M; m++) {
        float *y = j->y + (size_t)m * s->OH * s->OW;
        const float *x = j->x + (size_t)m * s->H * s->W;
        if (!j->max && halves(s))
            j->l->shrink(y, x, s->OH, s->OW, 0.25f, false);
        else
            for (int oy = 0; oy < s->OH; oy++) forward_row(y + (size_t)oy * s->OW, x, oy, j);
    }
}

void avgpool_forward(float *y, const float *x, const PoolShape *s, Pool *pool)
{
    Job j = {.y = y, .x = x, .s = s, .l = lanes()};
    pool_run(pool, (s->M + PLANES - 1) / PLANES, forward_planes, &j);
}

void maxpool_forward(float *y, const float *x, const PoolShape *s, Pool *pool)
{
    Job j = {.y = y, .x = x, .s = s, .max = true, .l = lanes()};
    pool_run(pool, (s->M + PLANES - 1) / PLANES, forward_planes, &j);
}

static void spread_mean(float *dx, float g, Span rows, Span cols, int W)
{
    float part = g / (float)((rows.to - rows.from) * (cols.to - cols.from));
    for (int r = rows.from; r < rows.to; r++)
        for (int c = cols.from; c < cols.to; c++) dx[(size_t)r * W + c] += part;
}

/* To the first of equal maxima; a NaN counts as the largest, so that it shows. */
static void give_to_max(float *dx, const float *x, float g, Span rows, Span cols, int W)
{
    size_t best = (size_t)rows.from * W + cols.from;
    for (int r = rows.from; r < rows.to; r++)
        for (int c = cols.from; c < cols.to; c++) {
            size_t at = (size_t)r * W + c;
            if (x[at] > x[best] || (x[at] != x[at] && x[best] == x[best])) best = at;
        }
    dx[best] += g;
}

static void backward_plane(float *dx, const float *dy, const float *x, const Job *j)
{
    const PoolShape *s = j->s;
    if (!j->max && halves(s)) {
        j->l->grow(dx, dy, s->OH, s->OW, 0.25f, j->accumulate);
        return;
    }
    if (!j->accumulate)
        for (int i = 0; i < s->H * s->W; i++) dx[i] = 0;
    for (int oy = 0; oy < s->OH; oy++) {
        Span rows = span_of(oy, s->sh, s->pt, s->kh, s->H);
        for (int ox = 0; ox < s->OW; ox++) {
            Span cols = span_of(ox, s->sw, s->pl, s->kw, s->W);
            if (j->max)
                give_to_max(dx, x, *dy++, rows, cols, s->W);
            else
                spread_mean(dx, *dy++, rows, cols, s->W);
        }
    }
}

static void backward_planes(void *ctx, int index, int worker)
{
    const Job *j = ctx;
    size_t in = (size_t)j->s->H * j->s->W, out = (size_t)j->s->OH * j->s->OW;
    (void)worker;
    for (int m = index * PLANES; m < (index + 1) * PLANES && m < j->s->M; m++)
        backward_plane(j->y + m * in, j->dy + m * out, j->max ? j->x + m * in : NULL, j);
}

void avgpool_backward(float *dx, const float *dy, const PoolShape *s, bool accumulate, Pool *pool)
{
    Job j = {.y = dx, .dy = dy, .s = s, .accumulate = accumulate, .l = lanes()};
    pool_run(pool, (s->M + PLANES - 1) / PLANES, backward_planes, &j);
}

void maxpool_backward(float *dx, const float *dy, const float *x, const PoolShape *s, bool accumulate,
                      Pool *pool)
{
    Job j = {.y = dx, .x = x, .dy = dy, .s = s, .max = true, .accumulate = accumulate};
    pool_run(pool, (s->M + PLANES - 1) / PLANES, backward_planes, &j);
}
