/* The store of latents that no seed reaches (inverted pictures, found corners): one file of float32 numbers per latent,
 * named by its kind and content, so a file that was damaged or swapped is noticed.
 *
 *     FOLDER/wp.0123456789abcdef.f32       little endian, nothing but the numbers */
#pragma once
#include "latent/address.h"

#define STORE_FLOATS_MAX ((size_t)1 << 20)

typedef struct {
    char folder[3072];
} LatentStore;

/* folder NULL: "latents" in the program's XDG data folder. Nothing is created before the first store_put. */
bool store_open(LatentStore *out, const char *folder, Err *err);
/* Writes x (kind is not REF_SEED; finite numbers only) unless it is there already, and says how to refer to it. */
bool store_put(LatentRef *out, const LatentStore *s, RefKind kind, const float *x, size_t count, Err *err);
/* Reads the count floats of ref; refuses a file of another length or content. */
bool store_get(float *x, const LatentStore *s, const LatentRef *ref, size_t count, Err *err);
bool store_has(const LatentStore *s, const LatentRef *ref);
/* The reference of these numbers, without writing. */
LatentRef store_ref(RefKind kind, const float *x, size_t count);
