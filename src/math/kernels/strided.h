/* The transforms of Winograd's F(4x4,2x2) and F(3x3,2x2) on the phases of 4x4 kernels of stride 2
 * (kernels/strided.c); the products between them are those of kernels/winograd.h.
 *
 * Transformed tiles of m x m results lie in "places": place k of (m + 1)^2 of tile t of a block of sixteen
 * channels is the vector at k * place + t * 16. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { STRIDED_TAPS = 4 /* of one phase */ };

/* Where a tile's patch begins, in floats, and which of its rows and columns count. */
typedef struct {
    ptrdiff_t at;
    int row0, rows, col0, cols; /* row0 <= row < rows */
    bool below, beside;         /* its first row, its first column has been begun by the tile before */
} StridedTile;

typedef struct {
    int m; /* 3 or 4 */
    /* v = B'dB of the (m + 1)^2 patches d at x */
    void (*input)(float *v, size_t place, const float *x, size_t row, size_t pixel, const StridedTile *tile,
                  int tiles);
    /* y = A'mA, m x m, of which only rows and cols are written */
    void (*output)(float *y, size_t row, size_t pixel, const float *m, size_t place, const StridedTile *tile,
                   int tiles);
    /* v = A d A' of the m x m gradients d at dy */
    void (*gradient)(float *v, size_t place, const float *dy, size_t row, const StridedTile *tile, int tiles);
    /* The transpose of input: dx = B m B', (m + 1)^2, of which only rows and cols are written, and added to
     * what a neighbour has begun */
    void (*back)(float *dx, size_t row, size_t pixel, const float *m, size_t place, const StridedTile *tile,
                 int tiles);
    /* u [(m + 1)^2][channels][16 * vectors], its places `place` floats apart, = G g G' of g [channels][4][16
     * * vectors] */
    void (*expand)(float *u, size_t place, const float *g, int channels, int vectors);
    /* and the transpose: g += G' u G */
    void (*fold)(float *g, const float *u, size_t place, int channels, int vectors);
} StridedKernels;

extern const StridedKernels strided3_portable, strided3_avx2, strided3_avx512;
extern const StridedKernels strided4_portable, strided4_avx2, strided4_avx512;
