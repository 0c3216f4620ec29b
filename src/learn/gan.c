/* One step of a GAN on the executor: fakes are made once, the critic learns from real and fake, then the
 * generator learns from the updated critic on the same fakes. */
#include "learn/gan_state.h"
#include "base/rng.h"
#include "math/act.h"
#include "math/loss.h"
#include "math/optim.h"
#include <math.h>
#include <string.h>

/* Pictures in colour hold more: wider networks, a residual critic that learns at twice the generator's rate,
 * mirrored pictures. */
static void make_colourful(GanConfig *c)
{
    c->generator.z_dim = 128;
    c->generator.stages = 4;
    memcpy(c->generator.width, (int[]){256, 256, 128, 64}, 4 * sizeof(int));
    c->discriminator.stages = 3;
    memcpy(c->discriminator.width, (int[]){48, 96, 192, 256}, 4 * sizeof(int));
    c->flip = 1;
    c->rate_g = 2e-4f;
    c->auxiliary = 0.2f;
    c->ema_images = 20000;
    c->total = 2000000;
}

GanConfig gan_defaults(const Dataset *real)
{
    GanConfig c = {.batch = 64,
                   .total = 1500000,
                   .anneal = 0.4f,
                   .rate_g = 4e-4f,
                   .rate_d = 4e-4f,
                   .beta1 = 0,
                   .beta2 = 0.99f,
                   .auxiliary = 0.1f,
                   .mixing = 0.3f,
                   .ema_images = 10000,
                   .seed = 1};
    c.generator = (GeneratorConfig){.z_dim = 64,
                                    .w_dim = 128,
                                    .classes = real->classes,
                                    .size = real->h,
                                    .channels = real->c,
                                    .mapping_layers = 3,
                                    .stages = 3,
                                    .width = {96, 64, 32}};
    c.discriminator = (DiscriminatorConfig){
        .classes = real->classes, .size = real->h, .channels = real->c, .width = {48, 96, 128}};
    if (real->c == 3 && real->h % 8 == 0) make_colourful(&c);
    return c;
}

long gan_images(const Gan *gan)
{
    return gan->step * gan->config.batch;
}

void gan_slow(Gan *gan, float factor)
{
    gan->slow *= factor;
}

void gan_onehot(float *onehot, const int *label, int n, int classes)
{
    memset(onehot, 0, (size_t)n * (size_t)classes * sizeof *onehot);
    for (int i = 0; classes && i < n; i++) onehot[i * classes + label[i]] = 1;
}

/* Draws of their own, so that what a step draws besides does not hang on settings. */
static Rng other_draws(const Gan *gan, unsigned kind)
{
    return rng_at(rng_mix(gan->config.seed, (uint64_t)gan->step), RNG_GAN + 1000u * kind);
}

static void mirror_half(Gan *gan)
{
    Rng r = other_draws(gan, 1);
    size_t side = (size_t)gan->real->w, item = dataset_item_bytes(gan->real);
    for (int i = 0; i < gan->config.batch; i++) {
        if (rng_below(&r, 2)) continue;
        float *end = gan->real_image + (size_t)(i + 1) * item;
        for (float *row = end - item; row < end; row += side)
            for (size_t a = 0, b = side - 1; a < b; a++, b--) {
                float kept = row[a];
                row[a] = row[b];
                row[b] = kept;
            }
    }
}

/* The draws of one step: which real images, which labels, latents, noise. All from (seed, step). */
static void draw_batch(Gan *gan)
{
    const GanConfig *c = &gan->config;
    Rng r = rng_at(rng_mix(c->seed, (uint64_t)gan->step), RNG_GAN);
    size_t item = dataset_item_bytes(gan->real);
    int classes = c->generator.classes, B = c->batch;
    for (int i = 0; i < B; i++) {
        int at = (int)rng_below(&r, (uint32_t)gan->real->n);
        image_bytes_to_float(gan->real_image + i * item, dataset_pixels(gan->real, at), item);
        if (classes) {
            gan->real_label[i] = gan->real->label[at];
            gan->fake_label[i] =
                i < B / 2 ? (int)rng_below(&r, (uint32_t)classes) : gan->fake_label[i - B / 2];
        }
        gan->cross[i] =
            gan->layers; /* from this style layer on, w comes from the partner of the same class */
        if (rng_uniform(&r) < c->mixing) gan->cross[i] = 1 + (int)rng_below(&r, (uint32_t)(gan->layers - 1));
    }
    if (c->flip) mirror_half(gan);
    gan_onehot(gan->real_class, gan->real_label, B, classes);
    gan_onehot(gan->fake_class, gan->fake_label, B, classes);
    for (size_t i = 0; i < (size_t)B * c->generator.z_dim; i++) gan->z[i] = rng_normal(&r);
    for (int k = 0; k < gan->noises; k++) {
        float *noise = exec_value(gan->synthesis, gan->noise_port[k]);
        size_t n = (size_t)B * gan->noise_side[k] * gan->noise_side[k];
        rng_fill_normals(noise, n, rng_mix(c->seed, (uint64_t)gan->step), RNG_NOISE + 1000u * (unsigned)(k + 1),
                         gan->pool);
    }
}

static int style_source(const Gan *gan, int image, int layer)
{
    int half = gan->config.batch / 2;
    if (layer < gan->cross[image]) return image;
    return image < half ? image + half : image - half;
}

static void make_fakes(Gan *gan)
{
    int B = gan->config.batch, D = gan->config.generator.w_dim;
    memcpy(exec_value(gan->mapping, gan->z_port), gan->z,
           (size_t)B * gan->config.generator.z_dim * sizeof(float));
    if (gan->config.generator.classes)
        memcpy(exec_value(gan->mapping, gan->class_port), gan->fake_class,
               (size_t)B * gan->config.generator.classes * sizeof(float));
    exec_forward(gan->mapping, gan->g_mapping.w, B);
    const float *w = exec_value(gan->mapping, gan->w_out);
    for (int l = 0; l < gan->layers; l++) {
        float *style = exec_value(gan->synthesis, gan->w_port[l]);
        for (int i = 0; i < B; i++)
            memcpy(style + (size_t)i * D, w + (size_t)style_source(gan, i, l) * D, (size_t)D * sizeof(float));
    }
    exec_forward(gan->synthesis, gan->g_synthesis.w, B);
}

/* Changes each picture of the batch at x by a draw of its own, which is kept. */
static void disguise(Gan *gan, float *x, unsigned kind)
{
    const GanAugment *a = &gan->config.augment;
    Rng r = other_draws(gan, kind);
    if (!gan_augments(a)) return;
    for (int i = 0; i < gan->config.batch; i++) {
        gan->change[i] = gan_change(a, &r, gan->real->h);
        gan_change_apply(x + (size_t)i * dataset_item_bytes(gan->real), &gan->change[i], gan->real->c,
                         gan->real->h, gan->spare);
    }
}

/* The gradient of the pictures from that of what disguise made of them. */
static void undisguise(Gan *gan, float *dx)
{
    for (int i = 0; gan_augments(&gan->config.augment) && i < gan->config.batch; i++)
        gan_change_backward(dx + (size_t)i * dataset_item_bytes(gan->real), &gan->change[i], gan->real->c,
                            gan->real->h, gan->spare);
}

/* Puts a batch, changed by the draws of `kind`, in front of the critic, as images `first` and on. */
static void show(Gan *gan, Exec *e, int first, const float *image, const float *class, unsigned kind)
{
    size_t B = (size_t)gan->config.batch, classes = (size_t)gan->config.generator.classes, at = (size_t)first;
    size_t item = dataset_item_bytes(gan->real);
    memcpy(exec_value(e, gan->d_image) + at * item, image, B * item * sizeof(float));
    disguise(gan, exec_value(e, gan->d_image) + at * item, kind);
    if (classes) memcpy(exec_value(e, gan->d_class) + at * classes, class, B * classes * sizeof(float));
}

typedef double HingeLoss(float *dd, const float *d, int N);

/* The classifier's loss of the batch at `first`, whose gradient is seeded `auxiliary` times; gives the share
 * of labels it gets right. */
static double classify(Gan *gan, Exec *e, int first, const int *label, float auxiliary)
{
    int B = gan->config.batch, classes = gan->config.generator.classes, right = 0;
    if (!classes) return NAN;
    size_t at = (size_t)first * (size_t)classes;
    float *dlabel = exec_grad(e, gan->d_label) + at;
    cross_entropy(dlabel, exec_value(e, gan->d_label) + at, label, B, classes, &right);
    vec_scale(dlabel, dlabel, (size_t)B * classes, auxiliary, 0, NULL);
    return (double)right / B;
}

/* Hinge loss of the batch at `first`; seeds its gradient. */
static double judge(Gan *gan, Exec *e, int first, HingeLoss *hinge, double *mean)
{
    int B = gan->config.batch;
    const float *critic = exec_value(e, gan->d_critic) + first;
    double sum = 0;
    for (int i = 0; i < B; i++) sum += critic[i];
    *mean = sum / B;
    return hinge(exec_grad(e, gan->d_critic) + first, critic, B);
}

static float rate_now(const Gan *gan)
{
    const GanConfig *c = &gan->config;
    double done = (double)gan_images(gan) / (double)(c->total > 0 ? c->total : 1), from = 1 - c->anneal;
    double fall = done <= from || c->anneal <= 0 ? 0 : fmin(1, (done - from) / c->anneal);
    return gan->slow * (float)(0.02 + 0.98 * 0.5 * (1 + cos(3.14159265358979 * fall)));
}

static void player_step(Gan *gan, Player *p, float rate)
{
    adam_step(p->w->block, p->m, p->v, p->g->block, p->w->floats, rate, gan->config.beta1, gan->config.beta2,
              1e-8f, 0, gan->step + 1, gan->pool);
    weights_touch(p->w);
}

/* Labels are learned from real images only: from fakes the critic would learn the generator's mistakes as
 * truth. */
static void teach_critic(Gan *gan, GanStats *s)
{
    Exec *e = gan->critic;
    int B = gan->config.batch;
    show(gan, e, 0, gan->real_image, gan->real_class, 2);
    show(gan, e, B, exec_value(gan->synthesis, gan->image_out), gan->fake_class, 3);
    exec_forward(e, gan->d.w, 2 * B);
    exec_seed_zero(e);
    s->loss_d = judge(gan, e, 0, hinge_real, &s->critic_real) + judge(gan, e, B, hinge_fake, &s->critic_fake);
    s->label_real = classify(gan, e, 0, gan->real_label, gan->config.auxiliary);
    s->label_fake = classify(gan, e, B, gan->fake_label, 0);
    weights_zero(gan->d.g);
    exec_backward(e, gan->d.w, gan->d.g, 2 * B);
    player_step(gan, &gan->d, gan->config.rate_d * rate_now(gan));
}

/* Gradients of the styles flow back to the w they were copied from. */
static void collect_w_gradient(Gan *gan)
{
    int B = gan->config.batch, D = gan->config.generator.w_dim;
    float *dw = exec_grad(gan->mapping, gan->w_out);
    memset(dw, 0, (size_t)B * D * sizeof(float));
    for (int l = 0; l < gan->layers; l++) {
        const float *style = exec_grad(gan->synthesis, gan->w_port[l]);
        for (int i = 0; i < B; i++)
            vec_axpy(dw + (size_t)style_source(gan, i, l) * D, style + (size_t)i * D, (size_t)D, 1, NULL);
    }
}

static void teach_generator(Gan *gan, GanStats *s)
{
    int B = gan->config.batch;
    double mean;
    show(gan, gan->guide, 0, exec_value(gan->synthesis, gan->image_out), gan->fake_class, 4);
    exec_forward(gan->guide, gan->d.w, B);
    exec_seed_zero(gan->guide);
    s->loss_g = judge(gan, gan->guide, 0, hinge_generator, &mean);
    classify(gan, gan->guide, 0, gan->fake_label, gan->config.auxiliary);
    exec_backward(gan->guide, gan->d.w, NULL, B);
    exec_seed_zero(gan->synthesis);
    memcpy(exec_grad(gan->synthesis, gan->image_out), exec_grad(gan->guide, gan->d_image),
           dataset_item_bytes(gan->real) * (size_t)B * sizeof(float));
    undisguise(gan, exec_grad(gan->synthesis, gan->image_out));
    weights_zero(gan->g_synthesis.g);
    weights_zero(gan->g_mapping.g);
    exec_backward(gan->synthesis, gan->g_synthesis.w, gan->g_synthesis.g, B);
    exec_seed_zero(gan->mapping);
    collect_w_gradient(gan);
    exec_backward(gan->mapping, gan->g_mapping.w, gan->g_mapping.g, B);
    float rate = gan->config.rate_g * rate_now(gan);
    player_step(gan, &gan->g_synthesis, rate);
    player_step(gan, &gan->g_mapping, rate * 0.1f); /* the mapping learns slower, as in StyleGAN */
    s->rate = rate;
}

static void average(Gan *gan)
{
    double half = fmin(gan->config.ema_images, 0.05 * (double)gan_images(gan) + gan->config.batch);
    float decay = (float)pow(0.5, gan->config.batch / half);
    weights_ema(gan->ema_mapping, gan->g_mapping.w, decay);
    weights_ema(gan->ema_synthesis, gan->g_synthesis.w, decay);
}

bool gan_step(Gan *gan, GanStats *s, Err *err)
{
    draw_batch(gan);
    make_fakes(gan);
    teach_critic(gan, s);
    teach_generator(gan, s);
    average(gan);
    gan->step++;
    s->images = gan_images(gan);
    if (!isfinite(s->loss_d) || !isfinite(s->loss_g) ||
        (gan->step % 100 == 0 && !(weights_finite(gan->g_synthesis.w) && weights_finite(gan->d.w))))
        return err_set(err, ERR_NUMERIC, "the GAN's loss or weights are no longer finite at image %ld",
                       s->images);
    return true;
}
