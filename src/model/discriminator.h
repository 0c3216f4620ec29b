/* The critic of a class-conditional GAN: spectrally normalised convolutions, projection (Miyato & Koyama 2018) and an
 * auxiliary classifier head. */
#pragma once
#include "net/net.h"

typedef struct {
    int classes, size, channels;
    int width[3]; /* channels at size/2, at size/2 after a 3x3, and at size/4 */
    int group;    /* so many images of a batch are compared with each other, 0: all */
} DiscriminatorConfig;

/* Ports: image (N,C,H,W), class (N,classes) one-hot -> critic (N,1), label (N,classes) logits. The caller frees. */
Net *discriminator_net(const DiscriminatorConfig *c, Err *err);
