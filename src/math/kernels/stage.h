/* What happens to pixels of a map on their way into a convolution's scratch and out of it; one set per
 * instruction set. Every function works on one block: pixels of sixteen channels, coefficients as sixteen
 * floats each. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Pixel (i,j) of the staged plane is pixel (i + row0, j + col0) of the picture, and zero outside it. */
typedef struct {
    int rows, cols; /* staged */
    int row0, col0;
    int H, W;
} StageSize;

/* v = gain * act(scale * x + shift), act(z) = z < 0 ? slope * z : z; scale NULL: v = x. */
typedef struct {
    const float *scale, *shift;
    float slope, gain;
} StageRead;

/* d = dy * (y > 0 ? gain : slope * gain) + (by * (y - mean) + constant); y NULL: d = dy; by NULL: without the
 * second part */
typedef struct {
    const float *y;
    const float *by, *mean, *constant;
    float slope, gain;
} StageGrad;

/* d = dy * (y > 0 ? gain : slope * gain) * scale, and what the gradients of scale, shift and noise are made
 * of: sums (3,16) = of d / scale, of dy * y, of d / scale * noise (which has one number a pixel; NULL: 0). */
typedef struct {
    const float *y, *scale, *noise;
    float slope, gain;
    float *sums;
} StageScaled;

/* y = gain * act(scale * raw + shift + add + strength * noise), or raw itself unless `bent`; NULL: absent.
 * noise has one number a pixel. moments (3,16) or NULL: pivot, sum of y - pivot, sum of its square; begin:
 * the first pixel becomes the pivot. stream: past the caches. raw may be y. */
typedef struct {
    bool bent;
    const float *scale, *shift, *add, *noise, *strength;
    float slope, gain;
    float *moments;
    bool begin, stream;
} Finish;

/* From raw, the gradient of the read's v: dz = raw * act'; dx = or += dz * scale (dx may be NULL); sums: dz *
 * x, then dz, both
 * += (16 each; may be NULL). */
typedef struct {
    StageRead read;
    const float *x; /* may be NULL when read.scale is */
    bool add, stream;
    float *sums;
} FinishBack;

typedef struct {
    void (*read)(float *to, const float *x, const StageSize *s, const StageRead *r);
    void (*grad)(float *to, const float *dy, const StageSize *s, const StageGrad *g);
    /* Every pixel of the picture must be among those staged. */
    void (*scaled)(float *to, const float *dy, const StageSize *s, const StageScaled *g);
    /* From a plain picture of `lanes` <= 16 channels, `plane` floats apart; the other lanes are zero. */
    void (*plain)(float *to, const float *x, const StageSize *s, int lanes, size_t plane);
    void (*finish)(float *y, const float *raw, size_t pixels, const Finish *f);
    void (*back)(float *dx, const float *raw, size_t pixels, const FinishBack *b);
    /* acc (16) += the sum over rows of cols pixels, `row` floats from one row to the next */
    void (*sum)(float *acc, const float *x, int rows, int cols, size_t row);
} StageKernels;

const StageKernels *stage_kernels(void);

extern const StageKernels stage_portable, stage_avx2, stage_avx512;
