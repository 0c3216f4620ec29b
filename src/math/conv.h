/* 2-D convolution in all three directions, with stride, padding, dilation and groups; a transposed convolution is the
 * data gradient of the mirrored one. Implicit GEMM over math/gemm's tile kernel: patches are packed straight from the
 * picture. Bits do not depend on threads; the order of sums is fixed by the shape. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* x (N,C,H,W)  w (O,C/groups,KH,KW)  y (N,O,OH,OW);  OH = (H + pt + pb - dh*(KH-1) - 1) / sh + 1, OW alike. */
typedef struct {
    int N, C, H, W, O, KH, KW;
    int sh, sw, dh, dw;     /* stride, dilation */
    int pt, pl, pb, pr;     /* padding: top left bottom right */
    int groups;
    int OH, OW;
} ConvShape;

/* Fills OH and OW; false when a size is not positive or does not fit the kernel. */
bool conv_shape(ConvShape *s);
/* Floats of 64-byte aligned scratch that any of the three directions needs. */
size_t conv_scratch(const ConvShape *s, int threads);

/* y = conv(x, w) + bias; bias (O) or NULL. */
void conv_forward(float *y, const float *x, const float *w, const float *bias, const ConvShape *s, float *scratch,
                  Pool *pool);
/* dx (+)= the gradient of x; also the forward of a transposed convolution (bias (C) or NULL is added then). */
void conv_backward_data(float *dx, const float *dy, const float *w, const float *bias, const ConvShape *s,
                        bool accumulate, float *scratch, Pool *pool);
/* dw += the gradient of w. */
void conv_backward_weight(float *dw, const float *dy, const float *x, const ConvShape *s, float *scratch, Pool *pool);
/* db (O) += sum of dy (N,O,P) over N and P. */
void conv_backward_bias(float *db, const float *dy, int N, int O, int P);

/* The oracles: plain loops. */
void conv_forward_naive(float *y, const float *x, const float *w, const float *bias, const ConvShape *s);
void conv_backward_data_naive(float *dx, const float *dy, const float *w, const float *bias, const ConvShape *s,
                              bool accumulate);
void conv_backward_weight_naive(float *dw, const float *dy, const float *x, const ConvShape *s);
