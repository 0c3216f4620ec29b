/* What the files of our models share: strict safetensors whose metadata say what they are, every tensor asked
 * for by name and shape, nothing left over, nothing infinite. Each mistake is one sentence with file and
 * field. */
#pragma once
#include "base/json.h"
#include "data/safetensors.h"
#include "net/weights.h"

typedef struct {
    Safetensors st;
    const char *path;
    bool *used; /* per tensor */
} ModelFile;

/* Opens a file whose metadata "format" is `format`; *f is empty on failure. The caller ends with
 * model_file_close. */
bool model_file_open(ModelFile *f, const char *path, const char *format, Err *err);
void model_file_close(ModelFile *f);
/* What a file says it is in metadata "format"; "" when it says nothing or is no safetensors file at all. */
void model_file_format(char out[64], const char *path);
/* Metadata: a text (NULL and an error when absent), or JSON of it (object or array; caller drops). */
const char *model_file_meta(const ModelFile *f, const char *key, Err *err);
Json *model_file_json(const ModelFile *f, const char *key, Err *err);
/* A whole number low..high of a JSON object that came from metadata `key`. */
bool model_file_int(int *out, const ModelFile *f, const Json *o, const char *key, const char *field, int low,
                    int high, Err *err);
/* An array of n whole numbers low..high. */
bool model_file_ints(int *out, int n, const ModelFile *f, const Json *o, const char *key, const char *field,
                     int low, int high, Err *err);
/* out[product of dim] from the tensor `name`, which must have just this shape and be finite; out NULL: only
 * checked. */
bool model_file_tensor(float *out, ModelFile *f, const char *name, int rank, const int64_t *dim, Err *err);
/* The weights of net from tensors PREFIX + name; every shape is checked before anything is allocated. */
Weights *model_file_weights(ModelFile *f, const Net *net, const char *prefix, Err *err);
/* Refuses tensors that nobody asked for. */
bool model_file_end(const ModelFile *f, Err *err);
/* Refuses metadata "digest" that is not `digest`. */
bool model_file_digest(const ModelFile *f, const char *digest, Err *err);

/* A list of tensors to write; the data stay the caller's. */
typedef struct {
    Tensor *tensor;
    char (*name)[128];
    int n, cap;
} ModelTensors;

/* Room for cap tensors. */
bool model_tensors_open(ModelTensors *t, int cap, Err *err);
void model_tensors_close(ModelTensors *t);
void model_tensors_add(ModelTensors *t, const char *prefix, const char *name, const float *data, int rank,
                       const int64_t *dim);
void model_tensors_weights(ModelTensors *t, const Weights *w, const char *prefix);
/* Parameters and buffers of a net. */
int model_weights_count(const Net *net);

/* A JSON list, as model_file_ints reads it. */
Json *model_ints_json(const int *x, int n);
/* A card must be JSON, else its file could not be read again; NULL is allowed. */
bool model_check_card(const char *card, Err *err);
/* a-z *(a-z / 0-9 / "-"), at most `most` characters. */
bool model_is_slug(const char *s, size_t most);
