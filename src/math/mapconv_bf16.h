/* The ways of a mapped convolution on the matrix unit: from phases and taps to the places of math/bf16.h. */
#pragma once
#include "math/mapconv_way.h"

void way_bf16_pack(float *packed, const float *weight, const Way *w, const Phase *p, Pool *pool);
void way_bf16_unpack(float *dw, const float *du, int n, size_t stride, const Way *w, Pool *pool);
/* All phases of a product; scratch as way_scratch says. */
void way_bf16_product(const MapRegion *y, const WayProduct *j, float *scratch);
void way_bf16_outer(float *du, const Staged *x, const Staged *dy, const Way *w, float *scratch);
/* Floats of one phase's packed weights; of a weight gradient; of scratch for either product. */
size_t way_bf16_packed(const Way *w, const Phase *p);
size_t way_bf16_gradient(const Way *w);
size_t way_bf16_scratch(const Way *w, int images, int rows);
