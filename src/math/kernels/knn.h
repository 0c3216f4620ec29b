/* The scores of a few rows of the base against a few blocks of queries, compiled once per instruction set.
 *
 * Lanes run over queries, so a score is one chain of multiply-adds in the order of the dimensions (fused on AVX2 and
 * AVX-512, which give the same bits). */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    KNN_LANES = 16,  /* queries of a block */
    KNN_BLOCKS = 4,  /* blocks of a panel */
    KNN_ROWS = 6,    /* rows of the base in a tile */
    KNN_PANEL = KNN_LANES * KNN_BLOCKS,
    KNN_TILE = KNN_ROWS * KNN_PANEL
};

/* The queries of a panel and what is known of them. */
typedef struct {
    const float *query; /* [blocks][step] floats, of each block the first `depth` dimensions as [depth][16] */
    ptrdiff_t step;
    int blocks, depth;  /* blocks 1..4 */
    ptrdiff_t ahead;    /* from a row to the one that will be read in its place: fetched meanwhile */
    const float *floor; /* [blocks][16]: scores below this are of no use; NaN: every score is */
} KnnPanel;

typedef struct {
    /* score [6][64] += row[i][d] * query[d], for d < depth; beyond `blocks` it is left alone. use[i]: bit q is set unless
     * score[i][q] < floor[q] (a NaN is never below). */
    void (*tile)(float *score, uint64_t use[KNN_ROWS], const float *const row[KNN_ROWS], const KnnPanel *p);
} KnnKernels;

extern const KnnKernels knn_portable, knn_avx2, knn_avx512;
