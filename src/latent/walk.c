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
    return (WalkConfig){.seed = 1, .steps = 300, .batch = 32, .rate = 0.1f, .pull = 0.0005f};
}

Json *walk_config_json(const WalkConfig *c)
{
    Json *o = json_make();
    json_put_int(o, "seed", (int64_t)c->seed);
    json_put_int(o, "steps", c->steps);
    json_put_int(o, "batch", c->batch);
    json_put_num(o, "rate", (double)c->rate);
    json_put_num(o, "pull", (double)c->pull);
    return o;
}

/* --- life ------------------------------------------------------------------------------------------------
 */

static bool make_room(Walk *k, Err *err)
{
    const GeneratorConfig *c = &k->g->config;
    size_t w = (size_t)c->w_dim, item = generator_image_floats(k->g), n = (size_t)k->config.batch;
    size_t style = (size_t)k->g->layers * w;
    k->code = calloc(3 * WALKS * style, sizeof *k->code);
    k->vector = calloc(style, sizeof *k->vector);
    k->onehot = calloc(n * (size_t)c->classes + 1, sizeof *k->onehot);
    k->z = calloc(n * (size_t)c->z_dim, sizeof *k->z);
    k->w = calloc(n * w, sizeof *k->w);
    k->dcode = calloc(style, sizeof *k->dcode);
    k->styles = calloc(n * style, sizeof *k->styles);
    k->dstyles = calloc(n * style, sizeof *k->dstyles);
    k->target = calloc(n * item, sizeof *k->target);
    k->dimage = calloc(n * item, sizeof *k->dimage);
    k->mask = calloc(n * (size_t)c->size * (size_t)c->size, sizeof *k->mask);
    k->t = calloc(n, sizeof *k->t);
    k->scaled = calloc(WALKS * style, sizeof *k->scaled);
    return (k->code && k->dcode && k->vector && k->scaled && k->onehot && k->z && k->w && k->styles &&
            k->dstyles && k->target && k->dimage && k->mask && k->t) ||
           err_nomem(err, "learning walks");
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
    if (k->grad && make_room(k, err) && basis_open(&k->basis, g, pool, err)) return k;
    walk_free(k);
    return NULL;
}

void walk_free(Walk *k)
{
    if (!k) return;
    gen_exec_free(k->map);
    gen_grad_free(k->grad);
    generator_drop(k->g);
    float *block[] = {k->vector, k->onehot, k->z, k->w,     k->styles, k->dstyles, k->target,
                      k->dimage, k->mask,   k->t, k->dcode, k->code,   k->scaled};
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) free(block[i]);
    basis_close(&k->basis);
    free(k);
}

double walk_progress(const Walk *k)
{
    return (double)k->step / (WALKS * k->config.steps);
}

const WalkConfig *walk_config(const Walk *k)
{
    return &k->config;
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
        generator_draw(k->z + (size_t)i * z_dim, k->g, rng_mix(seed, first + (uint64_t)i));
        if (classes) k->onehot[(size_t)i * classes + (first + (uint64_t)i) % classes] = 1;
    }
    generator_map(k->map, k->w, k->z, k->onehot, n);
}

static size_t style_floats(const Walk *k)
{
    return (size_t)k->g->layers * (size_t)k->g->config.w_dim;
}

float *walk_code(const Walk *k, WalkKind kind)
{
    return k->code + (size_t)kind * style_floats(k);
}

void walk_vector(float *out, const Walk *k, WalkKind kind)
{
    basis_decode(out, &k->basis, walk_code(k, kind), k->g->layers);
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

/* Adam on the code: the error's gradient over `still`, and that of pull * the mean over layers of the code's
 * square. */
static void descend(Walk *k, WalkKind kind, int n)
{
    size_t all = style_floats(k);
    int layers = k->g->layers;
    float *code = walk_code(k, kind), *m = code + WALKS * all, *v = m + WALKS * all;
    memset(k->vector, 0, all * sizeof *k->vector);
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < all; j++) k->vector[j] += k->t[i] * k->dstyles[(size_t)i * all + j];
    basis_back(k->dcode, &k->basis, k->vector, layers);
    for (size_t j = 0; j < all; j++) k->dcode[j] += 2 * k->config.pull * code[j] / (float)layers;
    long step = k->step / WALKS;
    float rate = schedule_cosine(step, k->config.steps, 0, k->config.rate, 0);
    adam_step(code, m, v, k->dcode, all, rate, 0.9f, 0.99f, 1e-9f, 0, step + 1, k->pool);
}

bool walk_step(Walk *k, WalkMetrics *m, Err *err)
{
    const GeneratorConfig *c = &k->g->config;
    size_t item = generator_image_floats(k->g), pixels = (size_t)c->size * (size_t)c->size;
    WalkKind kind = (WalkKind)(k->step % WALKS);
    int n = k->config.batch;
    walk_views(k, k->config.seed, (uint64_t)k->step * (uint64_t)n, n);
    double still = set_targets(k, kind, n), sum = 0;
    walk_vector(k->vector, k, kind);
    const float *image = walk_paint(k, k->vector, k->t, n);
    for (int i = 0; i < n; i++)
        sum +=
            masked_error(k->dimage + (size_t)i * item, image + (size_t)i * item, k->target + (size_t)i * item,
                         k->mask + (size_t)i * pixels, c->channels, pixels, still + 1e-9);
    if (!isfinite(sum))
        return err_set(err, ERR_NUMERIC, "the walk %s diverged: try a smaller --rate", walk_rows[kind].name);
    gen_grad_back(k->grad, k->dstyles, k->dimage, n);
    descend(k, kind, n);
    k->step++;
    *m = (WalkMetrics){k->step, WALKS * k->config.steps, kind, still > 0 ? sum / still : 0};
    return true;
}

/* --- checkpoints -----------------------------------------------------------------------------------------
 */

#define FORMAT "viewsmith-walk 1"

static size_t state_floats(const Walk *k)
{
    return 3 * WALKS * style_floats(k);
}

bool walk_save(const Walk *k, const char *path, Err *err)
{
    char rate[32], pull[32];
    Checkpoint *ck = checkpoint_make();
    snprintf(rate, sizeof rate, "%.9g", (double)k->config.rate);
    snprintf(pull, sizeof pull, "%.9g", (double)k->config.pull);
    checkpoint_meta(ck, "kind", FORMAT);
    checkpoint_meta(ck, "generator", k->g->digest);
    checkpoint_meta(ck, "rate", rate);
    checkpoint_meta(ck, "pull", pull);
    checkpoint_meta_int(ck, "seed", k->config.seed);
    checkpoint_meta_int(ck, "steps", (uint64_t)k->config.steps);
    checkpoint_meta_int(ck, "batch", (uint64_t)k->config.batch);
    checkpoint_meta_int(ck, "step", (uint64_t)k->step);
    checkpoint_tensor(ck, "walks", k->code, state_floats(k));
    bool ok = checkpoint_save(ck, path, err);
    checkpoint_free(ck);
    return ok;
}

static bool read_config(WalkConfig *c, uint64_t *step, const Checkpoint *ck, const Generator *g,
                        const char *path, Err *err)
{
    const char *kind = checkpoint_get_meta(ck, "kind"), *rate = checkpoint_get_meta(ck, "rate");
    const char *pull = checkpoint_get_meta(ck, "pull");
    const char *digest = checkpoint_get_meta(ck, "generator");
    uint64_t steps, batch;
    if (!kind || strcmp(kind, FORMAT) || !rate || !pull || !digest)
        return err_set(err, ERR_FORMAT, "%s: this is no checkpoint of viewsmith walk", path);
    if (strcmp(digest, g->digest))
        return err_set(err, ERR_FORMAT, "%s: its walks were learnt on generator %s, and %s@%s is open", path,
                       digest, g->slug, g->digest);
    if (!checkpoint_get_int(ck, "seed", &c->seed, err) || !checkpoint_get_int(ck, "steps", &steps, err) ||
        !checkpoint_get_int(ck, "batch", &batch, err) || !checkpoint_get_int(ck, "step", step, err))
        return false;
    c->rate = strtof(rate, NULL);
    c->pull = strtof(pull, NULL);
    c->steps = (int)steps;
    c->batch = (int)batch;
    return (steps >= 1 && steps <= WALK_STEPS_MAX && batch >= 1 && batch <= WALK_BATCH_MAX &&
            *step <= WALKS * steps && c->rate > 0 && c->rate <= 10 && c->pull >= 0 && c->pull <= 1000) ||
           err_set(err, ERR_FORMAT, "%s: its settings are out of range", path);
}

bool walk_resume(Walk **out, Generator *g, const char *path, Pool *pool, Err *err)
{
    Checkpoint *ck;
    WalkConfig c;
    uint64_t step;
    *out = NULL;
    if (!checkpoint_load(&ck, path, NULL, 0, err)) return false;
    Walk *k = read_config(&c, &step, ck, g, path, err) ? walk_new(g, &c, pool, err) : NULL;
    if (k && checkpoint_get(ck, "walks", k->code, state_floats(k), err)) {
        k->step = (int)step;
        *out = k;
    } else {
        walk_free(k);
    }
    checkpoint_free(ck);
    return *out != NULL;
}
