/* The encoder whose representation is studied: a small ResNet (He et al. 2016) and SimCLR's projection head.
 *
 * Stages of two basic blocks, 3x3 stem; sizes "tiny" (16,32,64), "small" (16,32,64,128 with the blocks of the prototype
 * in docs/results.md) and "a" (32,64,128: network A of the benches). */
#pragma once
#include "data/safetensors.h"
#include "net/exec.h"

typedef struct {
    char size[16];    /* "tiny", "small", "a" */
    int channels, side;
    int stages, width[4], blocks[4];
    int hidden, out;  /* projection head; hidden 0: one linear layer */
    int classes;      /* > 0: a linear classifier head instead (judge) */
} EncoderConfig;

/* Fills by name; the error lists the names. */
bool encoder_config(EncoderConfig *out, const char *size, int channels, int side, int classes, Err *err);
int encoder_features(const EncoderConfig *c); /* D of the representation */
/* Ports: image (N,C,H,W) in [-1,1], features (N,D) pooled, out (N,hidden out) projection, or logits (N,classes) when a
 * judge. The caller frees. */
Net *encoder_net(const EncoderConfig *c, Err *err);

typedef struct Encoder {
    EncoderConfig config;
    char name[64];
    char digest[17];
    Net *net;
    Weights *weights;
    char *card; /* JSON text */
    bool exact; /* to be run without Winograd's reordered sums (net/exec.h); set before it is shared */
    int refs;
} Encoder;

bool encoder_open(Encoder **out, const char *path, Err *err);
/* Takes net over (not on failure) and keeps weights, which must be of that net. card may be NULL. */
bool encoder_make(Encoder **out, const EncoderConfig *c, Net *net, Weights *weights, const char *name, const char *card,
                  Err *err);
bool encoder_save(const Encoder *e, const char *path, Err *err);
Encoder *encoder_keep(Encoder *e);
void encoder_drop(Encoder *e);
/* features (n, D) and, when a judge and logits is not NULL, logits (n, classes) of images (n, C, H, W) given as bytes (dataset
 * order) or floats in [-1,1]; any n, done in slices of at most `batch`. */
bool encoder_features_of_bytes(float *features, float *logits, const Encoder *e, const uint8_t *px, size_t n, Pool *pool, Err *err);
bool encoder_features_of_floats(float *features, float *logits, const Encoder *e, const float *x, size_t n, Pool *pool, Err *err);
