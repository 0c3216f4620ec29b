/* Draws a few of every class. */
#include "learn/subset.h"
#include "base/order.h"
#include "base/rng.h"

#include <stdlib.h>

int *subset_per_class(int *picks, const int *label, int n, int classes, int each, uint64_t seed, Err *err)
{
    int *pick = malloc(((size_t)n + 1) * sizeof *pick), *taken = calloc((size_t)classes + 1, sizeof *taken);
    bool *chosen = calloc((size_t)n + 1, sizeof *chosen);
    *picks = 0;
    if (!pick || !taken || !chosen) {
        err_nomem(err, "what is chosen of every class");
        free(pick);
        pick = NULL;
    }
    for (int i = 0; pick && i < n; i++) {
        int at = (int)order_at((uint64_t)i, (uint64_t)n, rng_mix(seed, RNG_DATA));
        if (taken[label[at]]++ < each) chosen[at] = true;
    }
    for (int i = 0; pick && i < n; i++)
        if (chosen[i]) pick[(*picks)++] = i;
    free(taken);
    free(chosen);
    return pick;
}
