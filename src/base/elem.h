/* Elementary functions without libm: the same bits on every machine, and loops over them vectorise.
 * Relative error below 3e-7 (exp, log, tanh, sigmoid) and absolute error below 3e-7 (sin, cos) on the
 * ranges their comments state. Build with -ffp-contract=off. Source of the method: Cody & Waite reduction with minimax
 * polynomials. */
#pragma once

static inline float elem_exp(float x);     /* clamps to [-87, 88] */
static inline float elem_log(float x);     /* x > 0, normal */
static inline float elem_tanh(float x);
static inline float elem_sigmoid(float x);
static inline void elem_sincos(float *s, float *c, float turns); /* of 2 pi * turns, |turns| <= 1e4 */

#include "base/elem.inc.h"
