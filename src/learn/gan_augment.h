/* Differentiable augmentation: what the critic sees of every picture, real or made, is changed at random, and
 * the generator's gradient comes back through the change. After DiffAugment (Zhao et al. 2020), so that a
 * critic of few real pictures cannot learn them by heart, and what it teaches does not leak into what is
 * made.
 *
 * A change is linear in the picture: brightness, saturation and contrast, a shift that lets black in, a grey
 * square. */
#pragma once
#include "base/rng.h"
#include <stdbool.h>

typedef struct {
    float colour; /* 1: brightness +- 0.5 (of values in [-1,1]), saturation 0..2 and contrast 0.5..1.5 times;
                     0: none */
    float translation; /* most of a shift, as a share of the side: 0.125 in the paper */
    float cutout;      /* side of the grey square, as a share of the picture's: 0.5 in the paper */
} GanAugment;

typedef struct {
    float brightness, saturation, contrast;
    int dx, dy;                   /* pixels */
    int left, top, right, bottom; /* the square, within the picture; empty: none */
} GanChange;

bool gan_augments(const GanAugment *a);
/* The next change that r draws. */
GanChange gan_change(const GanAugment *a, Rng *r, int side);
/* x (C, side, side) changed in place; scratch as large. */
void gan_change_apply(float *x, const GanChange *g, int C, int side, float *scratch);
/* The gradient of x from that of what became of it, in place. */
void gan_change_backward(float *dx, const GanChange *g, int C, int side, float *scratch);
