/* Losses with closed-form gradients: value returned, gradient written (scaled for the mean over the batch). */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* NT-Xent (SimCLR, Chen et al. 2020, eq. 1) over 2N rows h (2N,D), unit length or not (normalised inside); row i and
 * i+N are a pair. Mean over the 2N anchors. dh written. similarity: (2N,2N) scratch that afterwards holds cosines / tau
 * with -inf on the diagonal. scratch: ntxent_scratch floats. origin (2N), origin[i] = origin[i+N]: rows of one origin are
 * views of the same picture and no negatives of one another; NULL: every pair has its own. */
double ntxent(float *dh, float *similarity, const float *h, const int *origin, int N, int D, float tau, float *scratch,
              Pool *pool);
size_t ntxent_scratch(int N, int D);
double ntxent_naive(float *dh, const float *h, const int *origin, int N, int D, float tau);
/* SupCon (Khosla et al. 2020, eq. 2, L_out): as ntxent, but the positives of a row are all others of its label, label (2N)
 * with label[i] = label[i+N]. Mean over the 2N anchors, times factor: the tau / tau_base of the authors' code, 1 by the
 * paper's formula. Same scratch. */
double supcon(float *dh, float *similarity, const float *h, const int *label, int N, int D, float tau, float factor,
              float *scratch, Pool *pool);
double supcon_naive(float *dh, const float *h, const int *label, int N, int D, float tau, float factor);
/* Mean over n values of (x - target)^2. */
double mean_square(float *dx, const float *x, const float *target, size_t n);
/* Cross-entropy with integer labels; x (N,C). dx may be NULL. *correct counts argmax hits (may be NULL). */
double cross_entropy(float *dx, const float *x, const int *label, int N, int C, int *correct);
/* Hinge losses of a GAN (Lim & Ye 2017): real: mean max(0, 1 - d); fake: mean max(0, 1 + d); generator: -mean d. */
double hinge_real(float *dd, const float *d, int N);
double hinge_fake(float *dd, const float *d, int N);
double hinge_generator(float *dd, const float *d, int N);
/* Non-saturating logistic losses (StyleGAN): softplus(-d) real, softplus(d) fake, softplus(-d) generator. */
double logistic_loss(float *dd, const float *d, int N, bool want_high);
