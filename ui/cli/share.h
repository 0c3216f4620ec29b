/* What several subcommands share: opening the workspace, options, figures in text and JSON, watching a training. */
#pragma once
#include "cli/cli.h"
#include "engine/train_job.h"

/* Rows for tables of options. */
#define OPTION_MODEL {"model", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Generator file (VIEWSMITH_MODEL, else the shipped one)"}
#define OPTION_DATA                                                                                                    \
    {"data", OPTION_TEXT, "fashion|DIR", "fashion", 0, 0, false, "Real pictures: Fashion-MNIST, or class folders of PNG or JPEG"}
#define OPTION_RUNS {"runs", OPTION_TEXT, "DIR", NULL, 0, 0, false, "Folder of the runs (~/.local/share/viewsmith/runs)"}
#define OPTION_SEED_OF(what) {"seed", OPTION_SEED, "N", "0", 0, 0, false, what}

/* Opens what --model, --data and --runs say, as far as the command has them; bare: without a generator. */
bool share_open(Workspace **out, const Args *a, bool bare, Err *err);
void share_put_figure(Json *o, const char *key, const Figure *f); /* key and key_ci */
/* "86.9 % [86.2, 87.5]" */
void share_figure(char out[40], const Figure *f);
/* Watches until the end, an interrupt making it save and stop; last (heap, or NULL) is the final news, kept. */
bool share_watch_train(Job *job, const Args *a, TrainNews **last, Err *err);
/* The keys of `probe` in design.md 9. */
void share_put_probe(Json *o, const ProbeResult *trained, const ProbeResult *untrained, const char *split);

/* Workers for a command that works in the foreground. */
Pool *share_pool(Err *err);
/* --split; the test set is told of on stderr and in test-set.jsonl of the program's state folder: it makes final figures. */
bool share_split(Split *out, const Args *a, Err *err);
/* An address in full, short ("seed=4711/class=7"), or the one that a PNG carries; checked against the open generator. */
bool share_address(Address *out, const Workspace *w, const char *word, Err *err);
bool share_is_address(const char *word); /* by its look, and no file of that name is there */
void share_add_address(Json *array, const Address *a);
/* Real pictures of one split at a side and channels; 0: those of the data. Its sentence goes to stderr. */
bool share_dataset(Dataset *out, const Args *a, const char *spec, Split split, int side, int channels, Err *err);
/* An encoder of a run or a file, its twin where there is one, and where it came from. */
typedef struct {
    Encoder *encoder, *untrained; /* untrained may be NULL */
    char data[1024];              /* what a run was started with; "" for a file */
    double views, seconds;        /* NaN where nothing says so */
} Subject;
/* word NULL: the newest run. The caller ends with subject_close. */
bool subject_open(Subject *out, const Workspace *w, const char *word, Err *err);
void subject_close(Subject *s);
