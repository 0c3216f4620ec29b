/* Maps in other sizes and beside each other, a pixel's sixteen channels at a time (VS_ISA names the
 * instruction set). */
#include "math/kernels/mapmove.h"
#include "math/kernels/vec16.h"

#define NAME2(a, b) a##_##b
#define NAME(a, b)  NAME2(a, b)

enum { LANES = 16 };

/* ---- Twice the size --------------------------------------------------------------------------------------
 */

static void grow_nearest(float *y, const float *x, int H, int W)
{
    size_t row = 2 * (size_t)W * LANES;
    for (int i = 0; i < H; i++, y += row)
        for (int j = 0; j < W; j++, y += 2 * LANES, x += LANES) {
            V16 v = v16_load(x);
            v16_store(y, v), v16_store(y + LANES, v);
            v16_store(y + row, v), v16_store(y + row + LANES, v);
        }
}

/* A row of results between two rows of x, the first of them three times nearer. */
VS_INLINE void grow_row(float *y, const float *near, const float *far, int W)
{
    V16 most = v16_all(0.75f), rest = v16_all(0.25f);
    V16 here = v16_fma(most, v16_load(near), v16_mul(rest, v16_load(far))), before = here;
    for (int j = 0; j < W; j++, y += 2 * LANES) {
        size_t at = (size_t)(j + 1 < W ? j + 1 : j) * LANES;
        V16 after = v16_fma(most, v16_load(near + at), v16_mul(rest, v16_load(far + at)));
        V16 own = v16_mul(most, here);
        v16_store(y, v16_fma(rest, before, own));
        v16_store(y + LANES, v16_fma(rest, after, own));
        before = here, here = after;
    }
}

static void grow(float *y, const float *x, int H, int W, bool smooth)
{
    size_t row = (size_t)W * LANES;
    if (!smooth) {
        grow_nearest(y, x, H, W);
        return;
    }
    for (int i = 0; i < H; i++, x += row, y += 4 * row) {
        grow_row(y, x, i ? x - row : x, W);
        grow_row(y + 2 * row, x, i + 1 < H ? x + row : x, W);
    }
}

static void shrink_nearest(float *dx, const float *dy, int H, int W, bool add)
{
    size_t row = 2 * (size_t)W * LANES;
    for (int i = 0; i < H; i++, dy += row)
        for (int j = 0; j < W; j++, dy += 2 * LANES, dx += LANES) {
            V16 above = v16_add(v16_load(dy), v16_load(dy + LANES));
            V16 v = v16_add(above, v16_add(v16_load(dy + row), v16_load(dy + row + LANES)));
            v16_store(dx, add ? v16_add(v16_load(dx), v) : v);
        }
}

/* Column j of the transposed rows: what pixel j gave to 2j-1, 2j, 2j+1 and 2j+2, edges folded in. */
VS_INLINE V16 narrow(const float *dy, int j, int W)
{
    const float *own = dy + 2 * (size_t)j * LANES;
    V16 a = v16_load(own), b = v16_load(own + LANES);
    V16 before = j ? v16_load(own - LANES) : a, after = j + 1 < W ? v16_load(own + 2 * LANES) : b;
    return v16_fma(v16_all(0.75f), v16_add(a, b), v16_mul(v16_all(0.25f), v16_add(before, after)));
}

static void shrink(float *dx, const float *dy, int H, int W, bool smooth, bool add)
{
    size_t row = 2 * (size_t)W * LANES;
    if (!smooth) {
        shrink_nearest(dx, dy, H, W, add);
        return;
    }
    for (int i = 0; i < H; i++, dy += 2 * row) {
        const float *before = i ? dy - row : dy, *after = i + 1 < H ? dy + 2 * row : dy + row;
        for (int j = 0; j < W; j++, dx += LANES) {
            V16 own = v16_add(narrow(dy, j, W), narrow(dy + row, j, W));
            V16 rim = v16_add(narrow(before, j, W), narrow(after, j, W));
            V16 v = v16_fma(v16_all(0.75f), own, v16_mul(v16_all(0.25f), rim));
            v16_store(dx, add ? v16_add(v16_load(dx), v) : v);
        }
    }
}

/* ---- Means over windows ----------------------------------------------------------------------------------
 */

typedef struct {
    int top, bottom, left, right; /* inside the picture; bottom and right are not part of it */
    float each;                   /* one over the pixels */
} Window;

static Window window_at(const MapWindow *s, int i, int j)
{
    int top = i * s->sh - s->pt, left = j * s->sw - s->pl, bottom = top + s->kh, right = left + s->kw;
    Window w = {.top = top < 0 ? 0 : top,
                .bottom = bottom > s->H ? s->H : bottom,
                .left = left < 0 ? 0 : left,
                .right = right > s->W ? s->W : right};
    w.each = 1.0f / (float)((w.bottom - w.top) * (w.right - w.left));
    return w;
}

static void mean(float *y, const float *x, const MapWindow *s)
{
    for (int i = 0; i < s->OH; i++)
        for (int j = 0; j < s->OW; j++, y += LANES) {
            Window w = window_at(s, i, j);
            V16 sum = v16_all(0);
            for (int r = w.top; r < w.bottom; r++)
                for (int c = w.left; c < w.right; c++)
                    sum = v16_add(sum, v16_load(x + ((size_t)r * (size_t)s->W + (size_t)c) * LANES));
            v16_store(y, v16_mul(sum, v16_all(w.each)));
        }
}

static void mean_back(float *dx, const float *dy, const MapWindow *s)
{
    for (int i = 0; i < s->OH; i++)
        for (int j = 0; j < s->OW; j++, dy += LANES) {
            Window w = window_at(s, i, j);
            V16 d = v16_mul(v16_load(dy), v16_all(w.each));
            for (int r = w.top; r < w.bottom; r++)
                for (int c = w.left; c < w.right; c++) {
                    float *to = dx + ((size_t)r * (size_t)s->W + (size_t)c) * LANES;
                    v16_store(to, v16_add(v16_load(to), d));
                }
        }
}

/* ---- Lanes moved -----------------------------------------------------------------------------------------
 */

/* -1 in the first n lanes, 1 in the others: for v16_below. */
static V16 first_lanes(int n)
{
    float t[LANES];
    for (int l = 0; l < LANES; l++) t[l] = l < n ? -1 : 1;
    return v16_load(t);
}

static void put(float *y, float *spill, const float *x, size_t pixels, int lane)
{
    V16 keep = first_lanes(lane);
    float t[3 * LANES] = {0};
    for (size_t at = 0; at < pixels * LANES; at += LANES) {
        v16_store(t + LANES, v16_load(x + at));
        v16_store(y + at, v16_below(keep, v16_load(y + at), v16_load(t + LANES - lane)));
        if (spill) v16_store(spill + at, v16_load(t + 2 * LANES - lane));
    }
}

static void take(float *y, const float *x, const float *next, size_t pixels, int lane, int lanes, bool add)
{
    V16 wanted = first_lanes(lanes), zero = v16_all(0);
    float t[2 * LANES] = {0};
    for (size_t at = 0; at < pixels * LANES; at += LANES) {
        v16_store(t, v16_load(x + at));
        if (next) v16_store(t + LANES, v16_load(next + at));
        V16 v = v16_below(wanted, v16_load(t + lane), zero);
        v16_store(y + at, add ? v16_add(v16_load(y + at), v) : v);
    }
}

const MoveKernels NAME(move, VS_ISA) = {
    .grow = grow, .shrink = shrink, .mean = mean, .mean_back = mean_back, .put = put, .take = take};
