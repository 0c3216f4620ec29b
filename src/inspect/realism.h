/* How real a picture is: its place among the features of real pictures, and which of those are nearest to it.
 *
 *     Realism *r;  realism_new(&r, &dataset, judge, folder, err);     folder: where results are kept, or NULL
 *     while (realism_filled(r) < realism_size(r)) realism_fill(r, 64, pool, err);
 *     realism_score(score, hits, 4, r, features, n, pool, err);
 *
 * Score (Kynkaanniemi et al. 2019, "Improved precision and recall metric", eq. 3): the largest over real
 * pictures of radius / distance, radius being the distance of the real one to its third nearest among the
 * real. 1 and above: inside what was measured of the real manifold. As there, the half of the real pictures
 * with the larger radii is left out. It is only as good as its space: two pictures that this encoder does not
 * tell apart are the same to it. */
#pragma once
#include "inspect/neighbours.h"

#define REALISM_PICTURES 10000 /* at most; a fixed draw from the data */
#define REALISM_K        3
#define REALISM_OWN      2000 /* real pictures whose own realism others are compared with, at most */

typedef struct Realism Realism;

/* Keeps e and copies what it needs of data, which may be closed. folder: a file there named by the digests of
 * encoder and data is read when it is whole, and written when the last piece was embedded; NULL: nothing is
 * kept. Fails where e takes other pictures or there are not more than REALISM_K. */
bool realism_new(Realism **out, const Dataset *data, Encoder *e, const char *folder, Err *err);
Realism *realism_keep(Realism *r);
void realism_drop(Realism *r);
/* Embeds at least the next `count` pictures, in whole chunks of 64; the piece that ends it also finds the
 * radii. A folder that cannot be written is no failure. */
bool realism_fill(Realism *r, int count, Pool *pool, Err *err);
int realism_size(const Realism *r);
int realism_filled(const Realism *r);
const Encoder *realism_encoder(const Realism *r);
/* Of features (n, D) in the encoder's space, not normalised: score (n) or NULL; hit (n, k) or NULL: the k
 * nearest by cosine, best first, `index` in the dataset. Only once it is full; k <= realism_size. */
bool realism_score(float *score, Neighbour *hit, int k, const Realism *r, const float *feature, int n,
                   Pool *pool, Err *err);
/* The share (0..1) of real pictures whose own realism, against all others of the draw, is below `score`: what
 * a plain 0.9 means among the real ones. NaN before it is full, and for NaN. */
float realism_rank(const Realism *r, float score);
/* A real picture of the draw by its index in the dataset; it lives as long as r. NULL: not of the draw. */
const Image *realism_picture(const Realism *r, int index);
