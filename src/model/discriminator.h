/* The critic of a GAN: spectrally normalised convolutions, and for classes a projection (Miyato & Koyama
 * 2018) and an auxiliary classifier head. */
#pragma once
#include "net/net.h"

#define DISCRIMINATOR_WIDTHS 8

typedef struct {
    int classes, size, channels; /* classes 0: no class port, no label output */
    int stages; /* residual blocks, each halving the size (after StyleGAN2's critic, Karras et al. 2020); 0: a
                   plain chain */
    int width[DISCRIMINATOR_WIDTHS]; /* chain: channels at size/2, there after a 3x3, at size/4; else in front
                                        of each block and behind the last: stages + 1 of them */
    int group;                       /* so many images of a batch are compared with each other, 0: all */
} DiscriminatorConfig;

/* Widths that config has. */
int discriminator_widths(const DiscriminatorConfig *c);
/* Ports: image (N,C,H,W), [class (N,classes) one-hot] -> critic (N,1), [label (N,classes) logits]. The caller
 * frees. */
Net *discriminator_net(const DiscriminatorConfig *c, Err *err);
