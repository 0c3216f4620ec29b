/* Inside engine/: the work of bench fit, a GAN at the shipped generator's sizes that learns pictures of
 * noise. */
#pragma once
#include "learn/gan.h"

typedef struct BenchFit BenchFit;

/* batch: as GanConfig's. NULL with err set. */
BenchFit *bench_fit_open(int batch, Pool *pool, Err *err);
void bench_fit_close(BenchFit *f);
/* One whole step of learn/gan.h. */
bool bench_fit_once(BenchFit *f, Err *err);
/* The nets it runs. */
void bench_fit_parts(GanPart part[GAN_PARTS], const BenchFit *f);
