/* Training an encoder, as a job over a run's folder (engine/runs.h).
 *
 *     Train *train = train_open(workspace, &config, err);      settings: train->...
 *     Job *job = train_start(train, bell, err);
 *     TrainNews *n = (TrainNews *)job_news(job);     draw it;     news_drop(&n->news);
 *
 * Everything that changes a running training goes through its control.jsonl, whoever asks: the screen,
 * another terminal, a script. A change is read between two steps, written back with the step it took hold at,
 * and taken again at that step when the run is resumed from an earlier checkpoint: so a resumed run is the
 * same run, bit for bit. */
#pragma once
#include "engine/job.h"
#include "engine/tray.h"
#include "engine/workspace.h"
#include "learn/meters.h"
#include "learn/probe.h"
#include "learn/train.h"

#define TRAIN_PAIRS   8   /* of the last batch in the news */
#define TRAIN_HARDEST 3   /* of each kind */
#define TRAIN_POINTS  512 /* of the curve in the news, at most */
#define TRAIN_PROBES  256
#define TRAIN_MARKS   64

/* The probes when the budget is spent: trained and untrained, judged on the validation pictures (live probes
 * always are) or, asked for by name and said in the log, on the test set. */
typedef enum { TRAIN_END_NONE, TRAIN_END_QUICK, TRAIN_END_VALID, TRAIN_END_TEST } TrainEnd;

typedef struct {
    TrainConfig config;
    char runs[3072], model[3072], spec[1024];
    char name[64];        /* of a new run; "" for none */
    char resume[64];      /* id of a run to go on with; "" for a new one */
    Generator *generator; /* kept; NULL for real pictures only */
    TrainEnd end;
    float probe_share;   /* of the time that live probes may take; 0: none */
    double save_seconds; /* between checkpoints */
    int keep;            /* checkpoints kept of the way (engine/train_history.h); 0: none */
    bool back;           /* begin by going back to the kept checkpoint of step `back_to` */
    uint64_t back_to;
    Address *corner; /* kept views that a share of the pairs begins at (train_tray), owned; NULL: none */
    int corners;
    int threads;
    uint64_t until;  /* stops there, saved, as `stop` does; 0: at the end of the budget */
    bool background; /* nice 19: somebody works at the screen */
    char command[1024];
} Train;

/* Smoothed values of one step of the curve. */
typedef struct {
    uint64_t step;
    float loss, smooth, positive, alignment, uniformity;
    float rank, spread; /* of the last measurement before this step; NaN before the first */
} TrainPoint;

typedef struct {
    uint64_t step;
    Figure linear, knn;
} TrainProbe;

typedef struct {
    uint64_t step;
    char text[48]; /* "sigma 0.45" */
} TrainMark;

typedef struct {
    Image a, b;
    float cosine;
    Address address_a, address_b; /* of generated views */
    int index_a, index_b;         /* of real pictures; -1: a view */
} TrainPair;

typedef struct {
    News news;
    char id[16], name[64];
    TrainConfig config;
    TrainMetrics now;      /* of the last step; nothing yet when now.views is 0 */
    double progress, left; /* 0..1; seconds, NaN until known */
    double views_second;
    double share_generator, share_encoder, share_probe; /* of the time so far */
    double saved_ago;                                   /* seconds */
    int points, probes, marks, pairs, hard_positives, hard_negatives;
    TrainPoint point[TRAIN_POINTS];
    TrainProbe probe[TRAIN_PROBES];
    TrainProbe untrained; /* step 0; linear.value is NaN before it is known */
    TrainMark mark[TRAIN_MARKS];
    ContrastSpread spread; /* of the last measurement; all 0 before the first */
    TrainPair pair[TRAIN_PAIRS], hard_positive[TRAIN_HARDEST], hard_negative[TRAIN_HARDEST];
    Encoder *encoder; /* the last published snapshot, kept by the news; NULL before the first */
    uint64_t encoder_step;
    Encoder *twin; /* the untrained one */
    int backs;     /* how often it went back in this process, the last time to the step: */
    uint64_t back_to;
    bool paused;
    const char *phase; /* "starting", "training", "probing", "saving", "final probes", "done" */
    char told[256];    /* the last notice, else empty */
    bool ended_ok;     /* final figures below are there */
    ProbeResult final, final_untrained;
    const char *split; /* that the final figures are of */
} TrainNews;

/* Data is opened by the job. The caller hands it to train_start or ends with train_close. Defaults: quick
 * probes at the end, live ones in 5 % of the time, a checkpoint every 30 s. */
Train *train_open(const Workspace *w, const TrainConfig *config, Err *err);
/* A run to go on with, with its own settings: the generator and data are those of its config. */
Train *train_open_run(const Workspace *w, const char *run, Err *err);
/* The settings that a run was started with. */
bool train_run_config(TrainConfig *out, const RunInfo *run, Err *err);
void train_close(Train *t);
/* A new run that takes `share` (0..1] of every batch's pairs from the kept views with this tag (NULL: all) of
 * its model: they are copied now, and into the run's folder (tray.jsonl) when it begins. Refused where there
 * are none. */
bool train_tray(Train *t, Tray *tray, const char *tag, float share, Err *err);
Job *train_start(Train *t, Bell bell, Err *err);

/* What a run would take, about, and what there is: bytes of memory (trainer, generator, data set, probes) and
 * of disk where runs lie. */
typedef struct {
    double memory, memory_free, disk, disk_free;
} TrainNeeds;
bool train_needs(TrainNeeds *out, const Workspace *w, const TrainConfig *config, Err *err);

/* Asks a run to change, from any process: "rate 0.1", "temperature 0.3", "sigma 0.45", "share 0.1" (of the
 * tray), "mix 0.2" (real pictures), "exclude ADDRESS", "weight 4 ADDRESS" (learn/weigh.h), "pause",
 * "continue", "stop", "save", "rollback STEP" (to a checkpoint that it keeps). Checked before it is written.
 */
bool train_control(const char *run_folder, const char *command, Err *err);
/* Lets a stopped run go on in a process of its own that outlives this one: `viewsmith train --resume ID`. */
bool train_detach(const char *runs, const char *id, Err *err);
