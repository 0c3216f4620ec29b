/* The card of an imported model: what is known of it, as JSON that travels in its file. */
#pragma once
#include "base/json.h"
#include "model/import.h"

/* Adds to the card (made where there is none): the file's name, the digest of its bytes, what it was read as,
 * latent and range as far as they are known. */
bool import_describe(Imported *m, const char *path, const uint8_t *bytes, size_t size, const char *kind,
                     Err *err);

/* What only a person can say; NULL or NaN: nothing is said. */
typedef struct {
    const char *latent; /* normal, uniform, truncated */
    float low, high;    /* of the output */
    const char *licence, *source;
    char **class_name; /* of as many classes as the model has */
    int class_names;
} ImportFacts;

/* Sets what is said, in *m and on its card. Refuses what cannot be. */
bool import_say(Imported *m, const ImportFacts *facts, Err *err);
