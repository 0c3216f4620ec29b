/* All four acts in a few minutes: browse, steer, train, inspect; pictures and figures into a folder. */
#pragma once
#include "engine/job.h"
#include "engine/workspace.h"
#include "base/json.h"
#include "learn/probe.h"

typedef struct {
    const Workspace *workspace;
    char folder[3072];
    uint64_t seed;
    double train_seconds; /* of the third act */
    int threads;
} Demo; /* the run of act three is in FOLDER/runs */

typedef struct {
    ProbeResult trained, untrained;
    uint64_t views, unique;
    double seconds;
    char run[16];
    const char *split;
    char file[6][3200];
    int files;
} DemoResult;

/* progress (may be NULL) hears what is going on and returns false to stop (ERR_CANCELLED). */
typedef bool DemoProgress(void *ctx, const char *what, double share);
bool demo_run(DemoResult *out, const Demo *d, DemoProgress *progress, void *ctx, Err *err);
/* The keys of `probe` views_seen, run, files; the caller drops it. */
Json *demo_json(const DemoResult *r);
