/* Modulated convolution (StyleGAN2, Karras et al. 2020, eq. 1-3): inputs scaled by a style per channel, outputs scaled
 * back to unit variance. y_o = d_o * conv(x * s, w)_o + b_o,  d_no = 1 / sqrt(sum_c s_nc^2 sum_k w_ock^2 + eps). */
#pragma once
#include "math/conv.h"

/* s (N,C). saved: modconv_saved() floats, kept for the backward (x*s, conv before demodulation, d). */
size_t modconv_saved(const ConvShape *c, bool demodulate);
size_t modconv_scratch(const ConvShape *c, int threads);
void modconv_forward(float *y, float *saved, const float *x, const float *s, const float *w, const float *bias,
                     const ConvShape *c, bool demodulate, float eps, float *scratch, Pool *pool);
/* dx (may be NULL) = or += ; ds (NULL or) = or += ; dw (NULL or) += . */
void modconv_backward(float *dx, bool accumulate_x, float *ds, bool accumulate_s, float *dw, const float *dy,
                      const float *saved, const float *x, const float *s, const float *w, const ConvShape *c,
                      bool demodulate, float eps, float *scratch, Pool *pool);
void modconv_forward_naive(float *y, const float *x, const float *s, const float *w, const float *bias,
                           const ConvShape *c, bool demodulate, float eps);
