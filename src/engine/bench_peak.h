/* What this machine can do at best, as the yardstick beside every figure. */
#pragma once
#include "base/pool.h"

/* GFLOP/s of fused multiply-adds on registers by all threads of pool at once, over about `seconds`; the instruction set is
 * that of math/isa.h. On other CPUs: plain multiplies and adds as the compiler makes them. */
double bench_peak(Pool *pool, double seconds);
