/* A flat map of a representation: the plane of its two largest principal components. */
#pragma once
#include "base/err.h"
#include "base/pool.h"

typedef struct {
    int D;
    float *mean;           /* (D) */
    float *axis;           /* (2,D) unit rows, largest variance first */
    double share[2];       /* of the total variance */
    float low[2], high[2]; /* the box around the points it was fitted to */
} Map;

/* Fits to features (n,D), n >= 3, rows taken as they are. The caller frees with map_free. */
bool map_fit(Map *out, const float *feature, int n, int D, Pool *pool, Err *err);
/* xy (n,2). */
void map_place(float *xy, const Map *m, const float *feature, int n);
void map_free(Map *m);
