/* What a bench repeats and times: our side of every comparison. The peers of tests/peers do the same work.
 *
 *     BenchSpec spec = {.kind = BENCH_TRAIN, .net = BENCH_NET_A, .seconds = 0.3};   bench_spec_complete(&spec, err);
 *     BenchWork *w = bench_work_open(&spec, err);
 *     bench_work_turn(seconds, w);      seconds[bench_parts(&spec)]: what each part took once
 *     bench_work_close(w);
 *
 * conv      the nine 3x3 layers below, forward, gradient of the data, gradient of the weights: 27 parts
 * train     one SimCLR step on 2 x batch views at hand: forward, NT-Xent, backward, SGD with momentum
 * fit       one step of the GAN at the shipped generator's sizes on batch real images (learn/gan.h)
 * encode    features of batch pictures; generate: batch pictures from z, or from addresses (net view)
 * knn       the 20 nearest of batch queries among 60,000 rows of 128
 * start     from the start of a process to the end of its first step; memory: its largest size by then */
#pragma once
#include "base/json.h"
#include "engine/bench_net.h"

/*    id        name        unit          higher is better */
#define BENCH_KINDS(X)                                                                                                 \
    X(CONV,     "conv",     "GFLOP/s",    true)                                                                        \
    X(TRAIN,    "train",    "views/s",    true)                                                                        \
    X(FIT,      "fit",      "images/s",   true)                                                                        \
    X(ENCODE,   "encode",   "images/s",   true)                                                                        \
    X(GENERATE, "generate", "images/s",   true)                                                                        \
    X(KNN,      "knn",      "queries/s",  true)                                                                        \
    X(START,    "start",    "s",          false)                                                                       \
    X(MEMORY,   "memory",   "MB",         false)

typedef enum {
#define X(id, name, unit, higher) BENCH_##id,
    BENCH_KINDS(X)
#undef X
    BENCH_KIND_COUNT
} BenchKind;

#define BENCH_PARTS_MAX 27
#define BENCH_BATCH_MAX 65536

typedef struct {
    BenchKind kind;
    BenchNet net;
    int batch;      /* pairs, pictures or queries at a time; conv: 0 for each layer's own */
    bool bf16;      /* our side: products in bfloat16 (nets and conv) */
    double seconds; /* a turn repeats its work for about this long, at least once */
    char model[3072]; /* nets view and model: the file */
} BenchSpec;

const char *bench_kind_name(BenchKind kind);
const char *bench_kind_unit(BenchKind kind);
bool bench_kind_higher(BenchKind kind);
bool bench_kind_named(BenchKind *out, const char *name, Err *err);
/* Fills in the net and batch that were left 0; refuses what does not go together. */
bool bench_spec_complete(BenchSpec *s, Err *err);
int bench_parts(const BenchSpec *s);
/* "128x7x7 n256 data gradient" of conv's parts, else the kind's name. */
void bench_part_name(char out[48], const BenchSpec *s, int part);
/* Multiplies and adds of one of conv's parts; 0 for other kinds. */
double bench_part_flops(const BenchSpec *s, int part);
/* The figure in the kind's unit from the seconds of each part: for conv the geometric mean of GFLOP/s. Not for start and
 * memory. */
double bench_rate(const BenchSpec *s, const double *seconds);

typedef struct BenchWork BenchWork;

/* On pool_default_threads() threads. start and memory work as train or generate do, by their net. */
BenchWork *bench_work_open(const BenchSpec *s, Err *err);
void bench_work_close(BenchWork *w);
bool bench_work_turn(double *seconds, BenchWork *w, Err *err);
/* Time of every node of the nets over one turn: [{node, op, forward_ms, backward_ms, gflops, share}], share of `peak`
 * GFLOP/s; "rest" is what the work does outside of them. Only for kinds with nets. */
Json *bench_work_trace(BenchWork *w, double peak, Err *err);
