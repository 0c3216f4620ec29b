/* Pixel views: GenRep's T_x (Jahanian et al. 2022, main_unified.py) adapted to grey: resized crop, flip,
 * brightness and contrast (and saturation, hue and grey where there is colour), every part adjustable by name.
 *
 *     AugmentRecipe r;  augment_parse(&r, "genrep:crop=0.3-1,flip=0", err);
 *     augment_apply(y, x, 1, 28, 28, &r, 0, counter);
 *
 * A view is a pure function of (recipe, seed, counter); changing one part never moves the random numbers of
 * another. */
#pragma once
#include "base/err.h"
#include "base/pool.h"
#include <stddef.h>
#include <stdint.h>

#define AUGMENT_TEXT 256 /* room for any recipe's text */

typedef struct {
    char name[24];             /* a slug */
    float crop_low, crop_high; /* share of the picture's area that a crop keeps, uniform; 1 and 1: no crop */
    float aspect;              /* |log| of the crop's width over height is at most twice this */
    float flip;                /* probability of a mirror image */
    float jitter;              /* probability that the next four apply */
    float brightness;          /* factor uniform in 1 +- this, of values in [0, 1] */
    float contrast;            /* factor uniform in 1 +- this, about the picture's mean */
    float saturation;          /* factor uniform in 1 +- this, about the luma; three channels only */
    float hue;                 /* colours turn by up to this share of the circle either way, of the same luma */
    float grey;                /* probability that no colour is left */
} AugmentRecipe;

/* The recipes that ship: "genrep" (the default for training), "colour" (GenRep's T_x whole, hue and grey as well, for
 * three channels), "crop" (no jitter), "light" (for classifiers), "none". */
bool augment_named(AugmentRecipe *out, const char *name, Err *err);
/* Text: NAME[":" KEY "=" VALUE ("," ...)*] with the fields above as keys, crop as LOW-HIGH. A text starts
 * from the shipped recipe NAME, or from "none" when NAME is another slug. The error names the key and its
 * range. */
bool augment_parse(AugmentRecipe *out, const char *text, Err *err);
/* Every field in one order, hue and grey only where they are not 0; reads back to the same recipe. */
void augment_text(char out[AUGMENT_TEXT], const AugmentRecipe *r);
/* The first 8 hex of SHA-256 over the text after the name: two recipes are equal when these are. */
void augment_hash(char out[9], const AugmentRecipe *r);
bool augment_is_none(const AugmentRecipe *r);
/* out (C,H,W) from in (C,H,W), values in [-1, 1]; out and in must differ. C is 1 or 3. */
void augment_apply(float *out, const float *in, int C, int H, int W, const AugmentRecipe *r, uint64_t seed,
                   uint64_t counter);
/* n pictures one after another, the i-th with counter[i]. Bits do not depend on threads. */
void augment_batch(float *out, const float *in, int n, int C, int H, int W, const AugmentRecipe *r,
                   uint64_t seed, const uint64_t *counter, Pool *pool);
