/* Inside engine/: networks drawn from a seed, so that speed is also measured where nobody chose the shapes. */
#pragma once
#include "engine/bench_net.h"

/* An encoder of 3 to 200 channels on pictures of 20 to 65 pixels a side, down to 5: kernels of 1, 3 and 5, strides, residual
 * blocks, branches joined by addition and by concatenation. A function of the seed alone. The caller frees. */
Net *bench_random(uint64_t seed, Err *err);
