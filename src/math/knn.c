/* Exact nearest neighbours: tiles of scores that are looked at while they lie in registers, and for each query a bag of
 * those that may still be among its best. */
#include "math/knn.h"
#include "math/isa.h"
#include "math/kernels/knn.h"
#include "math/kernels/lanes.h"
#include "math/whole.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sizes that keep the second-level cache at work: queries at once, rows of a task, dimensions of so many queries at once. */
enum { QUERIES = 4 * KNN_PANEL, ROWS = 384, DEPTH = 128, TILES = ROWS / KNN_ROWS };

/* Score and index as one number that is larger for what is nearer: the score's bits made ascending, then the index
 * inverted. */
typedef uint64_t Key;

typedef struct {
    Hit *hits;
    const float *query, *base;
    const int *skip;
    int Q, B, D, k;
    KnnMetric metric;
    int queries, depth; /* queries at once, a whole number of panels, and their dimensions at once */
    int room, workers;  /* keys of a bag */
    int first, count;   /* the queries at hand */
    float *packed;      /* [queries/16][D][16] */
    float *score;       /* (workers, panels, TILES, KNN_TILE), or one tile each where all of D fits */
    float *floor;       /* (workers, queries): no use in scores below; NaN while a bag is not full */
    int *held;          /* (workers, queries): keys in a bag */
    Key *key;           /* (workers, queries, room) */
    const KnnKernels *kernel;
    const Lanes *l;
} Search;

static const KnnKernels *kernels(void)
{
    return ISA_SET(knn);
}

/* --- keys -------------------------------------------------------------------------------------------------------- */

static Key key_of(float score, int index)
{
    uint32_t bits;
    score = score == score ? score + 0.0f : -INFINITY; /* a NaN is infinitely far; -0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    bits = bits >> 31 ? ~bits : bits | 0x80000000u;
    return (Key)bits << 32 | (uint32_t)~index;
}

static Hit hit_of(Key key)
{
    uint32_t bits = (uint32_t)(key >> 32);
    Hit h = {(int)~(uint32_t)key, 0};
    bits = bits >> 31 ? bits & 0x7fffffffu : ~bits;
    memcpy(&h.score, &bits, sizeof bits);
    return h;
}

static void swap(Key *a, Key *b)
{
    Key t = *a;
    *a = *b, *b = t;
}

/* Parts n >= 2 keys around the median of three: all from *right on are at most those before, all up to *left at least
 * those after; what lies between is in its place. */
static void part(int *left, int *right, Key *key, int n)
{
    Key a = key[0], b = key[n / 2], c = key[n - 1];
    Key middle = a > b ? (b > c ? b : a > c ? c : a) : (a > c ? a : b > c ? c : b);
    int i = 0, j = n - 1;
    while (i <= j) {
        while (key[i] > middle) i++;
        while (key[j] < middle) j--;
        if (i <= j) swap(&key[i++], &key[j--]);
    }
    *left = j, *right = i;
}

/* Moves the k largest of n keys to the front, the least of them to key[k-1] (quickselect, Hoare 1961). */
static void keys_choose(Key *key, int n, int k)
{
    for (int left, right; n > 1;) {
        part(&left, &right, key, n);
        if (k - 1 <= left) n = left + 1;
        else if (k - 1 < right) return;
        else key += right, n -= right, k -= right;
    }
}

static void keys_sort(Key *key, int n)
{
    for (int left, right; n > 1; key += right, n -= right) {
        part(&left, &right, key, n);
        keys_sort(key, left + 1);
    }
}

/* --- bags -------------------------------------------------------------------------------------------------------- */

/* Puts a key into bag `at`; a bag that is full keeps its k largest, and their least is the bag's floor. */
static void bag_add(Search *s, size_t at, Key add)
{
    Key *key = s->key + at * (size_t)s->room;
    key[s->held[at]++] = add;
    if (s->held[at] < s->room) return;
    keys_choose(key, s->room, s->k);
    s->held[at] = s->k;
    s->floor[at] = hit_of(key[s->k - 1]).score;
}

/* What is of use in a tile, for queries from `query` on and rows from `row` on. */
static void collect(Search *s, int worker, const float *score, const uint64_t *use, int query, int row)
{
    int rows = min_int(s->B - row, KNN_ROWS), left = s->count - query;
    uint64_t real = left < KNN_PANEL ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
    for (int i = 0; i < rows; i++)
        for (uint64_t bits = use[i] & real; bits; bits &= bits - 1) {
            int q = __builtin_ctzll(bits);
            if (s->skip && s->skip[s->first + query + q] == row + i) continue;
            bag_add(s, (size_t)(worker * s->queries + query + q), key_of(score[i * KNN_PANEL + q], row + i));
        }
}

/* --- tiles ------------------------------------------------------------------------------------------------------- */

/* A score starts at 0, or for distances at -|b|^2 / 2: q.b - |b|^2 / 2 ranks as the distance does. */
static void tile_start(float *score, const float *start)
{
    for (int i = 0; i < KNN_ROWS; i++)
        for (int q = 0; q < KNN_PANEL; q++) score[i * KNN_PANEL + q] = start[i];
}

static void chunk_starts(float start[ROWS], const Search *s, int first)
{
    memset(start, 0, ROWS * sizeof *start);
    for (int i = 0; i < ROWS && first + i < s->B && s->metric == KNN_L2; i++) {
        const float *b = s->base + (size_t)(first + i) * s->D;
        start[i] = -0.5f * (float)s->l->dot(b, b, (size_t)s->D);
    }
}

/* All tiles of one panel and one run of dimensions, from d on. */
static void panel_tiles(Search *s, int worker, int query, int first, int d, const float *start)
{
    bool begins = d == 0, ends = d + s->depth >= s->D, whole = begins && ends;
    int blocks = (s->count - query + KNN_LANES - 1) / KNN_LANES;
    KnnPanel p = {s->packed + (size_t)query * s->D + (size_t)d * KNN_LANES, (ptrdiff_t)s->D * KNN_LANES,
                  min_int(blocks, KNN_BLOCKS), min_int(s->D - d, s->depth),
                  2 * KNN_ROWS * (ptrdiff_t)s->D, s->floor + worker * s->queries + query};
    float *score = s->score + (whole ? (size_t)worker : (size_t)((worker * s->queries + query) / KNN_PANEL * TILES)) * KNN_TILE;
    for (int row = first; row < first + ROWS && row < s->B; row += KNN_ROWS) {
        const float *rows[KNN_ROWS];
        uint64_t use[KNN_ROWS];
        for (int i = 0; i < KNN_ROWS; i++) /* past the end: the last row, whose scores are not looked at */
            rows[i] = s->base + (size_t)min_int(row + i, s->B - 1) * s->D + d;
        if (begins) tile_start(score, start + (row - first));
        s->kernel->tile(score, use, rows, &p);
        if (ends) collect(s, worker, score, use, query, row);
        if (!whole) score += KNN_TILE;
    }
}

static void chunk(void *ctx, int index, int worker)
{
    Search *s = ctx;
    float start[ROWS];
    int first = index * ROWS;
    chunk_starts(start, s, first);
    for (int d = 0; d < s->D; d += s->depth)
        for (int q = 0; q < s->count; q += KNN_PANEL) panel_tiles(s, worker, q, first, d, start);
}

/* Turns to the queries from `first` on: how they are cut, packed, and with empty bags. */
static void take_queries(Search *s, int first)
{
    size_t D = (size_t)s->D;
    s->first = first;
    s->count = min_int(s->Q - first, s->queries);
    for (int q = 0; q < s->count; q++) {
        const float *from = s->query + (size_t)(first + q) * D;
        float *to = s->packed + (size_t)(q / KNN_LANES) * D * KNN_LANES + q % KNN_LANES;
        for (size_t d = 0; d < D; d++) to[d * KNN_LANES] = from[d];
    }
    for (int i = 0; i < s->workers * s->queries; i++) s->held[i] = 0, s->floor[i] = NAN;
}

/* --- the search -------------------------------------------------------------------------------------------------- */

/* One query's bags become its hits. Distances are taken anew, exactly, and sorted once more. */
static void finish(void *ctx, int q, int worker)
{
    Search *s = ctx;
    Key *best = s->key + (size_t)q * (size_t)s->room;
    (void)worker;
    for (int w = 1; w < s->workers; w++) {
        size_t at = (size_t)(w * s->queries + q);
        for (int i = 0; i < s->held[at]; i++) bag_add(s, (size_t)q, s->key[at * (size_t)s->room + (size_t)i]);
    }
    keys_choose(best, s->held[q], s->k);
    for (int i = 0; i < s->k && s->metric == KNN_L2; i++) {
        int b = hit_of(best[i]).index;
        const float *query = s->query + (size_t)(s->first + q) * s->D, *row = s->base + (size_t)b * s->D;
        best[i] = key_of(-(float)s->l->distance(query, row, (size_t)s->D), b);
    }
    keys_sort(best, s->k);
    for (int i = 0; i < s->k; i++) s->hits[(size_t)(s->first + q) * s->k + (size_t)i] = hit_of(best[i]);
}

/* The fewer queries there are, the more of their dimensions stay cached: rows are read in longer runs. */
static void choose_sizes(Search *s)
{
    int some = s->Q < 1 ? 1 : min_int(s->Q, QUERIES);
    s->queries = (some + KNN_PANEL - 1) / KNN_PANEL * KNN_PANEL;
    s->depth = QUERIES / KNN_LANES * DEPTH / ((some + KNN_LANES - 1) / KNN_LANES);
}

/* Everything the search needs, in one piece, which the caller frees. */
static void *take_room(Search *s, Err *err)
{
    size_t W = (size_t)s->workers, bags = W * (size_t)s->queries, keys = bags * (size_t)s->room;
    size_t packed = (size_t)s->queries * (size_t)s->D, tiles = s->D > s->depth ? bags / KNN_PANEL * TILES : W;
    size_t floats = packed + tiles * KNN_TILE + 2 * bags; /* all multiples of 64 */
    float *room = aligned_alloc(64, floats * sizeof *room + keys * sizeof(Key));
    if (!room) return err_nomem(err, "neighbours"), NULL;
    s->packed = room;
    s->score = s->packed + packed;
    s->floor = s->score + tiles * KNN_TILE;
    s->held = (int *)(s->floor + bags);
    s->key = (Key *)(room + floats);
    memset(s->packed, 0, packed * sizeof *s->packed);
    return room;
}

bool knn_search(Hit *hits, const float *query, int Q, const float *base, int B, int D, int k, KnnMetric metric,
                const int *skip, Pool *pool, Err *err)
{
    Search s = {hits, query, base, skip, Q, B, D, k, metric, .room = 2 * k + 32, .workers = pool_threads(pool),
                .kernel = kernels(), .l = lanes()};
    if (Q < 0 || B < 1 || D < 1 || k < 1 || k > B - (skip ? 1 : 0))
        return err_set(err, ERR_USAGE, "neighbours: asked for %d of %d rows", k, B);
    choose_sizes(&s);
    void *room = take_room(&s, err);
    if (!room) return false;
    for (int first = 0; first < Q; first += s.queries) {
        take_queries(&s, first);
        pool_run(pool, (B + ROWS - 1) / ROWS, chunk, &s);
        pool_run(pool, s.count, finish, &s);
    }
    free(room);
    return true;
}

void knn_normalise(float *x, int N, int D)
{
    const Lanes *l = lanes();
    for (int n = 0; n < N; n++, x += D) {
        double length = sqrt(l->dot(x, x, (size_t)D));
        if (length > 0) l->scale(x, x, (size_t)D, (float)(1 / length), 0);
    }
}
