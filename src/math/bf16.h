/* Convolution products in bfloat16 with float32 sums, on the matrix unit (AMX) of CPUs that have one: an
 * option, several times faster than float32 there and nowhere else. Inputs and weights are rounded to eight
 * bits of mantissa; everything that is stored stays float32. Called by math/mapconv_way.c. Bits depend on no
 * thread.
 *
 * Pixels are taken as one run: "place" i * pitch + j is result pixel (i,j); the places between the rows' ends
 * are computed and thrown away, so that narrow pictures fill tiles too. Inputs of stride s are laid out as s
 * * s planes, in which neighbours of a run are neighbours in memory. */
#pragma once
#include "math/map.h"
#include <stdint.h>

/* Whether this CPU has the unit and the system lets us use it. */
bool bf16_here(void);

enum { BF16_CHANNELS = 32, BF16_TAPS = 64 }; /* channels of a block; taps of a filter at most */

static inline int bf16_blocks(int C)
{
    return (C + BF16_CHANNELS - 1) / BF16_CHANNELS;
}

/* How a staged map is laid out in planes: pixel (r,c) is place (r / down) * pitch + c / right of plane r %
 * down * right + c % right. */
typedef struct {
    int down, right, rows, pitch; /* rows and pitch of each plane */
} Bf16Planes;

Bf16Planes bf16_planes(const Staged *s, int down, int right);
/* Places from plane (0,0)'s first to staged pixel (row, col). */
int bf16_place(const Bf16Planes *p, int row, int col);

/* Inputs of a product: [images][ceil(C/32)][planes][rows][pitch][32], and room to read past the end. */
size_t bf16_input_floats(const Bf16Planes *p, int images, int C);
void bf16_input(uint16_t *to, const Staged *from, const Bf16Planes *p);

/* Weights [ceil(O/32)][taps][ceil(C/32)] of two tiles of 16 outputs each. The weight from channel c to output
 * o at tap t is w[o * o_step + c * c_step + tap[t]]. */
typedef struct {
    const float *w;
    size_t o_step, c_step;
    const int *tap;
    int taps, O, C;
} Bf16Filter;
size_t bf16_filter_floats(int O, int C, int taps);
void bf16_filter(uint16_t *to, const Bf16Filter *f, int part); /* outputs from 32 * part on */

/* y (raw results of O channels) from inputs; tap[t]: the place that result pixel (0,0) reads. */
typedef struct {
    const uint16_t *x, *w;
    Bf16Planes planes;
    const int *tap;
    int taps, images, C, O;
    int first, parts; /* of 32 outputs: which are made */
} Bf16Product;
void bf16_product(const MapRegion *y, const Bf16Product *p);

/* The weight gradient. Inputs lie as pairs of places, [images][ceil(C/32)*2][2][places / 2][16][2], once
 * beginning at place 0 and once at place 1, so that a tap of either parity reads whole lines; gradients
 * output by output, [images][ceil(O/32)*32][places], zero between the rows. */
size_t bf16_outer_input_floats(const Bf16Planes *p, int images, int C);
void bf16_outer_input(uint16_t *to, const Staged *from, const Bf16Planes *p);
size_t bf16_outer_gradient_floats(const Bf16Planes *p, int rows, int cols, int images, int O);
void bf16_outer_gradient(uint16_t *to, const Staged *from, const Bf16Planes *p, int rows, int cols);

typedef struct {
    const uint16_t *x, *dy;
    Bf16Planes planes;
    const int *tap;
    int taps, images, C, O, rows, cols; /* of the result */
} Bf16Outer;
/* du [ceil(O/32)][ceil(C/32)][taps][32 outputs][32 channels] += */
size_t bf16_outer_floats(int O, int C, int taps);
void bf16_outer(float *du, const Bf16Outer *p);
/* w (as Bf16Filter says of its own) += du[0] + ... du[n-1], `stride` floats apart, in this order; outputs
 * from 32 * part on. */
void bf16_outer_unpack(float *w, const float *du, int n, size_t stride, const Bf16Filter *f, int part);
