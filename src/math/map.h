/* Feature maps in blocks of sixteen channels, [N][ceil(C/16)][H][W][16] without a halo: the layout of the
 * fast convolutions. A pixel's sixteen channels are one vector, so one kernel serves every C. Lanes past C
 * hold zeros. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

#define MAP_LANES 16
#define MAP_STREAM                                                                                           \
    (1 << 20) /* maps of more floats leave no room for anything else in the caches: written past them */

static inline int map_blocks(int C)
{
    return (C + MAP_LANES - 1) / MAP_LANES;
}

/* Floats of a map of N images of C channels and P pixels. */
static inline size_t map_count(int N, int C, int P)
{
    return (size_t)N * (size_t)map_blocks(C) * (size_t)P * MAP_LANES;
}

/* Between a map and x (N,C,P) plain; add: to what is there. */
void map_from_plain(float *map, const float *x, int N, int C, int P, bool add, Pool *pool);
void map_to_plain(float *x, const float *map, int N, int C, int P, bool add, Pool *pool);

/* Maps with their halo, in scratch, as the kernels read them: [images][blocks][rows][cols][16]. Everything
 * outside the picture is zero. */
typedef struct {
    float *at;
    int images, blocks, rows, cols;
} Staged;

static inline size_t staged_row(const Staged *s)
{
    return (size_t)s->cols * MAP_LANES;
}

static inline size_t staged_block(const Staged *s)
{
    return (size_t)s->rows * staged_row(s);
}

static inline size_t staged_image(const Staged *s)
{
    return (size_t)s->blocks * staged_block(s);
}

/* Where results go: [images][blocks][rows][cols][16] with any distances between them, all in floats. */
typedef struct {
    float *at;
    size_t image, block, row, pixel;
    int rows, cols; /* of the region */
} MapRegion;
