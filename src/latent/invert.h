/* From a real picture to an address: styles whose picture is like it, by descent through the generator.
 *
 *     Invert *v = invert_new(g, judge, planes, &config, pool, err);
 *     while (!invert_done(v)) invert_step(v, err);      ... invert_now, invert_picture: to watch ...
 *     invert_store(&address, v, store, err);     invert_free(v);
 *
 * A few starts run side by side and the best is kept: means of the classes and the seeds that are nearest.
 * Adam on w per layer (W+, Abdal et al. 2019), with a pull to the mean of the class that keeps the result in
 * what the generator makes well. Deterministic. */
#pragma once
#include "latent/latent.h"
#include "latent/store.h"
#include "model/encoder.h"

typedef struct {
    int class;           /* -1: that of the nearest seeds */
    int steps, seeds;    /* seeds that are looked through for the starts */
    float rate;          /* of Adam, in standard deviations of w */
    float feature;       /* weight of the judge's features beside pixels; 0 without a judge */
    float pull;          /* weight of the distance from the class's mean */
    const Address *from; /* NULL; or the only start: a view to go on from (its class is kept) */
    const char *store;   /* of the latents that `from` names; NULL: the default one */
    uint64_t seed;       /* first of the seeds */
} InvertConfig;

/* Class unknown, 300 steps, 512 seeds. */
InvertConfig invert_defaults(void);

typedef struct {
    int step, steps, class;
    double loss;    /* what is minimised */
    double pixel;   /* root mean square error in levels of 0..255 */
    double feature; /* 1 - cosine of the judge's features; NaN without one */
    double
        away; /* distance of w from the class's mean, in standard deviations of plain views: 1 is typical */
} InvertNow;

typedef struct Invert Invert;

/* picture (C, H, W) in [-1, 1] as g makes them (image_fit, image_to_planes). Keeps g and judge (NULL: pixels
 * alone). */
Invert *invert_new(Generator *g, Encoder *judge, const float *picture, const InvertConfig *c, Pool *pool,
                   Err *err);
void invert_free(Invert *v);
bool invert_done(const Invert *v);
/* One step of all starts. */
bool invert_step(Invert *v, Err *err);
/* Of the best start so far. */
InvertNow invert_now(const Invert *v);
const float *invert_picture(const Invert *v); /* (C, H, W) */
/* Keeps the best so far: latent=wp.HASH, with its class, psi 1 and stored noise. */
bool invert_store(Address *out, const Invert *v, const LatentStore *s, Err *err);
