/* The inner loops over contiguous floats, compiled once per instruction set (VS_ISA names which). */
#include "math/kernels/lanes.h"
#include "base/elem.h"
#include "math/act.h"
#include <math.h>
#include <stdint.h>

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

/* Says that a loop's iterations are independent although y may be x; without it both compilers test for that
 * at run time and take the scalar loop when it is so. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* an unoptimised build vectorises nothing */
#define EACH(n) _Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < (n); i++)
#else
#define EACH(n) _Pragma("GCC ivdep") for (size_t i = 0; i < (n); i++)
#endif

/* --- elementwise
 * ------------------------------------------------------------------------------------------------ */

/* log(1 + e^x) without loss for very negative x: log(1+t) = t * log(u) / (u - 1), u = 1 + t rounded (Kahan).
 */
static inline float softplus(float x)
{
    float a = x < 0 ? x : -x, t = elem_exp(a), u = 1.0f + t;
    float d = u - 1.0f, safe = d > 0 ? d : 1.0f;
    float l = d > 0 ? elem_log(u) * (t / safe) : t;
    return (x < 0 ? 0 : x) + l;
}

/* 1 - e^-f, the derivative of softplus at the point where it is f; a series where the difference would
 * cancel. */
static inline float softplus_slope(float f)
{
    float series = f * (1.0f - f * (0.5f - f * (0.16666667f - f * 0.041666668f)));
    float exact = 1.0f - elem_exp(-f);
    return f < 0.03f ? series : exact;
}

/* Comparisons are written so that a NaN stays a NaN. */
static void act(float *y, const float *x, size_t n, int kind, float alpha, float gain)
{
    float below = alpha * gain;
    switch (kind) {
    case MATH_RELU:
        EACH(n) y[i] = x[i] < 0 ? 0 : x[i] * gain;
        break;
    case MATH_LEAKY:
        EACH(n) y[i] = x[i] * (x[i] < 0 ? below : gain);
        break;
    case MATH_TANH:
        EACH(n) y[i] = elem_tanh(x[i]) * gain;
        break;
    case MATH_SIGMOID:
        EACH(n) y[i] = elem_sigmoid(x[i]) * gain;
        break;
    case MATH_SOFTPLUS:
        EACH(n) y[i] = softplus(x[i]) * gain;
        break;
    case MATH_EXP:
        EACH(n) y[i] = elem_exp(x[i]) * gain;
        break;
    case MATH_SQRT:
        EACH(n) y[i] = sqrtf(x[i]) * gain;
        break;
    }
}

#define GRAD(slope)                                                                                          \
    if (accumulate)                                                                                          \
        EACH(n) dx[i] += dy[i] * (slope);                                                                    \
    else                                                                                                     \
        EACH(n) dx[i] = dy[i] * (slope);                                                                     \
    break

static void act_grad(float *dx, const float *dy, const float *y, size_t n, int kind, float alpha, float gain,
                     bool accumulate)
{
    float below = alpha * gain, inv = 1.0f / gain;
    switch (kind) {
    case MATH_RELU:
        GRAD(y[i] * inv > 0 ? gain : 0);
    case MATH_LEAKY:
        GRAD(y[i] * inv > 0 ? gain : below);
    case MATH_TANH:
        GRAD(gain - y[i] * y[i] * inv);
    case MATH_SIGMOID:
        GRAD(y[i] * (1.0f - y[i] * inv));
    case MATH_SOFTPLUS:
        GRAD(gain * softplus_slope(y[i] * inv));
    case MATH_EXP:
        GRAD(y[i]);
    case MATH_SQRT:
        GRAD(0.5f * gain * gain / y[i]);
    }
}

static void scale(float *y, const float *x, size_t n, float alpha, float beta)
{
    EACH(n) y[i] = x[i] * alpha + beta;
}

static void axpy(float *y, const float *x, size_t n, float alpha)
{
    EACH(n) y[i] += alpha * x[i];
}

static void add(float *y, const float *a, const float *b, size_t n)
{
    EACH(n) y[i] = a[i] + b[i];
}

static void mul(float *y, const float *a, const float *b, size_t n)
{
    EACH(n) y[i] = a[i] * b[i];
}

static void mul_add(float *y, const float *a, const float *b, size_t n)
{
    EACH(n) y[i] += a[i] * b[i];
}

/* A float is finite when its exponent bits are not all ones. */
static bool all_finite(const float *x, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) bad |= (elem_bits(x[i]) & 0x7f800000u) == 0x7f800000u;
    return !bad;
}

/* --- sums: 16 accumulators, folded to double every RUN elements
 * --------------------------------------------------- */

#define RUN 4096
typedef float V8 __attribute__((vector_size(32)));
typedef float Loose8 __attribute__((vector_size(32), aligned(4), may_alias));
#define LOAD(p) ((V8) * (const Loose8 *)(p))

static inline float fold(const V8 *v)
{
    V8 s = v[0] + v[1];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Adds to total, over at < n, `one` (a float at `at`), or `vec` (the eight floats there). */
#define SUM(total, vec, one)                                                                                 \
    for (size_t start = 0; start < n; start += RUN) {                                                        \
        size_t end = n - start < RUN ? n : start + RUN, at = start;                                          \
        V8 v[2] = {{0}, {0}};                                                                                \
        float tail = 0;                                                                                      \
        for (; at + 16 <= end; at += 8) {                                                                    \
            v[0] += vec;                                                                                     \
            at += 8;                                                                                         \
            v[1] += vec;                                                                                     \
        }                                                                                                    \
        for (; at < end; at++) tail += one;                                                                  \
        total += (double)(fold(v) + tail);                                                                   \
    }

static double sum(const float *x, size_t n)
{
    double total = 0;
    SUM(total, LOAD(x + at), x[at])
    return total;
}

static double dot(const float *a, const float *b, size_t n)
{
    double total = 0;
    SUM(total, LOAD(a + at) * LOAD(b + at), a[at] * b[at])
    return total;
}

static double distance(const float *a, const float *b, size_t n)
{
    double total = 0;
    SUM(total, (LOAD(a + at) - LOAD(b + at)) * (LOAD(a + at) - LOAD(b + at)),
        (a[at] - b[at]) * (a[at] - b[at]))
    return total;
}

static float max(const float *x, size_t n)
{
    float m[16], top = x[0];
    size_t i = 0;
    for (int l = 0; l < 16; l++) m[l] = top;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++) m[l] = x[i + l] > m[l] ? x[i + l] : m[l];
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    for (int l = 0; l < 16; l++) top = m[l] > top ? m[l] : top;
    return top;
}

static void forces(float sum[5], float x, float y, const float *p, const float *xs, const float *ys, size_t n)
{
    V8 s[5][2] = {{{0}}};
    for (size_t i = 0; i < n; i += 16)
        for (int k = 0; k < 2; k++) {
            size_t at = i + 8 * (size_t)k;
            V8 dx = x - LOAD(xs + at), dy = y - LOAD(ys + at), q = 1 / (1 + dx * dx + dy * dy);
            V8 near = LOAD(p + at) * q, apart = q * q;
            s[0][k] += near * dx;
            s[1][k] += near * dy;
            s[2][k] += apart * dx;
            s[3][k] += apart * dy;
            s[4][k] += q;
        }
    for (int k = 0; k < 5; k++) sum[k] = fold(s[k]);
}

static double exp_sum(float *y, const float *x, size_t n, float shift)
{
    EACH(n) y[i] = elem_exp(x[i] - shift);
    return sum(y, n);
}

/* --- normalisation
 * ------------------------------------------------------------------------------------------------ */

/* Two passes over a plane that stays in the first-level cache: no cancellation for a mean far from zero. */
static void moments(double *mean, double *m2, const float *x, size_t n)
{
    double centre = sum(x, n) / (double)n, total = 0;
    float m = (float)centre;
    SUM(total, (LOAD(x + at) - m) * (LOAD(x + at) - m), (x[at] - m) * (x[at] - m))
    *mean = centre;
    *m2 = total;
}

static void normalise(float *y, const float *x, size_t n, float mean, float k, float b)
{
    EACH(n) y[i] = (x[i] - mean) * k + b;
}

static void norm_sums(double *s, double *t, const float *dy, const float *x, size_t n, float mean)
{
    double total = 0;
    SUM(total, LOAD(dy + at) * (LOAD(x + at) - mean), dy[at] * (x[at] - mean))
    *s = sum(dy, n);
    *t = total;
}

static void norm_grad(float *dx, const float *dy, const float *x, size_t n, float mean, const float k[3],
                      bool accumulate)
{
    float a = k[0], b = k[1], c = k[2];
    if (accumulate)
        EACH(n) dx[i] += dy[i] * a + (x[i] - mean) * b + c;
    else
        EACH(n) dx[i] = dy[i] * a + (x[i] - mean) * b + c;
}

/* --- rows of pictures
 * --------------------------------------------------------------------------------------------- */

static void grow(float *restrict y, const float *restrict x, int H, int W, float k, bool accumulate)
{
    size_t n = (size_t)W;
    for (int r = 0; r < H; r++, x += n, y += 4 * n) {
        float *below = y + 2 * n;
        if (!accumulate) {
            EACH(n) y[2 * i] = y[2 * i + 1] = k * x[i];
            EACH(2 * n) below[i] = y[i];
            continue;
        }
        EACH(n)
        {
            y[2 * i] += k * x[i];
            y[2 * i + 1] += k * x[i];
            below[2 * i] += k * x[i];
            below[2 * i + 1] += k * x[i];
        }
    }
}

static void shrink(float *restrict y, const float *restrict x, int H, int W, float k, bool accumulate)
{
    size_t n = (size_t)W;
    for (int r = 0; r < H; r++, y += n, x += 4 * n) {
        const float *below = x + 2 * n;
        if (accumulate)
            EACH(n) y[i] += k * ((x[2 * i] + x[2 * i + 1]) + (below[2 * i] + below[2 * i + 1]));
        else
            EACH(n) y[i] = k * ((x[2 * i] + x[2 * i + 1]) + (below[2 * i] + below[2 * i + 1]));
    }
}

/* Half-pixel centres: the two new pixels of x[i] lie a quarter towards either neighbour; the outermost stay.
 */
static inline void widen(float *restrict y, const float *restrict x, size_t n)
{
    EACH(n - 1)
    {
        y[2 * i + 1] = 0.75f * x[i] + 0.25f * x[i + 1];
        y[2 * i + 2] = 0.25f * x[i] + 0.75f * x[i + 1];
    }
    y[0] = x[0];
    y[2 * n - 1] = x[n - 1];
}

/* Every row is widened into the lower of its two places; each neighbouring pair of those then makes the two
 * rows between them. The first and the last row stay as they are. */
static void grow_smooth(float *y, const float *x, int H, int W)
{
    size_t wide = 2 * (size_t)W;
    for (int r = 0; r < H; r++) widen(y + (2 * (size_t)r + 1) * wide, x + (size_t)r * (size_t)W, (size_t)W);
    float *a = y + wide;
    EACH(wide) y[i] = a[i];
    for (int r = 0; r + 1 < H; r++, a += 2 * wide) {
        float *between = a + wide, *b = between + wide;
        EACH(wide)
        {
            float above = a[i], below = b[i];
            a[i] = 0.75f * above + 0.25f * below;
            between[i] = 0.25f * above + 0.75f * below;
        }
    }
}

#define STRIP 256 /* columns of y worked on at once */

/* y[i] = or += the transpose of widen over v, of which v[-1] and v[2n] are readable. */
static inline void narrow(float *restrict y, const float *restrict v, size_t n, bool accumulate)
{
    const float *before = v - 1;
    if (accumulate)
        EACH(n) y[i] += 0.75f * (v[2 * i] + v[2 * i + 1]) + 0.25f * (before[2 * i] + v[2 * i + 2]);
    else
        EACH(n) y[i] = 0.75f * (v[2 * i] + v[2 * i + 1]) + 0.25f * (before[2 * i] + v[2 * i + 2]);
}

/* Blends the four rows that read one row of y, over the strip's columns and one more on either side. */
static void shrink_strip(float *y, const float *const row[4], size_t at, size_t n, size_t wide,
                         bool accumulate)
{
    float v[2 * STRIP + 2];
    size_t from = at ? 2 * at - 1 : 0, to = 2 * (at + n) < wide ? 2 * (at + n) + 1 : wide,
           skip = from + 1 - 2 * at;
    const float *a = row[0] + from, *b = row[1] + from, *c = row[2] + from, *d = row[3] + from;
    float *blend = v + skip;
    EACH(to - from) blend[i] = 0.75f * (b[i] + c[i]) + 0.25f * (a[i] + d[i]);
    if (!at) v[0] = v[1]; /* the outermost pixel reads itself twice */
    if (to == wide) v[2 * n + 1] = v[2 * n];
    narrow(y + at, v + 1, n, accumulate);
}

static void shrink_smooth(float *y, const float *x, int H, int W, bool accumulate)
{
    size_t wide = 2 * (size_t)W, n = (size_t)W;
    for (int r = 0; r < H; r++, y += n) {
        const float *own = x + 2 * (size_t)r * wide, *below = own + wide;
        const float *const row[4] = {r ? own - wide : own, own, below, r + 1 < H ? below + wide : below};
        for (size_t at = 0; at < n; at += STRIP)
            shrink_strip(y, row, at, n - at < STRIP ? n - at : STRIP, wide, accumulate);
    }
}

static void row_blend(float *y, const float *a, const float *b, size_t n, float ka, float kb)
{
    EACH(n) y[i] = ka * a[i] + kb * b[i];
}

#define GATHER(step)                                                                                         \
    if (take_max)                                                                                            \
        EACH(n) y[i] = ((x[i * (step)] > y[i]) | (x[i * (step)] != x[i * (step)])) ? x[i * (step)] : y[i];   \
    else                                                                                                     \
        EACH(n) y[i] += x[i * (step)]

static void row_gather(float *restrict y, const float *restrict x, size_t n, int stride, bool take_max)
{
    size_t step = (size_t)stride;
    if (step == 1) {
        GATHER(1);
    } else if (step == 2) {
        GATHER(2);
    } else {
        GATHER(step);
    }
}

/* --- optimisers
 * --------------------------------------------------------------------------------------------------- */

static void sgd(float *restrict w, float *restrict m, const float *restrict g, size_t n, float lr,
                float momentum, float decay)
{
    EACH(n)
    {
        m[i] = momentum * m[i] + (g[i] + decay * w[i]);
        w[i] -= lr * m[i];
    }
}

static void adam(float *restrict w, float *restrict m, float *restrict v, const float *restrict g, size_t n,
                 const AdamRates *r)
{
    float b1 = r->beta1, b2 = r->beta2, c1 = 1 - b1, c2 = 1 - b2, step = r->lr * r->fix1, fix2 = r->fix2;
    float eps = r->eps, keep = 1 - r->lr * r->decay;
    EACH(n)
    {
        m[i] = b1 * m[i] + c1 * g[i];
        v[i] = b2 * v[i] + c2 * (g[i] * g[i]);
        w[i] = w[i] * keep - step * m[i] / (sqrtf(v[i]) * fix2 + eps);
    }
}

const Lanes JOIN(lanes, VS_ISA) = {
    .act = act,
    .act_grad = act_grad,
    .scale = scale,
    .axpy = axpy,
    .add = add,
    .mul = mul,
    .mul_add = mul_add,
    .finite = all_finite,
    .sum = sum,
    .dot = dot,
    .distance = distance,
    .max = max,
    .exp_sum = exp_sum,
    .forces = forces,
    .moments = moments,
    .normalise = normalise,
    .norm_sums = norm_sums,
    .norm_grad = norm_grad,
    .grow = grow,
    .shrink = shrink,
    .grow_smooth = grow_smooth,
    .shrink_smooth = shrink_smooth,
    .row_blend = row_blend,
    .row_gather = row_gather,
    .sgd = sgd,
    .adam = adam,
};
