/* Exact nearest neighbours by blocked matrix product and threshold selection. */
#pragma once
#include "base/err.h"
#include "base/pool.h"

typedef struct {
    int index;
    float score; /* inner product, or minus the squared distance: higher is nearer */
} Hit;

typedef enum { KNN_DOT, KNN_L2 } KnnMetric;

/* hits (Q,k): for each query (Q,D) the k best of base (B,D), best first, ties by lower index. `skip` (Q) or NULL: an index
 * each query must not get (itself). k <= B. Results do not depend on threads. */
bool knn_search(Hit *hits, const float *query, int Q, const float *base, int B, int D, int k, KnnMetric metric,
                const int *skip, Pool *pool, Err *err);
/* Rows to unit length in place; zero rows stay zero. */
void knn_normalise(float *x, int N, int D);
