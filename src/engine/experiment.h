/* Experiments: a recipe of arms, run over seeds, one JSON line a run, and what follows from the lines.
 *
 *     Experiment *e;  experiment_open(&e, "headline", workspace, err);      docs/experiments/headline.json
 *     Job *job = experiment_start(&(ExperimentRun){e, "docs/results", 10, 2}, bell, err);
 *     experiment_report(e, "docs/results", err);                            docs/results.md,
 * docs/results/headline.png
 *
 * A recipe is a JSON object:
 *
 *     {"title": "...", "asks": "...", "split": "test", "seeds": 10, "data": "fashion",
 *      "train": {settings of every arm, as in a run's config.json},
 *      "arms": [{"name": "real", "label": "SimCLR, real pictures", "train": {"views": "real"}},
 *               {"name": "made", "label": "...", "model": "models/fashion.safetensors", "x": 0.3}],
 *      "compare": [{"first": "made", "second": "real", "asks": "generated minus real"}],
 *      "axis": {"name": "sigma", "log": false},
 *      "few": [10, 60, 100], "draws": 5, "transfer": "mnist"}
 *
 * "few": linear probes from so many labels of every class too, over so many draws; "transfer": probed on that
 * data set as well. "x" places an arm on the axis of the plot. A row, one arm with one seed, is a function of
 * its settings, its generator and its data; its key is their digest, so a row that is there is never run
 * again, and a changed recipe runs only what changed. A row that was interrupted goes on from its checkpoint.
 */
#pragma once
#include "engine/job.h"
#include "engine/workspace.h"
#include "learn/probe.h"
#include "learn/train.h"

typedef struct {
    char name[40], label[96]; /* a slug; for people */
    double x;                 /* on the axis; NaN: none */
    char model[3072];         /* "" for an arm of real pictures */
    Generator *generator;     /* NULL for an arm of real pictures */
    TrainConfig config;       /* seed 0 */
} ExperimentArm;

typedef struct {
    int first, second; /* arms, whose difference is taken seed by seed */
    char asks[96];
} ExperimentPair;

typedef struct {
    char name[40], title[128], asks[640], data[1024], transfer[1024], axis[48];
    char path[3072]; /* of the recipe */
    bool axis_log;
    Split split; /* VALID or TEST */
    int seeds, arms, pairs;
    int few[PROBE_FEW], draws;
    ExperimentArm *arm;
    ExperimentPair *pair;
    char data_digest[17]; /* over the training split and the one judged on */
} Experiment;

/* text: a shipped recipe's name, or a file that ends in .json. Opens every generator, and the data to name
 * them. The caller ends with experiment_close. */
bool experiment_open(Experiment **out, const char *text, Err *err);
void experiment_close(Experiment *e);
/* The names of the shipped recipes, one malloc'ed block that the caller frees; -1 on error. */
long experiment_names(char ***out, Err *err);

/* The first arm's that has one: real pictures are taken in its size and channels. NULL: in their own. */
Generator *experiment_generator(const Experiment *e);
/* 16 hex over all that decides the row's figures. */
void experiment_key(char out[17], const Experiment *e, int arm, uint64_t seed);

typedef struct {
    const Experiment *experiment; /* must outlive the job */
    char out[3072];               /* folder of NAME.jsonl */
    char runs[3072]; /* where rows are trained; "": experiments/NAME in the program's data folder */
    int seeds;       /* 0..seeds-1 */
    int abreast;     /* rows at a time, one thread each */
    int arm;         /* only this one; -1: all */
    bool keep;       /* leave the runs of finished rows on disk */
    char check[17];  /* "": none; else only the row of this key, again, and compared with its line */
} ExperimentRun;

typedef struct {
    News news;
    int rows, done, before; /* done: lines that are there; before: that were there at the start */
    double share;           /* of all, rows on their way included */
    double left;            /* seconds, NaN until known */
    char now[256];          /* "real 3: 41 %, made 3: 12 %" */
    char told[320];         /* the last row's figures, else empty */
} ExperimentNews;

/* Copies run. */
Job *experiment_start(const ExperimentRun *run, Bell bell, Err *err);

/* Rows that are in OUT/NAME.jsonl and of the recipe as it is. */
typedef struct {
    int arm;
    uint64_t seed;
    Json *line; /* owned */
} ExperimentRow;
typedef struct {
    ExperimentRow *row;
    int n, stale; /* stale: lines of another recipe, generator, data or arm */
} ExperimentRows;
bool experiment_rows(ExperimentRows *out, const Experiment *e, const char *folder, Err *err);
void experiment_rows_free(ExperimentRows *r);

/* From the lines alone: tables into the section NAME of FOLDER.md (made where it is missing, the rest of the
 * file stays), and FOLDER/NAME.png: every run a dot, mean and interval. */
bool experiment_report(const Experiment *e, const char *folder, Err *err);
