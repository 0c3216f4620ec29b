/* What an address refers to outside of its model: stored latents and a person's own directions, as files of
 * the store. Trays, PNGs and exports carry them, so that another machine can make the view again. */
#pragma once
#include "latent/address.h"
#include "latent/store.h"

#define PARTS_MAX  (4 + ADDRESS_LAYERS_MAX + ADDRESS_EDITS_MAX)
#define PART_NAME  112
#define PART_BYTES ((size_t)4 << 20) /* the largest part taken from anywhere */

typedef struct {
    char name[PARTS_MAX][PART_NAME]; /* below the store's folder: "wp.0123456789abcdef.f32",
                                        "directions/heel.1a2b3c4d..." */
    int n;
} Parts;

/* Each once, in the order of the address. */
void parts_of(Parts *out, const Address *a);
/* *bytes is malloc'ed (caller frees). Names the address's part when it is not in the store. */
bool parts_read(uint8_t **bytes, size_t *size, const LatentStore *s, const char *name, Err *err);
/* Writes the part unless it is there. Whether its content is what its name says is found out when it is used.
 */
bool parts_write(const LatentStore *s, const char *name, const void *bytes, size_t size, Err *err);
bool parts_has(const LatentStore *s, const char *name);
