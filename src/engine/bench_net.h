/* The networks of the benches: fixed shapes that every peer can build too (tests/peers/peer_torch.py).
 *
 *     A    ResNet of 3 x 2 blocks, 32 64 128 channels, 28x28 grey, head 128-128-64 (model/encoder.h size "a")
 *     B    the CIFAR form of ResNet-18 (He et al. 2016), 64 128 256 512 channels, 32x32 colour, head 512-128-128
 *     G28  DCGAN (Radford et al. 2016): z 100 -> 7x7x128 -> 14x14x64 -> 28x28x1
 *     G32  DCGAN: z 128 -> 4x4x256 -> 8x8x128 -> 16x16x64 -> 32x32x3
 *     model  the network in --model, as it is imported (model/import.h)
 *     random:SEED  an encoder drawn from a seed (bench_random.c): shapes for which nobody has tuned a kernel */
#pragma once
#include "base/json.h"
#include "net/net.h"

typedef enum { BENCH_NET_NONE, BENCH_NET_A, BENCH_NET_B, BENCH_NET_RANDOM, BENCH_NET_G28, BENCH_NET_G32, BENCH_NET_VIEW, BENCH_NET_MODEL } BenchNetKind;

typedef struct {
    BenchNetKind kind;
    uint64_t seed; /* of RANDOM */
} BenchNet;

/* "A", "B", "random:7", "G28", "G32", "" for none; VIEW ("view") is no network but the whole way from an address of the open
 * generator. */
void bench_net_name(char out[32], BenchNet net);
bool bench_net_named(BenchNet *out, const char *name, Err *err);
bool bench_net_generates(BenchNet net);
/* Not of VIEW and MODEL. Encoders: ports image, features, out. G28 and G32: ports z, image. The caller frees. */
Net *bench_net(BenchNet net, Err *err);
/* An encoder as peers read it (Graph in tests/peers/nets.py), dropped by the caller:
 * {"input": [C,H,W], "ports": {name: value}, "nodes": [{"op", "in": [values], "out": value, "weight": shape, "bias": true,
 * "channels", "attrs": {...}}]}; only what bench_random.c draws. */
Json *bench_net_graph(const Net *net);
