/* What learning a walk and measuring it share. */
#pragma once
#include "latent/walk.h"
#include "model/generator_grad.h"

struct Walk {
    Generator *g;
    WalkConfig config;
    Pool *pool;
    GenExec *map;
    GenGrad *grad;
    int step;
    float
        *vector; /* (WALKS, layers, w_dim): what t = 1 adds to w; then Adam's two moments of the same shape */
    float *dvector;                                       /* (layers, w_dim) */
    float *z, *onehot, *w;                                /* (batch, ...) of the views at hand */
    float *styles, *dstyles, *target, *dimage, *mask, *t; /* (batch, ...) */
    double *cov;                                          /* (w_dim, w_dim) */
    float spread;                                         /* of an entry of w */
};

/* Into k->w: w of views first.. of the stream `seed`, classes in turn. n <= batch. */
void walk_views(Walk *k, uint64_t seed, uint64_t first, int n);
float *walk_vector(Walk *k, WalkKind kind);
/* Pictures of w + amount[i] * vector (layers, w_dim); amount NULL: of w. Its own until the next call. */
const float *walk_paint(Walk *k, const float *vector, const float *amount, int n);
