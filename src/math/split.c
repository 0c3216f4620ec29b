/* Winograd on the matrix unit: packs filters, cuts tiles into chunks, and works through the 36 places of a
 * chunk. A place's transforms are split just before they are multiplied, and its sums lie where its
 * transforms were, so that a chunk takes no more of the second-level cache than in float32. */
#include "math/split.h"
#include "math/amx.h"
#include "math/isa.h"
#include "math/split_kernel.h"
#include "math/whole.h"
#include "math/winograd_parts.h"
#include <string.h>

enum {
    FEW_TILES = 64,   /* of a chunk, while its filters stay in the second-level cache */
    MANY_TILES = 96,  /* where they come from farther away, and are worth more products */
    MANY = 128,       /* channels from which on they do */
    HIDDEN_PAIRS = 4, /* of outputs, whose products take long enough to split the next place meanwhile */
    LINE = 32         /* words */
};

bool split_here(void)
{
    return isa_current() == ISA_AMX;
}

static const WinogradKernels *kernels(void)
{
    return ISA_SET(winograd);
}

/* Steps of 32 channels, pairs of blocks of outputs. */
static int pairs_of(int channels)
{
    return divide_up(channels, SPLIT_DEPTH);
}

/* ---- Filters ---- */

/* Words from one place to the next: an odd number of lines, so that places do not fall onto the same few
 * sets. */
static size_t filter_place(int to, int from)
{
    return (size_t)pairs_of(to) * (size_t)pairs_of(from) * SPLIT_FILTER + LINE;
}

size_t split_filter_floats(int O, int C, bool flip)
{
    (void)flip; /* rounded up alike */
    return WINOGRAD_PLACES * filter_place(O, C) / 2;
}

typedef struct {
    uint16_t *u;
    WinogradFilter taps;
} Filter;

/* 32 channels for 32 outputs. */
static void filter_task(void *ctx, int index, int worker)
{
    enum { WIDTH = 2 * MAP_LANES, CHANNEL = WINOGRAD_TAPS * WIDTH };
    const Filter *f = ctx;
    const WinogradFilter *w = &f->taps;
    int steps = pairs_of(w->from), o = index / steps * SPLIT_DEPTH, c = index % steps * SPLIT_DEPTH;
    float taps[SPLIT_DEPTH * CHANNEL], u[SPLIT_DEPTH * WINOGRAD_PLACES * WIDTH];
    (void)worker;
    memset(taps, 0, sizeof taps);
    for (int k = 0; k < 4; k++) {
        int from = c + k / 2 * MAP_LANES, out = o + k % 2 * MAP_LANES;
        if (from < w->from && out < w->to)
            winograd_taps(taps + k / 2 * MAP_LANES * CHANNEL + k % 2 * MAP_LANES, WIDTH, w, out, from,
                          min_int(w->from - from, MAP_LANES));
    }
    for (int k = 0; k < SPLIT_DEPTH; k++)
        w->kernel->expand(u + k * WINOGRAD_PLACES * WIDTH, WIDTH, taps + k * CHANNEL, 1, 2);
    split_filters(f->u + (size_t)index * SPLIT_FILTER, filter_place(w->to, w->from), u);
}

void split_filter(float *u, const float *w, int O, int C, bool flip, Pool *pool)
{
    Filter f = {(uint16_t *)(void *)u, winograd_taps_of(w, O, C, flip, kernels())};
    pool_run(pool, pairs_of(O) * pairs_of(C), filter_task, &f);
}

/* ---- Chunks of tiles ---- */

/* A chunk's tiles fill `row_pairs` pairs of registers of `rows` rows. */
typedef struct {
    int chunks, rows, row_pairs;
    size_t place, block, parts; /* floats; words of a place's split transforms */
} Cut;

static int chunk_tiles(int O, int C)
{
    return max_int(O, C) < MANY ? FEW_TILES : MANY_TILES;
}

static Cut cut(int tiles, int O, int C)
{
    Cut c = {.chunks = divide_up(tiles, chunk_tiles(O, C))};
    int most = divide_up(tiles, c.chunks);
    c.row_pairs = divide_up(most, 2 * AMX_ROWS);
    c.rows = divide_up(most, 2 * c.row_pairs);
    int all = 2 * c.row_pairs * c.rows;
    c.place = (size_t)(all | 1) * MAP_LANES;
    c.block = c.place * WINOGRAD_PLACES + MAP_LANES;
    c.parts = (size_t)all * (size_t)pairs_of(C) * SPLIT_PARTS * SPLIT_DEPTH;
    return c;
}

size_t split_scratch(int tiles, int O, int C)
{
    int channels = max_int(O, C);
    Cut most = cut(min_int(tiles, chunk_tiles(O, C)), channels, channels);
    return most.block * 2 * (size_t)pairs_of(channels) + most.parts;
}

int split_images(int rows, int cols, int O, int C)
{
    return max_int(1, chunk_tiles(O, C) / (divide_up(rows, 4) * divide_up(cols, 4)));
}

/* ---- The product ---- */

typedef struct {
    Cut cut;
    int to, from, first, blocks; /* of the results */
    float *v;                    /* transforms, and then sums: [blocks][36][tiles][16] */
    uint16_t *parts[2];          /* of this place and the next */
    const uint16_t *u;
} Chunk;

static SplitInput place_input(const Chunk *k, int place)
{
    const Cut *c = &k->cut;
    int steps = pairs_of(k->from);
    return (SplitInput){.v = k->v + (size_t)place * c->place,
                        .block = c->block,
                        .blocks = map_blocks(k->from),
                        .steps = steps,
                        .rows = c->rows,
                        .to = k->parts[place % 2],
                        .units = place < WINOGRAD_PLACES ? 2 * c->row_pairs * steps : 0};
}

static void chunk_places(const Chunk *k)
{
    const Cut *c = &k->cut;
    bool hidden = divide_up(k->blocks, 2) >= HIDDEN_PAIRS;
    SplitPlace p = {.block = c->block,
                    .steps = pairs_of(k->from),
                    .rows = c->rows,
                    .row_pairs = c->row_pairs,
                    .pairs = divide_up(k->blocks, 2)};
    split_begin(c->rows);
    SplitInput next = place_input(k, 0);
    for (int i = 0; i < WINOGRAD_PLACES; i++) {
        split_input(&next, next.units - next.done);
        next = place_input(k, i + 1);
        p.m = k->v + (size_t)i * c->place;
        p.a = k->parts[i % 2];
        p.u =
            k->u + (size_t)i * filter_place(k->to, k->from) + (size_t)(k->first / 2 * p.steps) * SPLIT_FILTER;
        split_place(&p, hidden ? &next : &(SplitInput){0});
    }
    split_end();
}

static void chunk_run(const Chunk *k, const MapRegion *y, const Staged *x, const WinogradTile *tile,
                      int tiles)
{
    const WinogradKernels *kernel = kernels();
    const Cut *c = &k->cut;
    for (int b = 0; b < map_blocks(k->from); b++)
        kernel->input(k->v + (size_t)b * c->block, c->place, x->at + (size_t)b * staged_block(x),
                      staged_row(x), tile, tiles);
    chunk_places(k);
    for (int b = 0; b < k->blocks; b++)
        kernel->output(y->at + (size_t)(k->first + b) * y->block, y->row, y->pixel,
                       k->v + (size_t)b * c->block, c->place, tile, tiles);
}

void split_product(const MapRegion *y, const Staged *x, const float *u, int to, int from, int first,
                   int blocks, float *scratch)
{
    WinogradTile tile[MANY_TILES];
    WinogradGrid g = winograd_grid(y, x);
    int all = x->images * g.down * g.right;
    Chunk k = {.cut = cut(all, to, from), .to = to, .from = from, .first = first, .v = scratch};
    k.u = (const uint16_t *)(const void *)u;
    k.blocks = min_int(blocks, map_blocks(to) - first);
    k.parts[0] = (uint16_t *)(void *)(scratch + k.cut.block * 2 * (size_t)pairs_of(max_int(to, from)));
    k.parts[1] = k.parts[0] + k.cut.parts;
    for (int i = 0; i < k.cut.chunks; i++) {
        int start = winograd_chunk(all, k.cut.chunks, i),
            tiles = winograd_chunk(all, k.cut.chunks, i + 1) - start;
        winograd_tiles(tile, &g, start, tiles);
        chunk_run(&k, y, x, tile, tiles);
    }
}
