/* The inner loops of Winograd's F(4x4,3x3), one set per instruction set (kernels/winograd.c).
 *
 * Transformed tiles lie in "places": place k of 36 of tile t of a block of sixteen channels is the vector at
 * k * place + t * 16. Every sum is one chain in the order of its channels (product) or tiles (outer), so that
 * the register tiles may differ from one instruction set to the next and the bits may not. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { WINOGRAD_PLACES = 36, WINOGRAD_TAPS = 9, WINOGRAD_TILES = 64 /* most tiles in one call */ };

/* Where a tile's 6x6 (or, of a gradient, 4x4) patch begins and where its results go, in floats, and how many
 * of the four rows and columns of results are wanted. */
typedef struct {
    size_t from, to;
    int rows, cols;
} WinogradTile;

typedef struct {
    /* v = B'dB of the patches d at x + from, whose rows are `row` floats apart */
    void (*input)(float *v, size_t place, const float *x, size_t row, const WinogradTile *tile, int tiles);
    /* v = A d A' of the 4x4 gradients d at dy + to */
    void (*gradient)(float *v, size_t place, const float *dy, size_t row, const WinogradTile *tile,
                     int tiles);
    /* y + to = A'mA, of which only rows x cols are written */
    void (*output)(float *y, size_t row, size_t pixel, const float *m, size_t place, const WinogradTile *tile,
                   int tiles);
    /* One place: m[o][t] = (add: +=) sum over c of v[t][c] * u[c][o]. Block b of m or v is b * block floats
     * on; u [channels] [16 * vectors]; vectors 1 or 2. */
    void (*product)(float *m, const float *v, size_t block, const float *u, int channels, int vectors,
                    int tiles, bool add);
    /* One place of one block: u[c][o] = sum over tiles of v[t][c] * z[t][o], u [channels][16 * vectors],
     * channels <= 16. */
    void (*outer)(float *u, const float *v, const float *z, size_t block, int channels, int vectors,
                  int tiles);
    /* u [36][channels][16 * vectors], its places `place` floats apart, = G g G' of g [channels][9][16 *
     * vectors] */
    void (*expand)(float *u, size_t place, const float *g, int channels, int vectors);
    /* and the transpose: g += G' u G */
    void (*fold)(float *g, const float *u, size_t place, int channels, int vectors);
    /* to[j * to_step + i] = from[i * from_step + j] for 16 i and all j < cols; reads whole vectors of `from`
     */
    void (*turn)(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t from_step, int cols);
} WinogradKernels;

extern const WinogradKernels winograd_portable, winograd_avx2, winograd_avx512;
