/* A few labelled pictures of a data set: as many of every class, drawn by a seed. */
#pragma once
#include "data/dataset.h"

/* Places in d of `each` pictures of every class (fewer where a class has fewer), in ascending order; a larger `each` of the
 * same seed holds those of a smaller one. *n: how many in all. NULL when out of memory; the caller frees. */
int *subset_per_class(int *n, const Dataset *d, int each, uint64_t seed, Err *err);
