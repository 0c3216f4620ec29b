/* A flat map that keeps neighbours together: t-SNE (van der Maaten & Hinton 2008), exact over all pairs.
 *
 *     Tsne *t = tsne_new(feature, n, D, &tsne_defaults, pool, err);
 *     while (!tsne_done(t)) tsne_step(t, pool);      ... tsne_xy(t): to watch it settle ...
 *     tsne_free(t);
 *
 * It begins at the plane of the two largest principal components (Kobak & Berens 2019), so the same features
 * give the same map, bit for bit, on any number of threads. A step takes O(n^2): meant for some thousand
 * points. */
#pragma once
#include "base/err.h"
#include "base/pool.h"

#define TSNE_POINTS 4000 /* at most */

typedef struct {
    float perplexity; /* how many neighbours a point roughly has; below a third of the points */
    int steps;        /* the first third with exaggerated attraction, at most 250 */
} TsneConfig;

extern const TsneConfig tsne_defaults; /* perplexity 30, 750 steps */

typedef struct Tsne Tsne;

/* features (n,D), not normalised here; they may go afterwards. NULL when n is not 10..TSNE_POINTS, the
 * perplexity does not fit or there is no room for 2 n^2 floats. */
Tsne *tsne_new(const float *feature, int n, int D, const TsneConfig *c, Pool *pool, Err *err);
void tsne_free(Tsne *t);
void tsne_step(Tsne *t, Pool *pool);
bool tsne_done(const Tsne *t);
int tsne_steps(const Tsne *t); /* done so far */
/* (n,2), around 0; of the last step. */
const float *tsne_xy(const Tsne *t);
/* What is made small: the Kullback-Leibler divergence of the map's neighbourhoods from those of the features,
 * in nats. */
double tsne_loss(const Tsne *t, Pool *pool);

/* The share of the k nearest in the features (n,D) that are among the k nearest on a map (n,2), mean over
 * points: how well the map keeps neighbours. k < n. NAN without memory. */
double map_kept(const float *xy, const float *feature, int n, int D, int k, Pool *pool);
