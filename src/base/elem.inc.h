/* The bodies of base/elem.h: range reduction, then a polynomial; every step is a plain float operation.
 * Polynomial coefficients: Cephes single precision (Moshier). Selection is by value, so loops vectorise. */
#include <stdint.h>

static inline uint32_t elem_bits(float x)
{
    uint32_t u;
    __builtin_memcpy(&u, &x, sizeof u);
    return u;
}

static inline float elem_from_bits(uint32_t u)
{
    float x;
    __builtin_memcpy(&x, &u, sizeof x);
    return x;
}

/* Adding this rounds to an integer (ties to even) and leaves that integer in the low mantissa bits. */
#define ELEM_ROUNDER 12582912.0f /* 1.5 * 2^23 */

/* exp(x) = 2^n * exp(r), n = round(x / ln 2); ln 2 in two parts, so that n * high is exact. A NaN stays a
 * NaN. */
static inline float elem_exp(float x)
{
    x = x > 88.0f ? 88.0f : x;
    x = x < -87.0f ? -87.0f : x;
    float shifted = x * 1.44269504088896341f + ELEM_ROUNDER, n = shifted - ELEM_ROUNDER;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    return p * elem_from_bits((elem_bits(shifted) + 127u) << 23);
}

/* log(x) = n ln 2 + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)). */
static inline float elem_log(float x)
{
    int32_t bits = (int32_t)elem_bits(x), e = (bits - 0x3f3504f3) >> 23;
    float n = (float)e, f = elem_from_bits((uint32_t)bits - ((uint32_t)e << 23)) - 1.0f, z = f * f;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    p = p * f * z - n * 2.12194440e-4f - 0.5f * z;
    return f + p + n * 0.693359375f;
}

/* Near zero the odd polynomial, which keeps the relative error; elsewhere 1 - 2 / (exp(2|x|) + 1). */
static inline float elem_tanh(float x)
{
    uint32_t sign = elem_bits(x) & 0x80000000u;
    float a = elem_from_bits(elem_bits(x) & 0x7fffffffu), s = x * x;
    float p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    float small = p * s * x + x;
    float large = 1.0f - 2.0f / (elem_exp(2.0f * a) + 1.0f);
    return a < 0.625f ? small : elem_from_bits(elem_bits(large) | sign);
}

/* Relative error as stated for |x| <= 87. */
static inline float elem_sigmoid(float x)
{
    return 1.0f / (1.0f + elem_exp(-x));
}

/* turns - quarter / 4 lies within an eighth of a turn and is exact, so only the polynomial and 2 pi round. */
static inline void elem_sincos(float *s, float *c, float turns)
{
    float shifted = turns * 4.0f + ELEM_ROUNDER, quarters = shifted - ELEM_ROUNDER;
    uint32_t quarter = elem_bits(shifted);
    float a = (turns - quarters * 0.25f) * 6.28318530717958648f, z = a * a;
    float ps = -1.9515295891e-4f;
    ps = ps * z + 8.3321608736e-3f;
    ps = ps * z - 1.6666654611e-1f;
    ps = ps * z * a + a;
    float pc = 2.443315711809948e-5f;
    pc = pc * z - 1.388731625493765e-3f;
    pc = pc * z + 4.166664568298827e-2f;
    pc = pc * z * z - 0.5f * z + 1.0f;
    float sine = quarter & 1u ? pc : ps, cosine = quarter & 1u ? ps : pc;
    *s = elem_from_bits(elem_bits(sine) ^ (quarter & 2u) << 30);
    *c = elem_from_bits(elem_bits(cosine) ^ ((quarter + 1u) & 2u) << 30);
}
