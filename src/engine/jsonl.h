/* Files of one JSON object per line that only grow: append, read what is new, cut back to where a checkpoint
 * stands. */
#pragma once
#include "base/json.h"

/* Appends row as one line and drops it. */
bool jsonl_append(const char *path, Json *row, Err *err);
/* Calls each for every whole line from byte *offset on and moves *offset past them. A line that is no JSON
 * object (cut by a crash) is passed over; a file that is absent has no lines. each returns false to end the
 * reading (still no error). */
bool jsonl_each(const char *path, size_t *offset, bool (*each)(void *ctx, const Json *row), void *ctx,
                Err *err);
/* Removes the rows whose `key` is above last, and what is no row; a resumed run writes them again. */
bool jsonl_trim(const char *path, const char *key, int64_t last, Err *err);
