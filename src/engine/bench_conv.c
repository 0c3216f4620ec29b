/* Room for the largest layer, shared by all of them: what a layer finds in its memory changes no time. */
#include "engine/bench_conv.h"
#include "base/arena.h"
#include "base/rng.h"
#include "engine/bench_layers.h"
#include "math/mapconv.h"
#include "math/whole.h"
#include <stdlib.h>

struct BenchConv {
    BenchSpec spec;
    Pool *pool;
    Arena arena;
    float *x, *dy, *out; /* maps */
    float *weight, *dweight, *packed, *scratch;
};

static MapConv way(const BenchConv *c, int layer)
{
    return (MapConv){.s = bench_layer_shape(&c->spec, layer), .split = true, .bf16 = c->spec.bf16};
}

static void layout(BenchConv *c)
{
    size_t pixels = 0, weights = 0, packed = 0, scratch = 0;
    int threads = pool_threads(c->pool);
    for (int i = 0; i < BENCH_LAYERS; i++) {
        MapConv m = way(c, i);
        pixels = max_size(pixels, map_count(m.s.N, m.s.C, m.s.H * m.s.W));
        weights = max_size(weights, (size_t)(m.s.O * m.s.C * m.s.KH * m.s.KW));
        packed = max_size(packed, mapconv_packed(&m));
        scratch = max_size(scratch,
                           max_size(mapconv_scratch(&m, false, threads), mapconv_scratch(&m, true, threads)));
    }
    c->x = arena_take(&c->arena, pixels, sizeof(float));
    c->dy = arena_take(&c->arena, pixels, sizeof(float));
    c->out = arena_take(&c->arena, pixels, sizeof(float));
    c->weight = arena_take(&c->arena, weights, sizeof(float));
    c->dweight = arena_take(&c->arena, weights, sizeof(float));
    c->packed = arena_take(&c->arena, packed, sizeof(float));
    c->scratch = arena_take(&c->arena, scratch, sizeof(float));
    if (!c->arena.base) return;
    rng_fill_normal(c->x, pixels, 1, RNG_TEST);
    rng_fill_normal(c->dy, pixels, 2, RNG_TEST);
    rng_fill_normal(c->weight, weights, 3, RNG_TEST);
}

BenchConv *bench_conv_open(const BenchSpec *spec, Pool *pool, Err *err)
{
    BenchConv *c = calloc(1, sizeof *c);
    if (!c) return err_nomem(err, "a bench"), NULL;
    *c = (BenchConv){.spec = *spec, .pool = pool};
    layout(c); /* measures */
    size_t size = c->arena.used;
    if (arena_open(&c->arena, size, err)) {
        layout(c);
        return c;
    }
    free(c);
    return NULL;
}

void bench_conv_close(BenchConv *c)
{
    if (!c) return;
    arena_close(&c->arena);
    free(c);
}

void bench_conv_once(BenchConv *c, int part)
{
    MapConv m = way(c, part / 3);
    MapRead from = {.x = c->x, .slope = 1, .gain = 1};
    MapWrite to = {.y = c->out, .slope = 1, .gain = 1};
    MapGrad gradient = {.dy = c->dy, .slope = 1, .gain = 1};
    MapBack back = {.dx = part % 3 == 1 ? c->out : NULL, .dw = part % 3 == 2 ? c->dweight : NULL};
    if (part % 3) {
        mapconv_backward(&back, &gradient, &from, c->weight, &m, c->scratch, c->pool);
        return;
    }
    mapconv_pack(c->packed, c->weight, &m, c->pool);
    mapconv_forward(&to, &from, c->packed, &m, c->scratch, c->pool);
}
