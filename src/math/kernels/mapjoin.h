/* The inner loops of math/mapjoin.c over one block of one image, compiled once per instruction set; the same
 * bits on AVX2 and AVX-512. Everything comes as rows of 16 floats, one for each pixel. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* gain * bend(scale * x + shift), bend(z) = z < 0 ? slope * z : z. scale and shift hold 16 floats. */
typedef struct {
    const float *x; /* NULL: the term is absent */
    const float *scale, *shift;
    float slope, gain;
} JoinTerm;

/* y = gain * bend(a + b + strength * noise), noise one float for each pixel or NULL. */
typedef struct {
    JoinTerm a, b;
    const float *noise;
    float strength, slope, gain;
    int lanes; /* channels there are: the lanes after get no noise */
    size_t pixels;
    bool stream; /* results go past the caches */
} JoinPlane;

/* The gradient of one term: of x (NULL: not wanted), and 16 sums each for scale and shift (NULL: not wanted).
 */
typedef struct {
    float *dx;
    bool add;
    float *dscale, *dshift;
} JoinTermBack;

typedef struct {
    void (*forward)(float *y, const JoinPlane *j);
    /* y: as forward wrote it, NULL where slope and gain are 1 */
    void (*backward)(const JoinTermBack *a, const JoinTermBack *b, const float *dy, const float *y,
                     const JoinPlane *j);
    /* dnoise[p] (NULL, or +=) strength * the sum over the lanes of d; returns the sum of d * noise, where d
     * is the gradient of what is bent */
    float (*noise)(float *dnoise, const float *dy, const float *y, const JoinPlane *j);
    void (*sum)(float *sum16, const float *x, size_t pixels);
    void (*spread)(float *dx, const float *value16, size_t pixels,
                   bool add); /* dx = or += the same for every pixel */
} JoinKernels;

extern const JoinKernels join_portable, join_avx2, join_avx512;
