/* Inside data/: where a Dataset's images come from. */
#pragma once
#include "data/dataset.h"

/* Data sets known by name, at their own size; dataset_named wants one of those. */
bool dataset_named(Dataset *out, const char *spec, Split split, Err *err);
/* The same out of a folder or archive of known form; *packed says whether path is one (without an error when
 * not). */
bool dataset_packed(Dataset *out, const char *path, Split split, bool *packed, Err *err);
/* A folder's pictures of one split, through image_fit. */
bool dataset_folder(Dataset *out, const char *path, Split split, int size, int channels, Err *err);
