/* Real and generated pictures as points to be laid out on a map: what they are, how they look, and the
 * features that an encoder has for them. Immutable and reference-counted.
 *
 *     Atlas *a;  atlas_new(&a, real, 1500, made, 500, pool, err);
 *     Tsne *t = tsne_new(a->feature, a->n, a->D, ...);      a->xy is the plane of the principal components
 */
#pragma once
#include "inspect/map.h"
#include "inspect/neighbours.h"

#define ATLAS_REAL 1500
#define ATLAS_MADE 500
#define ATLAS_NEAR 5 /* points that a query is placed by */

typedef struct {
    int refs, n, real, D; /* points 0..real-1 are real, the others generated */
    float *feature;       /* (n,D) unit rows */
    Map plane;            /* of the two largest principal components */
    float (*xy)[2];       /* (n) on it */
    int *origin, *label;  /* (n) origin: as in the data set of real, or of generated pictures */
    Image *picture;       /* (n) */
} Atlas;

/* Of the first reals pictures of a bank and the first mades of another (NULL: none), both filled so far and
 * of the same space. */
bool atlas_new(Atlas **out, const Bank *real, int reals, const Bank *made, int mades, Pool *pool, Err *err);
Atlas *atlas_keep(Atlas *a);
void atlas_drop(Atlas *a);

/* Where a picture belongs on any layout of the atlas: among its nearest points, by how near they are. */
typedef struct {
    int point[ATLAS_NEAR];
    float weight[ATLAS_NEAR]; /* sum to 1 */
} AtlasPlace;
/* row (D): its unit features. False without memory. */
bool atlas_place(AtlasPlace *out, const Atlas *a, const float *row, Pool *pool);
/* xy[2] on the plane, by its features. */
void atlas_project(float xy[2], const Atlas *a, const float *row);
/* xy[2] on any other layout (n,2). */
void atlas_spot(float xy[2], const AtlasPlace *p, const float *layout);
