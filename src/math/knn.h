/* Exact nearest neighbours: every row of the base is scored; of the scores only those are written down that may still
 * be among a query's best. */
#pragma once
#include "base/err.h"
#include "base/pool.h"

typedef struct {
    int index;
    float score; /* inner product, or minus the squared distance: higher is nearer */
} Hit;

typedef enum { KNN_DOT, KNN_L2 } KnnMetric;

/* hits (Q,k): for each query (Q,D) the k best of base (B,D), best first, ties by lower index, a NaN last. `skip` (Q) or
 * NULL: an index each query must not get (itself). 1 <= k <= B, less one with skip, else ERR_USAGE. Results do not depend
 * on threads; workers share the rows, so that one query too uses them all. Scratch: (16 k + 4 D) bytes a query, of at most
 * 256, and a worker. */
bool knn_search(Hit *hits, const float *query, int Q, const float *base, int B, int D, int k, KnnMetric metric,
                const int *skip, Pool *pool, Err *err);
/* Rows to unit length in place; zero rows stay zero. */
void knn_normalise(float *x, int N, int D);
