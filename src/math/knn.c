/* Exact nearest neighbours: products of blocks of queries with blocks of the base, and a sorted list for each
 * query. */
#include "math/knn.h"
#include "math/blas.h"
#include "math/kernels/lanes.h"
#include <math.h>
#include <stdlib.h>

enum { QUERIES = 64, BASE = 1024 }; /* block sizes */

typedef struct {
    Hit *hits;
    const float *query, *base;
    const int *skip;
    int Q, B, D, k;
    KnnMetric metric;
    float *half;     /* (B) half the squared length of each base row, for L2 */
    float *products; /* (workers, QUERIES, BASE) */
    const Lanes *l;
} Search;

static bool nearer(Hit a, Hit b)
{
    return a.score > b.score || (a.score == b.score && a.index < b.index);
}

/* Inserts into a list of n < k or n = k hits, best first; returns the new n. */
static int hit_insert(Hit *list, int n, int k, Hit h)
{
    int at = n < k ? n : k - 1;
    for (; at > 0 && nearer(h, list[at - 1]); at--) list[at] = list[at - 1];
    list[at] = h;
    return n < k ? n + 1 : k;
}

/* Scans one row of scores for base rows first .. first+count-1. The list is complete once n = k; then whole
 * runs below its last score are skipped. */
static int scan(const Search *s, Hit *list, int n, const float *score, int first, int count, int skip)
{
    for (int at = 0; at < count; at += 64) {
        int run = count - at < 64 ? count - at : 64;
        if (n == s->k && s->l->max(score + at, (size_t)run) <= list[n - 1].score) continue;
        for (int i = at; i < at + run; i++) {
            Hit h = {first + i, score[i] == score[i] ? score[i] : -INFINITY}; /* a NaN is infinitely far */
            if (h.index == skip || (n == s->k && !nearer(h, list[n - 1]))) continue;
            n = hit_insert(list, n, s->k, h);
        }
    }
    return n;
}

/* q.b - |b|^2 / 2 ranks as the distance does; the k that remain get their exact distance. */
static void rescore(const Search *s, Hit *list, int q)
{
    for (int i = 0; i < s->k; i++) {
        const float *b = s->base + (size_t)list[i].index * s->D;
        Hit h = {list[i].index, -(float)s->l->distance(s->query + (size_t)q * s->D, b, (size_t)s->D)};
        hit_insert(list, i, s->k, h);
    }
}

static void query_block(void *ctx, int block, int worker)
{
    const Search *s = ctx;
    int first = block * QUERIES, count = s->Q - first < QUERIES ? s->Q - first : QUERIES,
        found[QUERIES] = {0};
    float *products = s->products + (size_t)worker * QUERIES * BASE;
    for (int b = 0; b < s->B; b += BASE) {
        int n = s->B - b < BASE ? s->B - b : BASE;
        blas_gemm(products, s->query + (size_t)first * s->D, s->base + (size_t)b * s->D, count, n, s->D,
                  GEMM_NT, false, NULL);
        for (int q = 0; q < count; q++) {
            float *row = products + (size_t)q * n;
            if (s->metric == KNN_L2) s->l->row_blend(row, row, s->half + b, (size_t)n, 1, -1);
            found[q] = scan(s, s->hits + (size_t)(first + q) * s->k, found[q], row, b, n,
                            s->skip ? s->skip[first + q] : -1);
        }
    }
    for (int q = 0; q < count && s->metric == KNN_L2; q++)
        rescore(s, s->hits + (size_t)(first + q) * s->k, first + q);
}

bool knn_search(Hit *hits, const float *query, int Q, const float *base, int B, int D, int k,
                KnnMetric metric, const int *skip, Pool *pool, Err *err)
{
    Search s = {hits, query, base, skip, Q, B, D, k, metric, NULL, NULL, lanes()};
    if (Q < 0 || B < 1 || D < 1 || k < 1 || k > B - (skip ? 1 : 0))
        return err_set(err, ERR_USAGE, "neighbours: asked for %d of %d rows", k, B);
    size_t block = (size_t)pool_threads(pool) * QUERIES * BASE;
    s.products = malloc((block + (size_t)B) * sizeof *s.products);
    if (!s.products) return err_nomem(err, "neighbours");
    s.half = s.products + block;
    for (int b = 0; b < B && metric == KNN_L2; b++)
        s.half[b] = 0.5f * (float)s.l->dot(base + (size_t)b * D, base + (size_t)b * D, (size_t)D);
    pool_run(pool, (Q + QUERIES - 1) / QUERIES, query_block, &s);
    free(s.products);
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
