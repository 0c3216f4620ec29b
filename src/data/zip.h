/* Zip archives whose entries are stored as they are, as PyTorch writes them: an entry is a piece of the bytes
 * given, nothing is unpacked. Sizes come from the central directory alone (local headers may hold zeros),
 * ZIP64 where the 32 bits are full. Checksums are not looked at, as PyTorch does not. Source: PKWARE
 * APPNOTE 6.3.9. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name; /* without NUL */
    size_t name_size;
    const uint8_t *data;
    size_t size;
} ZipEntry;

typedef struct {
    ZipEntry *entry; /* sorted by name */
    size_t n;
} Zip;

bool zip_is(const uint8_t *bytes, size_t size);
/* bytes must outlive *out; compressed or encrypted entries are refused. The caller ends with zip_free. */
bool zip_decode(Zip *out, const uint8_t *bytes, size_t size, const char *what, Err *err);
void zip_free(Zip *z);
/* NULL when there is none. */
const ZipEntry *zip_find(const Zip *z, const char *name, size_t name_size);
