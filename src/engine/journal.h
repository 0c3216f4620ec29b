/* What was done, in words, one line each, so that it can be read and done again.
 *
 *     {"at": 1790000000.1, "command": "set pca-1 1.25"}
 *     {"at": ..., "started": "train 0007"}      {"at": ..., "applied": "train 0007", "digest": "9c1e..."}
 *
 * Commands are absolute. A job writes `started` and, once its result is in place, `applied` with the result's
 * digest; a replay waits there and compares. */
#pragma once
#include "base/err.h"
#include <stddef.h>

typedef struct Journal Journal;

/* path NULL: journal.jsonl in the program's state folder; one above 8 MiB is first renamed to
 * journal.jsonl.1. */
Journal *journal_open(const char *path, Err *err);
void journal_close(Journal *j);
bool journal_command(Journal *j, const char *command, Err *err);
bool journal_started(Journal *j, const char *job, Err *err);
bool journal_applied(Journal *j, const char *job, const char *digest, Err *err);

typedef struct {
    void *ctx;
    bool (*command)(void *ctx, const char *command, Err *err);
    bool (*started)(void *ctx, const char *job, Err *err);
    /* at: when it was, wall clock. Waits for the job and fills in the digest of its result (64 hex and NUL);
     * "": it cannot be known any more. */
    bool (*applied)(void *ctx, const char *job, double at, char digest[65], Err *err);
} JournalReplay;

/* Does every line of path again, in order. Stops at the first failure, naming the line; a digest that differs
 * is one. */
bool journal_replay(const char *path, const JournalReplay *to, Err *err);
