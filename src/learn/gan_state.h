/* What a Gan holds: players, executors, the batch of this step. Shared by gan.c (the step) and gan_state.c
 * (life and files). */
#pragma once
#include "learn/gan.h"

/* Weights with their gradient and Adam's two moments. */
typedef struct {
    Net *net;
    Weights *w, *g;
    float *m, *v;
} Player;

struct Gan {
    GanConfig config;
    const Dataset *real;
    Pool *pool;
    Player g_mapping, g_synthesis, d;
    Weights *ema_mapping, *ema_synthesis;
    Exec *mapping, *synthesis; /* training the generator */
    Exec *critic, *guide; /* the critic learning from real and made together, and teaching (gradient of the
                             image only) */
    int layers, noises, noise_side[GENERATOR_LAYERS_MAX];
    ValueId z_port, class_port, w_out, w_port[GENERATOR_LAYERS_MAX], noise_port[GENERATOR_LAYERS_MAX],
        image_out;
    ValueId d_image, d_class, d_critic, d_label;
    float *real_image, *real_class, *fake_class, *z;
    int *real_label, *fake_label, *cross;
    GanChange *change; /* (batch): what became of each picture that the guide is shown */
    float *spare;      /* one picture */
    long step;
    float slow; /* factor on both rates, lowered after a divergence */
};

/* onehot (n, classes) of labels, which are not looked at when there are no classes. */
void gan_onehot(float *onehot, const int *label, int n, int classes);
