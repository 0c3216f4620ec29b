/* PyTorch files (.pt, .pth, .bin, .th), both layouts, read as data: the tensors of every dictionary in them,
 * by name.
 *
 * Zip since PyTorch 1.6, before that five pickles and raw storages. Nothing is run (data/pickle.h); storages
 * tagged with any device are the same bytes; strides are followed; types other than those of safetensors
 * become the next of them (F64 -> F32, whole numbers -> I64, bool -> U8). The name of a tensor within
 * dictionaries is their keys with '/' between: "g_ema/conv1.weight". Source: torch/serialization.py and
 * torch/_utils.py. */
#pragma once
#include "data/safetensors.h"

#define TORCHFILE_DEPTH_MAX 8

typedef struct {
    Tensor *tensor; /* in the order of the file; data point into the bytes or into `made` */
    int n;
    char *names; /* owns the names */
    void **made; /* owns what had to be rearranged or converted */
    int makes;
    uint8_t *bytes; /* owns the file when opened by path */
} TorchFile;

/* Whether bytes begin like either layout. */
bool torchfile_is(const uint8_t *bytes, size_t size);
bool torchfile_open(TorchFile *out, const char *path, Err *err);
/* The same over bytes that must outlive *out; `what` names the source in errors. */
bool torchfile_decode(TorchFile *out, const uint8_t *bytes, size_t size, const char *what, Err *err);
void torchfile_close(TorchFile *t);
