/* The tile of scores that nearest neighbours are chosen from, compiled once per instruction set (VS_ISA names which). */
#include "math/kernels/knn.h"
#include "math/kernels/vec16.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

/* What is held in registers at once: rows x blocks of sixteen queries. */
#if defined(__AVX512F__)
#define ROWS   6
#define BLOCKS 4
#elif defined(__AVX2__)
#define ROWS   6
#define BLOCKS 1
#else
#define ROWS   3
#define BLOCKS 1
#endif
#define LINE 16 /* floats of a cache line */

VS_INLINE void part(float *score, uint64_t *use, const float *const *row, const KnnPanel *p, int block, const int blocks)
{
    V16 sum[ROWS][BLOCKS];
    const float *query = p->query + block * p->step;
#pragma GCC unroll 6
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) sum[i][b] = v16_load(score + i * KNN_PANEL + b * KNN_LANES);
    for (int d = 0; d < p->depth;) {
        int end = p->depth - d < LINE ? p->depth : d + LINE;
#pragma GCC unroll 6
        for (int i = 0; i < ROWS; i++) __builtin_prefetch(row[i] + d + p->ahead);
        for (; d < end; d++, query += KNN_LANES) {
            V16 q[BLOCKS];
#pragma GCC unroll 4
            for (int b = 0; b < blocks; b++) q[b] = v16_load(query + b * p->step);
#pragma GCC unroll 6
            for (int i = 0; i < ROWS; i++) {
                V16 x = v16_all(row[i][d]);
#pragma GCC unroll 4
                for (int b = 0; b < blocks; b++) sum[i][b] = v16_fma(x, q[b], sum[i][b]);
            }
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
        for (int b = 0; b < blocks; b++) {
            int at = (block + b) * KNN_LANES;
            v16_store(score + i * KNN_PANEL + b * KNN_LANES, sum[i][b]);
            use[i] |= (uint64_t)v16_not_below(sum[i][b], v16_load(p->floor + at)) << at;
        }
}

/* The blocks from `block` on that fit the registers; returns how many they were. */
VS_INLINE int some_blocks(float *score, uint64_t *use, const float *const *row, const KnnPanel *p, int block)
{
    int left = p->blocks - block;
#if BLOCKS > 1
    if (left >= 4) return part(score, use, row, p, block, 4), 4;
    if (left == 3) return part(score, use, row, p, block, 3), 3;
    if (left == 2) return part(score, use, row, p, block, 2), 2;
#endif
    (void)left;
    return part(score, use, row, p, block, 1), 1;
}

static void tile(float *score, uint64_t use[KNN_ROWS], const float *const row[KNN_ROWS], const KnnPanel *p)
{
    for (int i = 0; i < KNN_ROWS; i++) use[i] = 0;
    for (int i = 0; i < KNN_ROWS; i += ROWS)
        for (int b = 0; b < p->blocks;)
            b += some_blocks(score + i * KNN_PANEL + b * KNN_LANES, use + i, row + i, p, b);
}

const KnnKernels JOIN(knn, VS_ISA) = {tile};
