/* Medians, and how sure their ratio is. */
#include "base/rng.h"
#include "engine/bench.h"
#include <stdlib.h>

enum { DRAWS = 2000 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

/* Of the pairs that `pick` names (NULL: all); a and b are scratch. */
static double ratio_of(const double *ours, const double *peer, const int *pick, int n, bool higher, double *a, double *b)
{
    for (int i = 0; i < n; i++) {
        a[i] = ours[pick ? pick[i] : i];
        b[i] = peer[pick ? pick[i] : i];
    }
    double x = bench_median(a, n), y = bench_median(b, n);
    return higher ? x / y : y / x;
}

bool bench_ratio(double *ratio, double *low, double *high, const double *ours, const double *peer, int n, bool higher, Err *err)
{
    double *room = malloc((2 * (size_t)n + DRAWS) * sizeof *room), *a = room, *b = room + n, *draw = room + 2 * n;
    int *pick = malloc((size_t)n * sizeof *pick);
    Rng rng = rng_at(0, RNG_BOOTSTRAP);
    if (room && pick) {
        *ratio = ratio_of(ours, peer, NULL, n, higher, a, b);
        for (int d = 0; d < DRAWS; d++) {
            for (int i = 0; i < n; i++) pick[i] = (int)rng_below(&rng, (uint32_t)n);
            draw[d] = ratio_of(ours, peer, pick, n, higher, a, b);
        }
        qsort(draw, DRAWS, sizeof *draw, by_value);
        *low = draw[DRAWS / 40];
        *high = draw[DRAWS - 1 - DRAWS / 40];
    }
    bool ok = room && pick;
    free(room);
    free(pick);
    return ok || err_nomem(err, "an interval");
}
