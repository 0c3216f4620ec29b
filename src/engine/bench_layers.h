/* Inside engine/: the layers of bench conv. */
#pragma once
#include "engine/bench_work.h"
#include "math/conv.h"

#define BENCH_LAYERS 9

typedef struct {
    int channels, side, batch;
} BenchLayer;

extern const BenchLayer bench_layer[BENCH_LAYERS];
ConvShape bench_layer_shape(const BenchSpec *s, int layer);
/* Multiplies and adds of one direction, the zero border included. */
double bench_layer_flops(const ConvShape *c);
