/* Normalisations with their gradients: batch, instance, per-row (pixel norm, L2) and the spectral norm of a weight.
 * scale and offset are (C) or, for conditional norms, (N,C): `per_image` says which; both may be NULL (1 and 0). */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* Training batch norm (Ioffe & Szegedy 2015): statistics over N and P; running += momentum * (batch - running), variance
 * unbiased there as in PyTorch. saved (2,C): mean and 1/std for the backward. x (N,C,P). */
void batchnorm_train(float *y, float *saved, float *running_mean, float *running_var, const float *x,
                     const float *scale, const float *offset, bool per_image, int N, int C, int P, float eps,
                     float momentum, Pool *pool);
void batchnorm_infer(float *y, const float *x, const float *mean, const float *var, const float *scale,
                     const float *offset, bool per_image, int N, int C, int P, float eps, Pool *pool);
/* dx = or +=; dscale, doffset += (may be NULL). frozen: running statistics were used (saved still holds mean, 1/std). */
void batchnorm_backward(float *dx, float *dscale, float *doffset, const float *dy, const float *x, const float *saved,
                        const float *scale, bool per_image, bool frozen, int N, int C, int P, bool accumulate,
                        Pool *pool);
/* saved (2,N,C) */
void instancenorm_forward(float *y, float *saved, const float *x, const float *scale, const float *offset,
                          bool per_image, int N, int C, int P, float eps, Pool *pool);
void instancenorm_backward(float *dx, float *dscale, float *doffset, const float *dy, const float *x,
                           const float *saved, const float *scale, bool per_image, int N, int C, int P,
                           bool accumulate, Pool *pool);
/* y = x / sqrt(mean_c x^2 + eps) (ProGAN), rows of C; saved (N): the factor. */
void pixelnorm_forward(float *y, float *saved, const float *x, int N, int C, float eps);
void pixelnorm_backward(float *dx, const float *dy, const float *x, const float *saved, int N, int C, bool accumulate);
/* y = x / max(|x|, 1e-12); saved (N): 1/|x|. */
void l2norm_forward(float *y, float *saved, const float *x, int N, int C);
void l2norm_backward(float *dx, const float *dy, const float *y, const float *saved, int N, int C, bool accumulate);
/* Spectral norm (Miyato et al. 2018): one power iteration v = norm(W^T u), u' = norm(W v), sigma = u'.W v, y = W / sigma;
 * w (O,K). u is updated only when train. saved (1+O+K): sigma, u, v as used. */
void spectral_forward(float *y, float *saved, float *u, const float *w, int O, int K, bool train, Pool *pool);
/* dw += (dy - (dy . y) u v^T) / sigma  (u, v constants as in the paper) */
void spectral_backward(float *dw, const float *dy, const float *y, const float *saved, int O, int K, Pool *pool);
/* Mean over channels and pixels of the standard deviation over the batch (ProGAN minibatch std, one group), put as one
 * more channel of every image. x (N,C,P), y (N,C+1,P); saved (1+C*P): the value, and the mean picture. */
void batchstd_forward(float *y, float *saved, const float *x, int N, int C, int P, float eps, Pool *pool);
void batchstd_backward(float *dx, const float *dy, const float *x, const float *saved, int N, int C, int P, float eps,
                       bool accumulate, Pool *pool);
/* Softmax over rows of C. */
void softmax_forward(float *y, const float *x, int N, int C);
void softmax_backward(float *dx, const float *dy, const float *y, int N, int C, bool accumulate);
