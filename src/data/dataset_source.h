/* Inside data/: where a Dataset's images come from. */
#pragma once
#include "data/dataset.h"

/* Allocates n items of [c][h][w] and `classes` copies of names. On failure the caller still calls
 * dataset_close. */
bool dataset_allocate(Dataset *ds, int n, int c, int h, int w, char *const *class_name, int classes,
                      Err *err);
/* Fashion-MNIST, 28 x 28 grey: from the package or, when `small` or the package is absent, from assets. */
bool dataset_fashion(Dataset *out, Split split, bool small, Err *err);
/* A folder's pictures of one split, through image_fit. */
bool dataset_folder(Dataset *out, const char *path, Split split, int size, int channels, Err *err);
