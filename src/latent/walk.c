/* Learning walks through the generator's gradient. */
#include "latent/walk.h"
#include "base/rng.h"
#include "data/checkpoint.h"
#include "latent/walk_state.h"
#include "math/optim.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

WalkConfig walk_defaults(void)
{
    return (WalkConfig){.seed = 1, .steps = 400, .batch = 32, .rate = 0.1f};
}

Json *walk_config_json(const WalkConfig *c)
{
    Json *o = json_make();
    json_put_int(o, "seed", (int64_t)c->seed);
    json_put_int(o, "steps", c->steps);
    json_put_int(o, "batch", c->batch);
    json_put_num(o, "rate", (double)c->rate);
    return o;
}

/* --- life ------------------------------------------------------------------------------------------------
 */

static bool make_room(Walk *k, Err *err)
{
    const GeneratorConfig *c = &k->g->config;
    size_t w = (size_t)c->w_dim, item = generator_image_floats(k->g), n = (size_t)k->config.batch;
    size_t style = (size_t)k->g->layers * w;
    k->vector = calloc(3 * WALKS * style, sizeof *k->vector);
    k->onehot = calloc(n * (size_t)c->classes + 1, sizeof *k->onehot);
    k->z = calloc(n * (size_t)c->z_dim, sizeof *k->z);
    k->w = calloc(n * w, sizeof *k->w);
    k->dvector = calloc(style, sizeof *k->dvector);
    k->styles = calloc(n * style, sizeof *k->styles);
    k->dstyles = calloc(n * style, sizeof *k->dstyles);
    k->target = calloc(n * item, sizeof *k->target);
    k->dimage = calloc(n * item, sizeof *k->dimage);
    k->mask = calloc(n * (size_t)c->size * (size_t)c->size, sizeof *k->mask);
    k->t = calloc(n, sizeof *k->t);
    return (k->vector && k->dvector && k->onehot && k->z && k->w && k->styles && k->dstyles && k->target &&
            k->dimage && k->mask && k->t) ||
           err_nomem(err, "learning walks");
}

/* The unit of the rate: the root mean square of w's entries around the means of their classes. */
static bool find_spread(Walk *k, Pool *pool, Err *err)
{
    size_t n = (size_t)k->g->config.w_dim;
    double trace = 0;
    k->cov = calloc(n * n, sizeof *k->cov);
    if (!k->cov) return err_nomem(err, "learning walks");
    if (!generator_spread(k->cov, k->g, 0, pool, err)) return false;
    for (size_t i = 0; i < n; i++) trace += k->cov[i * n + i];
    k->spread = (float)sqrt(trace / (double)n);
    return k->spread > 0 || err_set(err, ERR_NUMERIC, "the w of this generator does not vary");
}

Walk *walk_new(Generator *g, const WalkConfig *c, Pool *pool, Err *err)
{
    Walk *k = calloc(1, sizeof *k);
    if (!k) return err_nomem(err, "learning walks"), NULL;
    k->g = generator_keep(g);
    k->config = *c;
    k->pool = pool;
    k->map = generator_exec(g, c->batch, pool, err);
    k->grad = k->map ? generator_grad(g, c->batch, pool, err) : NULL;
    if (k->grad && make_room(k, err) && find_spread(k, pool, err)) return k;
    walk_free(k);
    return NULL;
}

void walk_free(Walk *k)
{
    if (!k) return;
    gen_exec_free(k->map);
    gen_grad_free(k->grad);
    generator_drop(k->g);
    float *block[] = {k->vector, k->onehot, k->z,    k->w, k->styles, k->dstyles,
                      k->target, k->dimage, k->mask, k->t, k->dvector};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) free(block[i]);
    free(k->cov);
    free(k);
}

bool walk_done(const Walk *k)
{
    return k->step >= WALKS * k->config.steps;
}

/* --- a step ----------------------------------------------------------------------------------------------
 */

/* w of views `first`.. of the stream `seed`, classes in turn. */
void walk_views(Walk *k, uint64_t seed, uint64_t first, int n)
{
    size_t z_dim = (size_t)k->g->config.z_dim, classes = (size_t)k->g->config.classes;
    memset(k->onehot, 0, (size_t)n * classes * sizeof *k->onehot);
    for (int i = 0; i < n; i++) {
        rng_fill_normal(k->z + (size_t)i * z_dim, z_dim, rng_mix(seed, first + (uint64_t)i), RNG_LATENT);
        if (classes) k->onehot[(size_t)i * classes + (first + (uint64_t)i) % classes] = 1;
    }
    generator_map(k->map, k->w, k->z, k->onehot, n);
}

static size_t style_floats(const Walk *k)
{
    return (size_t)k->g->layers * (size_t)k->g->config.w_dim;
}

float *walk_vector(Walk *k, WalkKind kind)
{
    return k->vector + (size_t)kind * style_floats(k);
}

const float *walk_paint(Walk *k, const float *vector, const float *amount, int n)
{
    size_t w_dim = (size_t)k->g->config.w_dim, all = style_floats(k);
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < all; j++)
            k->styles[(size_t)i * all + j] =
                k->w[(size_t)i * w_dim + j % w_dim] + (amount ? amount[i] * vector[j] : 0);
    return gen_grad_paint(k->grad, k->styles, n);
}

/* The masked squared error of image against target; its gradient over `scale` where that is wanted. */
static double masked_error(float *dimage, const float *image, const float *target, const float *mask, int c,
                           size_t pixels, double scale)
{
    double sum = 0;
    for (int k = 0; k < c; k++)
        for (size_t i = 0; i < pixels; i++) {
            size_t at = (size_t)k * pixels + i;
            float d = mask[i] * (image[at] - target[at]);
            sum += (double)d * (double)d;
            if (dimage) dimage[at] = (float)(2 / scale) * d;
        }
    return sum;
}

/* Draws the amounts and edits the plain pictures into targets; the squared error of not moving. */
static double set_targets(Walk *k, WalkKind kind, int n)
{
    const GeneratorConfig *c = &k->g->config;
    size_t item = generator_image_floats(k->g), pixels = (size_t)c->size * (size_t)c->size;
    Rng r = rng_at(rng_mix(k->config.seed, (uint64_t)k->step), RNG_VIEW);
    const float *plain = walk_paint(k, NULL, NULL, n);
    double still = 0;
    for (int i = 0; i < n; i++) {
        float *target = k->target + (size_t)i * item, *mask = k->mask + (size_t)i * pixels;
        k->t[i] = 2 * rng_uniform(&r) - 1;
        walk_edit(target, mask, plain + (size_t)i * item, c->channels, c->size, kind, k->t[i]);
        still += masked_error(NULL, plain + (size_t)i * item, target, mask, c->channels, pixels, 1);
    }
    return still;
}

static void descend(Walk *k, WalkKind kind, int n)
{
    size_t all = style_floats(k);
    float *d = walk_vector(k, kind), *m = d + WALKS * all, *v = m + WALKS * all;
    memset(k->dvector, 0, all * sizeof *k->dvector);
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < all; j++) k->dvector[j] += k->t[i] * k->dstyles[(size_t)i * all + j];
    long step = k->step / WALKS;
    float rate = k->spread * schedule_cosine(step, k->config.steps, 0, k->config.rate, 0);
    adam_step(d, m, v, k->dvector, all, rate, 0.9f, 0.99f, 1e-12f, 0, step + 1, k->pool);
}

bool walk_step(Walk *k, WalkMetrics *m, Err *err)
{
    const GeneratorConfig *c = &k->g->config;
    size_t item = generator_image_floats(k->g), pixels = (size_t)c->size * (size_t)c->size;
    WalkKind kind = (WalkKind)(k->step % WALKS);
    int n = k->config.batch;
    walk_views(k, k->config.seed, (uint64_t)k->step * (uint64_t)n, n);
    double still = set_targets(k, kind, n), sum = 0;
    const float *image = walk_paint(k, walk_vector(k, kind), k->t, n);
    for (int i = 0; i < n; i++)
        sum +=
            masked_error(k->dimage + (size_t)i * item, image + (size_t)i * item, k->target + (size_t)i * item,
                         k->mask + (size_t)i * pixels, c->channels, pixels, (double)n * (double)item);
    if (!isfinite(sum))
        return err_set(err, ERR_NUMERIC, "the walk %s diverged: try a smaller --rate", walk_rows[kind].name);
    gen_grad_back(k->grad, k->dstyles, k->dimage, n);
    descend(k, kind, n);
    k->step++;
    *m = (WalkMetrics){k->step, WALKS * k->config.steps, kind, still > 0 ? sum / still : 0};
    return true;
}
