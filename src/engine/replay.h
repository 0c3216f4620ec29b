/* Doing a journal again: from its commands to the view it ends at, and its runs to the same weights.
 *
 *     Replay r;
 *     replay_journal(&r, workspace, "journal.jsonl", &(ReplayOptions){.train = true}, err);
 *
 * A run is trained again from its own settings and from the changes its control.jsonl holds by step, in a
 * folder that is removed afterwards; its encoder must come out with the digest that the journal has. */
#pragma once
#include "engine/workspace.h"

typedef struct {
    bool train;  /* train runs again; else compare the encoder that the run left last */
    int threads; /* 0: as many as there are cores */
    void (*tell)(void *ctx, const char *line); /* what is being done now; may be NULL */
    void *ctx;
} ReplayOptions;

typedef struct {
    Address address;
    char digest[65]; /* SHA-256 of the picture's bytes: width, height, channels, pixels */
    int commands, jobs;
} Replay;

/* Begins with the generator's plain view of seed 0. The generator must be open. Stops at the first row that
 * cannot be done, and at a digest that differs, naming the row. */
bool replay_journal(Replay *out, const Workspace *w, const char *path, const ReplayOptions *o, Err *err);
