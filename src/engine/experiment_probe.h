/* Inside engine/: what the frozen encoder of a finished row knows, on a thread of its own beside the rows
 * that still train. */
#pragma once
#include "engine/experiment.h"
#include "engine/job.h"

/* Real pictures that every row is probed on; opened once, shared. */
typedef struct {
    Dataset train, held, other_train, other_held;
    ProbeBank *own, *other; /* other: NULL where the recipe names no data set to transfer to */
} RowBanks;

bool row_banks_open(RowBanks *out, const Experiment *e, Err *err);
void row_banks_close(RowBanks *b);

typedef struct {
    ProbeResult trained, untrained, transfer; /* transfer: of the trained one, where there is another bank */
} RowProbes;

/* Probes RUN/encoder.safetensors and its untrained twin, one thread. */
Job *row_probes_start(const RowBanks *banks, const char *run, Err *err);
/* After the job was done. */
void row_probes(RowProbes *out, Job *job);
