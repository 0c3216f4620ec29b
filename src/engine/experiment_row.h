/* Inside engine/: the line that a row leaves, and reading lines back. */
#pragma once
#include "engine/experiment.h"
#include "engine/train_job.h"

/* All that is known of a finished row; the caller drops it. */
Json *row_line(const Experiment *e, int arm, uint64_t seed, const char *key, const TrainNews *n);
/* Says which figure differs and how, or leaves out empty: time, commit and speed may. */
void row_differs(char *out, size_t cap, const Json *a, const Json *b);
/* The figures of a row that are compared and reported: member in the line, name in tables; NULL ends the
 * list. */
typedef struct {
    const char *key, *name;
} RowFigure;
extern const RowFigure row_figures[];
