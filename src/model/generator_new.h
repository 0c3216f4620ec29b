/* How a Generator comes into being, for the reader of files and the maker around trained weights. */
#pragma once
#include "base/json.h"
#include "model/generator.h"

/* Nets and room for everything else, zeroed; the weights are still absent. The caller ends with
 * generator_drop. */
Generator *generator_alloc(const GeneratorConfig *c, const char *slug, int directions, const char *card,
                           Err *err);
/* The same around nets that are there already: they are taken over, on failure too. Layers and noise maps
 * follow from their ports. */
Generator *generator_around(const GeneratorConfig *c, Net *mapping, Net *synthesis, const char *slug,
                            int directions, const char *card, Err *err);
/* Room for the vector of direction i, (layers, w_dim). */
float *generator_vector(Generator *g, int i);
/* What is known of a direction as a JSON object: name, share, and where they are known caption, layered,
 * unit, low, high, marks ([[amount, reached, real-looking], ...]). Reading takes what writing makes; vector
 * is then NULL. `path` names the source in an error. */
void direction_put_json(Json *o, const Direction *d);
bool direction_read_json(Direction *d, const Json *o, const char *path, Err *err);
/* Fills in the digest; from now on the generator is immutable. */
void generator_seal(Generator *g);
/* class_name[i] NULL, or class_name NULL: the number. */
bool generator_name_classes(Generator *g, char *const *class_name, Err *err);
/* Mean w per class, and the directions "pca-1".. and "sefa-1".. in that order, as many as
 * generator_directions_of. */
bool generator_measure(Generator *g, uint64_t seed, Pool *pool, Err *err);
int generator_directions_of(const GeneratorConfig *c);
