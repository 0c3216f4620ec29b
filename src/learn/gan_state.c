/* The life of a Gan: memory, executors, checkpoints, samples. */
#include "learn/gan_state.h"
#include "base/json.h"
#include "base/rng.h"
#include "data/checkpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool player_open(Player *p, Net *net, uint64_t seed, Err *err)
{
    p->net = net;
    if (!net) return false;
    p->w = weights_new(net, err);
    p->g = weights_new(net, err);
    if (!p->w || !p->g) return false;
    p->m = calloc(p->w->floats, sizeof(float));
    p->v = calloc(p->w->floats, sizeof(float));
    if (!p->m || !p->v) return err_nomem(err, "the optimiser's moments");
    weights_init(p->w, seed);
    return true;
}

static void player_close(Player *p)
{
    weights_drop(p->w);
    weights_drop(p->g);
    net_free(p->net);
    free(p->m);
    free(p->v);
}

static void find_ports(Gan *gan)
{
    char name[16];
    gan->z_port = net_port(gan->g_mapping.net, "z");
    gan->class_port = net_port(gan->g_mapping.net, "class");
    gan->w_out = net_port(gan->g_mapping.net, "w");
    gan->image_out = net_port(gan->g_synthesis.net, "image");
    gan->d_image = net_port(gan->d.net, "image");
    gan->d_class = net_port(gan->d.net, "class");
    gan->d_critic = net_port(gan->d.net, "critic");
    gan->d_label = net_port(gan->d.net, "label");
    for (int i = 0; i < gan->layers; i++) {
        snprintf(name, sizeof name, "w%d", i + 1);
        gan->w_port[i] = net_port(gan->g_synthesis.net, name);
    }
    for (int i = 0; i < gan->noises; i++) {
        snprintf(name, sizeof name, "noise%d", i + 1);
        gan->noise_port[i] = net_port(gan->g_synthesis.net, name);
    }
}

static bool open_execs(Gan *gan, Err *err)
{
    ExecGrads learn = {.params = true, .once = true},
              both = {.params = true, .inputs = true, .prefix = "w", .once = true};
    ExecGrads guide = {.inputs = true, .once = true};
    ExecMode mode = EXEC_TRAIN | (gan->config.bf16 ? EXEC_BF16 : 0);
    int B = gan->config.batch;
    gan->mapping = exec_new(gan->g_mapping.net, B, mode, learn, gan->pool, err);
    gan->synthesis = exec_new(gan->g_synthesis.net, B, mode, both, gan->pool, err);
    gan->critic = exec_new(gan->d.net, 2 * B, mode, learn, gan->pool, err);
    gan->guide = exec_new(gan->d.net, B, mode, guide, gan->pool, err);
    return gan->mapping && gan->synthesis && gan->critic && gan->guide;
}

static bool open_batch(Gan *gan, Err *err)
{
    size_t B = (size_t)gan->config.batch,
           classes = (size_t)gan->config.generator.classes + 1; /* 0: room for one */
    gan->real_image = malloc(B * dataset_item_bytes(gan->real) * sizeof(float));
    gan->real_class = malloc(B * classes * sizeof(float));
    gan->fake_class = malloc(B * classes * sizeof(float));
    gan->z = malloc(B * (size_t)gan->config.generator.z_dim * sizeof(float));
    gan->real_label = malloc(B * sizeof(int));
    gan->fake_label = malloc(B * sizeof(int));
    gan->cross = malloc(B * sizeof(int));
    gan->change = malloc(B * sizeof *gan->change);
    gan->spare = malloc(dataset_item_bytes(gan->real) * sizeof(float));
    return (gan->change && gan->spare && gan->real_image && gan->real_class && gan->fake_class && gan->z &&
            gan->real_label && gan->fake_label && gan->cross) ||
           err_nomem(err, "a batch of images");
}

static bool gan_open(Gan *gan, Err *err)
{
    const GanConfig *c = &gan->config;
    if (c->batch < 2 || c->batch % 2 || c->batch > 4096)
        return err_set(err, ERR_USAGE, "the batch must be even and within 2 and 4096, not %d", c->batch);
    DiscriminatorConfig critic = c->discriminator;
    critic.group = c->batch;
    gan->layers = generator_layers(&c->generator, &gan->noises, gan->noise_side);
    bool made = player_open(&gan->g_mapping, generator_mapping(&c->generator, err), c->seed, err) &&
                player_open(&gan->g_synthesis, generator_synthesis(&c->generator, err), c->seed + 1, err) &&
                player_open(&gan->d, discriminator_net(&critic, err), c->seed + 2, err) &&
                (gan->ema_mapping = weights_copy(gan->g_mapping.w, err)) &&
                (gan->ema_synthesis = weights_copy(gan->g_synthesis.w, err));
    if (!made) return false;
    find_ports(gan);
    return open_execs(gan, err) && open_batch(gan, err);
}

Gan *gan_new(const GanConfig *config, const Dataset *real, Pool *pool, Err *err)
{
    Gan *gan = calloc(1, sizeof *gan);
    if (!gan) return err_nomem(err, "the GAN"), NULL;
    gan->config = *config;
    gan->real = real;
    gan->pool = pool;
    gan->slow = 1;
    if (gan_open(gan, err)) return gan;
    gan_free(gan);
    return NULL;
}

void gan_free(Gan *gan)
{
    if (!gan) return;
    exec_free(gan->mapping);
    exec_free(gan->synthesis);
    exec_free(gan->critic);
    exec_free(gan->guide);
    weights_drop(gan->ema_mapping);
    weights_drop(gan->ema_synthesis);
    player_close(&gan->g_mapping);
    player_close(&gan->g_synthesis);
    player_close(&gan->d);
    free(gan->real_image);
    free(gan->real_class);
    free(gan->fake_class);
    free(gan->z);
    free(gan->real_label);
    free(gan->fake_label);
    free(gan->cross);
    free(gan->change);
    free(gan->spare);
    free(gan);
}

void gan_parts(GanPart part[GAN_PARTS], const Gan *gan)
{
    int B = gan->config.batch;
    part[0] = (GanPart){"mapping", gan->mapping, B};
    part[1] = (GanPart){"synthesis", gan->synthesis, B};
    part[2] = (GanPart){"critic", gan->critic, 2 * B};
    part[3] = (GanPart){"guide", gan->guide, B};
}

/* Settings that came later are named only where they are in use: older checkpoints stay good. */
static void put_later_settings(Json *o, const GanConfig *c)
{
    if (!c->generator.classes) json_put_bool(o, "unconditional", true);
    if (c->flip) json_put_bool(o, "flip", true);
    if (c->bf16) json_put_bool(o, "bf16", true);
    if (c->augment.colour > 0) json_put_num(o, "colour", c->augment.colour);
    if (c->augment.translation > 0) json_put_num(o, "translation", c->augment.translation);
    if (c->augment.cutout > 0) json_put_num(o, "cutout", c->augment.cutout);
    for (int i = 0; c->discriminator.stages && i < discriminator_widths(&c->discriminator); i++) {
        char key[24];
        snprintf(key, sizeof key, "critic%d", i + 1);
        json_put_int(o, key, c->discriminator.width[i]);
    }
}

/* What must agree between a checkpoint and the run that resumes it. */
static char *identity(const Gan *gan)
{
    const GanConfig *c = &gan->config;
    char digest[65];
    Json *o = json_make();
    digest_hex(digest, &gan->real->digest, 64);
    json_put_str(o, "data", digest);
    json_put_int(o, "batch", c->batch);
    json_put_int(o, "seed", (int64_t)c->seed);
    json_put_num(o, "rate_g", c->rate_g);
    json_put_num(o, "rate_d", c->rate_d);
    json_put_num(o, "beta1", c->beta1);
    json_put_num(o, "beta2", c->beta2);
    json_put_num(o, "auxiliary", c->auxiliary);
    json_put_num(o, "mixing", c->mixing);
    json_put_num(o, "ema_images", c->ema_images);
    for (int i = 0; i < c->generator.stages; i++) {
        char key[24];
        snprintf(key, sizeof key, "width%d", i + 1);
        json_put_int(o, key, c->generator.width[i]);
    }
    put_later_settings(o, c);
    char *text = json_text(o);
    json_drop(o);
    return text;
}

static const char *const player_name[] = {"mapping", "synthesis", "critic"};

/* Calls `each`, which may write, for every block of floats that makes the state. */
static bool each_block(const Gan *gan,
                       bool (*each)(void *ctx, const char *name, float *data, size_t n, Err *err), void *ctx,
                       Err *err)
{
    const Player *players[] = {&gan->g_mapping, &gan->g_synthesis, &gan->d};
    char name[48];
    for (int i = 0; i < 3; i++) {
        const Player *p = players[i];
        float *block[] = {p->w->block, p->m, p->v};
        static const char *const part[] = {"weights", "moment1", "moment2"};
        for (int k = 0; k < 3; k++) {
            snprintf(name, sizeof name, "%s.%s", player_name[i], part[k]);
            if (!each(ctx, name, block[k], p->w->floats, err)) return false;
        }
        weights_touch(p->w);
    }
    weights_touch(gan->ema_mapping);
    weights_touch(gan->ema_synthesis);
    return each(ctx, "average.mapping", gan->ema_mapping->block, gan->ema_mapping->floats, err) &&
           each(ctx, "average.synthesis", gan->ema_synthesis->block, gan->ema_synthesis->floats, err);
}

/* Checkpoints borrow names only during the call, so they can be built on the stack. */
static bool put_block(void *ctx, const char *name, float *data, size_t n, Err *err)
{
    (void)err;
    checkpoint_tensor(ctx, name, data, n);
    return true;
}

static bool get_block(void *ctx, const char *name, float *data, size_t n, Err *err)
{
    return checkpoint_get(ctx, name, data, n, err);
}

bool gan_save(const Gan *gan, const char *path, Err *err)
{
    Checkpoint *ck = checkpoint_make();
    char *who = identity(gan), slow[32];
    if (!ck || !who) {
        checkpoint_free(ck);
        free(who);
        return err_nomem(err, "a checkpoint");
    }
    snprintf(slow, sizeof slow, "%a", (double)gan->slow);
    checkpoint_meta(ck, "kind", "viewsmith-gan 1");
    checkpoint_meta(ck, "config", who);
    checkpoint_meta(ck, "slow", slow);
    checkpoint_meta_int(ck, "step", (uint64_t)gan->step);
    bool ok = each_block(gan, put_block, ck, err) && checkpoint_save(ck, path, err);
    checkpoint_free(ck);
    free(who);
    return ok;
}

static bool load_into(Gan *gan, Checkpoint *ck, const char *path, Err *err)
{
    const char *kind = checkpoint_get_meta(ck, "kind"), *config = checkpoint_get_meta(ck, "config");
    const char *slow = checkpoint_get_meta(ck, "slow");
    uint64_t step = 0;
    if (!kind || strcmp(kind, "viewsmith-gan 1") || !config || !slow)
        return err_set(err, ERR_FORMAT, "%s is not a checkpoint of viewsmith fit", path);
    char *who = identity(gan);
    bool same = who && !strcmp(who, config);
    if (!same)
        err_set(err, ERR_USAGE,
                "%s was made with other settings or data (%s, now %s); give the same ones, or another folder",
                path, config, who ? who : "?");
    free(who);
    if (!same || !checkpoint_get_int(ck, "step", &step, err) || !each_block(gan, get_block, ck, err))
        return false;
    gan->step = (long)step;
    gan->slow = strtof(slow, NULL);
    return true;
}

bool gan_load(Gan *gan, const char *path, char *notice, size_t notice_cap, Err *err)
{
    Checkpoint *ck = NULL;
    if (!checkpoint_load(&ck, path, notice, notice_cap, err)) return false;
    bool ok = load_into(gan, ck, path, err);
    checkpoint_free(ck);
    return ok;
}

/* Latents and classes of the samples from `first` on, of `total`. */
static void show_latents(Gan *gan, Exec *map, int first, int n, int total)
{
    const GeneratorConfig *c = &gan->config.generator;
    for (int i = 0; i < n; i++) {
        Rng r = rng_at((uint64_t)(first + i), RNG_LATENT);
        for (int k = 0; k < c->z_dim; k++)
            exec_value(map, gan->z_port)[(size_t)i * c->z_dim + k] = rng_normal(&r);
        gan->fake_label[i] = (int)((int64_t)(first + i) * c->classes / total);
    }
    if (c->classes) gan_onehot(exec_value(map, gan->class_port), gan->fake_label, n, c->classes);
}

static void fill_samples(Gan *gan, Exec *map, Exec *paint, float *images, int total)
{
    const GeneratorConfig *c = &gan->config.generator;
    int B = gan->config.batch;
    size_t item = dataset_item_bytes(gan->real);
    for (int first = 0; first < total; first += B) {
        int n = total - first < B ? total - first : B;
        show_latents(gan, map, first, n, total);
        exec_forward(map, gan->ema_mapping, n);
        for (int l = 0; l < gan->layers; l++)
            memcpy(exec_value(paint, gan->w_port[l]), exec_value(map, gan->w_out),
                   (size_t)n * c->w_dim * sizeof(float));
        for (int k = 0; k < gan->noises; k++) {
            size_t side = (size_t)gan->noise_side[k];
            rng_fill_normal(exec_value(paint, gan->noise_port[k]), (size_t)n * side * side, (uint64_t)first,
                            RNG_NOISE + 1000u * (unsigned)(k + 1));
        }
        exec_forward(paint, gan->ema_synthesis, n);
        memcpy(images + (size_t)first * item, exec_value(paint, gan->image_out),
               (size_t)n * item * sizeof(float));
    }
}

bool gan_samples(Gan *gan, float *images, int n, Err *err)
{
    Exec *map = exec_new(gan->g_mapping.net, gan->config.batch, EXEC_INFER, (ExecGrads){0}, gan->pool, err);
    Exec *paint =
        exec_new(gan->g_synthesis.net, gan->config.batch, EXEC_INFER, (ExecGrads){0}, gan->pool, err);
    bool ok = map && paint;
    if (ok) fill_samples(gan, map, paint, images, n);
    exec_free(map);
    exec_free(paint);
    return ok;
}

bool gan_weights(const Gan *gan, Weights **mapping, Weights **synthesis, Err *err)
{
    *mapping = weights_copy(gan->ema_mapping, err);
    *synthesis = weights_copy(gan->ema_synthesis, err);
    if (*mapping && *synthesis) return true;
    weights_drop(*mapping);
    weights_drop(*synthesis);
    *mapping = *synthesis = NULL;
    return false;
}
