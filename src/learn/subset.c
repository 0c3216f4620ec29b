/* Draws a few pictures of every class. */
#include "learn/subset.h"
#include "base/order.h"
#include "base/rng.h"

#include <stdlib.h>

int *subset_per_class(int *n, const Dataset *d, int each, uint64_t seed, Err *err)
{
    int *pick = malloc(((size_t)d->n + 1) * sizeof *pick),
        *taken = calloc((size_t)d->classes + 1, sizeof *taken);
    bool *chosen = calloc((size_t)d->n + 1, sizeof *chosen);
    *n = 0;
    if (!pick || !taken || !chosen) {
        err_nomem(err, "the chosen pictures");
        free(pick);
        pick = NULL;
    }
    for (int i = 0; pick && i < d->n; i++) {
        int at = (int)order_at((uint64_t)i, (uint64_t)d->n, rng_mix(seed, RNG_DATA));
        if (d->label[at] < d->classes && taken[d->label[at]]++ < each) chosen[at] = true;
    }
    for (int i = 0; pick && i < d->n; i++)
        if (chosen[i]) pick[(*n)++] = i;
    free(taken);
    free(chosen);
    return pick;
}
