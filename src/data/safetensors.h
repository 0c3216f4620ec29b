/* Safetensors files, read and written strictly: u64 header size, JSON header, tensors without holes.
 * Source: safetensors/src/tensor.rs (Hugging Face). Ours: header <= 8 MiB, <= 65,536 tensors, rank <= 8, five
 * types. */
#pragma once
#include "base/err.h"
#include "base/file.h"
#include <stddef.h>
#include <stdint.h>

#define SAFETENSORS_HEADER_MAX  ((size_t)8 << 20)
#define SAFETENSORS_TENSORS_MAX 65536
#define SAFETENSORS_RANK_MAX    8
#define SAFETENSORS_FILE_MAX    ((size_t)4 << 30)

typedef enum { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_I64, DTYPE_U8 } Dtype;

typedef struct {
    const char *name;
    Dtype dtype;
    int rank;
    int64_t shape[SAFETENSORS_RANK_MAX];
    size_t count;     /* product of shape; 1 for rank 0 (the writer computes it) */
    const void *data; /* little endian, C order; not aligned when read from a file: use safetensors_floats */
} Tensor;

typedef struct {
    const char *key, *value;
} TensorMeta;

typedef struct {
    Tensor *tensor;   /* sorted by name */
    TensorMeta *meta; /* sorted by key */
    int n, metas;
    void *header;   /* owns the strings */
    uint8_t *bytes; /* owns the data when opened from a file */
} Safetensors;

/* Reads the file whole and checks everything before anything is used. The caller ends with safetensors_close.
 */
bool safetensors_open(Safetensors *out, const char *path, Err *err);
/* The same over bytes that must outlive *out; `what` names the source in errors. */
bool safetensors_decode(Safetensors *out, const uint8_t *bytes, size_t size, const char *what, Err *err);
void safetensors_close(Safetensors *st);

const Tensor *safetensors_find(const Safetensors *st, const char *name); /* NULL when absent */
const char *safetensors_meta(const Safetensors *st, const char *key);    /* NULL when absent */
/* out[count] from F32, F16 or BF16; fails when the count or the type is another. */
bool safetensors_floats(float *out, const Tensor *t, size_t count, Err *err);
/* One IEEE half or bfloat16 as float, exactly. */
float safetensors_half(uint16_t h);
float safetensors_bfloat(uint16_t b);
size_t safetensors_dtype_size(Dtype d);
const char *safetensors_dtype_name(Dtype d);

/* Writes tensors by descending type size, then name, with metadata sorted by key and the header padded to 8
 * bytes: the same bytes for the same content. Replaces the file atomically. Duplicate or empty names are
 * refused. */
bool safetensors_save(const char *path, const Tensor *tensor, int n, const TensorMeta *meta, int metas,
                      Err *err);
/* The same into a writer which the caller commits. */
bool safetensors_write(FileWriter *w, const Tensor *tensor, int n, const TensorMeta *meta, int metas,
                       Err *err);
