/* Float32 split into parts, and six products of parts for one (math/split.h). */
#include "math/split_kernel.h"
#include "math/amx.h"
#include "math/kernels/winograd.h"

#if defined(HAS_AMX)

#define INLINE AMX static inline __attribute__((always_inline))

/* ---- Parts ---- */

/* The upper eight bits of a mantissa; what is left of a number without them is exact. */
INLINE __m512 upper(__m512 x)
{
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(-0x10000)));
}

/* The upper halves of lo's and hi's numbers as pairs of words. */
INLINE void store_words(uint16_t *to, __m512 lo, __m512 hi)
{
    enum { FIRST_OR_BOTH_OTHERS = 0xf8 };
    __m512i low = _mm512_srli_epi32(_mm512_castps_si512(lo), 16);
    _mm512_storeu_si512(to, _mm512_ternarylogic_epi32(low, _mm512_castps_si512(hi),
                                                      _mm512_set1_epi32(-0x10000), FIRST_OR_BOTH_OTHERS));
}

INLINE void split_row(uint16_t *to, size_t part, __m512 lo, __m512 hi)
{
    store_words(to, lo, hi);
    lo = _mm512_sub_ps(lo, upper(lo)), hi = _mm512_sub_ps(hi, upper(hi));
    store_words(to + part, lo, hi);
    lo = _mm512_sub_ps(lo, upper(lo)), hi = _mm512_sub_ps(hi, upper(hi));
    store_words(to + 2 * part, lo, hi);
}

/* Rows from .. end - 1 of the next unit. */
INLINE void split_rows(const SplitInput *in, int from, int end)
{
    int step = in->done % in->steps, tile = in->done / in->steps;
    size_t words = (size_t)in->rows * SPLIT_DEPTH, part = 2 * words;
    const float *lo = in->v + 2 * (size_t)step * in->block + (size_t)(tile * in->rows) * 16;
    const float *hi = 2 * step + 1 < in->blocks ? lo + in->block : NULL;
    uint16_t *to =
        in->to + (size_t)(tile / 2 * in->steps + step) * SPLIT_PARTS * part + (size_t)(tile % 2) * words;
    for (int r = from; r < end && r < in->rows; r++)
        split_row(to + r * SPLIT_DEPTH, part, _mm512_loadu_ps(lo + r * 16),
                  hi ? _mm512_loadu_ps(hi + r * 16) : _mm512_setzero_ps());
}

AMX void split_input(SplitInput *in, int units)
{
    for (; units > 0; units--, in->done++) split_rows(in, 0, in->rows);
}

AMX void split_filters(uint16_t *to, size_t place, const float *u)
{
    enum { CHANNEL = WINOGRAD_PLACES * 32 };
    for (int i = 0; i < WINOGRAD_PLACES; i++, to += place, u += 32)
        for (int o = 0; o < 2; o++)
            for (int k = 0; k < 16; k++)
                split_row(to + o * SPLIT_PARTS * AMX_WORDS + k * SPLIT_DEPTH, AMX_WORDS,
                          _mm512_loadu_ps(u + k * CHANNEL + 16 * o),
                          _mm512_loadu_ps(u + (16 + k) * CHANNEL + 16 * o));
}

/* ---- Products ---- */

/* Sums 0 to 3 are of two tiles of rows (4, 5) by two of outputs (6, 7). */
INLINE void four_products(void)
{
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 5, 6);
    _tile_dpbf16ps(2, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
}

INLINE void load_rows(const uint16_t *a, size_t tile)
{
    _tile_loadd(4, a, 64);
    _tile_loadd(5, a + tile, 64);
}

INLINE void load_filter(const uint16_t *u)
{
    _tile_loadd(6, u, 64);
    _tile_loadd(7, u + SPLIT_PARTS * AMX_WORDS, 64);
}

/* Three rows of a unit after each of the six products hide among them. */
INLINE void meanwhile(const SplitInput *next, bool work, int sixth)
{
    if (work) split_rows(next, 3 * sixth, 3 * sixth + 3);
}

/* 32 channels. From each product to the next only one side's part changes. */
INLINE void step_products(const uint16_t *a, size_t tile, const uint16_t *u, const SplitInput *next,
                          bool work)
{
    enum { PART = AMX_WORDS };
    load_rows(a, tile);
    load_filter(u + 2 * PART);
    four_products();
    meanwhile(next, work, 0);
    load_filter(u);
    four_products();
    meanwhile(next, work, 1);
    load_filter(u + PART);
    four_products();
    meanwhile(next, work, 2);
    load_rows(a + 2 * tile, tile);
    four_products();
    meanwhile(next, work, 3);
    load_filter(u);
    four_products();
    meanwhile(next, work, 4);
    load_rows(a + 4 * tile, tile);
    four_products();
    meanwhile(next, work, 5);
}

/* `slot` counts the steps of a place, over which next's units are spread. */
AMX static void tile_sums(float *m, const SplitPlace *p, const uint16_t *a, const uint16_t *u,
                          SplitInput *next, int slot, int slots)
{
    size_t tile = (size_t)p->rows * SPLIT_DEPTH, rows = (size_t)p->rows * 16;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int s = 0; s < p->steps; s++, a += 2 * SPLIT_PARTS * tile, u += SPLIT_FILTER) {
        bool work = (long)(next->done + 1) * slots <= (long)(slot + s + 1) * next->units;
        step_products(a, tile, u, next, work);
        next->done += work;
    }
    _tile_stored(0, m, 64);
    _tile_stored(1, m + rows, 64);
    _tile_stored(2, m + p->block, 64);
    _tile_stored(3, m + p->block + rows, 64);
}

AMX void split_place(const SplitPlace *p, SplitInput *next)
{
    size_t rows = 2 * (size_t)p->rows, words = (size_t)p->steps * SPLIT_PARTS * rows * SPLIT_DEPTH;
    int slots = p->pairs * p->row_pairs * p->steps, slot = 0;
    for (int o = 0; o < p->pairs; o++)
        for (int r = 0; r < p->row_pairs; r++, slot += p->steps)
            tile_sums(p->m + 2 * (size_t)o * p->block + (size_t)r * rows * 16, p, p->a + (size_t)r * words,
                      p->u + (size_t)(o * p->steps) * SPLIT_FILTER, next, slot, slots);
}

AMX void split_begin(int rows)
{
    amx_on(rows);
}

AMX void split_end(void)
{
    _tile_release();
}

#else

/* Never called where split_here() says no. */
void split_input(SplitInput *in, int units)
{
    (void)in, (void)units;
}
void split_filters(uint16_t *to, size_t place, const float *u)
{
    (void)to, (void)place, (void)u;
}
void split_place(const SplitPlace *p, SplitInput *next)
{
    (void)p, (void)next;
}
void split_begin(int rows)
{
    (void)rows;
}
void split_end(void)
{
}

#endif
