/* The numbers of a Net: one block holding every parameter and buffer, reference-counted so that a published
 * snapshot can be read by meters and previews while the trainer goes on. */
#pragma once
#include "base/digest.h"
#include "net/net.h"

typedef struct {
    const Net *net;
    float *block;
    size_t floats, params; /* parameters are the first `params` floats, each 64-byte aligned, zeros between;
                              then buffers */
    size_t *offset;        /* per ValueId; SIZE_MAX for values that are neither parameter nor buffer */
    uint64_t version;      /* counts changes: what was made of the numbers (packed, say) is of one version */
} Weights;

/* All zero. Share with weights_keep, release with weights_drop (thread-safe count; the last drop frees). */
Weights *weights_new(const Net *net, Err *err);
Weights *weights_keep(Weights *w);
void weights_drop(Weights *w);
Weights *weights_copy(const Weights *w, Err *err);
void weights_assign(Weights *to, const Weights *from);
/* Sets every value by its Init from (seed, RNG_INIT), each value its own stream by name. */
void weights_init(Weights *w, uint64_t seed);
void weights_zero(Weights *w);
/* To read and write; counts as a change. What is written through a pointer kept for later must be told by
 * weights_touch, and so must what is written into `block`. */
float *weights_at(Weights *w, ValueId id);
void weights_touch(Weights *w);
const float *weights_get(const Weights *w, ValueId id);
ValueId weights_find(const Weights *w, const char *name); /* parameter or buffer by name, or NET_NONE */
/* to = decay * to + (1 - decay) * from for parameters; buffers are copied. */
void weights_ema(Weights *to, const Weights *from, float decay);
bool weights_finite(const Weights *w);
/* SHA-256 over graph (ops, attributes, names, shapes) and tensors. */
Digest weights_digest(const Weights *w);
