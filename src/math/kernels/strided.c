/* The transforms of F(4x4,2x2), compiled once per instruction set (VS_ISA names which). Points 0, 1, -1, 2
 * and infinity. */
#include "math/kernels/strided.h"
#include "math/kernels/vec16.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

/* The six small matrices, each from d[0], d[s], d[2s]... to o[0], o[1]...; of a tile of m results there are m
 * + 1 places
 * ------------------------------------------------------------------------------------------------- */

typedef void Times(V16 *o, const V16 *d, int s, const int m);

VS_INLINE V16 minus(V16 a)
{
    return v16_sub(v16_all(0), a);
}

/* B': m + 1 -> m + 1 */
VS_INLINE void times_b(V16 *o, const V16 *d, int s, const int m)
{
    V16 two = v16_all(2), a = v16_sub(d[3 * s], d[s]);
    if (m == 3) {
        o[0] = v16_sub(d[0], d[2 * s]);
        o[1] = v16_add(d[s], d[2 * s]);
        o[2] = v16_sub(d[2 * s], d[s]);
        o[3] = a;
        return;
    }
    o[0] = v16_fma(two, v16_sub(d[0], d[2 * s]), a);
    o[1] = v16_fnma(two, d[s], v16_sub(d[3 * s], d[2 * s]));
    o[2] = v16_fma(two, d[s], v16_fnma(v16_all(3), d[2 * s], d[3 * s]));
    o[3] = a;
    o[4] = v16_fnma(two, a, v16_sub(d[4 * s], d[2 * s]));
}

/* B: m + 1 -> m + 1 */
VS_INLINE void times_b_turned(V16 *o, const V16 *d, int s, const int m)
{
    V16 two = v16_all(2);
    if (m == 3) {
        o[0] = d[0];
        o[1] = v16_sub(v16_sub(d[s], d[2 * s]), d[3 * s]);
        o[2] = v16_sub(v16_add(d[s], d[2 * s]), d[0]);
        o[3] = d[3 * s];
        return;
    }
    V16 a = v16_fnma(two, d[4 * s], v16_add(d[0], d[3 * s]));
    o[0] = v16_mul(two, d[0]);
    o[1] = v16_fma(two, v16_sub(d[2 * s], d[s]), minus(a));
    o[2] = v16_sub(minus(v16_fma(two, d[0], d[s])), v16_fma(v16_all(3), d[2 * s], d[4 * s]));
    o[3] = v16_add(a, v16_add(d[s], d[2 * s]));
    o[4] = d[4 * s];
}

/* A': m + 1 -> m */
VS_INLINE void times_a(V16 *o, const V16 *d, int s, const int m)
{
    V16 a = v16_add(d[s], d[2 * s]), b = v16_sub(d[s], d[2 * s]);
    if (m == 3) {
        o[0] = v16_add(d[0], a);
        o[1] = b;
        o[2] = v16_add(a, d[3 * s]);
        return;
    }
    o[0] = v16_add(v16_add(d[0], d[3 * s]), a);
    o[1] = v16_fma(v16_all(2), d[3 * s], b);
    o[2] = v16_fma(v16_all(4), d[3 * s], a);
    o[3] = v16_add(d[4 * s], v16_fma(v16_all(8), d[3 * s], b));
}

/* A: m -> m + 1 */
VS_INLINE void times_a_turned(V16 *o, const V16 *d, int s, const int m)
{
    V16 four = v16_all(4), a = v16_add(d[0], d[2 * s]);
    V16 b = m == 3 ? d[s] : v16_add(d[s], d[3 * s]);
    o[0] = d[0];
    o[1] = v16_add(a, b);
    o[2] = v16_sub(a, b);
    if (m == 4) o[3] = v16_fma(v16_all(2), v16_fma(four, d[3 * s], d[s]), v16_fma(four, d[2 * s], d[0]));
    o[m] = d[(m - 1) * s];
}

/* G: 2 -> m + 1 */
VS_INLINE void times_g(V16 *o, const V16 *d, int s, const int m)
{
    V16 half = v16_all(0.5f), sixth = v16_all(1 / 6.0f), a = v16_mul(half, d[0]), b = v16_mul(half, d[s]);
    o[0] = m == 3 ? d[0] : a;
    o[1] = m == 3 ? v16_add(a, b) : minus(v16_add(a, b));
    o[2] = m == 3 ? v16_sub(a, b) : v16_mul(sixth, v16_sub(d[s], d[0]));
    if (m == 4) o[3] = v16_fma(sixth, d[0], v16_mul(v16_all(1 / 3.0f), d[s]));
    o[m] = d[s];
}

/* G': m + 1 -> 2 */
VS_INLINE void times_g_turned(V16 *o, const V16 *d, int s, const int m)
{
    V16 half = v16_all(0.5f), sixth = v16_all(1 / 6.0f);
    if (m == 3) {
        o[0] = v16_fma(half, v16_add(d[s], d[2 * s]), d[0]);
        o[1] = v16_fma(half, v16_sub(d[s], d[2 * s]), d[3 * s]);
        return;
    }
    o[0] = v16_fma(half, v16_sub(d[0], d[s]), v16_mul(sixth, v16_sub(d[3 * s], d[2 * s])));
    o[1] = v16_fma(v16_all(1 / 3.0f), d[3 * s], v16_fma(sixth, d[2 * s], v16_fnma(half, d[s], d[4 * s])));
}

/* o [to][to] = the matrix on both sides of d [from][from]. All but o and d are constants where it is called.
 */
VS_INLINE void both_sides(V16 *o, const V16 *d, Times *times, const int from, const int to, const int m)
{
    V16 half[25]; /* column by column */
    VS_UNROLL
    for (int j = 0; j < from; j++) times(half + j * to, d + j, from, m);
    VS_UNROLL
    for (int i = 0; i < to; i++) times(o + i * to, half + i, to, m);
}

/* side x side vectors of an array whose rows and columns are so far apart */
VS_INLINE void load_square(V16 *d, const float *p, size_t row, size_t pixel, const int side)
{
    VS_UNROLL
    for (int i = 0; i < side; i++) {
        VS_UNROLL
        for (int j = 0; j < side; j++) d[i * side + j] = v16_load(p + (size_t)i * row + (size_t)j * pixel);
    }
}

VS_INLINE void store_square(float *p, const V16 *o, size_t row, size_t pixel, const int side)
{
    VS_UNROLL
    for (int i = 0; i < side; i++) {
        VS_UNROLL
        for (int j = 0; j < side; j++) v16_store(p + (size_t)i * row + (size_t)j * pixel, o[i * side + j]);
    }
}

VS_INLINE void load_places(V16 *d, const float *p, size_t place, const int m)
{
    load_square(d, p, (size_t)(m + 1) * place, place, m + 1);
}

VS_INLINE void store_places(float *p, const V16 *o, size_t place, const int m)
{
    store_square(p, o, (size_t)(m + 1) * place, place, m + 1);
}

/* Tiles ----------------------------------------------------------------------------------------------- */

VS_INLINE void input(float *v, size_t place, const float *x, size_t row, size_t pixel,
                     const StridedTile *tile, int tiles, const int m)
{
    for (int t = 0; t < tiles; t++, v += 16) {
        V16 d[25], o[25];
        load_square(d, x + tile[t].at, row, pixel, m + 1);
        both_sides(o, d, times_b, m + 1, m + 1, m);
        store_places(v, o, place, m);
    }
}

VS_INLINE void gradient(float *v, size_t place, const float *dy, size_t row, const StridedTile *tile,
                        int tiles, const int m)
{
    for (int t = 0; t < tiles; t++, v += 16) {
        V16 d[16], o[25];
        load_square(d, dy + tile[t].at, row, 16, m);
        both_sides(o, d, times_a_turned, m, m + 1, m);
        store_places(v, o, place, m);
    }
}

VS_INLINE void output(float *y, size_t row, size_t pixel, const float *sum, size_t place,
                      const StridedTile *tile, int tiles, const int m)
{
    for (int t = 0; t < tiles; t++, sum += 16) {
        V16 d[25], o[16];
        load_places(d, sum, place, m);
        both_sides(o, d, times_a, m + 1, m, m);
        for (int i = 0; i < tile[t].rows; i++)
            for (int j = 0; j < tile[t].cols; j++)
                v16_store(y + tile[t].at + (size_t)i * row + (size_t)j * pixel, o[i * m + j]);
    }
}

VS_INLINE void back(float *dx, size_t row, size_t pixel, const float *sum, size_t place,
                    const StridedTile *tile, int tiles, const int m)
{
    for (int t = 0; t < tiles; t++, sum += 16) {
        const StridedTile *k = &tile[t];
        V16 d[25], o[25];
        load_places(d, sum, place, m);
        both_sides(o, d, times_b_turned, m + 1, m + 1, m);
        for (int i = k->row0; i < k->rows; i++)
            for (int j = k->col0; j < k->cols; j++) {
                float *to = dx + k->at + (ptrdiff_t)i * (ptrdiff_t)row + (ptrdiff_t)j * (ptrdiff_t)pixel;
                V16 own = o[i * (m + 1) + j];
                bool begun = (i == 0 && k->below) || (j == 0 && k->beside);
                v16_store(to, begun ? v16_add(v16_load(to), own) : own);
            }
    }
}

/* Filters --------------------------------------------------------------------------------------------- */

VS_INLINE void expand(float *u, size_t place, const float *g, int channels, int vectors, const int m)
{
    size_t width = (size_t)vectors * 16;
    for (int c = 0; c < channels; c++, g += STRIDED_TAPS * width)
        for (int v = 0; v < vectors; v++, u += 16) {
            V16 d[4], o[25];
            load_square(d, g + v * 16, 2 * width, width, 2);
            both_sides(o, d, times_g, 2, m + 1, m);
            store_places(u, o, place, m);
        }
}

VS_INLINE void fold(float *g, const float *u, size_t place, int channels, int vectors, const int m)
{
    size_t width = (size_t)vectors * 16;
    for (int c = 0; c < channels; c++, g += STRIDED_TAPS * width)
        for (int v = 0; v < vectors; v++, u += 16) {
            V16 d[25], o[4];
            load_places(d, u, place, m);
            both_sides(o, d, times_g_turned, m + 1, 2, m);
            for (int i = 0; i < STRIDED_TAPS; i++) {
                float *to = g + (size_t)i * width + v * 16;
                v16_store(to, v16_add(v16_load(to), o[i]));
            }
        }
}

/* All of them for tiles of m results. */
#define KERNELS(m)                                                                                           \
    static void input##m(float *v, size_t place, const float *x, size_t row, size_t pixel,                   \
                         const StridedTile *tile, int tiles)                                                 \
    {                                                                                                        \
        input(v, place, x, row, pixel, tile, tiles, m);                                                      \
    }                                                                                                        \
    static void output##m(float *y, size_t row, size_t pixel, const float *sum, size_t place,                \
                          const StridedTile *tile, int tiles)                                                \
    {                                                                                                        \
        output(y, row, pixel, sum, place, tile, tiles, m);                                                   \
    }                                                                                                        \
    static void gradient##m(float *v, size_t place, const float *dy, size_t row, const StridedTile *tile,    \
                            int tiles)                                                                       \
    {                                                                                                        \
        gradient(v, place, dy, row, tile, tiles, m);                                                         \
    }                                                                                                        \
    static void back##m(float *dx, size_t row, size_t pixel, const float *sum, size_t place,                 \
                        const StridedTile *tile, int tiles)                                                  \
    {                                                                                                        \
        back(dx, row, pixel, sum, place, tile, tiles, m);                                                    \
    }                                                                                                        \
    static void expand##m(float *u, size_t place, const float *g, int channels, int vectors)                 \
    {                                                                                                        \
        expand(u, place, g, channels, vectors, m);                                                           \
    }                                                                                                        \
    static void fold##m(float *g, const float *u, size_t place, int channels, int vectors)                   \
    {                                                                                                        \
        fold(g, u, place, channels, vectors, m);                                                             \
    }                                                                                                        \
    const StridedKernels JOIN(strided##m, VS_ISA) = {m,       input##m,  output##m, gradient##m,             \
                                                     back##m, expand##m, fold##m};

KERNELS(3)
KERNELS(4)
