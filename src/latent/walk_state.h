/* What learning a walk and measuring it share. */
#pragma once
#include "latent/basis.h"
#include "latent/walk.h"
#include "model/generator_grad.h"

struct Walk {
    Generator *g;
    WalkConfig config;
    Pool *pool;
    GenExec *map;
    GenGrad *grad;
    int step;
    Basis basis;
    /* (WALKS, layers, w_dim): what t = 1 adds to w, in the basis; then Adam's two moments of that shape. */
    float *code;
    float *dcode, *vector; /* (layers, w_dim) of the walk at hand */
    float *scaled;         /* (WALKS, layers, w_dim): vectors in standard deviations, once measured */
    float *z, *onehot, *w; /* (batch, ...) of the views at hand */
    float *styles, *dstyles, *target, *dimage, *mask, *t;
};

/* Into k->w: w of views first.. of the stream `seed`, classes in turn. n <= batch. */
void walk_views(Walk *k, uint64_t seed, uint64_t first, int n);
float *walk_code(const Walk *k, WalkKind kind);
/* out (layers, w_dim): what t = 1 adds to w. */
void walk_vector(float *out, const Walk *k, WalkKind kind);
/* Pictures of w + amount[i] * vector (layers, w_dim); amount NULL: of w. Its own until the next call. */
const float *walk_paint(Walk *k, const float *vector, const float *amount, int n);
