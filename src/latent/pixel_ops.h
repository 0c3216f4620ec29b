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

/* Their values by name, in order: what is allowed, what a hand moves them between, what they begin at. The first one of
 * `strength` is what the operator is about: at 0 it does nothing.
 * op, name, least, most, low, high, first, strength, what the number counts */
#define PIXEL_PARAM_TABLE(X)                                                                                           \
    X(ROTATE,  "angle",    -360, 360,     -180, 180, 15,    true,  "degrees counter-clockwise")                        \
    X(OCCLUDE, "x",        -1,   2,       0,    1,   0.5f,  false, "widths from the left edge")                        \
    X(OCCLUDE, "y",        -1,   2,       0,    1,   0.5f,  false, "heights from the top edge")                        \
    X(OCCLUDE, "side",     0,    4,       0,    1,   0.25f, true,  "widths of the picture")                            \
    X(OCCLUDE, "value",    -1,   1,       -1,   1,   -1,    false, "(-1 is black, 1 is white)")                        \
    X(BLUR,    "sigma",    0,    32,      0,    6,   1,     true,  "pixels")                                           \
    X(NOISE,   "strength", 0,    10,      0,    1,   0.1f,  true,  "standard deviations")                              \
    X(NOISE,   "counter",  0,    1000000, 0,    99,  0,     false, "in whole numbers: another one is other noise")

typedef struct {
    PixelOpKind op;
    const char *name;
    float least, most, low, high, first;
    bool strength;
    const char *says;
} PixelParam;

const char *pixel_op_name(PixelOpKind kind);
/* -1 when there is none of that name. */
int pixel_op_find(const char *name);
/* Value `part` (from 0) of an operator; NULL: it has no such. */
const PixelParam *pixel_param(PixelOpKind kind, int part);
/* The part of that name, NULL: the one of its strength. -1 and a sentence with all of them when there is none. */
int pixel_op_part(PixelOpKind kind, const char *name, Err *err);
/* An operator as it begins. */
PixelOp pixel_op_new(PixelOpKind kind);
/* Sets a value; values that an address may leave out are put in where they come before it. */
void pixel_op_put(PixelOp *op, int part, float value);
/* It leaves every picture as it is. */
bool pixel_op_idle(const PixelOp *op);
/* The number of values and their ranges. */
bool pixel_op_check(const PixelOp *op, Err *err);
/* Applies ops in turn to planes[c][h][w]; results are cut to [-1, 1]. scratch: c * h * w floats. */
void pixel_ops_apply(float *planes, float *scratch, int c, int h, int w, const PixelOp *op, int ops);
