/* A small labelled data set in memory: bright bars whose row is the class, on noise, drawn from a seed. */
#pragma once
#include "base/rng.h"
#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>

static inline Dataset toy_dataset(int n, int classes, int side, int channels, uint64_t seed)
{
    Dataset d = {.n = n, .c = channels, .h = side, .w = side, .classes = classes};
    size_t item = (size_t)channels * (size_t)side * (size_t)side;
    d.px = malloc((size_t)n * item);
    d.label = malloc((size_t)n * sizeof *d.label);
    Rng r = rng_at(seed, RNG_TEST);
    for (int i = 0; i < n; i++) {
        int row = (d.label[i] = i % classes) * side / classes;
        for (size_t k = 0; k < item; k++) {
            int y = (int)(k / (size_t)side) % side;
            d.px[(size_t)i * item + k] = (uint8_t)(rng_below(&r, 60) + (y == row || y == row + 1 ? 180 : 0));
        }
    }
    snprintf(d.name, sizeof d.name, "toy");
    d.digest = digest_of(d.px, (size_t)n * item);
    return d;
}

static inline void toy_free(Dataset *d)
{
    free(d->px);
    free(d->label);
}
