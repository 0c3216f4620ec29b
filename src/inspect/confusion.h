/* What a frozen encoder takes for what: the linear probe's answers on held-out pictures, by class.
 *
 *     probe_bank(&bank, &train, &held, &probe_full, err);
 *     confusion_make(&c, encoder, bank, pool, err);      c.count[7 * c.classes + 9]: sevens taken for nines
 */
#pragma once
#include "learn/probe.h"

typedef struct {
    int classes, n;             /* n: held-out pictures */
    int *index, *label, *guess; /* (n) index: in the dataset of held-out pictures */
    int *count;                 /* (classes, classes): row the class, column what it was taken for */
    Figure accuracy;            /* that of probe_run */
} Confusion;

/* The caller ends with confusion_free, on failure too. */
bool confusion_make(Confusion *out, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err);
void confusion_free(Confusion *c);
/* The pictures of a cell: their places 0..n-1, in the order of the dataset, at most max; returns how many. */
int confusion_cell(int *place, int max, const Confusion *c, int label, int guess);
/* The off-diagonal cells that have any, most first, as label * classes + guess, at most max; returns how
 * many. */
int confusion_worst(int *cell, int max, const Confusion *c);
