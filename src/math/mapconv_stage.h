/* Brings images of one side of a layer into scratch with a halo, and says how a layer's work is cut up. */
#pragma once
#include "math/kernels/stage.h"
#include "math/map.h"
#include "math/mapconv.h"

/* One side of the layer as it lies in memory, and how it is to be read: as values (from) or as gradients
 * (grad). */
typedef struct {
    MapSide side;
    bool plain;
    const MapRead *from;
    const MapGrad *grad;
    const float *by, *constant; /* gradients with moments: what they add is by * (y - mean) + constant (16 *
                                   blocks each) */
    float *sums;                /* gradients of a scaled result: (N, blocks, 3, 16), see StageScaled */
} StageSource;

/* Images n0 .. n0 + to->images - 1; to->at holds rows x cols of each block, pixel (0,0) being (row0, col0) of
 * the picture. */
void stage_images(const Staged *to, const StageSource *s, int n0, int row0, int col0);

/* Images a task takes at a time: as many as wanted where that much fits, but such that there are two tasks,
 * four or a multiple where N allows. Depends on shape and N alone. */
int stage_group(int N, int wanted, size_t image_floats);
