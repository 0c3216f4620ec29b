/* Real images with their embeddings in one space, and the exact nearest of them to any picture.
 *
 *     Bank *b;  bank_new(&b, &dataset, SPACE_ENCODER, encoder, err);
 *     while (bank_filled(b) < bank_size(b)) bank_fill(b, 512, pool, err);     in the background, piece by
 * piece bank_nearest(hits, b, METRIC_COSINE, picture, 1, 8, pool, err);         among what is filled
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

/* How near two embeddings are: the cosine, the Euclidean distance (lower is nearer), or the inner product.
 * Cosines of pixels are of pictures less the mean picture; distances do not change by that. */
typedef enum { METRIC_COSINE, METRIC_EUCLID, METRIC_DOT, METRICS } Metric;
const char *metric_name(Metric m); /* "cosine", "euclid", "dot" */
const char *metric_says(Metric m); /* "cosine", "Euclidean distance", "inner product" */
bool metric_named(Metric *out, const char *name, Err *err);
/* How far apart a score of this metric says two are: 0 for the same, NAN for inner products, which have no
 * such thing. */
double metric_distance(Metric m, float score);
/* True when score a is nearer than b. */
bool metric_nearer(Metric m, float a, float b);

typedef struct {
    int index; /* in the dataset */
    int label;
    float score; /* by the metric */
} Neighbour;

typedef struct Bank Bank;

/* e: the encoder of that space (kept), NULL for pixels (there, rows are centred by the mean picture). data
 * must outlive it. */
bool bank_new(Bank **out, const Dataset *data, Space space, Encoder *e, Err *err);
/* Other pictures as b sees them: the same space, encoder and mean picture; of the same size and channels. */
bool bank_like(Bank **out, const Bank *b, const Dataset *data, Err *err);
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

/* Embeds n pictures (n,C,H,W) in [-1, 1] as the bank's own: unit rows (n,D); length (n) or NULL: what they
 * were before. */
bool bank_embed(float *row, float *length, const Bank *b, const float *picture, int n, Pool *pool, Err *err);
/* out (n,k): the k nearest of each picture, best first; k <= filled. */
bool bank_nearest(Neighbour *out, const Bank *b, Metric m, const float *picture, int n, int k, Pool *pool,
                  Err *err);
/* The same for images of the bank itself, which do not find themselves; k < filled. */
bool bank_nearest_of(Neighbour *out, const Bank *b, Metric m, const int *index, int n, int k, Pool *pool,
                     Err *err);
