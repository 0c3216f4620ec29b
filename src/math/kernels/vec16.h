/* Sixteen floats as one value, the same on every instruction set: one AVX-512 register, two of AVX2, or four of what the
 * compiler finds. Written once here, so that kernels need no intrinsics of their own. fma is fused on AVX2 and AVX-512 and
 * rounds twice elsewhere. */
#pragma once
#include <stddef.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define VS_INLINE static inline __attribute__((always_inline))
/* Before a loop of at most 24 turns, whose number is a constant once inlined: arrays it indexes become registers. */
#if defined(__clang__)
#define VS_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VS_UNROLL _Pragma("GCC unroll 24")
#endif

#if defined(__AVX512F__)
typedef struct {
    __m512 v;
} V16;
VS_INLINE V16 v16_load(const float *p)
{
    return (V16){_mm512_loadu_ps(p)};
}
VS_INLINE void v16_store(float *p, V16 a)
{
    _mm512_storeu_ps(p, a.v);
}
/* To memory without a stay in the caches; p is 64-byte aligned. v16_stream_end before another thread may read it. */
VS_INLINE void v16_stream(float *p, V16 a)
{
    _mm512_stream_ps(p, a.v);
}
VS_INLINE V16 v16_all(float x)
{
    return (V16){_mm512_set1_ps(x)};
}
VS_INLINE V16 v16_fma(V16 a, V16 b, V16 c)
{
    return (V16){_mm512_fmadd_ps(a.v, b.v, c.v)};
}
/* c - a * b */
VS_INLINE V16 v16_fnma(V16 a, V16 b, V16 c)
{
    return (V16){_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
#define V16_BINARY(name, op512, op256, expr)                                                                           \
    VS_INLINE V16 name(V16 a, V16 b)                                                                                   \
    {                                                                                                                  \
        return (V16){op512(a.v, b.v)};                                                                                 \
    }
/* Bit i is set unless a < b in lane i: also where either is NaN. */
VS_INLINE unsigned v16_not_below(V16 a, V16 b)
{
    return _mm512_cmp_ps_mask(a.v, b.v, _CMP_NLT_UQ);
}
/* a < 0 ? b : c, lane by lane */
VS_INLINE V16 v16_below(V16 a, V16 b, V16 c)
{
    return (V16){_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, _mm512_setzero_ps(), _CMP_LT_OQ), c.v, b.v)};
}
#elif defined(__AVX2__)
typedef struct {
    __m256 v[2];
} V16;
VS_INLINE V16 v16_load(const float *p)
{
    return (V16){{_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}};
}
VS_INLINE void v16_store(float *p, V16 a)
{
    _mm256_storeu_ps(p, a.v[0]);
    _mm256_storeu_ps(p + 8, a.v[1]);
}
VS_INLINE void v16_stream(float *p, V16 a)
{
    _mm256_stream_ps(p, a.v[0]);
    _mm256_stream_ps(p + 8, a.v[1]);
}
VS_INLINE V16 v16_all(float x)
{
    return (V16){{_mm256_set1_ps(x), _mm256_set1_ps(x)}};
}
VS_INLINE V16 v16_fma(V16 a, V16 b, V16 c)
{
    return (V16){{_mm256_fmadd_ps(a.v[0], b.v[0], c.v[0]), _mm256_fmadd_ps(a.v[1], b.v[1], c.v[1])}};
}
VS_INLINE V16 v16_fnma(V16 a, V16 b, V16 c)
{
    return (V16){{_mm256_fnmadd_ps(a.v[0], b.v[0], c.v[0]), _mm256_fnmadd_ps(a.v[1], b.v[1], c.v[1])}};
}
VS_INLINE unsigned v16_not_below(V16 a, V16 b)
{
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a.v[0], b.v[0], _CMP_NLT_UQ)) |
           (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a.v[1], b.v[1], _CMP_NLT_UQ)) << 8;
}
#define V16_BINARY(name, op512, op256, expr)                                                                           \
    VS_INLINE V16 name(V16 a, V16 b)                                                                                   \
    {                                                                                                                  \
        return (V16){{op256(a.v[0], b.v[0]), op256(a.v[1], b.v[1])}};                                                  \
    }
VS_INLINE V16 v16_below(V16 a, V16 b, V16 c)
{
    __m256 zero = _mm256_setzero_ps();
    return (V16){{_mm256_blendv_ps(c.v[0], b.v[0], _mm256_cmp_ps(a.v[0], zero, _CMP_LT_OQ)),
                  _mm256_blendv_ps(c.v[1], b.v[1], _mm256_cmp_ps(a.v[1], zero, _CMP_LT_OQ))}};
}
#else
/* Vectors of four floats are what SSE2 and Neon have; gcc keeps longer ones in memory. */
typedef float V16Lanes __attribute__((vector_size(16)));
typedef int V16Mask __attribute__((vector_size(16)));
typedef struct {
    V16Lanes v[4];
} V16;
/* y.v[i] = expr for each i */
#define V16_EACH(expr)                                                                                                 \
    V16 y;                                                                                                             \
    {                                                                                                                  \
        enum { i = 0 };                                                                                                \
        y.v[i] = expr;                                                                                                 \
    }                                                                                                                  \
    {                                                                                                                  \
        enum { i = 1 };                                                                                                \
        y.v[i] = expr;                                                                                                 \
    }                                                                                                                  \
    {                                                                                                                  \
        enum { i = 2 };                                                                                                \
        y.v[i] = expr;                                                                                                 \
    }                                                                                                                  \
    {                                                                                                                  \
        enum { i = 3 };                                                                                                \
        y.v[i] = expr;                                                                                                 \
    }                                                                                                                  \
    return y
VS_INLINE V16Lanes v16_where(V16Mask m, V16Lanes b, V16Lanes c)
{
    return (V16Lanes)((m & (V16Mask)b) | (~m & (V16Mask)c));
}
VS_INLINE V16Lanes v16_quarter(const float *p)
{
    V16Lanes a;
    memcpy(&a, p, sizeof a);
    return a;
}
VS_INLINE V16 v16_load(const float *p)
{
    V16_EACH(v16_quarter(p + 4 * i));
}
VS_INLINE void v16_store(float *p, V16 a)
{
    memcpy(p, &a.v[0], sizeof a.v[0]);
    memcpy(p + 4, &a.v[1], sizeof a.v[1]);
    memcpy(p + 8, &a.v[2], sizeof a.v[2]);
    memcpy(p + 12, &a.v[3], sizeof a.v[3]);
}
VS_INLINE void v16_stream(float *p, V16 a)
{
    v16_store(p, a);
}
VS_INLINE V16 v16_all(float x)
{
    V16_EACH(((V16Lanes){x, x, x, x}));
}
VS_INLINE V16 v16_fma(V16 a, V16 b, V16 c)
{
    V16_EACH(a.v[i] * b.v[i] + c.v[i]);
}
VS_INLINE V16 v16_fnma(V16 a, V16 b, V16 c)
{
    V16_EACH(c.v[i] - a.v[i] * b.v[i]);
}
VS_INLINE unsigned v16_not_below(V16 a, V16 b)
{
    unsigned bits = 0;
    for (int i = 0; i < 16; i++) bits |= (unsigned)!(a.v[i / 4][i % 4] < b.v[i / 4][i % 4]) << i;
    return bits;
}
#define V16_BINARY(name, op512, op256, expr)                                                                           \
    VS_INLINE V16 name(V16 a, V16 b)                                                                                   \
    {                                                                                                                  \
        V16_EACH(expr);                                                                                                \
    }
VS_INLINE V16 v16_below(V16 a, V16 b, V16 c)
{
    V16_EACH(v16_where(a.v[i] < (V16Lanes){0}, b.v[i], c.v[i]));
}
#endif

V16_BINARY(v16_add, _mm512_add_ps, _mm256_add_ps, a.v[i] + b.v[i])
V16_BINARY(v16_sub, _mm512_sub_ps, _mm256_sub_ps, a.v[i] - b.v[i])
V16_BINARY(v16_mul, _mm512_mul_ps, _mm256_mul_ps, a.v[i] * b.v[i])
/* a > b ? a : b: where either is NaN, b */
V16_BINARY(v16_max, _mm512_max_ps, _mm256_max_ps, v16_where(a.v[i] > b.v[i], a.v[i], b.v[i]))
#undef V16_BINARY

/* The sum of the sixteen, always in the same order: halves, quarters, eighths. */
VS_INLINE float v16_sum(V16 a)
{
    float t[16];
    v16_store(t, a);
    for (int n = 8; n; n /= 2)
        for (int i = 0; i < n; i++) t[i] += t[i + n];
    return t[0];
}

/* Four of these sums, in the same order. */
VS_INLINE void v16_sum4(float *to, const V16 *a)
{
#if defined(__AVX2__)
    __m256 h[4];
    for (int i = 0; i < 4; i++) {
#if defined(__AVX512F__)
        h[i] = _mm256_add_ps(_mm512_castps512_ps256(a[i].v), _mm512_extractf32x8_ps(a[i].v, 1));
#else
        h[i] = _mm256_add_ps(a[i].v[0], a[i].v[1]);
#endif
    }
    __m256 q[2]; /* quarters of h[0] and h[1], of h[2] and h[3] */
    for (int i = 0; i < 2; i++)
        q[i] = _mm256_add_ps(_mm256_permute2f128_ps(h[2 * i], h[2 * i + 1], 0x20),
                             _mm256_permute2f128_ps(h[2 * i], h[2 * i + 1], 0x31));
    __m256 e = _mm256_add_ps(_mm256_shuffle_ps(q[0], q[1], 0x44), _mm256_shuffle_ps(q[0], q[1], 0xee));
    __m256 s = _mm256_add_ps(_mm256_shuffle_ps(e, e, 0x88), _mm256_shuffle_ps(e, e, 0xdd)); /* 0 2 .. 1 3 .. */
    _mm_storeu_ps(to, _mm_unpacklo_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1)));
#else
    for (int i = 0; i < 4; i++) to[i] = v16_sum(a[i]);
#endif
}

VS_INLINE void v16_stream_end(void)
{
#if defined(__AVX2__)
    _mm_sfence();
#endif
}
