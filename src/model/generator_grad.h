/* Pictures with the way back: how a change of a picture follows from a change of its styles. Walks, inversion
 * and search descend on it.
 *
 *     GenGrad *e = generator_grad(g, 16, pool, err);
 *     const float *image = gen_grad_paint(e, styles, n);      styles (n, layers, w_dim), stored noise
 *     gen_grad_back(e, dstyles, dimage, n);                   dimage (n, C, H, W)
 *     gen_grad_free(e); */
#pragma once
#include "model/generator.h"

typedef struct GenGrad GenGrad;

/* Keeps g. */
GenGrad *generator_grad(Generator *g, int batch, Pool *pool, Err *err);
void gen_grad_free(GenGrad *e);
/* Pictures (n, C, H, W) in [-1, 1], its own until the next call. n <= batch. */
const float *gen_grad_paint(GenGrad *e, const float *styles, int n);
/* Overwrites dstyles (n, layers, w_dim) with the gradient for dimage of the pictures just painted. */
void gen_grad_back(GenGrad *e, float *dstyles, const float *dimage, int n);
