/* Comparing two programs honestly: the sides take turns in one call, every round gives one pair of figures, and what is
 * reported are medians over rounds with a bootstrap interval of their ratio.
 *
 *     Bench b = {.spec = spec, .rounds = 7, .against = "torch", .self = "/proc/self/exe"};
 *     BenchResult r;
 *     if (!bench_run(&r, &b, NULL, NULL, err)) ... */
#pragma once
#include "engine/bench_work.h"

#define BENCH_ROUNDS_MAX 1000
#define BENCH_AGAINST    "torch, torch-bf16, ort, faiss, onednn, self-1, several of them with commas, best or none"

typedef struct {
    BenchSpec spec;
    int rounds;
    const char *against; /* peers, of which the best counts: "ort,torch"; "best" of all that are here; or "none" */
    const char *self;    /* our program: it is started as `self bench serve ...` */
} Bench;

typedef struct {
    double ours, peer;       /* medians; peer is NaN without one */
    double ratio, low, high; /* above 1 is a win for us, whichever way is better; NaN without a peer */
    char peer_name[64];
    double peak, peak_low, peak_high; /* GFLOP/s of the machine between the rounds: median, least, most */
    bool steady; /* false: other work took the machine in more than a fifth of the rounds; such figures are not to be quoted */
    int threads, parts;
    double part_ours[BENCH_PARTS_MAX], part_peer[BENCH_PARTS_MAX]; /* median seconds */
    char skipped[1024];       /* "best": peers that are not here and what they want; else empty */
} BenchResult;

/* Hears of every turn before it is taken; false ends it all with ERR_CANCELLED. */
typedef bool BenchProgress(void *ctx, int round, int rounds, const char *side);
bool bench_run(BenchResult *out, const Bench *b, BenchProgress *progress, void *ctx, Err *err);

/* The median of n numbers, which are sorted in place. */
double bench_median(double *x, int n);
/* Ratio of the medians of n pairs, and the middle 95 % of what it is for 2,000 draws of n pairs with replacement
 * (percentile bootstrap, Efron 1979; seed 0, RNG_BOOTSTRAP). higher: ours / peer, else peer / ours. */
bool bench_ratio(double *ratio, double *low, double *high, const double *ours, const double *peer, int n, bool higher, Err *err);
