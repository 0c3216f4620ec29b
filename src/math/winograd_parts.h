/* Inside math/: what Winograd's two sets of products (math/winograd.c and math/split.c) share. */
#pragma once
#include "math/kernels/winograd.h"
#include "math/map.h"

/* Weights (O,C,3,3), flipped or not as winograd_filter says. */
typedef struct {
    const float *w;
    int to, from;
    size_t to_step, from_step; /* floats of w from one output or channel to the next */
    bool flip;
    const WinogradKernels *kernel;
} WinogradFilter;
WinogradFilter winograd_taps_of(const float *w, int O, int C, bool flip, const WinogradKernels *kernel);
/* The taps [channels][9][width] of at most sixteen channels from c on for the sixteen outputs from o on. */
void winograd_taps(float *taps, int width, const WinogradFilter *f, int o, int c, int channels);

/* The tiles of a call in order: of each image row by row. Distances in floats. */
typedef struct {
    int rows, cols, down, right; /* of the results; tiles in a column, in a row */
    size_t from_image, from_row, from_pixel, to_image, to_row, to_pixel;
} WinogradGrid;
WinogradGrid winograd_grid(const MapRegion *y, const Staged *x);
void winograd_tiles(WinogradTile *tile, const WinogradGrid *g, int first, int n);
/* The first tile of chunk i, all `tiles` being cut into equal parts. */
int winograd_chunk(int tiles, int chunks, int i);
