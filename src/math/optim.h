/* Optimisers over flat parameter blocks, and the learning-rate schedule. Steps are elementwise, so any split is exact. */
#pragma once
#include "base/pool.h"
#include <stddef.h>

/* PyTorch's SGD: g += decay * w;  m = momentum * m + g;  w -= lr * m. */
void sgd_step(float *w, float *m, const float *g, size_t n, float lr, float momentum, float decay, Pool *pool);
/* Adam (Kingma & Ba 2015) with bias correction at step t = 1, 2, ... . decay is decoupled (AdamW). */
void adam_step(float *w, float *m, float *v, const float *g, size_t n, float lr, float beta1, float beta2, float eps,
               float decay, long t, Pool *pool);
/* to = decay * to + (1 - decay) * from */
void ema_step(float *to, const float *from, size_t n, float decay, Pool *pool);
/* Linear warm-up over `warm` steps, then cosine from base to floor at `total`; step counts from 0. */
float schedule_cosine(long step, long total, long warm, float base, float floor);
