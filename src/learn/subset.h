/* A few labelled things: as many of every class, drawn by a seed. */
#pragma once
#include "base/err.h"
#include <stdint.h>

/* Places among n labels (each 0..classes-1) of `each` of every class (fewer where a class has fewer), in ascending order; a
 * larger `each` of the same seed holds those of a smaller one. *picks: how many in all. NULL when out of memory; the caller
 * frees. */
int *subset_per_class(int *picks, const int *label, int n, int classes, int each, uint64_t seed, Err *err);
