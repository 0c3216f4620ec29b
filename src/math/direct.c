/* Direct convolution on maps: cuts pixels and inputs into register tiles and keeps what they read again near
 * (direct.h). */
#include "math/direct.h"
#include "math/isa.h"
#include "math/kernels/direct.h"
#include "math/whole.h"

enum {
    PIXELS = 224, /* placed at once: their inputs stay in the second-level cache over all panels of weights */
    DEPTH = 192,  /* terms of a panel that stay in the first-level cache over these pixels */
    PANEL = DIRECT_WIDE * MAP_LANES
};

static const DirectKernels *kernels(void)
{
    return ISA_SET(direct);
}

/* `n` rows in `tiles` of at most shape.rows, as equal as its groups allow. */
typedef struct {
    DirectShape shape;
    int n, tiles;
} Cut;

static Cut cut_rows(int n, DirectShape shape)
{
    return (Cut){shape, n, (n + shape.rows - 1) / shape.rows};
}

/* The first row of tile t. */
static int cut_at(const Cut *c, int t)
{
    return (int)((long long)(c->n / c->shape.group) * t / c->tiles) * c->shape.group;
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
    for (int p = first; p < end;) {
        int j = p % y->cols, i = p / y->cols % y->rows, image = p / y->cols / y->rows;
        int n = min_int(y->cols - j, end - p);
        ptrdiff_t dx = x->right, dy = (ptrdiff_t)y->pixel;
        ptrdiff_t atx = image * (ptrdiff_t)x->image + i * x->down + j * dx;
        ptrdiff_t aty = image * (ptrdiff_t)y->image + i * (ptrdiff_t)y->row + j * dy;
        for (ptrdiff_t *tx = to->x + p - first, *ty = to->y + p - first, *stop = tx + n; tx < stop;
             atx += dx, aty += dy)
            *tx++ = atx, *ty++ = aty;
        p += n;
    }
}

static void step_table(ptrdiff_t *to, int n, int step)
{
    for (int i = 0; i < n; i++) to[i] = (ptrdiff_t)i * step;
}

/* Tiles from t0 to t1 - 1 of all pixels. */
typedef struct {
    const MapRegion *y;
    const DirectInput *x;
    const Places *at;
    Cut cut;
    int t0, t1;
} Stretch;

static void stretch_panel(const Stretch *s, const float *w, int o, int vectors)
{
    const DirectKernels *kernel = kernels();
    ptrdiff_t steps[DEPTH];
    int width = vectors * MAP_LANES, first = cut_at(&s->cut, s->t0);
    step_table(steps, min_int(DEPTH, s->x->K), width);
    float *y = s->y->at + (size_t)(o / MAP_LANES) * s->y->block;
    for (int k = 0; !k || k < s->x->K; k += DEPTH) { /* no input at all makes zeros */
        const float *at = w + (size_t)k * (size_t)width;
        DirectTile tile = {.y = {y, y + s->y->block},
                           .x = s->x->x,
                           .w = {at, at + MAP_LANES},
                           .xt = s->x->offset + k,
                           .wt = steps,
                           .terms = min_int(DEPTH, s->x->K - k),
                           .outs = vectors,
                           .shape = s->cut.shape,
                           .add = k > 0};
        for (int t = s->t0; t < s->t1; t++) {
            int p = cut_at(&s->cut, t);
            tile.xr = s->at->x + p - first;
            tile.yr = s->at->y + p - first;
            tile.rows = cut_at(&s->cut, t + 1) - p;
            kernel->product(&tile);
        }
    }
}

void direct_product(const MapRegion *y, const DirectInput *x, const float *w, int images, int O)
{
    Places at;
    Stretch s = {.y = y,
                 .x = x,
                 .at = &at,
                 .cut = cut_rows(images * y->rows * y->cols, kernels()->shape(y->cols, x->right))};
    for (; s.t0 < s.cut.tiles; s.t0 = s.t1) {
        s.t1 = min_int(s.t0 + PIXELS / s.cut.shape.rows, s.cut.tiles);
        find_places(&at, y, x, cut_at(&s.cut, s.t0), cut_at(&s.cut, s.t1));
        for (int o = 0; o < O; o += PANEL)
            stretch_panel(&s, w + (size_t)o * (size_t)x->K, o, panel_vectors(O, o));
    }
}

void direct_narrow(const MapRegion *y, const DirectInput *x, const float *w, int images, int O)
{
    const DirectKernels *kernel = kernels();
    DirectTile tile = {.x = x->x,
                       .xt = x->offset,
                       .terms = x->K,
                       .outs = O,
                       .shape = kernel->narrow_shape(y->cols, x->right, O)};
    int pixels = images * y->rows * y->cols, rows = tile.shape.rows, chunk = PIXELS / rows * rows;
    Places at;
    for (int o = 0; o < O; o++) {
        tile.y[o] = y->at + (size_t)o * y->block;
        tile.w[o] = w + (size_t)o * (size_t)x->K;
    }
    for (int p = 0; p < pixels; p += chunk) {
        int n = min_int(chunk, pixels - p);
        find_places(&at, y, x, p, p + n);
        for (; n % rows; n++) { /* the last ones are done twice */
            at.x[n] = at.x[n - tile.shape.group];
            at.y[n] = at.y[n - tile.shape.group];
        }
        for (int i = 0; i < n; i += rows) {
            tile.xr = at.x + i;
            tile.yr = at.y + i;
            kernel->narrow(&tile);
        }
    }
}

/* The gradients of one panel over pixels placed in x and dy. */
typedef struct {
    float *dw;
    const float *dy;
    size_t block; /* floats from one vector of dy to the next */
    int vectors, pixels;
    const Places *at;
} Gradients;

static void outer_panel(const Gradients *g, const DirectInput *x, const Cut *cut)
{
    const DirectKernels *kernel = kernels();
    ptrdiff_t steps[DIRECT_ROWS];
    int width = g->vectors * MAP_LANES;
    step_table(steps, DIRECT_ROWS, width);
    DirectTile tile = {.x = x->x,
                       .w = {g->dy, g->dy + g->block},
                       .yr = steps,
                       .xt = g->at->x,
                       .wt = g->at->y,
                       .terms = g->pixels,
                       .outs = g->vectors,
                       .shape = cut->shape,
                       .add = true};
    for (int t = 0; t < cut->tiles; t++) {
        int k = cut_at(cut, t);
        tile.y[0] = g->dw + (size_t)k * (size_t)width;
        tile.y[1] = tile.y[0] + MAP_LANES;
        tile.xr = x->offset + k;
        tile.rows = cut_at(cut, t + 1) - k;
        kernel->product(&tile);
    }
}

/* How many neighbours the inputs come in: 2, or 1. */
static int input_run(const DirectInput *x)
{
    bool pairs = x->K % 2 == 0;
    for (int k = 0; pairs && k < x->K; k += 2) pairs = x->offset[k + 1] == x->offset[k] + 1;
    return 1 + pairs;
}

void direct_outer(float *dw, const DirectInput *x, const MapRegion *dy, int images, int O)
{
    int pixels = images * dy->rows * dy->cols;
    Cut cut = cut_rows(x->K, kernels()->shape(input_run(x), 1));
    Places at;
    for (int o = 0; o < O; o += PANEL)
        for (int p = 0; p < pixels; p += PIXELS) {
            int n = min_int(PIXELS, pixels - p);
            find_places(&at, dy, x, p, p + n);
            Gradients g = {dw + (size_t)o * (size_t)x->K,
                           dy->at + (size_t)(o / MAP_LANES) * dy->block,
                           dy->block,
                           panel_vectors(O, o),
                           n,
                           &at};
            outer_panel(&g, x, &cut);
        }
}
