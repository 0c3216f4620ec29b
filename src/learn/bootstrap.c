/* Percentile bootstrap over images. */
#include "learn/bootstrap.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double mean_again(const signed char *x, int n, Rng *r)
{
    long sum = 0;
    for (int i = 0; i < n; i++) sum += x[rng_below(r, (uint32_t)n)];
    return (double)sum / n;
}

Figure bootstrap_mean(const signed char *x, int n, uint64_t seed)
{
    double again[BOOTSTRAP_DRAWS];
    long sum = 0;
    if (n < 1) return (Figure){NAN, NAN, NAN};
    for (int i = 0; i < n; i++) sum += x[i];
    for (int k = 0; k < BOOTSTRAP_DRAWS; k++) {
        Rng r = rng_at(rng_mix(seed, (uint64_t)k), RNG_BOOTSTRAP);
        again[k] = mean_again(x, n, &r);
    }
    qsort(again, BOOTSTRAP_DRAWS, sizeof *again, ascending);
    return (Figure){(double)sum / n, again[BOOTSTRAP_DRAWS / 40],
                    again[BOOTSTRAP_DRAWS - 1 - BOOTSTRAP_DRAWS / 40]};
}
