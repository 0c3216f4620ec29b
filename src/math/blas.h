/* OpenBLAS and LAPACK, the only door to them: pinned to one thread, work split at fixed rows under our own pool, so
 * the bits do not depend on threads (they do on the BLAS core, which blas_core names for checkpoints). */
#pragma once
#include "base/err.h"
#include "base/pool.h"
#include "math/gemm.h"

void blas_gemm(float *c, const float *a, const float *b, int M, int N, int K, GemmKind kind, bool accumulate,
               Pool *pool);
/* Eigen-decomposition of a symmetric matrix a (n,n), double: values descending; row i of vectors is the i-th eigenvector,
 * its sign fixed so that the entry of largest magnitude is positive. */
bool blas_eigen(double *values, double *vectors, const double *a, int n, Err *err);
const char *blas_core(void);
