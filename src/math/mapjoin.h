/* Sums of maps (math/map.h) with normalisation, noise and activation in one pass: where branches of a network meet, or a value
 * that is otherwise made anew at each reading has to lie in memory. Also means over pixels.
 *
 * Bits depend neither on threads nor on AVX2 against AVX-512. */
#pragma once
#include "math/map.h"

/* gain * bend(scale * x + shift), bend(z) = z < 0 ? slope * z : z. scale and shift (16*blocks), or (N,16*blocks) with
 * per_image; both NULL: 1 and 0. */
typedef struct {
    const float *x; /* NULL: absent */
    const float *scale, *shift;
    bool per_image;
    float slope, gain;
} MapTerm;

/* y = gain * bend(a + b + strength * noise), maps of N images of C channels and P pixels; noise (N,P) plain or NULL. y may be
 * the memory of a.x or b.x. */
typedef struct {
    MapTerm a, b;
    const float *noise;
    float strength, slope, gain; /* 0 <= slope, 0 < gain */
    int N, C, P;
} MapJoin;

/* What is wanted of one term; each may be NULL. */
typedef struct {
    float *dx;
    bool add;               /* dx += */
    float *dscale, *dshift; /* +=, like scale and shift; both or none */
} MapTermBack;

typedef struct {
    MapTermBack a, b;
    float *dnoise;    /* += (N,P), or NULL */
    float *dstrength; /* += one float, or NULL */
} MapJoinBack;

void mapjoin_forward(float *y, const MapJoin *j, Pool *pool);
/* Floats of 64-byte aligned scratch. */
size_t mapjoin_scratch(int N, int C);
/* y: as forward wrote it. At zero a rectifier passes no gradient. a.dx and b.dx may be the same memory, b then with add. */
void mapjoin_backward(const MapJoinBack *back, const float *dy, const float *y, const MapJoin *j, float *scratch,
                      Pool *pool);

/* y (N,C) plain = scale * the sum of x over pixels, and the gradient: dx = or += scale * dy for every pixel. */
void map_sum(float *y, const float *x, int N, int C, int P, float scale, Pool *pool);
void map_sum_backward(float *dx, const float *dy, int N, int C, int P, float scale, bool add, Pool *pool);
