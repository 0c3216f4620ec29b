/* The register-tile kernels, compiled once per instruction set (VS_ISA names which). */
#include "math/kernels/tile.h"
#include <string.h>

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

#if defined(__AVX512F__)
#include <immintrin.h>
typedef __m512 Vec;
#define VEC_FLOATS    16
#define ROWS          8 /* tile rows held in registers at once: 8 x 3 accumulators of 32 registers */
#define VECS          3
#define vec_load(p)   _mm512_loadu_ps(p)
#define vec_store     _mm512_storeu_ps
#define vec_all(x)    _mm512_set1_ps(x)
#define vec_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#elif defined(__AVX2__)
#include <immintrin.h>
typedef __m256 Vec;
#define VEC_FLOATS    8
#define ROWS          4 /* 4 x 3 accumulators of 16 registers */
#define VECS          3
#define vec_load(p)   _mm256_loadu_ps(p)
#define vec_store     _mm256_storeu_ps
#define vec_all(x)    _mm256_set1_ps(x)
#define vec_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#else
typedef float Vec __attribute__((vector_size(16)));
#define VEC_FLOATS 4
#define ROWS       4
#define VECS       2
static inline Vec vec_load(const float *p)
{
    Vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void vec_store(float *p, Vec v)
{
    memcpy(p, &v, sizeof v);
}
static inline Vec vec_all(float x)
{
    return (Vec){x, x, x, x};
}
static inline Vec vec_fma(Vec a, Vec b, Vec c)
{
    return a * b + c;
}
#endif

/* One block of ROWS x VECS vectors of the tile, held in registers over all of k. */
static inline __attribute__((always_inline)) void block_product(float *c, const float *a, const float *b, int K,
                                                                bool accumulate)
{
    Vec acc[ROWS][VECS];
    for (int i = 0; i < ROWS; i++)
        for (int v = 0; v < VECS; v++)
            acc[i][v] = accumulate ? vec_load(c + i * TILE_N + v * VEC_FLOATS) : vec_all(0);
    for (int k = 0; k < K; k++, a += TILE_M, b += TILE_N) {
        Vec col[VECS];
#pragma GCC unroll 3
        for (int v = 0; v < VECS; v++) col[v] = vec_load(b + v * VEC_FLOATS);
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++) {
            Vec row = vec_all(a[i]);
#pragma GCC unroll 3
            for (int v = 0; v < VECS; v++) acc[i][v] = vec_fma(row, col[v], acc[i][v]);
        }
    }
    for (int i = 0; i < ROWS; i++)
        for (int v = 0; v < VECS; v++) vec_store(c + i * TILE_N + v * VEC_FLOATS, acc[i][v]);
}

static void product(float *c, const float *a, const float *b, int K, bool accumulate)
{
    for (int i = 0; i < TILE_M; i += ROWS)
        for (int j = 0; j < TILE_N; j += VECS * VEC_FLOATS)
            block_product(c + i * TILE_N + j, a + i, b + j, K, accumulate);
}

/* Runs are copied eight floats at a time; what a copy writes past its run is overwritten by the next run or row. */
static void pack(float *b, const float *src, const ptrdiff_t *offset, int K, const TileRuns *runs, int step)
{
    for (int k = 0; k < K; k++, b += TILE_N) {
        const float *plane = src + offset[k];
        for (int r = 0; r < runs->runs; r++) {
            const float *from = plane + runs->src[r];
            float *to = b + runs->dst[r];
            int len = runs->len[r];
            if (step == 1)
                for (int i = 0; i < len; i += 8) memcpy(to + i, from + i, 8 * sizeof *to);
            else
                for (int i = 0; i < len; i++) to[i] = from[(ptrdiff_t)i * step];
        }
    }
}

/* The weight gradient's block: ROWS patch positions x `vecs` vectors of output channels, over all pixels. */
static inline __attribute__((always_inline)) void block_outer(float *c, const float *const *x, const ptrdiff_t *run,
                                                              int runs, int len, int step, const float *b, int stride,
                                                              const int vecs)
{
    Vec acc[ROWS][VECS];
    for (int i = 0; i < ROWS; i++)
        for (int v = 0; v < vecs; v++) acc[i][v] = vec_load(c + i * TILE_N + v * VEC_FLOATS);
    for (int r = 0; r < runs; r++) {
        ptrdiff_t at = run[r];
        for (int k = 0; k < len; k++, at += step, b += stride) {
            Vec col[VECS];
#pragma GCC unroll 3
            for (int v = 0; v < vecs; v++) col[v] = vec_load(b + v * VEC_FLOATS);
#pragma GCC unroll 8
            for (int i = 0; i < ROWS; i++) {
                Vec row = vec_all(x[i][at]);
#pragma GCC unroll 3
                for (int v = 0; v < vecs; v++) acc[i][v] = vec_fma(row, col[v], acc[i][v]);
            }
        }
    }
    for (int i = 0; i < ROWS; i++)
        for (int v = 0; v < vecs; v++) vec_store(c + i * TILE_N + v * VEC_FLOATS, acc[i][v]);
}

static void outer(float *c, const float *const x[TILE_M], const ptrdiff_t *run, int runs, int len, int step,
                  const float *b, int stride, int vectors)
{
    int left = vectors * TILE_LANES / VEC_FLOATS; /* vectors of this ISA still to do */
    for (int j = 0; left > 0; left -= VECS, j += VECS * VEC_FLOATS)
        for (int i = 0; i < TILE_M; i += ROWS) {
            float *at = c + i * TILE_N + j;
            if (left >= VECS)
                block_outer(at, x + i, run, runs, len, step, b + j, stride, VECS);
#if VECS == 3
            else if (left == 2)
                block_outer(at, x + i, run, runs, len, step, b + j, stride, 2);
#endif
            else
                block_outer(at, x + i, run, runs, len, step, b + j, stride, 1);
        }
}

const TileKernels JOIN(tile, VS_ISA) = {product, pack, outer};
