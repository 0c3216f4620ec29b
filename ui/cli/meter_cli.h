/* Meters for subcommands: opened, with the real pictures embedded or a note why there are none. */
#pragma once
#include "cli/open.h"
#include "engine/measure.h"

/* encoder: a run or a file whose space is wanted, NULL: the judge's. w and pool must outlive it; the caller
 * ends with measure_close, also on failure. */
bool meter_cli_open(Measure **out, const Args *a, const Workspace *w, const char *encoder, Pool *pool,
                    Err *err);
