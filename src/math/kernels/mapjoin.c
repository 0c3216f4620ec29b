/* Sums of bent maps and their gradients, a pixel's sixteen channels at a time (VS_ISA names the instruction
 * set). */
#include "math/kernels/mapjoin.h"
#include "math/kernels/vec16.h"

#define NAME2(a, b) a##_##b
#define NAME(a, b)  NAME2(a, b)

enum { LANES = 16 };

typedef struct {
    V16 scale, shift, slope, gain, low; /* low: slope * gain */
} Bent;

VS_INLINE Bent bent_of(const JoinTerm *t)
{
    if (!t->x) return (Bent){v16_all(0), v16_all(0), v16_all(0), v16_all(0), v16_all(0)};
    return (Bent){v16_load(t->scale), v16_load(t->shift), v16_all(t->slope), v16_all(t->gain),
                  v16_all(t->slope * t->gain)};
}

VS_INLINE V16 bend(V16 z, V16 slope, V16 gain)
{
    return v16_mul(v16_below(z, v16_mul(z, slope), z), gain);
}

VS_INLINE V16 term_at(const float *x, const Bent *k)
{
    return bend(v16_fma(v16_load(x), k->scale, k->shift), k->slope, k->gain);
}

VS_INLINE void put(float *to, V16 v, bool stream)
{
    if (stream)
        v16_stream(to, v);
    else
        v16_store(to, v);
}

static V16 first_lanes(float x, int lanes)
{
    float t[LANES];
    for (int l = 0; l < LANES; l++) t[l] = l < lanes ? x : 0;
    return v16_load(t);
}

VS_INLINE void forward_of(float *y, const JoinPlane *j, bool two, bool noisy, bool stream)
{
    Bent a = bent_of(&j->a), b = bent_of(&j->b);
    V16 slope = v16_all(j->slope), gain = v16_all(j->gain), strength = first_lanes(j->strength, j->lanes);
    for (size_t p = 0; p < j->pixels; p++) {
        V16 z = term_at(j->a.x + p * LANES, &a);
        if (two) z = v16_add(z, term_at(j->b.x + p * LANES, &b));
        if (noisy) z = v16_fma(v16_all(j->noise[p]), strength, z);
        put(y + p * LANES, bend(z, slope, gain), stream);
    }
    if (stream) v16_stream_end();
}

static void forward(float *y, const JoinPlane *j)
{
    if (j->b.x && j->noise)
        forward_of(y, j, true, true, j->stream);
    else if (j->b.x)
        forward_of(y, j, true, false, j->stream);
    else if (j->noise)
        forward_of(y, j, false, true, j->stream);
    else
        forward_of(y, j, false, false, j->stream);
}

/* low where v <= 0, else high: at zero a rectifier passes no gradient. */
VS_INLINE V16 above(V16 v, V16 high, V16 low)
{
    return v16_below(v16_sub(v16_all(0), v), high, low);
}

VS_INLINE V16 gradient_at(const float *dy, const float *y, V16 low, V16 gain)
{
    return v16_mul(v16_load(dy), y ? above(v16_load(y), gain, low) : gain);
}

typedef struct {
    V16 scale, shift;
} Sums;

VS_INLINE void term_back(const JoinTermBack *back, size_t at, V16 d, const float *from, const Bent *k,
                         Sums *sums, bool stream)
{
    V16 x = v16_load(from + at), z = v16_fma(x, k->scale, k->shift);
    V16 dz = v16_mul(d, above(z, k->gain, k->low));
    if (back->dx) {
        V16 dx = back->add ? v16_fma(dz, k->scale, v16_load(back->dx + at)) : v16_mul(dz, k->scale);
        put(back->dx + at, dx, stream);
    }
    sums->scale = v16_fma(dz, x, sums->scale);
    sums->shift = v16_add(sums->shift, dz);
}

static void sums_out(const JoinTermBack *back, const Sums *sums)
{
    if (!back->dscale) return;
    v16_store(back->dscale, sums->scale);
    v16_store(back->dshift, sums->shift);
}

static void backward(const JoinTermBack *a, const JoinTermBack *b, const float *dy, const float *y,
                     const JoinPlane *j)
{
    Bent ka = bent_of(&j->a), kb = bent_of(&j->b);
    V16 low = v16_all(j->slope * j->gain), gain = v16_all(j->gain), zero = v16_all(0);
    Sums sa = {zero, zero}, sb = {zero, zero};
    for (size_t at = 0; at < j->pixels * LANES; at += LANES) {
        V16 d = gradient_at(dy + at, y ? y + at : NULL, low, gain);
        term_back(a, at, d, j->a.x, &ka, &sa, j->stream);
        if (j->b.x) term_back(b, at, d, j->b.x, &kb, &sb, j->stream);
    }
    if (j->stream) v16_stream_end();
    sums_out(a, &sa);
    sums_out(b, &sb);
}

static float noise(float *dnoise, const float *dy, const float *y, const JoinPlane *j)
{
    V16 low = v16_all(j->slope * j->gain), gain = v16_all(j->gain), sum = v16_all(0);
    for (size_t p = 0; p < j->pixels; p++) {
        V16 d = gradient_at(dy + p * LANES, y ? y + p * LANES : NULL, low, gain);
        sum = v16_fma(d, v16_all(j->noise[p]), sum);
        if (dnoise) dnoise[p] += j->strength * v16_sum(d);
    }
    return v16_sum(sum);
}

static void sum(float *sum16, const float *x, size_t pixels)
{
    V16 s = v16_all(0);
    for (size_t p = 0; p < pixels; p++) s = v16_add(s, v16_load(x + p * LANES));
    v16_store(sum16, s);
}

static void spread(float *dx, const float *value16, size_t pixels, bool add)
{
    V16 v = v16_load(value16);
    for (size_t p = 0; p < pixels; p++, dx += LANES) v16_store(dx, add ? v16_add(v16_load(dx), v) : v);
}

const JoinKernels NAME(join, VS_ISA) = {
    .forward = forward, .backward = backward, .noise = noise, .sum = sum, .spread = spread};
