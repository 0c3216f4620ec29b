/* An encoder with the way back: how a change of its features or logits follows from a change of the picture.
 *
 *     EncGrad *e = encoder_grad(encoder, 16, pool, err);
 *     const float *features = enc_grad_run(e, &logits, image, n);
 *     enc_grad_back(e, dimage, dfeatures, NULL, n);      enc_grad_free(e); */
#pragma once
#include "model/encoder.h"

typedef struct EncGrad EncGrad;

/* Keeps encoder; running statistics are constants. */
EncGrad *encoder_grad(Encoder *encoder, int batch, Pool *pool, Err *err);
void enc_grad_free(EncGrad *e);
/* Features (n, D) of images (n, C, H, W) in [-1, 1], and of a judge its logits (n, classes) (else *logits
 * NULL; logits itself may be NULL); its own until the next call. n <= batch. */
const float *enc_grad_run(EncGrad *e, const float **logits, const float *image, int n);
/* Overwrites dimage with the gradient for dfeatures and dlogits, either NULL, of the pictures just run. */
void enc_grad_back(EncGrad *e, float *dimage, const float *dfeatures, const float *dlogits, int n);
