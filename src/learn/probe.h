/* Probes: what a frozen representation knows, read by a weighted kNN vote and by a linear classifier.
 *
 *     ProbeSet train = {feature, label, n}, held = {...};
 *     probe_knn(&figure, &train, &held, D, classes, pool, err);          on features, or in one go:
 *     probe_encoder(&result, encoder, &dataset_train, &dataset_valid, &probe_quick, pool, err);
 *
 * Every figure is an accuracy on the held-out images with its 95 % interval (Wilson 1927; over images one by one:
 * learn/bootstrap.h). Deterministic from the seed. */
#pragma once
#include "data/dataset.h"
#include "model/encoder.h"

typedef struct {
    double value, low, high;
} Figure;

/* hits of n with the Wilson interval at 95 %. */
Figure figure_of(long hits, long n);

typedef struct {
    const float *feature; /* (n,D) */
    const int *label;
    int n;
} ProbeSet;

/* Weighted kNN (Wu et al. 2018): cosine, k = 20, votes exp(score / 0.07). guess as below. */
bool probe_knn(Figure *out, int *guess, const ProbeSet *train, const ProbeSet *held, int D, int classes, Pool *pool,
               Err *err);
/* Softmax regression on features standardised by the training set's mean and deviation: Adam, cosine rate,
 * batches of up to 1,000; `updates` in all. guess (held->n) receives the answers when not NULL. */
bool probe_linear(Figure *out, int *guess, const ProbeSet *train, const ProbeSet *held, int D, int classes,
                  int updates, uint64_t seed, Pool *pool, Err *err);

/* The same with pull / 2 times the weights' squared length (biases aside) added to the loss: for few labels. */
bool probe_linear_pulled(Figure *out, int *guess, const ProbeSet *train, const ProbeSet *held, int D, int classes,
                         int updates, float pull, uint64_t seed, Pool *pool, Err *err);

/* The same regression as weights (classes, D) and bias (classes) for plain features: logits = weight feature
 * + bias. */
bool probe_fit(float *weight, float *bias, const ProbeSet *train, int D, int classes, int updates,
               uint64_t seed, Pool *pool, Err *err);

/* guess (n): the largest of each row of logits (n, classes). */
void probe_guess(int *guess, const float *logits, int n, int classes);

enum { PROBE_FEW = 4, PROBE_DRAWS = 20 };

typedef struct {
    int train, held; /* images at most, balanced over classes, chosen by the seed; 0: all */
    int updates;     /* of the linear probe */
    uint64_t seed;
    int few[PROBE_FEW]; /* labels of every class that further linear probes learn from; 0: no further one */
    int draws;          /* of those labels, by seed, seed + 1 .., 1..PROBE_DRAWS */
} ProbeConfig;

extern const ProbeConfig probe_quick; /* 5,000 + 1,000 images, 300 updates */
extern const ProbeConfig probe_full;  /* all, 720 updates */

/* False, naming both, unless e takes pictures of d's size and channels. */
bool probe_fits(const Encoder *e, const Dataset *d, Err *err);

/* Images taken from datasets once and encoded as often as wanted. */
typedef struct ProbeBank ProbeBank;
bool probe_bank(ProbeBank **out, const Dataset *train, const Dataset *held, const ProbeConfig *c, Err *err);
void probe_bank_free(ProbeBank *b);

/* Linear probes learnt from a few labels of every class, their weights pulled to 0 by 0.01 (chosen on validation pictures
 * from 0 to 0.3: a point better than 0 at 10 and at 60 labels a class, and flat about it). */
typedef struct {
    int each, draws;
    Figure linear; /* mean over the draws, with Student's interval; of one draw Wilson's */
    double draw[PROBE_DRAWS];
} ProbeFew;

typedef struct {
    Figure linear, knn;
    Figure classifier; /* the encoder's own, where it has one of as many classes; else its value is NaN */
    ProbeFew few[PROBE_FEW];
    int train, held; /* images used */
    bool frozen;     /* the weights' digest was the same before and after */
    char digest[17]; /* of those weights */
    double rank;     /* RankMe of the held-out features */
    double seconds, encode_seconds;
} ProbeResult;

bool probe_run(ProbeResult *out, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err);
/* Held-out images that were answered right, 0 or 1 each, in the bank's order: as long as the bank lives, the same images. */
typedef struct {
    signed char *linear, *knn; /* (n) */
    int n;
} ProbeHits;
bool probe_run_hits(ProbeResult *out, ProbeHits *hits, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err);
void probe_hits_free(ProbeHits *h);
/* What the linear probe of probe_run makes of every held-out picture: guess (probe_held_count), and its
 * accuracy. */
bool probe_guesses(Figure *out, int *guess, const Encoder *e, const ProbeBank *b, Pool *pool, Err *err);
int probe_held_count(const ProbeBank *b);
int probe_held_index(const ProbeBank *b, int i); /* its place in the dataset of held-out pictures */
int probe_held_label(const ProbeBank *b, int i);
int probe_classes(const ProbeBank *b);
/* A bank for once. */
bool probe_encoder(ProbeResult *out, const Encoder *e, const Dataset *train, const Dataset *held,
                   const ProbeConfig *c, Pool *pool, Err *err);
