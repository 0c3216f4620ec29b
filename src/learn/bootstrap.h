/* How sure a share is, seen from the images it was counted on: the bootstrap (Efron 1979). */
#pragma once
#include "learn/probe.h"

/* Mean of x (n), each -1, 0 or 1, with the 2.5 % and 97.5 % points over BOOTSTRAP_DRAWS draws of n of them with
 * repetition. Hits of one encoder (0, 1), or hits of one minus those of another on the same images. */
Figure bootstrap_mean(const signed char *x, int n, uint64_t seed);

enum { BOOTSTRAP_DRAWS = 2000 };
