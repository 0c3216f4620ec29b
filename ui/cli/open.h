/* What a command works on, opened from its words and options: addresses, splits of real pictures, encoders of
 * runs. */
#pragma once
#include "cli/share.h"

/* Workers for a command in the foreground. */
Pool *open_pool(Err *err);
/* An address in full, short ("seed=4711/class=7"), or the one that a PNG carries; checked against the open
 * generator. */
bool open_address(Address *out, const Workspace *w, const char *word, Err *err);
void open_add_address(Json *array, const Address *a); /* as text */

/* --split. That the test set is used is told on stderr and kept in test-set.jsonl of the program's state
 * folder. */
bool open_split(Split *out, const Args *a, Err *err);
bool open_log_test(const Args *a, Err *err);
#define OPTION_OWN_DATA                                                                                      \
    {                                                                                                        \
        "data", OPTION_TEXT, "NAME|PATH", NULL, 0, 0, false, "Real pictures (the run's own, else fashion)" \
    }
/* Real pictures, telling on stderr what they are; side and channels 0: the data's own. */
bool open_dataset(Dataset *out, const Args *a, const char *spec, Split split, int side, int channels,
                  Err *err);

/* An encoder and where it came from. */
typedef struct {
    Encoder *encoder, *untrained; /* untrained: NULL where there is none */
    char data[1024];              /* what its run was started with; "" for a file */
    double views, seconds;        /* that it was trained on, and for; NaN where nothing says so */
} Subject;

/* word: a run, or an encoder file; NULL: the newest run. The caller ends with subject_close. */
bool subject_open(Subject *out, const Workspace *w, const char *word, Err *err);
void subject_close(Subject *s);
/* The real pictures meant: --data, else what the run was started with, else the workspace's. */
const char *subject_data(const Subject *s, const Args *a, const Workspace *w);
