/* Models of random weights for tests: small enough to make in a blink. */
#pragma once
#include "base/rng.h"
#include "model/encoder.h"
#include "model/generator.h"

/* 8x8, 4 style layers, z and w of 16; every weight is used, noise included. */
static inline GeneratorConfig tiny_config(int classes)
{
    return (GeneratorConfig){.z_dim = 16,
                             .w_dim = 16,
                             .classes = classes,
                             .size = 8,
                             .channels = 1,
                             .mapping_layers = 2,
                             .stages = 2,
                             .width = {16, 8}};
}

static inline Weights *tiny_weights(const Net *net, uint64_t seed)
{
    Weights *w = net ? weights_new(net, NULL) : NULL;
    if (!w) return NULL;
    weights_init(w, seed);
    for (int i = 0; i < net_values(net); i++) {
        const Value *v = net_value(net, i);
        float *x = weights_at(w, i);
        size_t n = shape_count(&v->shape, 1);
        if (v->kind != VALUE_PARAM || v->init.kind != INIT_ZERO) continue;
        rng_fill_normal(x, n, rng_mix(seed, (uint64_t)i), RNG_TEST);
        for (size_t k = 0; k < n; k++) x[k] *= 0.1f;
    }
    return w;
}

/* NULL where it fails; the caller drops. */
static inline Generator *tiny_generator(int classes, uint64_t seed, Pool *pool, Err *err)
{
    static char *const names[] = {"ankle boot", "bag", "coat"};
    GeneratorConfig c = tiny_config(classes);
    Net *mapping = generator_mapping(&c, err), *synthesis = generator_synthesis(&c, err);
    Weights *m = tiny_weights(mapping, seed), *s = tiny_weights(synthesis, seed + 1);
    Generator *g = NULL;
    if (m && s)
        generator_make(&g, &c, m, s, "tiny", classes == 3 ? names : NULL, "{\"source\":\"test\"}", seed, pool,
                       err);
    weights_drop(m);
    weights_drop(s);
    net_free(mapping);
    net_free(synthesis);
    return g;
}

static inline Encoder *tiny_encoder(int classes, uint64_t seed, Err *err)
{
    EncoderConfig c;
    Encoder *e = NULL;
    if (!encoder_config(&c, "tiny", 1, 8, classes, err)) return NULL;
    Net *net = encoder_net(&c, err);
    Weights *w = tiny_weights(net, seed);
    if (!w || !encoder_make(&e, &c, net, w, "tiny", NULL, err)) net_free(net);
    weights_drop(w);
    return e;
}
