/* Training of an encoder (learn/objectives.h; SimCLR, Chen et al. 2020, unless said) on an endless stream of views, as
 * a step machine without threads of its own.
 *
 *     TrainConfig c = train_defaults();  c.budget = (Budget){.seconds = 300};
 *     Trainer *t;  trainer_new(&t, &c, generator, NULL, pool, err);
 *     while (!trainer_done(t)) if (!trainer_step(t, &metrics, err)) ...
 *     Encoder *e = trainer_snapshot(t);      any thread, any time;     encoder_drop(e);
 *
 * A run with a step budget is a pure function of (config, generator or data, controls by step): it resumes
 * bit-exactly from any checkpoint, on any number of threads. */
#pragma once
#include "base/json.h"
#include "learn/descent.h"
#include "learn/objective.h"
#include "learn/views.h"
#include "model/encoder.h"

/* What may be changed while it runs. */
typedef struct {
    float rate;        /* base of the schedule, (0, 10] */
    float temperature; /* [0.01, 10] */
    float sigma;       /* strength of the latent view, [0, 10] */
    float share; /* of every batch's pairs that begin at kept views (trainer_corners), [0, 1]; 0: none */
    float mix; /* of the others that are real pictures, among generated views (views_mix), [0, 1]; 0: none */
} TrainControl;

typedef struct {
    char encoder[16];   /* a size of model/encoder.h */
    char precision[16]; /* of products: float32, or bf16 on CPUs with a matrix unit */
    Objective objective;
    float tau_base; /* of supcon, whose loss is multiplied by temperature / tau_base (0.07 in the authors' code); 0: by 1 */
    ViewMaker maker;
    ViewPlan plan; /* of generated views with a latent view */
    uint64_t seed; /* of weights and stream */
    int pairs;     /* views per step are twice that */
    float psi;
    uint64_t anchors;    /* 0: endless (views.h) */
    uint64_t neighbours; /* of each anchor of a pool; 0: a fresh one every time */
    int per_class;       /* real pictures of every class that there are, drawn by the seed; 0: all */
    uint64_t tray;    /* views_corners_mark of those views, 0 until they are given */
    AugmentRecipe recipe;
    Budget budget;
    TrainControl control;  /* at the start */
    float momentum, decay; /* SGD */
    float warm;            /* share of the budget */
    int publish;           /* steps between snapshots */
} TrainConfig;

/* Encoder "small", float32, objective NTXENT, maker GENERATOR, Gaussian views, 256 pairs, rate 0.12, temperature 0.2, sigma 0.3, psi 1, recipe
 * "genrep", momentum 0.9, decay 1e-4, warm 0.08, 600 steps, a snapshot every 10 steps. */
TrainConfig train_defaults(void);
bool train_check(const TrainConfig *c, Err *err);
bool train_bf16(const TrainConfig *c);
bool train_has_bf16(void); /* on this machine */
ViewConfig train_views(const TrainConfig *c);
/* The stream of its generated views, at the sigma it starts with. */
Stream train_stream(const TrainConfig *c, const Generator *g);
/* The encoder that it trains on such views; refused where the objective needs what they have not. */
bool train_encoder(EncoderConfig *out, const TrainConfig *c, const Views *v, Err *err);
/* As in a run's config.json; caller drops. train_config_read starts from the defaults, with the objective's own rate, and
 * refuses unknown keys. */
Json *train_config_json(const TrainConfig *c);
bool train_config_read(TrainConfig *out, const Json *j, Err *err);
/* One setting by its key there, from a word; what goes together is train_check's. */
bool train_config_set(TrainConfig *c, const char *key, const char *word, Err *err);

/* What a training needs, in bytes: memory of trainer and batch (not of generator and data set), and files. */
typedef struct {
    size_t memory, checkpoint, encoder;
} TrainSize;
/* Of pictures with these channels and side. Planned, not allocated: a few milliseconds. */
bool train_size(TrainSize *out, const TrainConfig *c, int channels, int side, Err *err);

typedef struct {
    uint64_t step;     /* the step this is of, from 0 */
    double progress;   /* after it */
    double loss, rate; /* loss is NaN in a step that was rolled back */
    TrainControl control;
    ContrastMeans means;
    double accuracy;             /* of the batch's rows, of the supervised objective; else NaN */
    double gradient;             /* norm */
    uint64_t views, unique;      /* so far */
    int corners, reals, redrawn; /* pairs that began at kept views, were real, were weighed away */
    int repeats; /* pairs that show a picture which one before them shows: no negatives of it (views_origins) */
    double seconds, views_second, generator_share; /* of this step; so far: elapsed */
    double elapsed;
    bool published;
    char told[200]; /* what the guard did, else empty */
} TrainMetrics;

typedef struct Trainer Trainer;

/* The generator is kept; real (may be NULL for generated views that are not to be mixed) and pool must
 * outlive the trainer. */
bool trainer_new(Trainer **out, const TrainConfig *c, Generator *generator, const Dataset *real, Pool *pool,
                 Err *err);
void trainer_free(Trainer *t);
/* The kept views that control.share of the pairs begin at, copied: before the first step of a new or resumed
 * run that has such a share. Refused where they are others than the run was begun with. */
bool trainer_corners(Trainer *t, const Address *list, int n, Err *err);
bool trainer_step(Trainer *t, TrainMetrics *m, Err *err);
bool trainer_done(const Trainer *t);
uint64_t trainer_steps(const Trainer *t); /* done */
double trainer_progress(const Trainer *t);
const TrainConfig *trainer_config(const Trainer *t);
/* Counts time spent for the run outside its steps (probes, meters) against a time budget. */
void trainer_charge(Trainer *t, double seconds);

/* Controls of the coming step; a change takes hold there and is refused out of range. *step (may be NULL):
 * its stamp. */
TrainControl trainer_control(const Trainer *t);
bool trainer_set_control(Trainer *t, const TrainControl *c, uint64_t *step, Err *err);
/* From the coming step on views like w->like come w->factor times as often (learn/weigh.h); saved with the
 * rest. */
bool trainer_weigh(Trainer *t, const Weight *w, Err *err);
/* Those in force; valid until the next change. */
int trainer_weights_of(const Trainer *t, const Weight **out);
/* More or less to go, from the trainer's thread: a new budget of the same kind. */
bool trainer_set_budget(Trainer *t, const Budget *b, Err *err);

/* The last published encoder and the steps it has seen (step may be NULL); the caller drops it. Safe from any
 * thread. */
Encoder *trainer_snapshot(Trainer *t, uint64_t *step);
/* Publishes the weights as they are now. */
bool trainer_publish(Trainer *t, Err *err);
/* The batch of the last step and its similarities: valid until the next step, in the trainer's thread. */
const Contrast *trainer_contrast(const Trainer *t);
const float *trainer_images(const Trainer *t); /* (2N,C,H,W) */
/* Where row `row` of the last step came from (views.h). */
const Views *trainer_views(const Trainer *t);
void trainer_address(Address *out, const Trainer *t, int row);
/* Weights in training: for tests and meters, in the trainer's thread. */
Weights *trainer_weights(Trainer *t);

/* A checkpoint of everything; only between steps. */
bool trainer_save(const Trainer *t, const char *path, Err *err);
/* The run saved at path, with the generator or data it had: refused when their digest is another. notice (may
 * be NULL) is empty or says what differs (previous file used, other instruction set). */
bool trainer_resume(Trainer **out, const char *path, Generator *generator, const Dataset *real, Pool *pool,
                    char *notice, size_t cap, Err *err);
/* The config of a saved run without its weights. */
bool trainer_peek(TrainConfig *out, uint64_t *step, const char *path, Err *err);

/* The untrained twin: the same initial weights, with batch-norm statistics from `batches` batches of the same
 * stream. */
bool train_untrained(Encoder **out, const TrainConfig *c, Generator *generator, const Dataset *real,
                     int batches, Pool *pool, Err *err);
