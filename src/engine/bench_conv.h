/* Inside engine/: the work of bench conv, nine 3x3 layers in three directions. */
#pragma once
#include "base/pool.h"
#include "engine/bench_work.h"

typedef struct BenchConv BenchConv;

BenchConv *bench_conv_open(const BenchSpec *spec, Pool *pool, Err *err);
void bench_conv_close(BenchConv *c);
/* part: 3 * layer + 0 forward, 1 gradient of the data, 2 gradient of the weights; what is made of the weights each time
 * they change is in it. */
void bench_conv_once(BenchConv *c, int part);
