/* NumPy .npy files of float32 and int64. Source: numpy/lib/format.py, versions 1.0, 2.0 and 3.0. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define NPY_RANK_MAX 8
#define NPY_FILE_MAX ((size_t)4 << 30)

typedef struct {
    int rank;
    int64_t shape[NPY_RANK_MAX];
    size_t count; /* product of shape; 1 for rank 0 */
    float *f32;   /* one of the two holds count values, */
    int64_t *i64; /* the other is NULL */
} Npy;

/* Little-endian float32 and float64 (rounded to float32) arrive in f32, int32, int64 and uint8 in i64.
 * Refuses objects (they are pickles), Fortran order of rank above 1, other types, and files not exactly as
 * long as their shape says. The caller frees with npy_free. */
bool npy_decode(const uint8_t *bytes, size_t size, const char *what, Npy *out, Err *err);
bool npy_load(const char *path, Npy *out, Err *err);
/* Writes version 1.0, C order, atomically. */
bool npy_save_floats(const char *path, const float *data, const int64_t *shape, int rank, Err *err);
bool npy_save_ints(const char *path, const int64_t *data, const int64_t *shape, int rank, Err *err);
void npy_free(Npy *npy);
