/* Training an encoder with labels: the judge in whose features generators are measured. A step machine like
 * train.h. */
#pragma once
#include "base/json.h"
#include "data/dataset.h"
#include "learn/augment.h"
#include "learn/descent.h"
#include "learn/probe.h"
#include "model/encoder.h"

typedef struct {
    char encoder[16];
    uint64_t seed;
    int batch;
    Budget budget;
    DescentConfig descent;
    AugmentRecipe recipe;
} ClassifyConfig;

/* Encoder "small", batch 128, rate 0.1, momentum 0.9, decay 5e-4, warm 0.05, recipe "light", 4,000 steps. */
ClassifyConfig classify_defaults(void);
Json *classify_config_json(const ClassifyConfig *c);
bool classify_config_read(ClassifyConfig *out, const Json *j, Err *err);

typedef struct {
    uint64_t step, images;
    double progress, loss, accuracy, rate, elapsed; /* accuracy on this very batch */
    char told[200];
} ClassifyMetrics;

typedef struct Classifier Classifier;

/* data and pool must outlive it. */
bool classifier_new(Classifier **out, const ClassifyConfig *c, const Dataset *data, Pool *pool, Err *err);
void classifier_free(Classifier *t);
bool classifier_step(Classifier *t, ClassifyMetrics *m, Err *err);
bool classifier_done(const Classifier *t);
bool classifier_save(const Classifier *t, const char *path, Err *err);
bool classifier_resume(Classifier **out, const char *path, const Dataset *data, Pool *pool, char *notice,
                       size_t cap, Err *err);
/* The encoder as it is now; the caller drops it. card may be NULL. */
bool classifier_encoder(Encoder **out, const Classifier *t, const char *name, const char *card, Err *err);

/* Accuracy of a judge (EncoderConfig.classes > 0) on labelled images; guess (n) or NULL receives its answers.
 */
bool classify_accuracy(Figure *out, int *guess, const Encoder *judge, const Dataset *data, Pool *pool,
                       Err *err);
