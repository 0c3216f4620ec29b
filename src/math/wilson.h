/* The interval of a share that was counted. */
#pragma once

/* hits of n with its 95 % interval (Wilson 1927, "Probable inference, the law of succession, and statistical
 * inference"), which stays in 0..1 and is right for few and for extreme counts too. All NaN where n is
 * below 1. */
void wilson_interval(double *share, double *low, double *high, long hits, long n);
