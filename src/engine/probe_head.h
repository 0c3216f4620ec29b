/* What an encoder's frozen features say of classes: a linear probe fitted on real pictures, as weights that
 * anybody can use. */
#pragma once
#include "data/dataset.h"
#include "model/encoder.h"

typedef struct {
    float *weight; /* (classes, D), then the bias (classes) in the same block */
    float *bias;
    int D, classes;
} ProbeHead;

/* Fits on at most 5,000 pictures of d, evenly chosen, 300 updates: deterministic. The caller ends with
 * head_free. */
bool head_fit(ProbeHead *out, const Encoder *e, const Dataset *d, Pool *pool, Err *err);
void head_free(ProbeHead *h);
/* The class of one picture's features (D). */
int head_guess(const ProbeHead *h, const float *feature);
