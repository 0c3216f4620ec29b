/* Builds the networks of the benches. */
#include "engine/bench_random.h"
#include "model/encoder.h"
#include "net/layers.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"", "A", "B", "random:", "G28", "G32", "view", "model"};

void bench_net_name(char out[32], BenchNet net)
{
    if (net.kind == BENCH_NET_RANDOM) snprintf(out, 32, "random:%" PRIu64, net.seed);
    else snprintf(out, 32, "%s", names[net.kind]);
}

static bool random_named(BenchNet *out, const char *name)
{
    size_t n = strlen(names[BENCH_NET_RANDOM]);
    char *end;
    if (strncmp(name, names[BENCH_NET_RANDOM], n) || name[n] < '0' || name[n] > '9') return false;
    *out = (BenchNet){BENCH_NET_RANDOM, strtoull(name + n, &end, 10)};
    return !*end;
}

bool bench_net_named(BenchNet *out, const char *name, Err *err)
{
    if (random_named(out, name)) return true;
    for (int i = BENCH_NET_A; i <= BENCH_NET_MODEL; i++)
        if (i != BENCH_NET_RANDOM && !strcmp(name, names[i])) {
            *out = (BenchNet){.kind = (BenchNetKind)i};
            return true;
        }
    return err_set(err, ERR_USAGE, "--net is A, B, G28, G32, view, model or random:SEED, not \"%s\"", name);
}

bool bench_net_generates(BenchNet net)
{
    return net.kind >= BENCH_NET_G28;
}

static ValueId norm_relu(Net *net, ValueId x, const char *norm)
{
    return layer_act(net, layer_batchnorm(net, x, norm), ACT_RELU);
}

/* 4x4 kernels that double the side, as DCGAN has them. */
static ValueId grow(Net *net, ValueId x, const char *name, int out, bool bias)
{
    return layer_convt(net, x, name, out, 4, 2, 1, bias, init_normal(0.02f));
}

static ValueId body_g28(Net *net)
{
    ValueId x = net_input(net, "z", shape2(NET_BATCH, 100));
    x = layer_linear(net, x, "fc", 128 * 49, true, init_fan_in(1));
    x = norm_relu(net, layer_reshape(net, x, shape4(NET_BATCH, 128, 7, 7)), "norm1");
    x = norm_relu(net, grow(net, x, "up1", 64, false), "norm2");
    return layer_act(net, grow(net, x, "up2", 1, true), ACT_TANH);
}

static ValueId body_g32(Net *net)
{
    ValueId x = layer_reshape(net, net_input(net, "z", shape2(NET_BATCH, 128)), shape4(NET_BATCH, 128, 1, 1));
    x = norm_relu(net, layer_convt(net, x, "first", 256, 4, 1, 0, false, init_normal(0.02f)), "norm1");
    x = norm_relu(net, grow(net, x, "up1", 128, false), "norm2");
    x = norm_relu(net, grow(net, x, "up2", 64, false), "norm3");
    return layer_act(net, grow(net, x, "up3", 3, true), ACT_TANH);
}

static Net *generator(BenchNetKind which, Err *err)
{
    Net *net = net_new();
    if (!net) return err_nomem(err, "a generator"), NULL;
    net_output(net, "image", which == BENCH_NET_G28 ? body_g28(net) : body_g32(net));
    if (net_finish(net, err)) return net;
    net_free(net);
    return NULL;
}

static Net *encoder(BenchNetKind which, Err *err)
{
    EncoderConfig a, b = {.channels = 3,
                          .side = 32,
                          .stages = 4,
                          .width = {64, 128, 256, 512},
                          .blocks = {2, 2, 2, 2},
                          .hidden = 128,
                          .out = 128};
    if (which == BENCH_NET_B) return encoder_net(&b, err);
    return encoder_config(&a, "a", 1, 28, 0, err) ? encoder_net(&a, err) : NULL;
}

Net *bench_net(BenchNet which, Err *err)
{
    if (which.kind == BENCH_NET_RANDOM) return bench_random(which.seed, err);
    return bench_net_generates(which) ? generator(which.kind, err) : encoder(which.kind, err);
}
