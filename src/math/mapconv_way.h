/* One way through a layer: `gather`, from the side (C,H,W) of its ConvShape to (O,OH,OW) as a convolution
 * goes, or `scatter`, back again as its data gradient and a transposed convolution go. Which kernel serves it
 * follows from the shape alone. */
#pragma once
#include "math/mapconv.h"

typedef enum { WAY_WINOGRAD, WAY_SPLIT, WAY_STRIDED, WAY_DIRECT, WAY_NARROW, WAY_BF16 } WayKernel;

typedef struct {
    const ConvShape *s;
    bool scatter;
    WayKernel kernel;
    MapSide in, out;
    int up_y, up_x; /* the result falls into up_y * up_x phases of pixels that far apart (scatter's stride) */
    int down_y, down_x; /* input pixels from one pixel of a phase to the next (gather's stride) */
    int row0, col0;     /* input pixel at the staged pixel (0,0) for a region that begins at result row 0 */
    bool single; /* scatter from one pixel: each result pixel reads one tap, and is a phase of its own */
    int step;    /* regions begin at multiples of this many result rows */
} Way;

/* Whether tiles of 4x4 results make it: then the weight gradient is Winograd's in float32 too. */
static inline bool way_winograd(const Way *w)
{
    return w->kernel == WAY_WINOGRAD || w->kernel == WAY_SPLIT;
}

Way way_of(const MapConv *c, bool scatter, bool plain_out);
/* Staged size for `rows` result rows; cols for all of them. */
int way_rows(const Way *w, int rows);
int way_cols(const Way *w);
/* The input row at staged row 0 when the region begins at result row r (a multiple of step). */
int way_first(const Way *w, int r);

size_t way_packed(const Way *w);
void way_pack(float *packed, const float *weight, const Way *w, Pool *pool);

/* Offsets of every input in a staged map of that shape, phase after phase (for the direct kernels alone). */
size_t way_offsets(const Way *w);
void way_offset(ptrdiff_t *offset, const Way *w, const Staged *shape);

/* Pairs of blocks of the result, which may be made apart from each other; 1 for a narrow result. */
int way_pairs(const Way *w);

/* Raw results of a region (map, or plain for WAY_NARROW) from its staged input: of the pairs first .. first +
 * pairs - 1. */
typedef struct {
    const Way *way;
    const Staged *x;
    const float *packed;
    const ptrdiff_t *offset;
    int first, pairs;
} WayProduct;
void way_product(const MapRegion *y, const WayProduct *p, float *scratch);
/* Images that fill what the kernel takes at a time. */
int way_images(const Way *w);
/* Floats of scratch for `images` images and `rows` result rows of each. */
size_t way_scratch(const Way *w, int images, int rows);

/* The weight gradient along a gather way (not a narrow one): du (way_gradient floats) += the products of
 * staged inputs x (origin row0, col0) and gradients dy (origin 0). */
size_t way_gradient(const Way *w);
void way_outer(float *du, const Staged *x, const Staged *dy, const ptrdiff_t *offset, const Way *w,
               float *scratch);
/* dw (O,C,KH,KW) += du[0] + ... du[n-1], `stride` floats apart, in this order. */
void way_unpack(float *dw, const float *du, int n, size_t stride, const Way *w, Pool *pool);

size_t mapconv_forward_scratch(const MapConv *c, int threads);

/* A phase of the result: the pixels (y % up_y, x % up_x), which some of the taps reach. Its inputs k are
 * counted by blocks, taps and lanes. */
typedef struct {
    int y, x;
    int taps, K;
} Phase;

Phase phase_of(const Way *w, int index); /* index < up_y * up_x */
/* Its pixels, as a region of its own. */
MapRegion phase_region(const MapRegion *y, const Way *w, const Phase *p);
/* The staged row or column that a tap of a phase's pixel (0,0) reads, or -1 when it reads none. */
int tap_row(const Way *w, int phase, int kh);
int tap_col(const Way *w, int phase, int kw);
/* Channels that the inputs of block b stand for: all sixteen lanes for the narrow kernel. */
int lanes_of(const Way *w, int b);

/* Calls body for every input k of a phase, in order: blocks, taps, lanes. */
#define EACH_INPUT(w, p, body)                                                                               \
    for (int b = 0, k = 0; b < map_blocks((w)->in.C); b++)                                                   \
        for (int kh = 0; kh < (w)->s->KH; kh++)                                                              \
            for (int kw = 0; kw < (w)->s->KW; kw++) {                                                        \
                int row = tap_row(w, (p)->y, kh), col = tap_col(w, (p)->x, kw);                              \
                if (row < 0 || col < 0) continue;                                                            \
                for (int l = 0; l < lanes_of(w, b); l++, k++) body                                           \
            }
