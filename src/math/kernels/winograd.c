/* The inner loops of Winograd's F(4x4,3x3), compiled once per instruction set (VS_ISA names which). */
#include "math/kernels/winograd.h"
#include "math/kernels/vec16.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

/* Register tiles: of the product TILES x VECTORS accumulators, of the outer product CHANNELS x VECTORS;
 * squares of SIDE x SIDE floats are turned, by merging the lower and the upper halves of two vectors. */
#if defined(__AVX512F__)
enum { TILES = 14, VECTORS = 2, CHANNELS = 8, SIDE = 16, STAGES = 4 };
#define LOWER 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UPPER 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(__AVX2__)
enum { TILES = 6, VECTORS = 1, CHANNELS = 4, SIDE = 8, STAGES = 3 };
#define LOWER 0, 8, 1, 9, 2, 10, 3, 11
#define UPPER 4, 12, 5, 13, 6, 14, 7, 15
#else
enum { TILES = 3, VECTORS = 1, CHANNELS = 2, SIDE = 4, STAGES = 2 };
#define LOWER 0, 4, 1, 5
#define UPPER 2, 6, 3, 7
#endif

/* The five small matrices, each from d[0], d[s], d[2s]... to o[0], o[1]... ---------------------------- */

/* B': 6 -> 6 */
VS_INLINE void times_b(V16 *o, const V16 *d, int s)
{
    V16 two = v16_all(2), four = v16_all(4), five = v16_all(5);
    V16 p = v16_fnma(four, d[2 * s], d[4 * s]), q = v16_fnma(four, d[s], d[3 * s]);
    V16 r = v16_sub(d[4 * s], d[2 * s]), t = v16_mul(two, v16_sub(d[3 * s], d[s]));
    o[0] = v16_fma(four, d[0], v16_fnma(five, d[2 * s], d[4 * s]));
    o[1] = v16_add(p, q);
    o[2] = v16_sub(p, q);
    o[3] = v16_add(r, t);
    o[4] = v16_sub(r, t);
    o[5] = v16_fma(four, d[s], v16_fnma(five, d[3 * s], d[5 * s]));
}

/* A': 6 -> 4 */
VS_INLINE void times_a(V16 *o, const V16 *d, int s)
{
    V16 a = v16_add(d[s], d[2 * s]), b = v16_sub(d[s], d[2 * s]);
    V16 c = v16_add(d[3 * s], d[4 * s]), e = v16_sub(d[3 * s], d[4 * s]);
    o[0] = v16_add(d[0], v16_add(a, c));
    o[1] = v16_fma(v16_all(2), e, b);
    o[2] = v16_fma(v16_all(4), c, a);
    o[3] = v16_add(d[5 * s], v16_fma(v16_all(8), e, b));
}

/* A: 4 -> 6 */
VS_INLINE void times_a_turned(V16 *o, const V16 *d, int s)
{
    V16 four = v16_all(4);
    V16 a = v16_add(d[0], d[2 * s]), b = v16_add(d[s], d[3 * s]);
    V16 c = v16_fma(four, d[2 * s], d[0]), e = v16_mul(v16_all(2), v16_fma(four, d[3 * s], d[s]));
    o[0] = d[0];
    o[1] = v16_add(a, b);
    o[2] = v16_sub(a, b);
    o[3] = v16_add(c, e);
    o[4] = v16_sub(c, e);
    o[5] = d[3 * s];
}

/* G: 3 -> 6 */
VS_INLINE void times_g(V16 *o, const V16 *d, int s)
{
    V16 sixth = v16_all(1 / 6.0f);
    V16 a = v16_mul(sixth, v16_add(d[0], d[2 * s])), b = v16_mul(sixth, d[s]);
    V16 c = v16_fma(v16_all(1 / 24.0f), d[0], v16_mul(sixth, d[2 * s])),
        e = v16_mul(v16_all(1 / 12.0f), d[s]);
    V16 zero = v16_all(0);
    o[0] = v16_mul(v16_all(0.25f), d[0]);
    o[1] = v16_sub(v16_sub(zero, a), b);
    o[2] = v16_sub(b, a);
    o[3] = v16_add(c, e);
    o[4] = v16_sub(c, e);
    o[5] = d[2 * s];
}

/* G': 6 -> 3 */
VS_INLINE void times_g_turned(V16 *o, const V16 *d, int s)
{
    V16 sixth = v16_all(1 / 6.0f);
    V16 a = v16_add(d[s], d[2 * s]), b = v16_sub(d[2 * s], d[s]);
    V16 c = v16_add(d[3 * s], d[4 * s]), e = v16_sub(d[3 * s], d[4 * s]);
    o[0] = v16_fma(v16_all(0.25f), d[0], v16_fnma(sixth, a, v16_mul(v16_all(1 / 24.0f), c)));
    o[1] = v16_fma(sixth, b, v16_mul(v16_all(1 / 12.0f), e));
    o[2] = v16_fma(sixth, v16_sub(c, a), d[5 * s]);
}

/* Tiles ----------------------------------------------------------------------------------------------- */

static void input(float *v, size_t place, const float *x, size_t row, const WinogradTile *tile, int tiles)
{
    for (int t = 0; t < tiles; t++, v += 16) {
        const float *patch = x + tile[t].from;
        V16 half[6][6]; /* column by column */
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) {
            V16 d[6];
#pragma GCC unroll 6
            for (int i = 0; i < 6; i++) d[i] = v16_load(patch + (size_t)i * row + j * 16);
            times_b(half[j], d, 1);
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) {
            V16 o[6];
            times_b(o, &half[0][i], 6);
#pragma GCC unroll 6
            for (int j = 0; j < 6; j++) v16_store(v + (size_t)(i * 6 + j) * place, o[j]);
        }
    }
}

static void gradient(float *v, size_t place, const float *dy, size_t row, const WinogradTile *tile, int tiles)
{
    for (int t = 0; t < tiles; t++, v += 16) {
        const float *patch = dy + tile[t].to;
        V16 half[4][6]; /* column by column */
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            V16 d[4];
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) d[i] = v16_load(patch + (size_t)i * row + j * 16);
            times_a_turned(half[j], d, 1);
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) {
            V16 o[6];
            times_a_turned(o, &half[0][i], 6);
#pragma GCC unroll 6
            for (int j = 0; j < 6; j++) v16_store(v + (size_t)(i * 6 + j) * place, o[j]);
        }
    }
}

static void output(float *y, size_t row, size_t pixel, const float *m, size_t place, const WinogradTile *tile,
                   int tiles)
{
    for (int t = 0; t < tiles; t++, m += 16) {
        float *to = y + tile[t].to;
        V16 half[6][4]; /* column by column */
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) {
            V16 d[6];
#pragma GCC unroll 6
            for (int i = 0; i < 6; i++) d[i] = v16_load(m + (size_t)(i * 6 + j) * place);
            times_a(half[j], d, 1);
        }
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            V16 o[4];
            times_a(o, &half[0][i], 4);
            if (i < tile[t].rows)
#pragma GCC unroll 4
                for (int j = 0; j < 4; j++)
                    if (j < tile[t].cols) v16_store(to + (size_t)i * row + (size_t)j * pixel, o[j]);
        }
    }
}

/* Filters --------------------------------------------------------------------------------------------- */

static void expand(float *u, size_t place, const float *g, int channels, int vectors)
{
    size_t width = (size_t)vectors * 16;
    for (int c = 0; c < channels; c++, g += WINOGRAD_TAPS * width)
        for (int v = 0; v < vectors; v++, u += 16) {
            V16 half[3][6]; /* column by column */
#pragma GCC unroll 3
            for (int j = 0; j < 3; j++) {
                V16 d[3];
#pragma GCC unroll 3
                for (int i = 0; i < 3; i++) d[i] = v16_load(g + (size_t)(i * 3 + j) * width + v * 16);
                times_g(half[j], d, 1);
            }
#pragma GCC unroll 6
            for (int i = 0; i < 6; i++) {
                V16 o[6];
                times_g(o, &half[0][i], 6);
#pragma GCC unroll 6
                for (int j = 0; j < 6; j++) v16_store(u + (size_t)(i * 6 + j) * place, o[j]);
            }
        }
}

static void fold(float *g, const float *u, size_t place, int channels, int vectors)
{
    size_t width = (size_t)vectors * 16;
    for (int c = 0; c < channels; c++, g += WINOGRAD_TAPS * width)
        for (int v = 0; v < vectors; v++, u += 16) {
            V16 half[6][3]; /* column by column */
#pragma GCC unroll 6
            for (int j = 0; j < 6; j++) {
                V16 d[6];
#pragma GCC unroll 6
                for (int i = 0; i < 6; i++) d[i] = v16_load(u + (size_t)(i * 6 + j) * place);
                times_g_turned(half[j], d, 1);
            }
#pragma GCC unroll 3
            for (int i = 0; i < 3; i++) {
                V16 o[3];
                times_g_turned(o, &half[0][i], 3);
#pragma GCC unroll 3
                for (int j = 0; j < 3; j++) {
                    float *to = g + (size_t)(i * 3 + j) * width + v * 16;
                    v16_store(to, v16_add(v16_load(to), o[j]));
                }
            }
        }
}

/* Merging vector i with vector i + SIDE / 2, STAGES times, turns a square: each time the address of every
 * element, row and column as one binary number, is rotated by one digit. */
VS_INLINE void turn_square(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t from_step, int cols)
{
    typedef float Row __attribute__((vector_size(SIDE * sizeof(float))));
    Row a[SIDE], b[SIDE];
    for (int i = 0; i < SIDE; i++) memcpy(&a[i], from + i * from_step, sizeof a[i]);
#pragma GCC unroll 4
    for (int s = 0; s < STAGES; s++) {
#pragma GCC unroll 8
        for (int i = 0; i < SIDE / 2; i++) {
            b[2 * i] = __builtin_shufflevector(a[i], a[i + SIDE / 2], LOWER);
            b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + SIDE / 2], UPPER);
        }
#pragma GCC unroll 16
        for (int i = 0; i < SIDE; i++) a[i] = b[i];
    }
    for (int i = 0; i < SIDE && i < cols; i++) memcpy(to + i * to_step, &a[i], sizeof a[i]);
}

static void turn(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t from_step, int cols)
{
    for (int i = 0; i < 16; i += SIDE)
        for (int j = 0; j < cols; j += SIDE)
            turn_square(to + j * to_step + i, to_step, from + i * from_step + j, from_step, cols - j);
}

/* Products -------------------------------------------------------------------------------------------- */

typedef struct {
    float *m;
    const float *v, *u;
    size_t block;
    int channels, width; /* floats from one channel of u to the next */
    bool add;
} Product;

VS_INLINE void product_tile(const Product *p, const int tiles, const int vectors)
{
    V16 sum[TILES][VECTORS];
#pragma GCC unroll 14
    for (int t = 0; t < tiles; t++)
#pragma GCC unroll 2
        for (int o = 0; o < vectors; o++)
            sum[t][o] = p->add ? v16_load(p->m + (size_t)o * p->block + t * 16) : v16_all(0);
    const float *u = p->u;
    size_t width = (size_t)p->width;
    for (int left = p->channels, b = 0; left > 0; left -= 16, b++) {
        const float *v = p->v + (size_t)b * p->block;
        int lanes = left < 16 ? left : 16;
#pragma GCC unroll 2
        for (int c = 0; c < lanes; c++, u += width) {
            V16 w[VECTORS];
#pragma GCC unroll 2
            for (int o = 0; o < vectors; o++) w[o] = v16_load(u + o * 16);
#pragma GCC unroll 14
            for (int t = 0; t < tiles; t++) {
                V16 x = v16_all(v[t * 16 + c]);
#pragma GCC unroll 2
                for (int o = 0; o < vectors; o++) sum[t][o] = v16_fma(x, w[o], sum[t][o]);
            }
        }
    }
#pragma GCC unroll 14
    for (int t = 0; t < tiles; t++)
#pragma GCC unroll 2
        for (int o = 0; o < vectors; o++) v16_store(p->m + (size_t)o * p->block + t * 16, sum[t][o]);
}

#define CASE(n)                                                                                              \
    case n:                                                                                                  \
        if (vectors == VECTORS)                                                                              \
            product_tile(p, n, VECTORS);                                                                     \
        else                                                                                                 \
            product_tile(p, n, 1);                                                                           \
        break

static void product_tiles(const Product *p, int tiles, int vectors)
{
    switch (tiles) {
        CASE(1);
        CASE(2);
        CASE(3);
#if defined(__AVX2__)
        CASE(4);
        CASE(5);
        CASE(6);
#endif
#if defined(__AVX512F__)
        CASE(7);
        CASE(8);
        CASE(9);
        CASE(10);
        CASE(11);
        CASE(12);
        CASE(13);
        CASE(14);
#endif
    }
}
#undef CASE

/* The tiles are cut into equal parts: of 30, three times 10 instead of 14, 14 and 2. */
static void product(float *m, const float *v, size_t block, const float *u, int channels, int vectors,
                    int tiles, bool add)
{
    int parts = (tiles + TILES - 1) / TILES;
    for (int part = 0, t = 0; part < parts; part++) {
        int n = (tiles - t) / (parts - part);
        for (int o = 0; o < vectors; o += VECTORS) {
            Product p = {m + (size_t)o * block + (size_t)t * 16,
                         v + (size_t)t * 16,
                         u + o * 16,
                         block,
                         channels,
                         16 * vectors,
                         add};
            product_tiles(&p, n, vectors - o < VECTORS ? vectors - o : VECTORS);
        }
        t += n;
    }
}

VS_INLINE void outer_tile(float *u, const float *v, const float *z, size_t block, size_t width, int tiles,
                          const int channels, const int vectors)
{
    V16 sum[CHANNELS][VECTORS];
#pragma GCC unroll 8
    for (int c = 0; c < channels; c++)
#pragma GCC unroll 2
        for (int o = 0; o < vectors; o++) sum[c][o] = v16_all(0);
    for (int t = 0; t < tiles; t++, v += 16, z += 16) {
        V16 d[VECTORS];
#pragma GCC unroll 2
        for (int o = 0; o < vectors; o++) d[o] = v16_load(z + (size_t)o * block);
#pragma GCC unroll 8
        for (int c = 0; c < channels; c++) {
            V16 x = v16_all(v[c]);
#pragma GCC unroll 2
            for (int o = 0; o < vectors; o++) sum[c][o] = v16_fma(x, d[o], sum[c][o]);
        }
    }
#pragma GCC unroll 8
    for (int c = 0; c < channels; c++)
#pragma GCC unroll 2
        for (int o = 0; o < vectors; o++) v16_store(u + (size_t)c * width + o * 16, sum[c][o]);
}

static void outer(float *u, const float *v, const float *z, size_t block, int channels, int vectors,
                  int tiles)
{
    size_t width = (size_t)vectors * 16;
    for (int o = 0; o < vectors; o += VECTORS)
        for (int c = 0; c < channels;) {
            float *to = u + (size_t)c * width + o * 16;
            const float *at = z + (size_t)o * block;
            bool full = channels - c >= CHANNELS;
            if (full && vectors - o >= VECTORS)
                outer_tile(to, v + c, at, block, width, tiles, CHANNELS, VECTORS);
            else if (full)
                outer_tile(to, v + c, at, block, width, tiles, CHANNELS, 1);
            else if (vectors - o >= VECTORS)
                outer_tile(to, v + c, at, block, width, tiles, 1, VECTORS);
            else
                outer_tile(to, v + c, at, block, width, tiles, 1, 1);
            c += full ? CHANNELS : 1;
        }
}

const WinogradKernels JOIN(winograd, VS_ISA) = {input, gradient, output, product, outer, expand, fold, turn};
