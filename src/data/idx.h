/* IDX files of bytes (the format of MNIST and Fashion-MNIST), plain or gzip.
 * Source: Y. LeCun's MNIST page: 00 00 08 ndim, ndim big-endian u32, then the bytes in C order. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define IDX_DIMS_MAX  4
#define IDX_BYTES_MAX ((size_t)1 << 30)

typedef struct {
    int ndim;
    int dim[IDX_DIMS_MAX];
    size_t count;  /* the product of dim */
    uint8_t *data; /* count bytes */
} Idx;

/* Reads unsigned bytes of 1 to 4 dimensions; refuses other types, a size that does not match the header, and
 * anything after the data. The caller frees with idx_free. */
bool idx_decode(const uint8_t *bytes, size_t size, const char *what, Idx *out, Err *err);
bool idx_load(const char *path, Idx *out, Err *err);
/* Writes gzip without name or time (the same bytes for the same content), atomically. */
bool idx_save_gz(const char *path, const Idx *idx, Err *err);
void idx_free(Idx *idx);
