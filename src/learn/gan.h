/* Trains a generator on real images: hinge losses, spectral norm, EMA weights; class-conditional with a
 * projection critic and an auxiliary classifier, or, with no classes in both configs, unconditional: labels
 * are then never looked at. A step machine without threads of its own; every draw is a pure function of
 * (seed, step).
 *
 *     Gan *gan = gan_new(&config, &real, pool, err);
 *     while (gan_images(gan) < total) gan_step(gan, &stats, err);
 *     gan_save(gan, "fit/checkpoint.safetensors", err);
 *
 * Sources: hinge and projection, Miyato & Koyama 2018; auxiliary classifier, Odena et al. 2017; style mixing
 * and EMA, Karras et al. 2019. */
#pragma once
#include "data/dataset.h"
#include "learn/gan_augment.h"
#include "model/discriminator.h"
#include "model/generator.h"

typedef struct {
    GeneratorConfig generator;
    DiscriminatorConfig discriminator;
    int batch;    /* even: halves share their labels, so that styles can mix within a class */
    long total;   /* images to see; the rates fall by a cosine over the last `anneal` of them */
    float anneal; /* share of total, 0..1 */
    float rate_g, rate_d, beta1, beta2;
    float auxiliary;    /* weight of the classifier's loss in both players */
    float mixing;       /* share of images whose styles come from two latents of their class */
    float ema_images;   /* half-life of the averaged weights, in images */
    int flip;           /* 1: half of the real images are shown mirrored */
    GanAugment augment; /* of what the critic sees */
    int bf16; /* 1: products of convolutions in bfloat16 where the CPU has a matrix unit (net/exec.h) */
    uint64_t seed;
} GanConfig;

typedef struct {
    long images;
    double loss_d, loss_g;           /* hinge parts */
    double critic_real, critic_fake; /* mean critic values */
    double label_real,
        label_fake; /* share of labels the auxiliary classifier gets right; NaN: unconditional */
    double rate;    /* of the generator */
} GanStats;

typedef struct Gan Gan;

/* Defaults for 28x28 grey or, where `real` is in colour and its side divisible by 8, for 32x32 colour;
 * class-conditional; size, channels and classes follow `real`. */
GanConfig gan_defaults(const Dataset *real);
/* `real` must outlive the Gan. */
Gan *gan_new(const GanConfig *config, const Dataset *real, Pool *pool, Err *err);
void gan_free(Gan *gan);
/* One update of both players. ERR_NUMERIC when a loss or weight is no longer finite: the state is then
 * useless. */
bool gan_step(Gan *gan, GanStats *stats, Err *err);
long gan_images(const Gan *gan);
/* Scales both learning rates from now on (part of the state). */
void gan_slow(Gan *gan, float factor);
/* The whole state; a loaded Gan goes on bit for bit. gan_load refuses a checkpoint of another config or data
 * set, naming what differs; only `total` and `anneal` may change. notice: as checkpoint_load. */
bool gan_save(const Gan *gan, const char *path, Err *err);
bool gan_load(Gan *gan, const char *path, char *notice, size_t notice_cap, Err *err);
/* Floats in [-1,1] of n pictures, EMA weights, latents fixed by the seed: as many of every class, class by
 * class. */
bool gan_samples(Gan *gan, float *images, int n, Err *err);
/* Copies of the averaged weights, for generator_make. */
bool gan_weights(const Gan *gan, Weights **mapping, Weights **synthesis, Err *err);

/* The nets that a step runs, for measuring; the Gan keeps them. */
enum { GAN_PARTS = 4 };
typedef struct {
    const char *name;
    Exec *exec;
    int images; /* at a time; once in a step */
} GanPart;
void gan_parts(GanPart part[GAN_PARTS], const Gan *gan);
