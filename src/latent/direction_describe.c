/* What directions do to pictures, in figures and in words. */
#include "latent/direction.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN      (-0.8f) /* what is brighter is no background */
#define AMOUNT    1.5f    /* where a direction does not know its range */
#define NOTABLE   0.3f    /* of a standard deviation: less is not named */
#define UNCHANGED 2.0f    /* of 255: pictures that hardly change */

enum { WORDS_MAX = 2 };

/* What more and less of each figure is called. */
static const struct {
    const char *more, *less;
} words[EFFECTS] = {
    [EFFECT_BRIGHT] = {"brighter", "darker"},
    [EFFECT_CONTRAST] = {"more contrast", "flatter"},
    [EFFECT_AREA] = {"larger", "smaller"},
    [EFFECT_WIDTH] = {"wider", "narrower"},
    [EFFECT_HEIGHT] = {"taller", "shorter"},
    [EFFECT_X] = {"to the right", "to the left"},
    [EFFECT_Y] = {"up", "down"},
    [EFFECT_TILT] = {"leaning left", "leaning right"},
};

typedef struct {
    Latent *l;
    const Encoder *judge;
    int views, classes;
    size_t item, side;
    Address *plain, *list;      /* (views) */
    float *image, *other;       /* (views, C, H, W): at low, at high */
    float *logit, *logit_other; /* (views, judge classes) */
    float *feature;             /* scratch (views, D) */
    double spread[EFFECTS];     /* standard deviations over plain views of one class */
} Describe;

/* --- figures of a picture --------------------------------------------------------------------------------
 */

/* Sums over what is no background, of the first channel's brightness; x to the right, y up. */
typedef struct {
    double n, light, light2, x, y, xx, yy, xy;
} Moments;

static Moments moments_of(const float *image, size_t side)
{
    Moments m = {0};
    for (size_t r = 0; r < side; r++)
        for (size_t c = 0; c < side; c++) {
            double v = (double)image[r * side + c], x = (double)c / (double)side,
                   y = -(double)r / (double)side;
            if (image[r * side + c] <= SEEN) continue;
            m.n++;
            m.light += v, m.light2 += v * v;
            m.x += x, m.y += y;
            m.xx += x * x, m.yy += y * y, m.xy += x * y;
        }
    return m;
}

static void figures_of(double f[EFFECTS], const float *image, size_t side)
{
    Moments m = moments_of(image, side);
    double n = m.n > 0 ? m.n : 1, x = m.x / n, y = m.y / n, light = m.light / n;
    double xx = fmax(m.xx / n - x * x, 1e-9), yy = fmax(m.yy / n - y * y, 1e-9), xy = m.xy / n - x * y;
    f[EFFECT_BRIGHT] = light;
    f[EFFECT_CONTRAST] = sqrt(fmax(m.light2 / n - light * light, 0));
    f[EFFECT_AREA] = m.n / (double)(side * side);
    f[EFFECT_WIDTH] = sqrt(xx);
    f[EFFECT_HEIGHT] = sqrt(yy);
    f[EFFECT_X] = x;
    f[EFFECT_Y] = y;
    f[EFFECT_TILT] = -xy / sqrt(xx * yy);
}

/* --- plain views -----------------------------------------------------------------------------------------
 */

static int group(const Describe *d, int view)
{
    return view % d->classes;
}

static bool find_spread(Describe *d, Err *err)
{
    double *mean = calloc((size_t)d->classes * EFFECTS, sizeof *mean), f[EFFECTS];
    if (!mean) return err_nomem(err, "describing directions");
    bool ok = latent_images(d->image, d->l, d->plain, d->views, err);
    for (int pass = 0; ok && pass < 2; pass++)
        for (int i = 0; i < d->views; i++) {
            int of_group = (d->views - group(d, i) + d->classes - 1) / d->classes;
            double *at = mean + group(d, i) * EFFECTS;
            figures_of(f, d->image + (size_t)i * d->item, d->side);
            for (int k = 0; k < EFFECTS; k++)
                if (pass)
                    d->spread[k] += (f[k] - at[k]) * (f[k] - at[k]) / d->views;
                else
                    at[k] += f[k] / of_group;
        }
    for (int k = 0; k < EFFECTS; k++) d->spread[k] = sqrt(d->spread[k]) + 1e-6;
    free(mean);
    return ok;
}

/* --- one direction ---------------------------------------------------------------------------------------
 */

static bool pictures_at(float *image, Describe *d, const char *dir, float amount, Err *err)
{
    char field[ADDRESS_DIR_MAX + 40];
    snprintf(field, sizeof field, "%s=%.4f", dir, (double)amount);
    for (int i = 0; i < d->views; i++) {
        d->list[i] = d->plain[i];
        if (!address_set(&d->list[i], field, err)) return false;
    }
    return latent_images(image, d->l, d->list, d->views, err);
}

static void range_of(float *low, float *high, const Generator *g, const char *dir)
{
    const Direction *known = generator_direction(g, dir);
    bool has = known && known->low < known->high;
    *low = has ? known->low : -AMOUNT;
    *high = has ? known->high : AMOUNT;
}

static void compare(DirectionEffect *e, const Describe *d)
{
    double sum = 0, low[EFFECTS], high[EFFECTS], change[EFFECTS] = {0};
    for (size_t j = 0; j < (size_t)d->views * d->item; j++) sum += fabs((double)(d->other[j] - d->image[j]));
    e->picture = (float)(sum / ((double)d->views * (double)d->item) * 127.5);
    for (int i = 0; i < d->views; i++) {
        figures_of(low, d->image + (size_t)i * d->item, d->side);
        figures_of(high, d->other + (size_t)i * d->item, d->side);
        for (int k = 0; k < EFFECTS; k++) change[k] += (high[k] - low[k]) / d->views;
    }
    for (int k = 0; k < EFFECTS; k++) e->change[k] = (float)(change[k] / d->spread[k]);
}

static int largest(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

static bool find_drift(DirectionEffect *e, Describe *d, Pool *pool, Err *err)
{
    e->drift = NAN;
    if (!d->judge) return true;
    int n = d->judge->config.classes, moved = 0;
    if (!encoder_features_of_floats(d->feature, d->logit, d->judge, d->image, (size_t)d->views, pool, err) ||
        !encoder_features_of_floats(d->feature, d->logit_other, d->judge, d->other, (size_t)d->views, pool,
                                    err))
        return false;
    for (int i = 0; i < d->views; i++)
        moved += largest(d->logit + (size_t)i * (size_t)n, n) !=
                 largest(d->logit_other + (size_t)i * (size_t)n, n);
    e->drift = (float)moved / (float)d->views;
    return true;
}

/* The one or two figures that change most, in words. */
static void name_effect(DirectionEffect *e)
{
    bool used[EFFECTS] = {false};
    e->caption[0] = '\0';
    for (int w = 0; w < WORDS_MAX; w++) {
        int best = -1;
        for (int k = 0; k < EFFECTS; k++)
            if (!used[k] && fabsf(e->change[k]) >= NOTABLE &&
                (best < 0 || fabsf(e->change[k]) > fabsf(e->change[best])))
                best = k;
        if (best < 0) break;
        used[best] = true;
        size_t at = strlen(e->caption);
        snprintf(e->caption + at, sizeof e->caption - at, "%s%s", w ? ", " : "",
                 e->change[best] > 0 ? words[best].more : words[best].less);
    }
    if (!e->caption[0])
        snprintf(e->caption, sizeof e->caption, "%s", e->picture < UNCHANGED ? "hardly anything" : "detail");
}

static bool describe_one(DirectionEffect *e, Describe *d, const char *dir, Err *err)
{
    float low, high;
    range_of(&low, &high, latent_generator(d->l), dir);
    *e = (DirectionEffect){.drift = NAN};
    if (!pictures_at(d->image, d, dir, low, err) || !pictures_at(d->other, d, dir, high, err)) return false;
    compare(e, d);
    name_effect(e);
    return find_drift(e, d, NULL, err);
}

/* --- all of them -----------------------------------------------------------------------------------------
 */

static bool make_room(Describe *d, Err *err)
{
    size_t n = (size_t)d->views, logits = d->judge ? (size_t)d->judge->config.classes : 0;
    size_t features = d->judge ? (size_t)encoder_features(&d->judge->config) : 0;
    d->plain = calloc(n, sizeof *d->plain);
    d->list = calloc(n, sizeof *d->list);
    d->image = calloc(n * (2 * d->item + 2 * logits + features), sizeof *d->image);
    if (!d->plain || !d->list || !d->image) return err_nomem(err, "describing directions");
    d->other = d->image + n * d->item;
    d->logit = d->other + n * d->item;
    d->logit_other = d->logit + n * logits;
    d->feature = d->logit_other + n * logits;
    return true;
}

static bool describe_all(DirectionEffect *effect, Describe *d, const char *const *dir, int n,
                         bool (*going)(void *ctx, int done), void *ctx, Err *err)
{
    const Generator *g = latent_generator(d->l);
    for (int i = 0; i < d->views; i++)
        d->plain[i] =
            address_of_seed(g->slug, g->digest, (uint64_t)i, g->config.classes ? group(d, i) : -1, 1);
    if (!find_spread(d, err)) return false;
    for (int i = 0; i < n; i++) {
        if (going && !going(ctx, i)) return err_set(err, ERR_CANCELLED, "describing directions was stopped");
        if (!describe_one(&effect[i], d, dir[i], err)) return false;
    }
    return true;
}

bool direction_describe(DirectionEffect *effect, Latent *l, const char *const *dir, int n, int views,
                        const Encoder *judge, bool (*going)(void *ctx, int done), void *ctx, Err *err)
{
    const GeneratorConfig *c = &latent_generator(l)->config;
    bool fits = judge && judge->config.classes && judge->config.side == c->size &&
                judge->config.channels == c->channels;
    Describe d = {.l = l,
                  .judge = fits ? judge : NULL,
                  .views = views,
                  .classes = c->classes ? c->classes : 1,
                  .item = generator_image_floats(latent_generator(l)),
                  .side = (size_t)c->size};
    bool ok = (views > 0 || err_set(err, ERR_USAGE, "directions are described on at least one view")) &&
              make_room(&d, err) && describe_all(effect, &d, dir, n, going, ctx, err);
    free(d.plain);
    free(d.list);
    free(d.image);
    return ok;
}
