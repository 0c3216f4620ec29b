/* Pixel views: recipes and their text, and the view itself. */
#include "learn/augment.h"
#include "base/digest.h"
#include "base/elem.h"
#include "base/rng.h"
#include "base/text.h"
#include "math/warp.h"

#include <stdio.h>
#include <string.h>

static const AugmentRecipe recipes[] = {
    {.name = "genrep",
     .crop_low = 0.3f,
     .crop_high = 1,
     .aspect = 0.25f,
     .flip = 0.5f,
     .jitter = 0.8f,
     .brightness = 0.4f,
     .contrast = 0.4f,
     .saturation = 0.4f},
    {.name = "colour",
     .crop_low = 0.2f,
     .crop_high = 1,
     .aspect = 0.25f,
     .flip = 0.5f,
     .jitter = 0.8f,
     .brightness = 0.4f,
     .contrast = 0.4f,
     .saturation = 0.4f,
     .hue = 0.1f,
     .grey = 0.2f},
    {.name = "crop", .crop_low = 0.3f, .crop_high = 1, .aspect = 0.25f, .flip = 0.5f},
    {.name = "light", .crop_low = 0.75f, .crop_high = 1, .aspect = 0.05f, .flip = 0.5f},
    {.name = "none", .crop_low = 1, .crop_high = 1},
};

/* The fields that are one number; crop is two and comes first in a text. */
static const struct {
    const char *key;
    size_t at;
    float most;
    bool later; /* came after recipes had been hashed: not told while 0 */
} fields[] = {
    {"aspect", offsetof(AugmentRecipe, aspect), 1, false},
    {"flip", offsetof(AugmentRecipe, flip), 1, false},
    {"jitter", offsetof(AugmentRecipe, jitter), 1, false},
    {"brightness", offsetof(AugmentRecipe, brightness), 1, false},
    {"contrast", offsetof(AugmentRecipe, contrast), 1, false},
    {"saturation", offsetof(AugmentRecipe, saturation), 1, false},
    {"hue", offsetof(AugmentRecipe, hue), 0.5f, true},
    {"grey", offsetof(AugmentRecipe, grey), 1, true},
};
enum { FIELDS = sizeof fields / sizeof *fields, RECIPES = sizeof recipes / sizeof *recipes };

static float *field_of(AugmentRecipe *r, int i)
{
    return (float *)(void *)((char *)r + fields[i].at);
}

static float field_value(const AugmentRecipe *r, int i)
{
    float x;
    memcpy(&x, (const char *)r + fields[i].at, sizeof x);
    return x;
}

static const AugmentRecipe *find(const char *name)
{
    for (int i = 0; i < RECIPES; i++)
        if (!strcmp(recipes[i].name, name)) return &recipes[i];
    return NULL;
}

bool augment_named(AugmentRecipe *out, const char *name, Err *err)
{
    const AugmentRecipe *r = find(name);
    if (!r)
        return err_set(err, ERR_USAGE,
                       "no augmentation recipe \"%s\"; there are genrep, colour, crop, light and none", name);
    *out = *r;
    return true;
}

/* A slug: a-z, then a-z, 0-9 and '-'. */
static bool read_name(char out[24], const char **s)
{
    size_t n = 0;
    while ((**s >= 'a' && **s <= 'z') || (n && ((**s >= '0' && **s <= '9') || **s == '-'))) {
        if (n == 23) return false;
        out[n++] = *(*s)++;
    }
    out[n] = 0;
    return n > 0;
}

static bool read_crop(AugmentRecipe *r, const char **s, Err *err)
{
    float low, high;
    const char *end;
    if (!text_parse_float(&low, *s, &end) || *end != '-' || !text_parse_float(&high, end + 1, &end) ||
        !(low >= 0.01f) || !(low <= high) || !(high <= 1))
        return err_set(err, ERR_USAGE, "augmentation: crop needs LOW-HIGH with 0.01 <= LOW <= HIGH <= 1");
    r->crop_low = low;
    r->crop_high = high;
    *s = end;
    return true;
}

static bool read_field(AugmentRecipe *r, const char **s, Err *err)
{
    size_t n = strcspn(*s, "=");
    const char *value = (*s)[n] ? *s + n + 1 : *s + n;
    if (n == 4 && !memcmp(*s, "crop", 4)) {
        *s = value;
        return read_crop(r, s, err);
    }
    for (int i = 0; i < FIELDS; i++) {
        if (strlen(fields[i].key) != n || memcmp(fields[i].key, *s, n)) continue;
        float x;
        if (!text_parse_float(&x, value, s) || !(x >= 0) || !(x <= fields[i].most))
            return err_set(err, ERR_USAGE, "augmentation: %s needs a number from 0 to %g", fields[i].key,
                           (double)fields[i].most);
        *field_of(r, i) = x;
        return true;
    }
    return err_set(err, ERR_USAGE,
                   "augmentation: no part \"%.*s\"; there are crop, aspect, flip, jitter, brightness, "
                   "contrast, saturation, hue and grey",
                   (int)(n < 40 ? n : 40), *s);
}

bool augment_parse(AugmentRecipe *out, const char *text, Err *err)
{
    char name[24];
    const char *s = text;
    if (!read_name(name, &s) || (*s && *s != ':'))
        return err_set(err, ERR_USAGE,
                       "augmentation: a recipe begins with a name of up to 23 of a-z, 0-9 and -");
    AugmentRecipe r = *(find(name) ? find(name) : find("none"));
    memcpy(r.name, name, sizeof name);
    while (*s) {
        s++; /* the colon, then commas */
        if (!read_field(&r, &s, err)) return false;
        if (*s && *s != ',')
            return err_set(err, ERR_USAGE, "augmentation: expected a comma at column %d of \"%s\"",
                           (int)(s - text) + 1, text);
    }
    *out = r;
    return true;
}

void augment_text(char out[AUGMENT_TEXT], const AugmentRecipe *r)
{
    char low[48], high[48];
    text_float(low, sizeof low, r->crop_low);
    text_float(high, sizeof high, r->crop_high);
    int n = snprintf(out, AUGMENT_TEXT, "%s:crop=%s-%s", r->name, low, high);
    for (int i = 0; i < FIELDS && n < AUGMENT_TEXT; i++) {
        if (fields[i].later && !(field_value(r, i) > 0)) continue;
        text_float(low, sizeof low, field_value(r, i));
        n += snprintf(out + n, AUGMENT_TEXT - (size_t)n, ",%s=%s", fields[i].key, low);
    }
}

void augment_hash(char out[9], const AugmentRecipe *r)
{
    char text[AUGMENT_TEXT];
    augment_text(text, r);
    const char *parts = text + strlen(r->name) + 1;
    Digest d = digest_of(parts, strlen(parts));
    digest_hex(out, &d, 8);
}

bool augment_is_none(const AugmentRecipe *r)
{
    bool jitter = r->jitter > 0 && (r->brightness > 0 || r->contrast > 0 || r->saturation > 0 || r->hue > 0);
    return r->crop_low >= 1 && r->aspect <= 0 && r->flip <= 0 && r->grey <= 0 && !jitter;
}

/* The random numbers of one view, always drawn in this order. */
typedef struct {
    float area, aspect, x, y, flip, jitter, brightness, contrast, saturation, hue, grey;
} Draws;

static Draws draw(uint64_t seed, uint64_t counter)
{
    Rng r = rng_at(rng_mix(seed, counter), RNG_AUGMENT);
    Draws d;
    d.area = rng_uniform(&r);
    d.aspect = rng_uniform(&r) * 2 - 1;
    d.x = rng_uniform(&r) * 2 - 1;
    d.y = rng_uniform(&r) * 2 - 1;
    d.flip = rng_uniform(&r);
    d.jitter = rng_uniform(&r);
    d.brightness = rng_uniform(&r) * 2 - 1;
    d.contrast = rng_uniform(&r) * 2 - 1;
    d.saturation = rng_uniform(&r) * 2 - 1;
    d.hue = rng_uniform(&r) * 2 - 1;
    d.grey = rng_uniform(&r);
    return d;
}

static float at_most(float x, float most)
{
    return x < most ? x : most;
}

/* A crop of that share of the area at that shape, somewhere inside the picture, stretched over all of it. */
static void crop_and_flip(float *out, const float *in, int C, int H, int W, const AugmentRecipe *r,
                          const Draws *d)
{
    float side = __builtin_sqrtf(r->crop_low + (r->crop_high - r->crop_low) * d->area);
    float shape = elem_exp(r->aspect * d->aspect);
    float sx = at_most(side * shape, 1), sy = at_most(side / shape, 1);
    float mirror = d->flip < r->flip ? -1.0f : 1.0f;
    if (sx >= 1 && sy >= 1 && mirror > 0) {
        memcpy(out, in, (size_t)C * (size_t)H * (size_t)W * sizeof *out);
        return;
    }
    const float m[6] = {sx * mirror, 0, d->x * (1 - sx), 0, sy, d->y * (1 - sy)};
    warp_affine(out, H, W, in, C, H, W, m);
}

static float clamp_unit(float x)
{
    x = x > 0 ? x : 0;
    return x < 1 ? x : 1;
}

/* Moves every pixel of three planes in [0, 1] away from or towards its luma. */
static void saturate(float *x, size_t pixels, float factor)
{
    float *r = x, *g = x + pixels, *b = x + 2 * pixels;
    for (size_t i = 0; i < pixels; i++) {
        float luma = 0.299f * r[i] + 0.587f * g[i] + 0.114f * b[i];
        r[i] = luma + (r[i] - luma) * factor;
        g[i] = luma + (g[i] - luma) * factor;
        b[i] = luma + (b[i] - luma) * factor;
    }
}

/* Cosine and sine of that share of a turn, at most half, by the series about 0: no libm, whose bits differ.
 */
static void turn(float *cosine, float *sine, float share)
{
    double a = (double)share * 6.283185307179586, s = a, c = 1, term = a, even = 1;
    for (int k = 1; k <= 12; k++) {
        even *= -a * a / ((2 * k - 1) * (2 * k));
        term *= -a * a / ((2 * k) * (2 * k + 1));
        c += even;
        s += term;
    }
    *cosine = (float)c;
    *sine = (float)s;
}

/* Turns the colour differences of three planes about the grey axis; luma stays (YIQ, NTSC 1953). */
static void turn_hue(float *x, size_t pixels, float share)
{
    float c, s, *r = x, *g = x + pixels, *b = x + 2 * pixels;
    turn(&c, &s, share);
    for (size_t k = 0; k < pixels; k++) {
        float y = 0.299f * r[k] + 0.587f * g[k] + 0.114f * b[k];
        float i = 0.5959f * r[k] - 0.2746f * g[k] - 0.3213f * b[k];
        float q = 0.2115f * r[k] - 0.5227f * g[k] + 0.3112f * b[k];
        float ti = c * i - s * q, tq = s * i + c * q;
        r[k] = y + 0.956f * ti + 0.619f * tq;
        g[k] = y - 0.272f * ti - 0.647f * tq;
        b[k] = y - 1.106f * ti + 1.703f * tq;
    }
}

static void jitter(float *x, int C, size_t pixels, const AugmentRecipe *r, const Draws *d)
{
    size_t n = (size_t)C * pixels;
    float bright = 1 + r->brightness * d->brightness, contrast = 1 + r->contrast * d->contrast;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = (x[i] + 1) * 0.5f * bright;
        sum += (double)x[i];
    }
    float mean = (float)(sum / (double)n);
    for (size_t i = 0; i < n; i++) x[i] = (x[i] - mean) * contrast + mean;
    if (C == 3) saturate(x, pixels, 1 + r->saturation * d->saturation);
    if (C == 3 && r->hue > 0) turn_hue(x, pixels, r->hue * d->hue);
    for (size_t i = 0; i < n; i++) x[i] = clamp_unit(x[i]) * 2 - 1;
}

void augment_apply(float *out, const float *in, int C, int H, int W, const AugmentRecipe *r, uint64_t seed,
                   uint64_t counter)
{
    Draws d = draw(seed, counter);
    crop_and_flip(out, in, C, H, W, r, &d);
    if (d.jitter < r->jitter) jitter(out, C, (size_t)H * (size_t)W, r, &d);
    if (C == 3 && d.grey < r->grey) saturate(out, (size_t)H * (size_t)W, 0);
}

typedef struct {
    float *out;
    const float *in;
    int C, H, W;
    const AugmentRecipe *recipe;
    uint64_t seed;
    const uint64_t *counter;
} Batch;

static void one_view(void *ctx, int i, int worker)
{
    const Batch *b = ctx;
    size_t at = (size_t)i * (size_t)b->C * (size_t)b->H * (size_t)b->W;
    (void)worker;
    augment_apply(b->out + at, b->in + at, b->C, b->H, b->W, b->recipe, b->seed, b->counter[i]);
}

void augment_batch(float *out, const float *in, int n, int C, int H, int W, const AugmentRecipe *r,
                   uint64_t seed, const uint64_t *counter, Pool *pool)
{
    Batch b = {out, in, C, H, W, r, seed, counter};
    pool_run(pool, n, one_view, &b);
}
