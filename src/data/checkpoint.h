/* Checkpoints: named float tensors and text facts in one safetensors file, sealed by SHA-256, never
 * half-written.
 *
 *     Checkpoint *ck = checkpoint_make();
 *     checkpoint_tensor(ck, "encoder/conv1.weight", w, 432);     checkpoint_meta_int(ck, "step", step);
 *     bool ok = checkpoint_save(ck, path, err);                  checkpoint_free(ck);
 *
 * A save writes a temporary file, keeps the current one as PATH.1, then renames: at any kill there is a whole
 * checkpoint at PATH or PATH.1. Floats travel bit for bit (NaN payloads included), 64-bit numbers as decimal
 * text. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef struct Checkpoint Checkpoint;

Checkpoint *
checkpoint_make(void); /* NULL when out of memory; every function below accepts that NULL and fails */
void checkpoint_free(Checkpoint *ck);

/* Adds count floats; they are borrowed and must stay until the save. A failed allocation or a name used twice
 * is remembered and reported by checkpoint_save. */
void checkpoint_tensor(Checkpoint *ck, const char *name, const float *data, size_t count);
void checkpoint_meta(Checkpoint *ck, const char *key, const char *value); /* value is copied */
void checkpoint_meta_int(Checkpoint *ck, const char *key, uint64_t value);
bool checkpoint_save(const Checkpoint *ck, const char *path, Err *err);

/* Opens PATH, and where that is absent or damaged PATH.1; then notice (may be NULL) says so in one sentence,
 * else it is empty. Fails when neither is whole. Safe beside a process that is saving. The caller frees *out.
 */
bool checkpoint_load(Checkpoint **out, const char *path, char *notice, size_t notice_cap, Err *err);
bool checkpoint_has(const Checkpoint *ck, const char *name);
/* Copies the tensor `name`, which must have exactly count floats. */
bool checkpoint_get(const Checkpoint *ck, const char *name, float *out, size_t count, Err *err);
const char *checkpoint_get_meta(const Checkpoint *ck, const char *key); /* owned by ck; NULL when absent */
bool checkpoint_get_int(const Checkpoint *ck, const char *key, uint64_t *out, Err *err);
/* Removes what a killed save left beside PATH; only for the one process that writes PATH, before its first
 * save. A damaged PATH with a whole PATH.1 is set aside as PATH.damaged, so that the next save does not push
 * the whole one out. */
bool checkpoint_tidy(const char *path, Err *err);
