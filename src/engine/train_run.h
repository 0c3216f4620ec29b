/* Inside engine/: a training under way, shared by the files of train_job. */
#pragma once
#include "data/events.h"
#include "engine/train_command.h"
#include "engine/train_job.h"

typedef struct {
    uint64_t step;
    char text[COMMAND_TEXT];
} ControlEntry;

/* What control.jsonl has said so far. */
typedef struct {
    size_t offset;       /* bytes read */
    long requests, done; /* rows that ask seen so far, and how many are taken */
    bool opening;
    ControlEntry *again; /* changes that took hold at or after the checkpoint, to be taken again */
    int agains;
} ControlState;

typedef struct {
    Train *set;
    Job *job;
    Pool *pool;
    Trainer *trainer;
    RunInfo run;
    int lock;
    char metrics[4096], control_path[4096], checkpoint[4096], encoder[4096], twin_path[4096], result[4096];
    Dataset real, held;
    Events *events;
    ControlState control;
    Encoder *twin;
    ProbeBank *bank;
    TrainMetrics last;
    TrainNews *news; /* the draft: its history grows, copies of it are published */
    int stride;      /* steps per point of the curve */
    float smooth;
    double started, saved, published,
        metered; /* clock_seconds of the session's start, last save, news, meters */
    double probe_spent, probe_cost, probe_paid; /* seconds: in all, of the last one, those of live probes */
    double generator_spent, step_spent;
    double began;    /* progress at the session's start */
    bool stepped;    /* a batch of this session is there to look at */
    bool stop, data; /* asked to stop by control.jsonl; real pictures are open */
    bool back;       /* asked to go back to the kept checkpoint of step back_to */
    uint64_t back_to;
} TrainRun;

/* train_control.c: requests and what was applied before. */
bool control_open(TrainRun *r, Err *err);
bool control_step(TrainRun *r, Err *err); /* between two steps */
/* Whether the log asks for real pictures among generated views, anywhere. */
bool control_mixes(const TrainRun *r);
/* Says that the run has gone back: what was changed after that step holds no longer. */
void control_back(TrainRun *r);
void control_close(TrainRun *r);
/* train_log.c */
bool log_open(TrainRun *r, Err *err);
bool log_step(TrainRun *r, Err *err);
/* Rank, spread and the histograms of cosines of the last step. */
bool log_health(TrainRun *r, const Health *h, Err *err);
bool log_probe(TrainRun *r, const TrainProbe *p, bool untrained, Err *err);
bool log_event(TrainRun *r, const char *text, Err *err);
bool log_config(const TrainRun *r, Err *err);
bool log_result(TrainRun *r, Err *err);
/* Sets aside what was logged from the trainer's step on, and goes on from there. */
bool log_back(TrainRun *r, Err *err);
/* train_tray.c: writes the kept views into a new run's folder, or reads those of an old one; gives them to a
 * trainer */
bool run_tray(TrainRun *r, Err *err);
bool run_give_corners(const TrainRun *r, Trainer *trainer, Err *err);
/* train_news.c */
bool news_begin(TrainRun *r, Err *err);
void news_step(TrainRun *r);
void news_probe(TrainRun *r, const TrainProbe *p);
void news_mark(TrainRun *r, uint64_t step, const char *text);
void news_tell(TrainRun *r, const char *text);
/* The curve, probes and marks from the trainer's step on are dropped. */
void news_back(TrainRun *r);
void news_phase(TrainRun *r, const char *phase); /* and publishes */
void news_publish(TrainRun *r);
void news_end(TrainRun *r);
