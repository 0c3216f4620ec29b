/* How a Generator comes into being, for the reader of files and the maker around trained weights. */
#pragma once
#include "model/generator.h"

/* Nets and room for everything else, zeroed; the weights are still absent. The caller ends with
 * generator_drop. */
Generator *generator_alloc(const GeneratorConfig *c, const char *slug, int directions, const char *card,
                           Err *err);
/* Fills in the digest; from now on the generator is immutable. */
void generator_seal(Generator *g);
/* Mean w per class, and the directions "pca-1".. and "sefa-1".. in that order, as many as
 * generator_directions_of. */
bool generator_measure(Generator *g, uint64_t seed, Pool *pool, Err *err);
int generator_directions_of(const GeneratorConfig *c);
