/* Raw arrays through a generator: exactly these latents, its own outputs, nothing in between. */
#pragma once
#include "base/err.h"
#include "model/generator.h"

typedef struct {
    Generator *generator;
    const char *z, *w, *labels, *out; /* .npy files; labels may be NULL */
    int n;                            /* done */
} RawJob;

/* psi 1, stored noise; float32 NCHW. */
bool raw_sample(RawJob *job, Err *err);
