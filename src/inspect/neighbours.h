/* Real images with their embeddings in one space, and the exact nearest of them to any picture.
 *
 *     Bank *b;  bank_new(&b, &dataset, SPACE_ENCODER, encoder, err);
 *     while (bank_filled(b) < bank_size(b)) bank_fill(b, 512, pool, err);        in the background, piece by
 * piece bank_nearest(hits, b, picture, 1, 8, pool, err);                            among what is filled
 *
 * A new snapshot of the encoder is a new Bank beside the old one. One thread fills; others may query a Bank
 * only once it is full and filling has ended. */
#pragma once
#include "data/dataset.h"
#include "math/knn.h"
#include "model/encoder.h"

typedef enum { SPACE_ENCODER, SPACE_PIXELS, SPACE_UNTRAINED } Space;
const char *space_name(Space s); /* "encoder", "pixels", "untrained" */
bool space_named(Space *out, const char *name, Err *err);

typedef struct {
    int index; /* in the dataset */
    int label;
    float score; /* cosine, higher is nearer */
} Neighbour;

typedef struct Bank Bank;

/* e: the encoder of that space (kept), NULL for pixels (there, rows are centred by the mean picture). data
 * must outlive it. */
bool bank_new(Bank **out, const Dataset *data, Space space, Encoder *e, Err *err);
Bank *bank_keep(Bank *b);
void bank_drop(Bank *b);
/* Embeds the next `count` images. */
bool bank_fill(Bank *b, int count, Pool *pool, Err *err);
int bank_filled(const Bank *b);
int bank_size(const Bank *b);
int bank_dim(const Bank *b);
Space bank_space(const Bank *b);
const Encoder *bank_encoder(const Bank *b); /* NULL for pixels */
const Dataset *bank_dataset(const Bank *b);
const float *bank_embedding(const Bank *b); /* (filled, D) unit rows */

/* Embeds n pictures (n,C,H,W) in [-1, 1] as the bank's own: unit rows (n,D). */
bool bank_embed(float *row, const Bank *b, const float *picture, int n, Pool *pool, Err *err);
/* out (n,k): the k nearest of each picture, best first; k <= filled. */
bool bank_nearest(Neighbour *out, const Bank *b, const float *picture, int n, int k, Pool *pool, Err *err);
/* The same for images of the bank itself, which do not find themselves; k < filled. */
bool bank_nearest_of(Neighbour *out, const Bank *b, const int *index, int n, int k, Pool *pool, Err *err);
