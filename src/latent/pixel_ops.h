/* Pixel operators of an address, for what no latent reaches: pure functions on float planes, without libm, so the bits
 * are the same everywhere. */
#pragma once
#include "base/err.h"

/* In the order they are applied.  id, name in addresses (px-NAME), least and most values, their meaning:
 * rotate   angle                degrees counter-clockwise about the centre, bilinear, outside is the value of a corner
 * occlude  x, y, side [, value] a square with its centre at (x, y) and that side, all in fractions of the picture;
 *                               value in [-1, 1], -1 (black) when absent
 * blur     sigma                Gaussian, in pixels, cut at 3 sigma, edges repeated; 0 .. 32
 * noise    strength, counter    strength times N(0,1) per value, drawn from (counter, RNG_NOISE); 0 .. 10 */
#define PIXEL_OP_TABLE(X)                                                                                              \
    X(ROTATE,  "rotate",  1, 1)                                                                                        \
    X(OCCLUDE, "occlude", 3, 4)                                                                                        \
    X(BLUR,    "blur",    1, 1)                                                                                        \
    X(NOISE,   "noise",   2, 2)

typedef enum {
#define X(id, name, least, most) PIXEL_##id,
    PIXEL_OP_TABLE(X)
#undef X
    PIXEL_OPS
} PixelOpKind;

#define PIXEL_VALUES_MAX 4

typedef struct {
    PixelOpKind kind;
    int values;
    float value[PIXEL_VALUES_MAX];
} PixelOp;

#define PIXEL_OP_NAMES "rotate, occlude, blur and noise" /* for messages */

const char *pixel_op_name(PixelOpKind kind);
/* -1 when there is none of that name. */
int pixel_op_find(const char *name);
/* The number of values and their ranges. */
bool pixel_op_check(const PixelOp *op, Err *err);
/* Applies ops in turn to planes[c][h][w]; results are cut to [-1, 1]. scratch: c * h * w floats. */
void pixel_ops_apply(float *planes, float *scratch, int c, int h, int w, const PixelOp *op, int ops);
