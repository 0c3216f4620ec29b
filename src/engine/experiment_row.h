/* Inside engine/: the line that a row leaves, and reading lines back. */
#pragma once
#include "engine/experiment_probe.h"
#include "engine/train_job.h"

/* All that is known of a finished row: of its training (the last news) and its probes; the caller drops it.
 */
Json *row_line(const Experiment *e, int arm, uint64_t seed, const char *key, const TrainNews *n,
               const RowProbes *p);
/* Says which figure differs and how, or leaves out empty: time, commit and speed may. */
void row_differs(char *out, size_t cap, const Json *a, const Json *b);
/* The figures of a row that are compared and reported. */
typedef struct {
    char key[32], name[48]; /* member in the line, name in tables */
} RowFigure;
enum { ROW_FIGURES = 5 + PROBE_FEW };
/* Those of a recipe into out (ROW_FIGURES); returns how many. */
int row_figures(RowFigure *out, const Experiment *e);
