/* Register tiles of the direct convolution, compiled once per instruction set (VS_ISA names which). */
#include "math/kernels/direct.h"
#include "math/kernels/vec16.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

/* Accumulators: ROWS x WIDE; for one to four narrow results NARROW_n x n. */
#if defined(__AVX512F__)
enum { ROWS = 14, WIDE = 2, NARROW_1 = 14, NARROW_2 = 12, NARROW_3 = 8, NARROW_4 = 6 };
#elif defined(__AVX2__)
enum { ROWS = 6, WIDE = 1, NARROW_1 = 4, NARROW_2 = 3, NARROW_3 = 2, NARROW_4 = 1 };
#else
enum { ROWS = 3, WIDE = 1, NARROW_1 = 2, NARROW_2 = 1, NARROW_3 = 1, NARROW_4 = 1 };
#endif

/* Results o to o + wide - 1, with `rows` and `wide` constants where it is called. */
VS_INLINE void block(const DirectTile *t, int o, const int rows, const int wide)
{
    V16 acc[ROWS][WIDE];
    ptrdiff_t at[ROWS];
    const float *x = t->x, *const *w = t->w + o;
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++) {
        at[r] = t->xr[r];
#pragma GCC unroll 2
        for (int v = 0; v < wide; v++) acc[r][v] = t->add ? v16_load(t->y[o + v] + t->yr[r]) : v16_all(0);
    }
    for (int k = 0; k < t->terms; k++) {
        const float *from = x + t->xt[k];
        ptrdiff_t place = t->wt[k];
        V16 weight[WIDE];
#pragma GCC unroll 2
        for (int v = 0; v < wide; v++) weight[v] = v16_load(w[v] + place);
#pragma GCC unroll 14
        for (int r = 0; r < rows; r++) {
            V16 input = v16_all(from[at[r]]);
#pragma GCC unroll 2
            for (int v = 0; v < wide; v++) acc[r][v] = v16_fma(input, weight[v], acc[r][v]);
        }
    }
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < wide; v++) v16_store(t->y[o + v] + t->yr[r], acc[r][v]);
}

VS_INLINE void blocks(const DirectTile *t, const int rows)
{
    int o = 0;
    for (; o + WIDE <= t->outs; o += WIDE) block(t, o, rows, WIDE);
#if defined(__AVX512F__)
    if (o < t->outs) block(t, o, rows, 1);
#endif
}

#define TILE(rows)                                                                                           \
    case rows:                                                                                               \
        blocks(t, rows);                                                                                     \
        break;

static void product(const DirectTile *t)
{
    switch (t->rows) {
        TILE(1)
        TILE(2) TILE(3)
#if defined(__AVX2__)
            TILE(4) TILE(5) TILE(6)
#endif
#if defined(__AVX512F__)
                TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
#endif
    }
}

/* `rows` and `outs` are constants where it is called; when the tile has fewer rows, its last one is done
 * again. */
VS_INLINE void fold(const DirectTile *t, const int rows, const int outs)
{
    V16 acc[NARROW_1][DIRECT_NARROW];
    ptrdiff_t at[NARROW_1];
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++) {
        at[r] = t->xr[r < t->rows ? r : t->rows - 1];
#pragma GCC unroll 4
        for (int o = 0; o < outs; o++) acc[r][o] = v16_all(0);
    }
    for (int k = 0; k < t->terms; k += 16) {
        const float *from = t->x + t->xt[k];
        V16 weight[DIRECT_NARROW];
#pragma GCC unroll 4
        for (int o = 0; o < outs; o++) weight[o] = v16_load(t->w[o] + k);
#pragma GCC unroll 14
        for (int r = 0; r < rows; r++) {
            V16 input = v16_load(from + at[r]);
#pragma GCC unroll 4
            for (int o = 0; o < outs; o++) acc[r][o] = v16_fma(input, weight[o], acc[r][o]);
        }
    }
    for (int r = 0; r < t->rows; r++)
        for (int o = 0; o < outs; o++) t->y[o][t->yr[r]] = v16_sum(acc[r][o]);
}

static void narrow(const DirectTile *t)
{
    switch (t->outs) {
    case 1:
        fold(t, NARROW_1, 1);
        break;
    case 2:
        fold(t, NARROW_2, 2);
        break;
    case 3:
        fold(t, NARROW_3, 3);
        break;
    case 4:
        fold(t, NARROW_4, 4);
        break;
    }
}

const DirectKernels JOIN(direct, VS_ISA) = {ROWS, {NARROW_1, NARROW_2, NARROW_3, NARROW_4}, product, narrow};
