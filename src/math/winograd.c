/* Winograd's F(4x4,3x3) on maps: packs filters, cuts the tiles into chunks, and runs the kernels of
 * math/kernels/winograd.h on them. What a chunk makes once (the transforms of its input, and of filters that
 * are too many to keep) pays the better the more tiles it has, so that with many channels its input may
 * outgrow the second-level cache: it is read in long runs. Filters and results of one pair of blocks always
 * fit. */
#include "math/winograd.h"
#include "math/isa.h"
#include "math/whole.h"
#include "math/winograd_parts.h"
#include <string.h>

enum {
    GROUP = MAP_LANES * WINOGRAD_TAPS, /* the taps of sixteen channels */
    PAIR = 2 * MAP_LANES,              /* outputs that are computed together */
    PANEL = 128,                       /* channels whose transformed filters are held at once */
    WHOLE = 64 * 64 /* filters of at most so many outputs times channels stay in the cache transformed */
};

static const WinogradKernels *kernels(void)
{
    return ISA_SET(winograd);
}

/* Vectors of the pair that begins at block b. */
static int pair_vectors(int channels, int b)
{
    return min_int(map_blocks(channels) - b, 2);
}

/* Filters: taps [ceil(to/32)][from][9][32], or transformed [ceil(to/32)][36][from][32] ---------------- */

static bool whole(int to, int from)
{
    return to * from <= WHOLE;
}

/* Floats from one place to the next of transformed filters: odd in vectors, for the same reason as in Cut. */
static size_t filter_place(int channels, int vectors)
{
    return ((size_t)channels * (size_t)vectors + 1) * MAP_LANES;
}

static size_t taps_floats(int channels, int vectors)
{
    return (size_t)WINOGRAD_TAPS * (size_t)channels * (size_t)vectors * MAP_LANES;
}

/* Floats of the filters of one pair (or, at the end, one block) of outputs. */
static size_t pair_floats(int to, int from, int vectors)
{
    return whole(to, from) ? WINOGRAD_PLACES * filter_place(from, vectors) : taps_floats(from, vectors);
}

size_t winograd_filter_floats(int O, int C, bool flip)
{
    int to = flip ? C : O, from = flip ? O : C, blocks = map_blocks(to);
    return (size_t)(blocks / 2) * pair_floats(to, from, 2) + (size_t)(blocks % 2) * pair_floats(to, from, 1);
}

typedef struct {
    float *u;
    WinogradFilter taps;
} Filter;

static void filter_task(void *ctx, int index, int worker)
{
    (void)worker;
    const Filter *filter = ctx;
    const WinogradFilter *f = &filter->taps;
    int parts = map_blocks(f->from), first = index / parts * PAIR, c = index % parts * MAP_LANES;
    int vectors = pair_vectors(f->to, first / MAP_LANES), width = vectors * MAP_LANES;
    int channels = min_int(f->from - c, MAP_LANES);
    float *pair = filter->u + (size_t)(first / PAIR) * pair_floats(f->to, f->from, 2);
    float ahead[GROUP * PAIR], *taps = whole(f->to, f->from) ? ahead : pair + taps_floats(c, vectors);
    for (int v = 0; v < vectors; v++)
        winograd_taps(taps + v * MAP_LANES, width, f, first + v * MAP_LANES, c, channels);
    if (taps == ahead)
        f->kernel->expand(pair + (size_t)(c * width), filter_place(f->from, vectors), taps, channels,
                          vectors);
}

void winograd_filter(float *u, const float *w, int O, int C, bool flip, Pool *pool)
{
    Filter f = {u, winograd_taps_of(w, O, C, flip, kernels())};
    pool_run(pool, (map_blocks(f.taps.to) + 1) / 2 * map_blocks(f.taps.from), filter_task, &f);
}

/* Chunks of tiles ------------------------------------------------------------------------------------- */

/* How transforms lie in scratch. The distances are odd in vectors, so that the 36 places of a tile do not
 * fall onto the same few sets of the cache. */
typedef struct {
    int chunks, tiles;   /* tiles: of the largest chunk */
    size_t place, block; /* floats */
} Cut;

static Cut cut(int tiles)
{
    int chunks = (tiles + WINOGRAD_TILES - 1) / WINOGRAD_TILES;
    Cut c = {.chunks = chunks, .tiles = (tiles + chunks - 1) / chunks};
    c.place = (size_t)(c.tiles | 1) * MAP_LANES;
    c.block = c.place * WINOGRAD_PLACES + MAP_LANES;
    return c;
}

size_t winograd_scratch(int tiles, int O, int C)
{
    Cut most = cut(min_int(tiles, WINOGRAD_TILES));
    return most.block * (size_t)(map_blocks(O > C ? O : C) + 2) + WINOGRAD_PLACES * filter_place(PANEL, 2);
}

int winograd_images(int rows, int cols)
{
    int tiles = (rows + 3) / 4 * ((cols + 3) / 4);
    return tiles < WINOGRAD_TILES ? WINOGRAD_TILES / tiles : 1;
}

/* One call of winograd_product or winograd_outer, and where its transforms are. */
typedef struct {
    const WinogradKernels *kernel;
    Cut cut;
    const Staged *x;
    int to, from, tiles; /* of this chunk */
    WinogradTile tile[WINOGRAD_TILES];
    float *v, *m, *panel;
} Chunk;

static void chunk_lay(Chunk *k, float *scratch)
{
    k->v = scratch;
    k->m = k->v + (size_t)map_blocks(k->from) * k->cut.block;
    k->panel = k->m + 2 * k->cut.block;
}

static void chunk_begin(Chunk *k, const WinogradGrid *g, int index, int all)
{
    int start = winograd_chunk(all, k->cut.chunks, index);
    k->tiles = winograd_chunk(all, k->cut.chunks, index + 1) - start;
    winograd_tiles(k->tile, g, start, k->tiles);
    for (int b = 0; b < map_blocks(k->from); b++)
        k->kernel->input(k->v + (size_t)b * k->cut.block, k->cut.place,
                         k->x->at + (size_t)b * staged_block(k->x), staged_row(k->x), k->tile, k->tiles);
}

/* The product ----------------------------------------------------------------------------------------- */

/* The products of the channels c to c + channels for the pair of blocks of results that begins at `first`,
 * whose filters are `u`. */
static void chunk_product(const Chunk *k, int first, const float *u, int c, int channels)
{
    int vectors = pair_vectors(k->to, first);
    size_t place = k->cut.place, step = filter_place(channels, vectors);
    const float *v = k->v + (size_t)(c / MAP_LANES) * k->cut.block;
    for (int i = 0; i < WINOGRAD_PLACES; i++)
        k->kernel->product(k->m + (size_t)i * place, v + (size_t)i * place, k->cut.block,
                           u + (size_t)i * step, channels, vectors, k->tiles, c > 0);
}

static void chunk_pair(const Chunk *k, const MapRegion *y, const float *u, int first)
{
    int vectors = pair_vectors(k->to, first);
    const float *pair = u + (size_t)(first / 2) * pair_floats(k->to, k->from, 2);
    if (whole(k->to, k->from)) chunk_product(k, first, pair, 0, k->from);
    for (int c = 0; c < k->from && !whole(k->to, k->from); c += PANEL) {
        int channels = min_int(k->from - c, PANEL);
        k->kernel->expand(k->panel, filter_place(channels, vectors), pair + taps_floats(c, vectors), channels,
                          vectors);
        chunk_product(k, first, k->panel, c, channels);
    }
    for (int b = 0; b < vectors; b++)
        k->kernel->output(y->at + (size_t)(first + b) * y->block, y->row, y->pixel,
                          k->m + (size_t)b * k->cut.block, k->cut.place, k->tile, k->tiles);
}

void winograd_product(const MapRegion *y, const Staged *x, const float *u, int to, int from, int first,
                      int blocks, float *scratch)
{
    WinogradGrid g = winograd_grid(y, x);
    int all = x->images * g.down * g.right;
    Chunk k = {.kernel = kernels(), .cut = cut(all), .x = x, .to = to, .from = from};
    chunk_lay(&k, scratch);
    for (int i = 0; i < k.cut.chunks; i++) {
        chunk_begin(&k, &g, i, all);
        for (int b = first; b < min_int(first + blocks, map_blocks(to)); b += 2) chunk_pair(&k, y, u, b);
    }
}

/* The weight gradient --------------------------------------------------------------------------------- */

/* Adds what this chunk gives to the taps of one pair of blocks of outputs. */
static void chunk_outer(const Chunk *k, const Staged *dy, float *taps, int first)
{
    int vectors = pair_vectors(k->to, first);
    size_t place = k->cut.place, step = filter_place(MAP_LANES, vectors);
    for (int b = 0; b < vectors; b++)
        k->kernel->gradient(k->m + (size_t)b * k->cut.block, place,
                            dy->at + (size_t)(first + b) * staged_block(dy), staged_row(dy), k->tile,
                            k->tiles);
    for (int c = 0; c < k->from; c += MAP_LANES) {
        int channels = min_int(k->from - c, MAP_LANES);
        const float *v = k->v + (size_t)(c / MAP_LANES) * k->cut.block;
        for (int i = 0; i < WINOGRAD_PLACES; i++)
            k->kernel->outer(k->panel + (size_t)i * step, v + (size_t)i * place, k->m + (size_t)i * place,
                             k->cut.block, channels, vectors, k->tiles);
        k->kernel->fold(taps + taps_floats(c, vectors), k->panel, step, channels, vectors);
    }
}

size_t winograd_gradient_floats(int O, int C)
{
    return taps_floats(C, map_blocks(O));
}

void winograd_outer(float *du, const Staged *x, const Staged *dy, int rows, int cols, int O, int C,
                    float *scratch)
{
    int down = (rows + 3) / 4, right = (cols + 3) / 4;
    WinogradGrid g = {4 * down,  4 * right,        down,           right,    staged_image(x), staged_row(x),
                      MAP_LANES, staged_image(dy), staged_row(dy), MAP_LANES};
    int all = x->images * g.down * g.right;
    Chunk k = {.kernel = kernels(), .cut = cut(all), .x = x, .to = O, .from = C};
    chunk_lay(&k, scratch);
    for (int i = 0; i < k.cut.chunks; i++) {
        chunk_begin(&k, &g, i, all);
        for (int first = 0; first < map_blocks(O); first += 2)
            chunk_outer(&k, dy, du + taps_floats(C, first), first);
    }
}

typedef struct {
    float *dw;
    const float *du;
    int n, O, C;
    size_t stride;
    const WinogradKernels *kernel;
} Unfilter;

/* dw += the taps [channels][9][width] of sixteen outputs and channels. */
static void unfilter_add(const Unfilter *f, const float *taps, int width, int o, int c, int channels)
{
    float rows[MAP_LANES * GROUP];
    int lanes = min_int(f->O - o, MAP_LANES);
    for (int k = 0; k < GROUP; k += MAP_LANES)
        f->kernel->turn(rows + k, GROUP, taps + k * width, width, MAP_LANES);
    for (int lane = 0; lane < lanes; lane++) {
        float *dw = f->dw + ((size_t)(o + lane) * (size_t)f->C + (size_t)c) * WINOGRAD_TAPS;
        for (int k = 0; k < channels * WINOGRAD_TAPS; k++) dw[k] += rows[lane * GROUP + k];
    }
}

static void unfilter_task(void *ctx, int index, int worker)
{
    (void)worker;
    const Unfilter *f = ctx;
    int parts = map_blocks(f->C), first = index / parts * PAIR, c = index % parts * MAP_LANES;
    int vectors = pair_vectors(f->O, first / MAP_LANES), width = vectors * MAP_LANES;
    int channels = min_int(f->C - c, MAP_LANES);
    const float *du = f->du + taps_floats(f->C, first / MAP_LANES) + taps_floats(c, vectors);
    float sum[GROUP * PAIR] = {0};
    for (int i = 0; i < f->n; i++, du += f->stride)
        for (size_t k = 0; k < taps_floats(channels, vectors); k++) sum[k] += du[k];
    for (int v = 0; v < vectors; v++)
        unfilter_add(f, sum + v * MAP_LANES, width, first + v * MAP_LANES, c, channels);
}

void winograd_unfilter(float *dw, const float *du, int n, size_t stride, int O, int C, Pool *pool)
{
    Unfilter f = {dw, du, n, O, C, stride, kernels()};
    pool_run(pool, (map_blocks(O) + 1) / 2 * map_blocks(C), unfilter_task, &f);
}
