/* Directions of generators whose w is z: GANSpace on the first layer (Haerkoenen et al. 2020, section 3.2).
 */
#pragma once
#include "model/generator.h"

/* Principal components of what the first activation of the synthesis hands on, over latents of (seed,
 * RNG_LATENT), taken back to w by regression: vectors (count, w_dim) of length 1, the largest share of
 * variance first, and the shares. *count may become less, 0 where there is no activation that depends on w.
 */
bool activation_directions(double *vectors, double *share, int *count, const Generator *g, uint64_t seed,
                           Pool *pool, Err *err);
