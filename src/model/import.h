/* Other people's models become ours: whatever the file (ONNX, PyTorch, safetensors), what comes out is one
 * net of ours, its weights, and what is known about them.
 *
 *     Imported m;
 *     import_open(&m, "generator.pt", NULL, err);      model/generator.h and encoder.h make theirs of it
 *     import_free(&m);
 *
 * Files are told apart by their content, never by their names. Nothing in a file is executed, no count or
 * offset of it is trusted; each way in which it can be wrong is one sentence. */
#pragma once
#include "net/weights.h"

typedef enum { IMPORT_GENERATOR, IMPORT_ENCODER } ImportKind;

#define IMPORT_LATENT_MAX 16

/* Ports of `net`. A generator: z (N, z_dim, [1, 1]), [class (N, classes) one-hot], image (N, C, H, W). A
 * style-based one has `mapping` with ports z, [class], w, and `net` is the synthesis: w1..wL (N, w_dim),
 * [noise1..K (N, 1, r, r)], image. An encoder: image (N, C, H, W), and features (N, D), logits (N, classes),
 * or both. */
typedef struct {
    Net *net;
    Weights *weights;
    ImportKind kind;
    int z_dim, classes; /* classes 0: unconditional; of an encoder, how many logits */
    bool class_index;   /* the file takes whole numbers where we feed one-hot */
    int channels, height, width;
    bool nhwc;       /* the file's output was NHWC: a transpose has been added, so the port is NCHW */
    float low, high; /* range of the output: [-1, 1] after tanh, [0, 1] after sigmoid; NaN: unknown */
    char latent[IMPORT_LATENT_MAX]; /* "normal", "uniform" on [-1, 1), "truncated" normal in [-2, 2]; "":
                                       unknown */
    char *card;                     /* JSON text, malloc'ed; NULL: nothing is known */

    /* Generators with a mapping of their own alone; NULL elsewhere. */
    Net *mapping;
    Weights *mapping_weights;
    bool straight; /* w begins with z itself */
    float *w_mean; /* (classes or 1, w_dim); NULL: to be measured */
    float *noise;  /* stored maps one after another */
    /* Encoders: a picture x in [-1, 1] is read as (x - mean[c]) * scale[c]; scale 0: unknown */
    float mean[4], scale[4];
    char **class_name; /* (classes) or NULL */
} Imported;

/* `spec`: a layer table (docs/formats.md) for tensors whose architecture does not follow from names and
 * shapes; NULL: that of PATH.spec, else one of assets/specs whose names and shapes match. *out is empty on
 * failure. */
bool import_open(Imported *out, const char *path, const char *spec, Err *err);
void import_free(Imported *m);
