/* What is known of a batch's rows without looking at them: the class, and the z they were made of. */
#pragma once
#include "learn/views.h"

/* label (2N): the class that was asked of the generator, or the real picture's. */
void truth_labels(int *label, const Views *v, int pairs, uint64_t step, float sigma);
/* target (2N, z_dim): of generated rows, each its own (a view moved by its T_z has another z than its anchor). Refused for
 * a kept view whose source is no z. */
bool truth_latents(float *target, const Views *v, int pairs, uint64_t step, float sigma, Err *err);
