/* Demodulation (StyleGAN2, Karras et al. 2020, eq. 3): d_no = 1 / sqrt(sum_c s_nc^2 sum_k w_ock^2 + eps),
 * which brings the outputs of a modulated convolution back to unit variance. Bits do not depend on threads or
 * on the batch. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

typedef struct {
    int N, C, O, taps; /* s (N,C), w (O,C,taps) */
    int row;           /* floats from one image's d to the next's */
    float eps;
} DemodShape;

/* Floats of 64-byte aligned scratch for both. */
size_t demod_scratch(const DemodShape *s);
void demod_forward(float *d, const float *style, const float *w, const DemodShape *s, float *scratch,
                   Pool *pool);
/* dstyle and dw +=, each may be NULL; dd like d. */
void demod_backward(float *dstyle, float *dw, const float *dd, const float *d, const float *style,
                    const float *w, const DemodShape *s, float *scratch, Pool *pool);
