/* Wilson's score interval. */
#include "math/wilson.h"
#include <math.h>

void wilson_interval(double *share, double *low, double *high, long hits, long n)
{
    const double z = 1.959963984540054;
    *share = *low = *high = NAN;
    if (n < 1) return;
    double p = (double)hits / (double)n, zz = z * z / (double)n;
    double centre = (p + zz / 2) / (1 + zz),
           half = z * sqrt(p * (1 - p) / (double)n + zz / (4 * (double)n)) / (1 + zz);
    *share = p;
    *low = fmax(centre - half, 0);
    *high = fmin(centre + half, 1);
}
