/* Direct convolution on maps: cuts pixels and inputs into register tiles and keeps what they read again near
 * (direct.h). */
#include "math/direct.h"
#include "math/isa.h"
#include "math/kernels/direct.h"

enum {
    PIXELS = 224, /* placed at once: their inputs stay in the second-level cache over all panels of weights */
    DEPTH = 256,  /* terms of a panel that stay in the first-level cache over these pixels */
    PANEL = DIRECT_WIDE * MAP_LANES
};

static const DirectKernels *kernels(void)
{
#if defined(__x86_64__)
    static const DirectKernels *const sets[] = {&direct_portable, &direct_avx2, &direct_avx512};
    return sets[isa_current()];
#else
    return &direct_portable;
#endif
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* The first of n things in part i of as equal parts as there are. */
static int part(int n, int i, int parts)
{
    return (int)((long long)n * i / parts);
}

static int parts_of(int n, int most)
{
    return (n + most - 1) / most;
}

size_t direct_filter_floats(int O, int K)
{
    return (size_t)map_blocks(O) * MAP_LANES * (size_t)K;
}

/* Vectors of 16 in the panel that begins at output o. */
static int panel_vectors(int O, int o)
{
    return min_int(DIRECT_WIDE, map_blocks(O - o));
}

/* Where pixels lie in the input and in the result. */
typedef struct {
    ptrdiff_t x[PIXELS], y[PIXELS];
} Places;

/* The pixels from `first` to `end` - 1 of all images, one after the other. */
static void find_places(Places *to, const MapRegion *y, const DirectInput *x, int first, int end)
{
    int j = first % y->cols, i = first / y->cols % y->rows, image = first / y->cols / y->rows;
    for (int p = 0; p < end - first; p++) {
        to->x[p] = image * (ptrdiff_t)x->image + i * x->down + j * x->right;
        to->y[p] = image * (ptrdiff_t)y->image + i * (ptrdiff_t)y->row + j * (ptrdiff_t)y->pixel;
        if (++j < y->cols) continue;
        j = 0;
        if (++i == y->rows) i = 0, image++;
    }
}

static void step_table(ptrdiff_t *to, int n, int step)
{
    for (int i = 0; i < n; i++) to[i] = (ptrdiff_t)i * step;
}

/* Tiles from t0 to t1 - 1 of `tiles` over `pixels` pixels, for the panel at output o. */
typedef struct {
    const MapRegion *y;
    const DirectInput *x;
    const Places *at;
    int pixels, tiles, t0, t1;
} Stretch;

static void stretch_panel(const Stretch *s, const float *w, int o, int vectors)
{
    const DirectKernels *kernel = kernels();
    ptrdiff_t steps[DEPTH];
    int width = vectors * MAP_LANES, first = part(s->pixels, s->t0, s->tiles);
    step_table(steps, min_int(DEPTH, s->x->K), width);
    float *y = s->y->at + (size_t)(o / MAP_LANES) * s->y->block;
    for (int k = 0; k < s->x->K; k += DEPTH) {
        const float *at = w + (size_t)k * (size_t)width;
        DirectTile tile = {.y = {y, y + s->y->block},
                           .x = s->x->x,
                           .w = {at, at + MAP_LANES},
                           .xt = s->x->offset + k,
                           .wt = steps,
                           .terms = min_int(DEPTH, s->x->K - k),
                           .outs = vectors,
                           .add = k > 0};
        for (int t = s->t0; t < s->t1; t++) {
            int p = part(s->pixels, t, s->tiles);
            tile.xr = s->at->x + p - first;
            tile.yr = s->at->y + p - first;
            tile.rows = part(s->pixels, t + 1, s->tiles) - p;
            kernel->product(&tile);
        }
    }
}

void direct_product(const MapRegion *y, const DirectInput *x, const float *w, int images, int O)
{
    int pixels = images * y->rows * y->cols, most = kernels()->rows, tiles = parts_of(pixels, most);
    Places at;
    for (int t = 0; t < tiles; t += PIXELS / most) {
        Stretch s = {y, x, &at, pixels, tiles, t, min_int(t + PIXELS / most, tiles)};
        find_places(&at, y, x, part(pixels, s.t0, tiles), part(pixels, s.t1, tiles));
        for (int o = 0; o < O; o += PANEL)
            stretch_panel(&s, w + (size_t)o * (size_t)x->K, o, panel_vectors(O, o));
    }
}

void direct_narrow(const MapRegion *y, const DirectInput *x, const float *w, int images, int O)
{
    const DirectKernels *kernel = kernels();
    int pixels = images * y->rows * y->cols, most = kernel->narrow_rows[O - 1];
    Places at;
    DirectTile tile = {.x = x->x, .xt = x->offset, .terms = x->K, .outs = O};
    for (int o = 0; o < O; o++) {
        tile.y[o] = y->at + (size_t)o * y->block;
        tile.w[o] = w + (size_t)o * (size_t)x->K;
    }
    for (int p = 0; p < pixels; p += PIXELS) {
        int n = min_int(PIXELS, pixels - p);
        find_places(&at, y, x, p, p + n);
        for (int i = 0; i < n; i += most) {
            tile.xr = at.x + i;
            tile.yr = at.y + i;
            tile.rows = min_int(most, n - i);
            kernel->narrow(&tile);
        }
    }
}

/* The panel at dw, of the gradients dy, over pixels placed in x and dy. */
static void outer_panel(float *dw, const DirectInput *x, const float *dy, const MapRegion *region,
                        const Places *at, int pixels, int vectors)
{
    const DirectKernels *kernel = kernels();
    ptrdiff_t steps[DIRECT_ROWS];
    int width = vectors * MAP_LANES, tiles = parts_of(x->K, kernel->rows);
    step_table(steps, DIRECT_ROWS, width);
    DirectTile tile = {.x = x->x,
                       .w = {dy, dy + region->block},
                       .yr = steps,
                       .xt = at->x,
                       .wt = at->y,
                       .terms = pixels,
                       .outs = vectors,
                       .add = true};
    for (int t = 0; t < tiles; t++) {
        int k = part(x->K, t, tiles);
        tile.y[0] = dw + (size_t)k * (size_t)width;
        tile.y[1] = tile.y[0] + MAP_LANES;
        tile.xr = x->offset + k;
        tile.rows = part(x->K, t + 1, tiles) - k;
        kernel->product(&tile);
    }
}

void direct_outer(float *dw, const DirectInput *x, const MapRegion *dy, int images, int O)
{
    int pixels = images * dy->rows * dy->cols;
    Places at;
    for (int o = 0; o < O; o += PANEL)
        for (int p = 0; p < pixels; p += PIXELS) {
            int end = min_int(p + PIXELS, pixels);
            find_places(&at, dy, x, p, end);
            outer_panel(dw + (size_t)o * (size_t)x->K, x, dy->at + (size_t)(o / MAP_LANES) * dy->block, dy,
                        &at, end - p, panel_vectors(O, o));
        }
}
