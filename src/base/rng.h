/* Counter-based random numbers (Philox4x32-10, Salmon et al., SC 2011): a draw is a pure function of
 * (seed, stream, position), so any thread or machine makes the same view from the same address.
 *
 *     Rng r = rng_at(seed, RNG_LATENT);      float x = rng_normal(&r);
 *
 * No libm: normals come from base/elem.h, hence the same bits everywhere. */
#pragma once
#include "base/pool.h"
#include <stddef.h>
#include <stdint.h>

/* Streams in use; a new purpose takes a new number, old numbers never change meaning. */
enum {
    RNG_LATENT = 1, RNG_NOISE = 2, RNG_VIEW = 3, RNG_AUGMENT = 4, RNG_INIT = 5, RNG_DATA = 6, RNG_CLASS = 7,
    RNG_GAN = 8, RNG_MIX = 9, RNG_SPLIT = 10, RNG_BOOTSTRAP = 11, RNG_PROBE = 12, RNG_TEST = 13,
    RNG_WEIGH = 14, RNG_WALK = 15
};

typedef struct {
    uint64_t seed, stream, at; /* `at` counts 32-bit draws; saving these three saves the generator */
} Rng;

void philox4x32(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

Rng rng_at(uint64_t seed, uint64_t stream);
uint32_t rng_u32(Rng *r);
uint64_t rng_u64(Rng *r);
float rng_uniform(Rng *r);              /* [0, 1), 24 bits */
uint32_t rng_below(Rng *r, uint32_t n); /* 0 .. n-1, unbiased; n > 0 */
float rng_normal(Rng *r);               /* N(0,1); consumes exactly one draw (inverse CDF) */
float rng_truncated(Rng *r, float cut); /* N(0,1) conditioned on |x| <= cut, cut > 0; exactly one draw */
/* out[i] = the normal at position i of (seed, stream); the same for any way of splitting the range. */
void rng_fill_normal(float *out, size_t n, uint64_t seed, uint64_t stream);
/* The same numbers, drawn by all threads. */
void rng_fill_normals(float *out, size_t n, uint64_t seed, uint64_t stream, Pool *pool);
/* The same for rng_truncated at each position. */
void rng_fill_truncated(float *out, size_t n, uint64_t seed, uint64_t stream, float cut);
/* A well-mixed 64-bit hash of two numbers: derives a seed for a child purpose. */
uint64_t rng_mix(uint64_t a, uint64_t b);
