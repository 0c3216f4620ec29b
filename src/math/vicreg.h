/* VICReg (Bardes, Ponce & LeCun 2022): pairs alike, every dimension spread, no two dimensions alike. No
 * negatives. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* Rows h (2N,D), row i and i+N a pair, N >= 2: 25 mean (a - b)^2 + 25/2 mean_d max(0, 1 - sqrt(var_d + 1e-4))
 * of either half + 1/D sum of squared covariances off the diagonal of either half; variances over N - 1,
 * weights the paper's. dh written. scratch: vicreg_scratch floats. */
double vicreg(float *dh, const float *h, int N, int D, float *scratch, Pool *pool);
size_t vicreg_scratch(int N, int D);
/* Plain loops, for tests. */
double vicreg_naive(float *dh, const float *h, int N, int D);
