/* What tells a healthy representation from a collapsing one, computed from rows of embeddings (N,D). */
#pragma once
#include "base/err.h"
#include "base/pool.h"

typedef struct {
    double alignment;  /* mean |f(x) - f(x+)|^2 over pairs; 0 is perfect */
    double uniformity; /* log mean exp(-2 |f_i - f_j|^2) over i < j; lower is better, about -4 at best */
    double rank;       /* RankMe: effective rank, 1 .. D */
    double spread;     /* mean standard deviation per dimension of unit rows, times sqrt(D); 1 is even, 0
                          collapsed */
} Health;

/* Alignment and uniformity (Wang & Isola 2020, alpha 2, t 2) of unit rows. pair: f (2N,D), row i and i+N
 * belong together. */
double meter_alignment(const float *f, int N, int D);
bool meter_uniformity(double *out, const float *f, int N, int D, Pool *pool, Err *err);
/* exp of the entropy of the singular values' shares (Garrido et al. 2023), of the rows as they are. */
bool meter_rank(double *out, const float *f, int N, int D, Pool *pool, Err *err);
double meter_spread(const float *f, int N, int D);
/* All four. projection (2N,D) and feature (2N,F) of the same pairs, of any length: alignment, uniformity and
 * spread are of the projection's unit rows, the rank is the feature's. */
bool meters_take(Health *out, const float *projection, int N, int D, const float *feature, int F, Pool *pool,
                 Err *err);
