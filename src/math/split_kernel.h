/* Inside math/: the loops of math/split.c on the matrix unit.
 *
 * Parts are words (bfloat16) in pairs: word 2k of a row is of channel k, word 2k + 1 of channel 16 + k of 32
 * channels, so that two vectors of a map become one row of each part without a shuffle. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    SPLIT_PARTS = 3,
    SPLIT_DEPTH = 32,
    SPLIT_FILTER = 2 * SPLIT_PARTS * 512 /* words of 32 channels, 32 outputs */
};

/* The transforms of one place that are to be split: unit i of `units` is one tile's rows of 32 channels. */
typedef struct {
    const float *v; /* block b (of sixteen channels), row t: v + b * block + t * 16 */
    size_t block;
    int blocks, steps, rows; /* steps of 32 channels; rows of a tile */
    uint16_t *to;            /* [pairs of tiles][steps][3][2][rows][32] */
    int units, done;
} SplitInput;
void split_input(SplitInput *in, int units); /* the next ones */

/* The products of one place. */
typedef struct {
    float *m; /* block o, row t: m + o * block + t * 16; rounded up to pairs of blocks and of tiles */
    size_t block;
    const uint16_t *a; /* as SplitInput's to */
    const uint16_t *u; /* [outputs' pairs][steps][2 tiles][3][16][32] */
    int steps, rows, row_pairs, pairs;
} SplitPlace;
/* The vector units split all of `next` (which may have no units, and at most half as many as there are steps
 * of products) while the matrix unit works. */
void split_place(const SplitPlace *p, SplitInput *next);

/* Transformed filters u [32 channels][36][32 outputs] as every place's two tiles of three parts; place after
 * place, so that memory is written in runs. */
void split_filters(uint16_t *to, size_t place, const float *u);

void split_begin(int rows); /* of a tile, 1 to 16; before split_place */
void split_end(void);
