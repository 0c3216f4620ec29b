/* Matrix products by our own packed kernel: each output is one chain of fused multiply-adds in the order of K, so the
 * bits depend neither on threads, nor on the batch, nor on AVX2 against AVX-512. (For the largest products where that
 * promise is not needed, math/blas.h calls OpenBLAS.) */
#pragma once
#include "base/pool.h"
#include <stddef.h>

typedef enum {
    GEMM_NN, /* a (M,K)  b (K,N) */
    GEMM_NT, /* a (M,K)  b (N,K) */
    GEMM_TN  /* a (K,M)  b (K,N) */
} GemmKind;

/* c (M,N) = a . b, or c += a . b; all row-major without gaps. scratch holds gemm_scratch() floats, 64-byte aligned. */
void gemm(float *c, const float *a, const float *b, int M, int N, int K, GemmKind kind, bool accumulate,
          float *scratch, Pool *pool);
size_t gemm_scratch(int M, int N, int K);
void gemm_naive(float *c, const float *a, const float *b, int M, int N, int K, GemmKind kind, bool accumulate);
