/* Matrix products on the tile kernel: both operands are packed once, tiles are shared out over the workers. */
#include "math/gemm.h"
#include "math/isa.h"
#include "math/kernels/tile.h"
#include <string.h>

#define BLOCK_K 2048 /* a packed panel of 48 columns stays within the second-level cache */

const TileKernels *tile_kernels(void)
{
    return ISA_SET(tile);
}

static int round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

size_t gemm_scratch(int M, int N, int K)
{
    return (size_t)K * ((size_t)round_up(M, TILE_M) + (size_t)round_up(N, TILE_N)) + 64;
}

typedef struct {
    float *c;
    const float *a, *b;
    float *pa, *pb; /* packed: [M/8][K][8], [N/48][K][48] */
    int M, N, K;
    GemmKind kind;
    bool accumulate;
    const TileKernels *tile;
} Job;

static void pack_rows(void *ctx, int panel, int worker)
{
    Job *g = ctx;
    float *to = g->pa + (size_t)panel * g->K * TILE_M;
    (void)worker;
    for (int i = 0; i < TILE_M; i++) {
        int m = panel * TILE_M + i;
        size_t base = g->kind == GEMM_TN ? (size_t)m : (size_t)m * g->K, step = g->kind == GEMM_TN ? g->M : 1;
        for (int k = 0; k < g->K; k++) to[(size_t)k * TILE_M + i] = m < g->M ? g->a[base + k * step] : 0;
    }
}

static void pack_columns(void *ctx, int panel, int worker)
{
    Job *g = ctx;
    float *to = g->pb + (size_t)panel * g->K * TILE_N;
    int first = panel * TILE_N, cols = g->N - first < TILE_N ? g->N - first : TILE_N;
    (void)worker;
    for (int k = 0; k < g->K; k++, to += TILE_N) {
        if (g->kind == GEMM_NT)
            for (int j = 0; j < cols; j++) to[j] = g->b[(size_t)(first + j) * g->K + k];
        else
            memcpy(to, g->b + (size_t)k * g->N + first, (size_t)cols * sizeof *to);
        memset(to + cols, 0, (size_t)(TILE_N - cols) * sizeof *to);
    }
}

static void store_tile(const Job *g, const float *tile, int m0, int n0)
{
    int cols = g->N - n0 < TILE_N ? g->N - n0 : TILE_N;
    for (int i = 0; i < TILE_M && m0 + i < g->M; i++)
        memcpy(g->c + (size_t)(m0 + i) * g->N + n0, tile + i * TILE_N, (size_t)cols * sizeof *tile);
}

static void load_tile(const Job *g, float *tile, int m0, int n0)
{
    int cols = g->N - n0 < TILE_N ? g->N - n0 : TILE_N;
    memset(tile, 0, TILE_M * TILE_N * sizeof *tile);
    for (int i = 0; i < TILE_M && m0 + i < g->M; i++)
        memcpy(tile + i * TILE_N, g->c + (size_t)(m0 + i) * g->N + n0, (size_t)cols * sizeof *tile);
}

/* One tile of c; pieces are numbered with the rows running fastest, so that a packed panel of columns stays cached. */
static void one_tile(void *ctx, int index, int worker)
{
    Job *g = ctx;
    int panels = (g->M + TILE_M - 1) / TILE_M, p = index % panels, q = index / panels;
    _Alignas(64) float tile[TILE_M * TILE_N];
    (void)worker;
    if (g->accumulate) load_tile(g, tile, p * TILE_M, q * TILE_N);
    for (int k = 0; k < g->K; k += BLOCK_K) {
        int depth = g->K - k < BLOCK_K ? g->K - k : BLOCK_K;
        g->tile->product(tile, g->pa + ((size_t)p * g->K + k) * TILE_M, g->pb + ((size_t)q * g->K + k) * TILE_N, depth,
                         g->accumulate || k > 0);
    }
    store_tile(g, tile, p * TILE_M, q * TILE_N);
}

void gemm(float *c, const float *a, const float *b, int M, int N, int K, GemmKind kind, bool accumulate, float *scratch,
          Pool *pool)
{
    int rows = (M + TILE_M - 1) / TILE_M, cols = (N + TILE_N - 1) / TILE_N;
    Job g = {c, a, b, scratch, scratch + (size_t)round_up(M, TILE_M) * K, M, N, K, kind,
             accumulate, tile_kernels()};
    pool_run(pool, rows, pack_rows, &g);
    pool_run(pool, cols, pack_columns, &g);
    pool_run(pool, rows * cols, one_tile, &g);
}

void gemm_naive(float *c, const float *a, const float *b, int M, int N, int K, GemmKind kind, bool accumulate)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double sum = accumulate ? c[(size_t)m * N + n] : 0;
            for (int k = 0; k < K; k++) {
                double x = kind == GEMM_TN ? a[(size_t)k * M + m] : a[(size_t)m * K + k];
                double y = kind == GEMM_NT ? b[(size_t)n * K + k] : b[(size_t)k * N + n];
                sum += x * y;
            }
            c[(size_t)m * N + n] = (float)sum;
        }
}
