/* F(4x4,2x2) or F(3x3,2x2) on the four phases of 4x4 kernels of stride 2: packs taps, cuts the tiles into
 * chunks, and runs the transforms of kernels/strided.h with the products of kernels/winograd.h between them.
 * Filters are transformed as they are used: their taps are a fourth or less of what they become. */
#include "math/strided.h"
#include "math/isa.h"
#include "math/kernels/strided.h"
#include "math/kernels/winograd.h"
#include "math/whole.h"
#include <string.h>

enum {
    PHASES = 4,
    KERNEL = PHASES * STRIDED_TAPS,
    PAIR = 2 * MAP_LANES, /* results that are computed together */
    PANEL = 128,          /* channels whose transformed filters are held at once */
    IMAGES = 32           /* at most so many for a chunk: small batches are still to be shared out */
};

/* What tiles of m x m results cost for rows x cols of them: transforms and multiplications. */
static int cost(int m, int rows, int cols)
{
    return divide_up(rows, m) * divide_up(cols, m) * (m + 1) * (m + 1);
}

static const StridedKernels *transforms(int m)
{
    return m == 3 ? ISA_SET(strided3) : ISA_SET(strided4);
}

int strided_tile(int rows, int cols)
{
    return cost(3, rows, cols) < cost(4, rows, cols) ? 3 : 4;
}

bool strided_pays(int rows, int cols)
{
    return cost(strided_tile(rows, cols), rows, cols) <= 3 * rows * cols;
}

static const WinogradKernels *products(void)
{
    return ISA_SET(winograd);
}

/* Vectors of the pair that begins at block b. */
static int pair_width(int channels, int b)
{
    return min_int(map_blocks(channels) - b, 2) * MAP_LANES;
}

/* Taps ------------------------------------------------------------------------------------------------ */

size_t strided_filter_floats(int to, int from)
{
    return (size_t)map_blocks(to) * MAP_LANES * (size_t)from * KERNEL;
}

/* Where the taps of a phase's channel c for the pair that begins at block b lie. */
static size_t taps_at(int to, int from, int b, int phase, int c)
{
    size_t row = (size_t)from * STRIDED_TAPS, width = (size_t)pair_width(to, b);
    return (size_t)b * MAP_LANES * row * PHASES + ((size_t)phase * row + (size_t)c * STRIDED_TAPS) * width;
}

/* Packed place of tap i of a kernel, row by row: its phase, and which it is there. */
static int phase_of_tap(int i)
{
    return i / 4 % 2 * 2 + i % 2;
}

static int place_of_tap(int i)
{
    return i / 8 * 2 + i % 4 / 2;
}

typedef struct {
    float *to;
    const float *from;
    int results, channels;            /* as packed */
    size_t result_step, channel_step; /* floats of w */
    int n;                            /* unpacking: partial sums, `stride` floats apart */
    size_t stride;
} Packing;

static Packing packing_of(float *to, const float *from, int O, int C, bool flip)
{
    size_t row = (size_t)C * KERNEL;
    if (flip) return (Packing){to, from, C, O, KERNEL, row, 0, 0};
    return (Packing){to, from, O, C, row, KERNEL, 0, 0};
}

/* The kernels of channel c for sixteen results from r on, turned: [tap][result]. */
static void pack_channel(float *to, const Packing *p, int r, int c)
{
    float rows[MAP_LANES * KERNEL], taps[KERNEL * MAP_LANES];
    int lanes = min_int(p->results - r, MAP_LANES), b = r / PAIR * 2;
    for (int i = 0; i < MAP_LANES; i++) {
        const float *w = p->from + (size_t)(r + i) * p->result_step + (size_t)c * p->channel_step;
        if (i < lanes)
            memcpy(rows + i * KERNEL, w, KERNEL * sizeof *rows);
        else
            memset(rows + i * KERNEL, 0, KERNEL * sizeof *rows);
    }
    products()->turn(taps, MAP_LANES, rows, KERNEL, KERNEL);
    int width = pair_width(p->results, b), lane = r - b * MAP_LANES;
    for (int i = 0; i < KERNEL; i++)
        memcpy(to + taps_at(p->results, p->channels, b, phase_of_tap(i), c) + place_of_tap(i) * width + lane,
               taps + i * MAP_LANES, MAP_LANES * sizeof *to);
}

/* Sixteen results, sixteen channels. */
static void pack_task(void *ctx, int index, int worker)
{
    const Packing *p = ctx;
    int parts = map_blocks(p->channels), r = index / parts * MAP_LANES, c = index % parts * MAP_LANES;
    (void)worker;
    for (int i = c; i < min_int(c + MAP_LANES, p->channels); i++) pack_channel(p->to, p, r, i);
}

void strided_filter(float *packed, const float *w, int O, int C, bool flip, Pool *pool)
{
    Packing p = packing_of(packed, w, O, C, flip);
    pool_run(pool, map_blocks(p.results) * map_blocks(p.channels), pack_task, &p);
}

static void unpack_channel(const Packing *p, int r, int c)
{
    float rows[MAP_LANES * KERNEL], taps[KERNEL * MAP_LANES] = {0};
    int b = r / PAIR * 2, width = pair_width(p->results, b), lane = r - b * MAP_LANES;
    for (int i = 0; i < KERNEL; i++) {
        const float *from = p->from + taps_at(p->results, p->channels, b, phase_of_tap(i), c) +
                            place_of_tap(i) * width + lane;
        for (int k = 0; k < p->n; k++, from += p->stride)
            for (int l = 0; l < MAP_LANES; l++) taps[i * MAP_LANES + l] += from[l];
    }
    products()->turn(rows, KERNEL, taps, MAP_LANES, MAP_LANES);
    for (int i = 0; i < min_int(p->results - r, MAP_LANES); i++) {
        float *dw = p->to + (size_t)(r + i) * p->result_step + (size_t)c * p->channel_step;
        for (int k = 0; k < KERNEL; k++) dw[k] += rows[i * KERNEL + k];
    }
}

static void unpack_task(void *ctx, int index, int worker)
{
    const Packing *p = ctx;
    int parts = map_blocks(p->channels), r = index / parts * MAP_LANES, c = index % parts * MAP_LANES;
    (void)worker;
    for (int i = c; i < min_int(c + MAP_LANES, p->channels); i++) unpack_channel(p, r, i);
}

void strided_unfilter(float *dw, const float *du, int n, size_t stride, int O, int C, Pool *pool)
{
    Packing p = packing_of(dw, du, O, C, false);
    p.n = n, p.stride = stride;
    pool_run(pool, map_blocks(O) * map_blocks(C), unpack_task, &p);
}

/* Chunks of tiles ------------------------------------------------------------------------------------- */

enum { TILES = 64 };

/* Distances in scratch, odd in vectors, so that the places of a tile do not fall onto the same few sets of
 * the cache. */
typedef struct {
    int tiles; /* of the largest chunk */
    size_t place, block;
} Cut;

static Cut cut(int tiles, int places)
{
    int chunks = divide_up(tiles, TILES);
    Cut c = {.tiles = divide_up(tiles, chunks)};
    c.place = (size_t)(c.tiles | 1) * MAP_LANES;
    c.block = c.place * (size_t)places;
    return c;
}

static size_t panel_place(int channels, int width)
{
    return (size_t)channels * (size_t)width + MAP_LANES;
}

size_t strided_scratch(const StridedShape *s, int images)
{
    int m = strided_tile(s->rows, s->cols), places = (m + 1) * (m + 1);
    Cut most = cut(min_int(images * divide_up(s->rows, m) * divide_up(s->cols, m), TILES), places);
    int blocks = max_int(PHASES * map_blocks(s->C), map_blocks(s->O));
    return most.block * (size_t)(blocks + 2) + (size_t)places * panel_place(PANEL, PAIR);
}

int strided_images(int rows, int cols)
{
    int m = strided_tile(rows, cols);
    return min_int(IMAGES, max_int(1, TILES / (divide_up(rows, m) * divide_up(cols, m))));
}

typedef struct {
    const StridedKernels *kernel;
    Cut cut;
    int m, places, rows, cols, down, right; /* results; tiles in a column, in a row */
    int first, tiles;                       /* of this chunk */
    StridedTile tile[TILES];
    float *v, *sum, *panel; /* transforms of what is read, of what is made, of filters */
} Chunk;

/* m: of the whole layer, though this may be a band of it. */
static Chunk chunk_of(const StridedShape *s, int images, int rows, int blocks, float *scratch)
{
    int m = strided_tile(s->rows, s->cols);
    Chunk k = {.kernel = transforms(m), .m = m, .places = (m + 1) * (m + 1), .rows = rows, .cols = s->cols};
    k.down = divide_up(rows, m), k.right = divide_up(s->cols, m);
    k.cut = cut(images * k.down * k.right, k.places);
    k.v = scratch;
    k.sum = k.v + (size_t)blocks * k.cut.block;
    k.panel = k.sum + 2 * k.cut.block;
    return k;
}

/* The next chunk of `all` tiles; false after the last. */
static bool chunk_next(Chunk *k, int images)
{
    k->first += k->tiles;
    k->tiles = min_int(k->cut.tiles, images * k->down * k->right - k->first);
    return k->tiles > 0;
}

/* The tiles of this chunk, m * row and m * pixel apart. */
static void chunk_tiles(Chunk *k, size_t image, size_t row, size_t pixel)
{
    for (int t = 0; t < k->tiles; t++) {
        int at = k->first + t, i = at / k->right % k->down * k->m, j = at % k->right * k->m;
        size_t from = (size_t)(at / k->down / k->right) * image + (size_t)i * row + (size_t)j * pixel;
        k->tile[t] = (StridedTile){.at = (ptrdiff_t)from,
                                   .rows = min_int(k->m, k->rows - i),
                                   .cols = min_int(k->m, k->cols - j),
                                   .below = i > 0,
                                   .beside = j > 0};
    }
}

/* All phases of x. */
static void chunk_input(Chunk *k, const Staged *x)
{
    size_t row = staged_row(x);
    float *v = k->v;
    chunk_tiles(k, staged_image(x), 2 * row, 2 * MAP_LANES);
    for (int phase = 0; phase < PHASES; phase++)
        for (int b = 0; b < x->blocks; b++, v += k->cut.block)
            k->kernel->input(v, k->cut.place,
                             x->at + (size_t)b * staged_block(x) + (size_t)(phase / 2) * row +
                                 (size_t)(phase % 2 * MAP_LANES),
                             2 * row, 2 * MAP_LANES, k->tile, k->tiles);
}

static void chunk_gradient(Chunk *k, float *v, const Staged *dy, int first, int blocks)
{
    chunk_tiles(k, staged_image(dy), staged_row(dy), MAP_LANES);
    for (int b = first; b < first + blocks; b++, v += k->cut.block)
        k->kernel->gradient(v, k->cut.place, dy->at + (size_t)b * staged_block(dy), staged_row(dy), k->tile,
                            k->tiles);
}

/* m = or += the products of transforms v of `from` channels with one phase's taps. */
static void chunk_product(const Chunk *k, const float *v, const float *taps, int from, int width, bool add)
{
    int vectors = width / MAP_LANES;
    for (int c = 0; c < from; c += PANEL) {
        int channels = min_int(from - c, PANEL);
        size_t place = panel_place(channels, width);
        k->kernel->expand(k->panel, place, taps + (size_t)(c * STRIDED_TAPS) * (size_t)width, channels,
                          vectors);
        for (size_t i = 0; i < (size_t)k->places; i++)
            products()->product(k->sum + i * k->cut.place,
                                v + (size_t)(c / MAP_LANES) * k->cut.block + i * k->cut.place, k->cut.block,
                                k->panel + i * place, channels, vectors, k->tiles, add || c > 0);
    }
}

/* The three directions -------------------------------------------------------------------------------- */

void strided_product(const MapRegion *y, const Staged *x, const float *packed, const StridedShape *s,
                     int first, int blocks, float *scratch)
{
    int O = s->O, C = s->C,
        runs = C % MAP_LANES ? PHASES : 1; /* whole blocks of all phases are one long sum */
    Chunk k = chunk_of(s, x->images, y->rows, PHASES * x->blocks, scratch);
    while (chunk_next(&k, x->images)) {
        chunk_input(&k, x);
        chunk_tiles(&k, y->image, y->row, y->pixel);
        for (int b = first; b < min_int(first + blocks, map_blocks(O)); b += 2) {
            int width = pair_width(O, b);
            for (int phase = 0; phase < runs; phase++)
                chunk_product(&k, k.v + (size_t)(phase * x->blocks) * k.cut.block,
                              packed + taps_at(O, C, b, phase, 0), PHASES / runs * C, width, phase > 0);
            for (int i = 0; i < width / MAP_LANES; i++)
                k.kernel->output(y->at + (size_t)(b + i) * y->block, y->row, y->pixel,
                                 k.sum + (size_t)i * k.cut.block, k.cut.place, k.tile, k.tiles);
        }
    }
}

/* Of the n pixels from `at` on in steps of 2, those within 0 .. size - 1 are first .. end - 1. */
static void clip(int *first, int *end, int n, int at, int size)
{
    *first = at < 0 ? divide_up(-at, 2) : 0;
    *end = min_int(n, at < size ? divide_up(size - at, 2) : 0);
}

/* The tiles as patches of one phase of dx. */
static void chunk_patches(Chunk *k, const MapRegion *dx, int row0, int col0)
{
    chunk_tiles(k, dx->image, 2 * dx->row, 2 * dx->pixel);
    for (int t = 0; t < k->tiles; t++) {
        StridedTile *tile = &k->tile[t];
        int at = k->first + t, i = at / k->right % k->down * 2 * k->m + row0,
            j = at % k->right * 2 * k->m + col0;
        tile->at += row0 * (ptrdiff_t)dx->row + col0 * (ptrdiff_t)dx->pixel;
        clip(&tile->row0, &tile->rows, k->m + 1, i, dx->rows);
        clip(&tile->col0, &tile->cols, k->m + 1, j, dx->cols);
    }
}

void strided_back(const MapRegion *dx, const Staged *dy, const float *packed, const StridedShape *s,
                  float *scratch)
{
    int O = s->O, C = s->C;
    Chunk k = chunk_of(s, dy->images, s->rows, dy->blocks, scratch);
    while (chunk_next(&k, dy->images)) {
        chunk_gradient(&k, k.v, dy, 0, dy->blocks);
        for (int phase = 0; phase < PHASES; phase++) {
            chunk_patches(&k, dx, phase / 2 - s->top, phase % 2 - s->left);
            for (int b = 0; b < map_blocks(C); b += 2) {
                int width = pair_width(C, b);
                chunk_product(&k, k.v, packed + taps_at(C, O, b, phase, 0), O, width, false);
                for (int i = 0; i < width / MAP_LANES; i++)
                    k.kernel->back(dx->at + (size_t)(b + i) * dx->block, 2 * dx->row, 2 * dx->pixel,
                                   k.sum + (size_t)i * k.cut.block, k.cut.place, k.tile, k.tiles);
            }
        }
    }
}

/* Adds what a chunk gives to the taps of sixteen channels (of all phases block v of transforms) for the pair
 * in k->sum. */
static void chunk_outer(const Chunk *k, float *taps, int v, int channels, int width)
{
    int vectors = width / MAP_LANES;
    size_t place = panel_place(channels, width);
    const float *from = k->v + (size_t)v * k->cut.block;
    for (size_t i = 0; i < (size_t)k->places; i++)
        products()->outer(k->panel + i * place, from + i * k->cut.place, k->sum + i * k->cut.place,
                          k->cut.block, channels, vectors, k->tiles);
    k->kernel->fold(taps, k->panel, place, channels, vectors);
}

void strided_outer(float *du, const Staged *x, const Staged *dy, const StridedShape *s, float *scratch)
{
    int O = s->O, C = s->C;
    Chunk k = chunk_of(s, dy->images, s->rows, PHASES * x->blocks, scratch);
    while (chunk_next(&k, dy->images)) {
        chunk_input(&k, x);
        for (int b = 0; b < map_blocks(O); b += 2) {
            int width = pair_width(O, b);
            chunk_gradient(&k, k.sum, dy, b, width / MAP_LANES);
            for (int i = 0; i < PHASES * x->blocks; i++) {
                int c = i % x->blocks * MAP_LANES;
                chunk_outer(&k, du + taps_at(O, C, b, i / x->blocks, c), i, min_int(MAP_LANES, C - c), width);
            }
        }
    }
}
