/* Laying an atlas out by t-SNE as a job beside a person at the screen: news with the map as it settles. */
#pragma once
#include "engine/job.h"
#include "inspect/atlas.h"
#include "inspect/tsne.h"

typedef struct {
    News news;
    Atlas *atlas; /* kept */
    float *xy;    /* (atlas->n, 2) */
    int step, steps;
    double left;             /* seconds, NAN until known */
    bool settled;            /* the rest is known: */
    double loss;             /* nats */
    double kept, kept_plane; /* of 10 neighbours, the share that is kept by this map, and by the plane */
} MapNews;

/* Keeps a. The news after the first step come at once, then a few times a second. */
Job *map_start(Atlas *a, const TsneConfig *c, Bell bell, Err *err);
