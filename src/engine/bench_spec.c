/* Kinds of benches, what goes together, and figures from seconds. */
#include "engine/bench_layers.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *unit;
    bool higher;
} kinds[] = {
#define X(id, name, unit, higher) {name, unit, higher},
    BENCH_KINDS(X)
#undef X
};

/* Channels, side, batch: where ResNets of this size spend their time. */
const BenchLayer bench_layer[BENCH_LAYERS] = {{32, 28, 256}, {64, 28, 256}, {64, 14, 256}, {128, 14, 256}, {128, 7, 256},
                                              {64, 32, 64},  {128, 16, 64}, {256, 8, 64},  {512, 4, 64}};

const char *bench_kind_name(BenchKind kind)
{
    return kinds[kind].name;
}

const char *bench_kind_unit(BenchKind kind)
{
    return kinds[kind].unit;
}

bool bench_kind_higher(BenchKind kind)
{
    return kinds[kind].higher;
}

bool bench_kind_named(BenchKind *out, const char *name, Err *err)
{
    for (int i = 0; i < BENCH_KIND_COUNT; i++)
        if (!strcmp(name, kinds[i].name)) {
            *out = (BenchKind)i;
            return true;
        }
    return err_set(err, ERR_USAGE, "no bench \"%s\": there are conv, train, fit, encode, generate, knn, start, memory and latency", name);
}

static bool netless(BenchKind kind)
{
    return kind == BENCH_CONV || kind == BENCH_KNN || kind == BENCH_FIT;
}

static BenchNet usual_net(BenchKind kind)
{
    if (netless(kind)) return (BenchNet){0};
    return (BenchNet){.kind = kind == BENCH_GENERATE ? BENCH_NET_G28 : BENCH_NET_A};
}

static bool fits(BenchKind kind, BenchNet net)
{
    if (netless(kind) || net.kind == BENCH_NET_NONE) return netless(kind) && net.kind == BENCH_NET_NONE;
    if (net.kind == BENCH_NET_MODEL) return kind == BENCH_GENERATE || kind == BENCH_ENCODE;
    if (kind == BENCH_TRAIN || kind == BENCH_ENCODE) return !bench_net_generates(net);
    return kind != BENCH_GENERATE || bench_net_generates(net);
}

static int usual_batch(const BenchSpec *s)
{
    if (s->kind == BENCH_CONV) return 0;
    return s->kind == BENCH_FIT || s->net.kind == BENCH_NET_B || s->net.kind == BENCH_NET_RANDOM || s->net.kind >= BENCH_NET_VIEW ? 64 : 256;
}

bool bench_spec_complete(BenchSpec *s, Err *err)
{
    char name[32];
    if (s->net.kind == BENCH_NET_NONE) s->net = usual_net(s->kind);
    bench_net_name(name, s->net);
    if (!fits(s->kind, s->net))
        return err_set(err, ERR_USAGE, "bench %s has no net %s: train and encode take A, B or random:SEED, generate G28, G32 or view, both model",
                       kinds[s->kind].name, name);
    if (!s->batch) s->batch = usual_batch(s);
    if (s->batch < 0 || s->batch > BENCH_BATCH_MAX)
        return err_set(err, ERR_USAGE, "--batch is 1 to %d, not %d", BENCH_BATCH_MAX, s->batch);
    return true;
}

int bench_parts(const BenchSpec *s)
{
    return s->kind == BENCH_CONV ? 3 * BENCH_LAYERS : 1;
}

ConvShape bench_layer_shape(const BenchSpec *s, int layer)
{
    const BenchLayer *l = &bench_layer[layer];
    ConvShape c = {.N = s->batch ? s->batch : l->batch, .C = l->channels, .H = l->side, .W = l->side, .O = l->channels,
                   .KH = 3, .KW = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .pt = 1, .pl = 1, .pb = 1, .pr = 1, .groups = 1};
    conv_shape(&c);
    return c;
}

double bench_layer_flops(const ConvShape *c)
{
    return 2.0 * c->N * c->O * c->OH * c->OW * c->C * c->KH * c->KW;
}

void bench_part_name(char out[48], const BenchSpec *s, int part)
{
    static const char *const direction[] = {"forward", "data gradient", "weight gradient"};
    if (s->kind != BENCH_CONV) {
        snprintf(out, 48, "%s", kinds[s->kind].name);
        return;
    }
    ConvShape c = bench_layer_shape(s, part / 3);
    snprintf(out, 48, "%dx%dx%d n%d %s", c.C, c.H, c.W, c.N, direction[part % 3]);
}

double bench_part_flops(const BenchSpec *s, int part)
{
    if (s->kind != BENCH_CONV) return 0;
    ConvShape c = bench_layer_shape(s, part / 3);
    return bench_layer_flops(&c);
}

double bench_rate(const BenchSpec *s, const double *seconds)
{
    if (s->kind != BENCH_CONV) return (s->kind == BENCH_TRAIN ? 2.0 : 1.0) * s->batch / seconds[0];
    double sum = 0;
    for (int p = 0; p < bench_parts(s); p++) sum += log(bench_part_flops(s, p) / seconds[p] * 1e-9);
    return exp(sum / bench_parts(s));
}
