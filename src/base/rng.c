/* Philox4x32-10 and the distributions made from it. */
#include "base/rng.h"
#include "base/elem.h"

static void philox_round(uint32_t x[4], uint32_t key0, uint32_t key1)
{
    uint64_t a = (uint64_t)0xD2511F53u * x[0], b = (uint64_t)0xCD9E8D57u * x[2];
    uint32_t x0 = (uint32_t)(b >> 32) ^ x[1] ^ key0, x2 = (uint32_t)(a >> 32) ^ x[3] ^ key1;
    x[0] = x0;
    x[1] = (uint32_t)b;
    x[2] = x2;
    x[3] = (uint32_t)a;
}

void philox4x32(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t x[4] = {counter[0], counter[1], counter[2], counter[3]};
    for (uint32_t i = 0; i < 10; i++) philox_round(x, key[0] + i * 0x9E3779B9u, key[1] + i * 0xBB67AE85u);
    for (int i = 0; i < 4; i++) out[i] = x[i];
}

/* The four draws at positions 4 * block .. 4 * block + 3. */
static void draw_block(uint32_t out[4], uint64_t seed, uint64_t stream, uint64_t block)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                                 (uint32_t)(stream >> 32)};
    philox4x32(out, counter, key);
}

Rng rng_at(uint64_t seed, uint64_t stream)
{
    return (Rng){seed, stream, 0};
}

uint32_t rng_u32(Rng *r)
{
    uint32_t four[4];
    draw_block(four, r->seed, r->stream, r->at / 4);
    return four[r->at++ % 4];
}

uint64_t rng_u64(Rng *r)
{
    uint64_t low = rng_u32(r);
    return low | (uint64_t)rng_u32(r) << 32;
}

float rng_uniform(Rng *r)
{
    return (float)(rng_u32(r) >> 8) * 0x1p-24f;
}

/* Lemire, "Fast random integer generation in an interval" (2019), algorithm 5. */
uint32_t rng_below(Rng *r, uint32_t n)
{
    uint64_t product = (uint64_t)rng_u32(r) * n;
    if ((uint32_t)product < n) {
        uint32_t reject_below = -n % n;
        while ((uint32_t)product < reject_below) product = (uint64_t)rng_u32(r) * n;
    }
    return (uint32_t)(product >> 32);
}

/* The normal quantile at 0.5 + q, where tail = 0.5 - |q| is given apart because the subtraction would lose
 * its digits: Wichura, algorithm AS 241 (1988), PPND7. Tails under 1e-11 are never asked for, so its last
 * branch is left out. Both branches are computed and one is selected, which vectorises. */
static inline float normal_quantile(float q, float tail)
{
    float r = 0.180625f - q * q;
    float centre = q * (((59.109374720f * r + 159.29113202f) * r + 50.434271938f) * r + 3.3871327179f) /
                   (((67.187563600f * r + 78.757757664f) * r + 17.895169469f) * r + 1.0f);
    float t = __builtin_sqrtf(-elem_log(tail)) - 1.6f;
    float outer = (((0.17023821103f * t + 1.3067284816f) * t + 2.7568153900f) * t + 1.4234372777f) /
                  ((0.12021132975f * t + 0.73700164250f) * t + 1.0f);
    float signed_outer = q < 0.0f ? -outer : outer;
    return tail < 0.075f ? signed_outer : centre;
}

/* Draw u stands for the middle of its cell, (u + 1/2) / 2^32, seen from the centre of the unit interval. */
static inline float normal_of(uint32_t u)
{
    int32_t v = (int32_t)(u ^ 0x80000000u);
    int32_t from_end = 0x7fffffff - (v < 0 ? ~v : v);
    return normal_quantile(((float)v + 0.5f) * 0x1p-32f, ((float)from_end + 0.5f) * 0x1p-32f);
}

float rng_normal(Rng *r)
{
    return normal_of(rng_u32(r));
}

/* P(|N(0,1)| <= x): the series phi(x) * sum x^(2n+1) / (2n+1)!!, all terms positive. */
static double normal_mass(double x)
{
    if (x > 6.5) return 1.0;
    double term = x, sum = x;
    for (int n = 1; n < 100; n++) {
        term *= x * x / (2 * n + 1);
        sum += term;
    }
    return 0.79788456080286535588 * (double)elem_exp((float)(-0.5 * x * x)) * sum;
}

static float truncated_of(uint32_t u, double mass, float cut)
{
    double q = ((double)u + 0.5) * 0x1p-32 - 0.5;
    q *= mass;
    double tail = 0.5 - (q < 0 ? -q : q);
    float x = normal_quantile((float)q, (float)(tail > 1e-10 ? tail : 1e-10));
    x = x > cut ? cut : x;
    return x < -cut ? -cut : x;
}

float rng_truncated(Rng *r, float cut)
{
    return truncated_of(rng_u32(r), normal_mass((double)cut), cut);
}

enum { CHUNK = 256 };

/* Draws of one chunk first, then one loop without branches over them. */
/* The normals at positions start .. start + count - 1, start being a multiple of 4 and count at most CHUNK.
 */
static void fill_chunk(float *out, size_t start, size_t count, uint64_t seed, uint64_t stream)
{
    uint32_t draws[CHUNK];
    for (size_t i = 0; i < count; i += 4) draw_block(draws + i, seed, stream, (start + i) / 4);
    for (size_t i = 0; i < count; i++) out[start + i] = normal_of(draws[i]);
}

void rng_fill_normal(float *out, size_t n, uint64_t seed, uint64_t stream)
{
    for (size_t start = 0; start < n; start += CHUNK)
        fill_chunk(out, start, n - start < CHUNK ? n - start : CHUNK, seed, stream);
}

typedef struct {
    float *out;
    size_t n;
    uint64_t seed, stream;
} Fill;

static void fill_task(void *ctx, int index, int worker)
{
    const Fill *f = ctx;
    size_t start = (size_t)index * CHUNK;
    (void)worker;
    fill_chunk(f->out, start, f->n - start < CHUNK ? f->n - start : CHUNK, f->seed, f->stream);
}

void rng_fill_normals(float *out, size_t n, uint64_t seed, uint64_t stream, Pool *pool)
{
    Fill f = {out, n, seed, stream};
    pool_run(pool, (int)((n + CHUNK - 1) / CHUNK), fill_task, &f);
}

void rng_fill_truncated(float *out, size_t n, uint64_t seed, uint64_t stream, float cut)
{
    double mass = normal_mass((double)cut);
    for (size_t i = 0; i < n; i += 4) {
        uint32_t draws[4];
        draw_block(draws, seed, stream, i / 4);
        for (size_t k = i; k < n && k < i + 4; k++) out[k] = truncated_of(draws[k - i], mass, cut);
    }
}

/* The finaliser of SplitMix64 (Steele, Lea and Flood, 2014). */
static uint64_t scramble(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

uint64_t rng_mix(uint64_t a, uint64_t b)
{
    return scramble(scramble(a) ^ b);
}
