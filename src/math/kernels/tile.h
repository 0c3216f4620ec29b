/* The register-tile kernels under math/gemm and math/conv, one set per instruction set.
 *
 * Every output element is one chain of multiply-adds in the order of k (fused on AVX2 and AVX-512), so both give the
 * same bits; the portable set rounds twice per step. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define TILE_M 8  /* rows of a tile */
#define TILE_N 48 /* columns of a tile: three AVX-512 vectors */
#define TILE_LANES 16

/* Where 48 columns of a panel come from: runs of neighbouring pixels. */
typedef struct {
    int runs;
    int len[TILE_N], dst[TILE_N]; /* pixels in the run, first column */
    ptrdiff_t src[TILE_N];        /* offset of the first pixel in the source plane */
} TileRuns;

typedef struct {
    /* c[8][48] (row stride 48) = or += a . b;  a [K][8], b [K][48] */
    void (*product)(float *c, const float *a, const float *b, int K, bool accumulate);
    /* b [K][48]: column dst[r]+i of row k is src[offset[k] + runs.src[r] + i*step]; may write and read 15 floats past a run,
     * so b and src need that much slack */
    void (*pack)(float *b, const float *src, const ptrdiff_t *offset, int K, const TileRuns *runs, int step);
    /* c[8][16*vectors] (row stride 48) += sum over runs r and i < len of x[j][run[r] + i*step] * b[(r*len + i)*stride ...] */
    void (*outer)(float *c, const float *const x[TILE_M], const ptrdiff_t *run, int runs, int len, int step,
                  const float *b, int stride, int vectors);
} TileKernels;

const TileKernels *tile_kernels(void);

extern const TileKernels tile_portable, tile_avx2, tile_avx512;
