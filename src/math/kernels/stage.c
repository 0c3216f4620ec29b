/* Pixels into scratch with a halo, and results out of it, a vector of sixteen channels at a time. */
#include "math/kernels/stage.h"
#include "math/kernels/vec16.h"
#include <string.h>

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

/* gain * act(z), with slope already multiplied by gain. A NaN stays one. */
VS_INLINE V16 activate(V16 z, V16 below, V16 gain)
{
    return v16_mul(z, v16_below(z, below, gain));
}

/* x > 0 ? a : b */
VS_INLINE V16 above(V16 x, V16 a, V16 b)
{
    return v16_below(v16_sub(v16_all(0), x), a, b);
}

/* Fills a staged plane; `pixel` says how the vector at picture offset `at` (in pixels) comes about. */
#define EACH_STAGED(pixel)                                                                                   \
    int from = s->col0 < 0 ? -s->col0 : 0, end = s->W - s->col0 < s->cols ? s->W - s->col0 : s->cols;        \
    if (end < from) end = from;                                                                              \
    for (int i = 0; i < s->rows; i++, to += (size_t)s->cols * 16) {                                          \
        int line = i + s->row0;                                                                              \
        if (line < 0 || line >= s->H) {                                                                      \
            memset(to, 0, (size_t)s->cols * 64);                                                             \
            continue;                                                                                        \
        }                                                                                                    \
        for (int j = 0; j < from; j++) v16_store(to + j * 16, v16_all(0));                                   \
        for (int j = from; j < end; j++) {                                                                   \
            size_t at = (size_t)line * (size_t)s->W + (size_t)(j + s->col0);                                 \
            v16_store(to + j * 16, pixel);                                                                   \
        }                                                                                                    \
        for (int j = end; j < s->cols; j++) v16_store(to + j * 16, v16_all(0));                              \
    }

static void read(float *to, const float *x, const StageSize *s, const StageRead *r)
{
    if (!r->scale) {
        EACH_STAGED(v16_load(x + at * 16))
        return;
    }
    V16 scale = v16_load(r->scale), shift = v16_load(r->shift);
    V16 gain = v16_all(r->gain), below = v16_all(r->slope * r->gain);
    if (r->slope == 1 && r->gain == 1) {
        EACH_STAGED(v16_fma(v16_load(x + at * 16), scale, shift))
        return;
    }
    EACH_STAGED(activate(v16_fma(v16_load(x + at * 16), scale, shift), below, gain))
}

static void grad(float *to, const float *dy, const StageSize *s, const StageGrad *g)
{
    V16 gain = v16_all(g->gain), below = v16_all(g->slope * g->gain);
    const float *y = g->y;
    if (!g->y) {
        EACH_STAGED(v16_load(dy + at * 16))
        return;
    }
    if (!g->by) {
        EACH_STAGED(v16_mul(v16_load(dy + at * 16), above(v16_load(y + at * 16), gain, below)))
        return;
    }
    V16 by = v16_load(g->by), mean = v16_load(g->mean), constant = v16_load(g->constant);
    if (g->slope == 1 && g->gain == 1) {
        EACH_STAGED(
            v16_add(v16_load(dy + at * 16), v16_fma(by, v16_sub(v16_load(y + at * 16), mean), constant)))
        return;
    }
    EACH_STAGED(v16_fma(v16_load(dy + at * 16), above(v16_load(y + at * 16), gain, below),
                        v16_fma(by, v16_sub(v16_load(y + at * 16), mean), constant)))
}

typedef struct {
    V16 gradient, value, noise;
} ScaledSums;

VS_INLINE V16 scaled_pixel(ScaledSums *sums, V16 dy, V16 y, V16 gain, V16 below, V16 scale)
{
    V16 dz = v16_mul(dy, above(y, gain, below));
    sums->gradient = v16_add(sums->gradient, dz);
    sums->value = v16_fma(dy, y, sums->value);
    return v16_mul(dz, scale);
}

VS_INLINE V16 noisy_pixel(ScaledSums *sums, V16 dy, V16 y, V16 gain, V16 below, V16 scale, float noise)
{
    V16 dz = v16_mul(dy, above(y, gain, below));
    sums->noise = v16_fma(dz, v16_all(noise), sums->noise);
    return scaled_pixel(sums, dy, y, gain, below, scale);
}

VS_INLINE void scaled_plane(float *to, const float *dy, const StageSize *s, const StageScaled *g,
                            ScaledSums *sums)
{
    V16 gain = v16_all(g->gain), below = v16_all(g->slope * g->gain), scale = v16_load(g->scale);
    const float *y = g->y, *noise = g->noise;
    if (noise) {
        EACH_STAGED(
            noisy_pixel(sums, v16_load(dy + at * 16), v16_load(y + at * 16), gain, below, scale, noise[at]))
        return;
    }
    EACH_STAGED(scaled_pixel(sums, v16_load(dy + at * 16), v16_load(y + at * 16), gain, below, scale))
}

static void scaled(float *to, const float *dy, const StageSize *s, const StageScaled *g)
{
    V16 zero = v16_all(0);
    ScaledSums sums = {zero, zero, zero};
    scaled_plane(to, dy, s, g, &sums);
    v16_store(g->sums, sums.gradient);
    v16_store(g->sums + 16, sums.value);
    v16_store(g->sums + 32, sums.noise);
}

VS_INLINE V16 gather_plain(const float *x, int lanes, size_t plane)
{
    float t[16] = {0};
    for (int l = 0; l < lanes; l++) t[l] = x[(size_t)l * plane];
    return v16_load(t);
}

static void plain(float *to, const float *x, const StageSize *s, int lanes, size_t plane)
{
    EACH_STAGED(gather_plain(x + at, lanes, plane))
}

typedef struct {
    V16 pivot, sum[2], square[2];
} Moments;

VS_INLINE void moments_add(Moments *m, V16 y, size_t p)
{
    V16 d = v16_sub(y, m->pivot);
    m->sum[p % 2] = v16_add(m->sum[p % 2], d);
    m->square[p % 2] = v16_fma(d, d, m->square[p % 2]);
}

static void moments_out(const Moments *m, float *acc, bool begin)
{
    V16 s = v16_add(m->sum[0], m->sum[1]), q = v16_add(m->square[0], m->square[1]);
    v16_store(acc, m->pivot);
    v16_store(acc + 16, begin ? s : v16_add(v16_load(acc + 16), s));
    v16_store(acc + 32, begin ? q : v16_add(v16_load(acc + 32), q));
}

VS_INLINE V16 bend(V16 v, size_t p, const Finish *f)
{
    v = v16_fma(v, f->scale ? v16_load(f->scale) : v16_all(1), f->shift ? v16_load(f->shift) : v16_all(0));
    if (f->add) v = v16_add(v, v16_load(f->add + p * 16));
    if (f->noise) v = v16_fma(v16_all(f->noise[p]), v16_load(f->strength), v);
    return activate(v, v16_all(f->slope * f->gain), v16_all(f->gain));
}

VS_INLINE void finish_pixels(float *y, const float *raw, size_t pixels, const Finish *f, bool bent, bool sums,
                             bool stream)
{
    V16 zero = v16_all(0);
    Moments m = {zero, {zero, zero}, {zero, zero}};
    if (sums && f->begin)
        m.pivot = bent ? bend(v16_load(raw), 0, f) : v16_load(raw);
    else if (sums)
        m.pivot = v16_load(f->moments);
    for (size_t p = 0; p < pixels; p++) {
        V16 v = v16_load(raw + p * 16);
        if (bent) v = bend(v, p, f);
        if (sums) moments_add(&m, v, p);
        if (stream)
            v16_stream(y + p * 16, v);
        else if (bent || y != raw)
            v16_store(y + p * 16, v);
    }
    if (sums) moments_out(&m, f->moments, f->begin);
    if (stream) v16_stream_end();
}

static void finish(float *y, const float *raw, size_t pixels, const Finish *f)
{
    switch (f->bent << 2 | (f->moments != NULL) << 1 | f->stream) {
    case 0:
        if (y != raw) finish_pixels(y, raw, pixels, f, false, false, false);
        break;
    case 1:
        finish_pixels(y, raw, pixels, f, false, false, true);
        break;
    case 2:
        finish_pixels(y, raw, pixels, f, false, true, false);
        break;
    case 3:
        finish_pixels(y, raw, pixels, f, false, true, true);
        break;
    case 4:
        finish_pixels(y, raw, pixels, f, true, false, false);
        break;
    case 5:
        finish_pixels(y, raw, pixels, f, true, false, true);
        break;
    default:
        finish_pixels(y, raw, pixels, f, true, true, f->stream);
    }
}

VS_INLINE void put(float *to, V16 v, bool stream)
{
    if (stream)
        v16_stream(to, v);
    else
        v16_store(to, v);
}

VS_INLINE void back_pixels(float *dx, const float *raw, size_t pixels, const FinishBack *b, bool add,
                           bool stream)
{
    V16 scale = v16_load(b->read.scale), shift = v16_load(b->read.shift), sx = v16_all(0), s1 = sx;
    V16 gain = v16_all(b->read.gain), below = v16_all(b->read.slope * b->read.gain);
    for (size_t p = 0; p < pixels; p++) {
        V16 x = v16_load(b->x + p * 16), dz = v16_load(raw + p * 16);
        dz = v16_mul(dz, above(v16_fma(x, scale, shift), gain, below));
        sx = v16_fma(dz, x, sx);
        s1 = v16_add(s1, dz);
        if (!dx) continue;
        V16 d = v16_mul(dz, scale);
        put(dx + p * 16, add ? v16_add(v16_load(dx + p * 16), d) : d, stream);
    }
    if (!b->sums) return;
    v16_store(b->sums, v16_add(v16_load(b->sums), sx));
    v16_store(b->sums + 16, v16_add(v16_load(b->sums + 16), s1));
}

VS_INLINE void copy_pixels(float *dx, const float *raw, size_t floats, bool add, bool stream)
{
    for (size_t p = 0; p < floats; p += 16)
        put(dx + p, add ? v16_add(v16_load(dx + p), v16_load(raw + p)) : v16_load(raw + p), stream);
}

static void back(float *dx, const float *raw, size_t pixels, const FinishBack *b)
{
    if (b->read.scale && b->stream)
        back_pixels(dx, raw, pixels, b, b->add, true);
    else if (b->read.scale)
        back_pixels(dx, raw, pixels, b, b->add, false);
    else if (dx && b->stream)
        copy_pixels(dx, raw, pixels * 16, b->add, true);
    else if (dx)
        copy_pixels(dx, raw, pixels * 16, b->add, false);
    if (b->stream) v16_stream_end();
}

static void sum(float *acc, const float *x, int rows, int cols, size_t row)
{
    V16 total = v16_all(0);
    for (int i = 0; i < rows; i++, x += row)
        for (int j = 0; j < cols; j++) total = v16_add(total, v16_load(x + j * 16));
    v16_store(acc, v16_add(v16_load(acc), total));
}

const StageKernels JOIN(stage, VS_ISA) = {
    .read = read,
    .grad = grad,
    .scaled = scaled,
    .plain = plain,
    .finish = finish,
    .back = back,
    .sum = sum,
};
