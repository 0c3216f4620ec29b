/* Training runs on disk:
 *
 *     RUNS/0007/config.json  metrics.jsonl  control.jsonl  events.out.tfevents.*
 * checkpoints/last.safetensors(.1) encoder.safetensors  untrained.safetensors  result.json  name  lock
 *
 * The id is the folder's name, counted up from 0001 and never used again while the folder is there. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define RUN_NAME_MAX 63

typedef struct {
    char id[16], name[RUN_NAME_MAX + 1]; /* name: "" when it has none */
    char folder[3072];
    char maker[24], encoder[16]; /* of its config: "generator", "small" */
    const char *state;           /* "running", "done", "stopped" */
    uint64_t step, views;        /* of the last row of its metrics */
    double seconds, started;     /* trained; wall clock at the start */
    double loss, linear, knn;    /* last known, NaN before */
    uint64_t seed;
} RunInfo;

/* given, else "runs" in the program's data folder. Nothing is created. */
bool runs_folder(char *out, size_t cap, const char *given, Err *err);
/* All runs, oldest first, newest last; the caller frees *out. -1 on error; a folder that is absent has none.
 */
long runs_list(RunInfo **out, const char *runs, Err *err);
bool runs_info(RunInfo *out, const char *runs, const char *id, Err *err);
/* By id ("0007" or "7"), name, or the beginning of a name that only one has. */
bool runs_find(RunInfo *out, const char *runs, const char *text, Err *err);
/* Makes the folder of the next id. */
bool runs_make(RunInfo *out, const char *runs, Err *err);
/* Letters, digits, "-", "_" and "."; not all digits; "" takes the name away. Refused when another run has it.
 */
bool runs_name(const RunInfo *run, const char *runs, const char *name, Err *err);
/* text must be the whole id or the whole name. Refused while it runs. */
bool runs_delete(const char *runs, const char *text, Err *err);
