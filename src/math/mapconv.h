/* Convolution on maps (math/map.h) in all directions, with what stands around it done in the same pass over
 * memory: the normalisation and activation of the input while it is read, bias, statistics, noise, residual
 * and activation of the result while it is written. Kernels by the layer's shape alone: Winograd for 3x3 of
 * stride 1 and for 4x4 of stride 2, direct else.
 *
 * Bits depend neither on threads nor on AVX2 against AVX-512. Groups are not served (math/conv.h does). */
#pragma once
#include "math/conv.h"
#include "math/map.h"

/* The geometry, and which way it is used: `transposed` runs the data gradient of `s` forward (dy -> x), as
 * ConvTranspose does: then its input is (N, s.O, s.OH, s.OW), its result (N, s.C, s.H, s.W), and w is still
 * (s.O, s.C, KH, KW), which is ONNX's (in, out, KH, KW). s.groups must be 1. Below, I and O are the channels
 * of input and result of the way chosen. */
typedef struct {
    ConvShape s;
    bool transposed;
    bool exact;               /* never Winograd */
    bool split;               /* Winograd on the matrix unit where the CPU has one (math/split.h) */
    bool bf16;                /* products in bfloat16 where the CPU has a matrix unit (math/bf16.h) */
    bool scaled;              /* the result is scaled for each image: backward needs to know by what */
    bool plain_in, plain_out; /* that side is a plain picture (N,C,H,W) of few channels instead of a map */
} MapConv;

typedef struct {
    int C, H, W;
} MapSide;
static inline MapSide mapconv_input(const MapConv *c)
{
    const ConvShape *s = &c->s;
    return c->transposed ? (MapSide){s->O, s->OH, s->OW} : (MapSide){s->C, s->H, s->W};
}
static inline MapSide mapconv_result(const MapConv *c)
{
    const ConvShape *s = &c->s;
    return c->transposed ? (MapSide){s->C, s->H, s->W} : (MapSide){s->O, s->OH, s->OW};
}

/* How the input is read: v = gain * act(scale * x + shift), act(z) = z < 0 ? slope * z : z; outside the
 * picture 0. Where scale is NULL, slope and gain must be 1; a plain picture has none. scale and shift (16 *
 * blocks), zero past I; per_image: (N, 16 * blocks). */
typedef struct {
    const float *x;
    const float *scale, *shift; /* both or none */
    bool per_image;
    float slope, gain; /* 0 <= slope <= 1 */
} MapRead;

/* How the result is written: y = gain * act(scale * conv + shift + add + strength * noise). */
typedef struct {
    float *y;
    const float *scale; /* (16 * blocks), or (N, 16 * blocks) with per_image; NULL: 1 */
    const float *shift; /* (16 * blocks): a bias; NULL: 0 */
    bool per_image;
    const float *add;   /* a map like y, or NULL */
    const float *noise; /* (N,1,OH,OW) plain, or NULL */
    float strength;
    float slope, gain;
    float *moments; /* NULL, or (2, 16 * blocks): mean and (biased) variance of y over images and pixels */
} MapWrite;         /* a plain picture has no add and no moments */

/* The gradient of the result as it comes: of y, through act (which side is told by y's sign: slope >= 0 and
 * gain > 0 kept it), plus that of the moments: dmoments (2, 16 * blocks) or NULL. Of a layer that is `scaled`
 * (a map without moments, not transposed) the write's scale (N, 16 * blocks), which is nowhere 0, and its
 * shift (16 * blocks), noise and strength or NULLs as they were. */
typedef struct {
    const float *dy, *y; /* y may be NULL when slope and gain are 1 and dmoments and scale NULL */
    const float *moments, *dmoments;
    float slope, gain;
    const float *scale, *shift, *noise;
    float strength;
} MapGrad; /* maps, or plain pictures where plain_out says so (then without dmoments) */

/* What is wanted; each may be NULL. At zero a rectifier passes no gradient, as in PyTorch. */
typedef struct {
    float *dx;              /* like the input, through the read's act and scale */
    bool add;               /* dx += */
    float *dscale, *dshift; /* +=, like scale and shift; both or none */
    float *dw;              /* +=, (s.O, s.C, KH, KW) */
    float *dbias;           /* +=, (O) */
    float *dscaled;         /* +=, of the write's scale, like it; NULL unless `scaled` */
    float *dstrength;       /* +=, of the noise's, one float; NULL unless `scaled` */
} MapBack;

/* w packed for one way: kept between calls as long as w stays the same (inference), or made anew each time
 * (training). */
size_t mapconv_packed(const MapConv *c); /* floats */
void mapconv_pack(float *packed, const float *w, const MapConv *c, Pool *pool);
/* 64-byte aligned scratch, in floats. */
size_t mapconv_scratch(const MapConv *c, bool backward, int threads);

void mapconv_forward(const MapWrite *to, const MapRead *from, const float *packed, const MapConv *c,
                     float *scratch, Pool *pool);
void mapconv_backward(const MapBack *back, const MapGrad *dy, const MapRead *from, const float *w,
                      const MapConv *c, float *scratch, Pool *pool);
/* "winograd", "split", "strided", "direct", "narrow" or "bf16": what forward runs. */
const char *mapconv_kernel(const MapConv *c);

/* The oracle: plain loops over plain copies. False: out of memory. */
bool mapconv_forward_naive(const MapWrite *to, const MapRead *from, const float *w, const MapConv *c);
bool mapconv_backward_naive(const MapBack *back, const MapGrad *dy, const MapRead *from, const float *w,
                            const MapConv *c);
