/* How good a generator is, in the features of a judge: PRDC, Frechet and kernel distance, class agreement and
 * spread within classes. */
#pragma once
#include "learn/probe.h"
#include "model/generator.h"

/* Precision, recall, density and coverage (Naeem et al. 2020; prdc.py): real (n,D), fake (m,D), k nearest
 * neighbours. */
typedef struct {
    double precision, recall, density, coverage;
} Prdc;
bool quality_prdc(Prdc *out, const float *real, int n, const float *fake, int m, int D, int k, Pool *pool,
                  Err *err);

/* Frechet distance of two Gaussians fitted to a (n,D) and b (m,D): |mean gap|^2 + tr(A + B - 2 (A^1/2 B
 * A^1/2)^1/2). */
bool quality_frechet(double *out, const float *a, int n, const float *b, int m, int D, Pool *pool, Err *err);

/* Kernel distance (KID, Binkowski et al. 2018): unbiased squared MMD of the kernel (x.y / D + 1)^3, mean over
 * 100 subsets of 1,000 rows (or all rows, when there are fewer) drawn from a fixed seed. About 0 for two sets
 * of one distribution, and below it as often as above. */
#define QUALITY_KERNEL_SUBSETS 100
#define QUALITY_KERNEL_ROWS    1000
bool quality_kernel(double *out, const float *a, int n, const float *b, int m, int D, Pool *pool, Err *err);

/* Mean distance between rows of the same class, generated over real, per class: ratio (classes); at most 500
 * rows of each class, the first ones. NaN where a class has under two rows. classes 0: one ratio, over all.
 */
void quality_spread(double *ratio, const float *fake, const int *fake_label, int m, const float *real,
                    const int *real_label, int n, int D, int classes);

typedef struct {
    int samples; /* generated, classes in turn */
    float psi;
    uint64_t seed; /* the i-th sample is the address with seed + i */
    int k;
} QualityConfig;
extern const QualityConfig quality_defaults; /* 10,000 samples, psi 1, seed 0, k 5 */

#define QUALITY_CLASSES_MAX 1000

typedef struct {
    Figure class_agreement; /* the judge sees the class asked for */
    Figure judge_accuracy;  /* on the real images */
    Prdc prdc, train;       /* generated, and as many training images, against the real ones */
    double frechet, frechet_train;
    double kernel, kernel_train;
    int features; /* of the judge: the space of all figures but the agreement */
    int classes;
    double *agreement; /* (classes) */
    double *spread;    /* (classes) */
    double min_spread;
    int samples, real;
} Quality;

/* real: the images to compare with (a held-out split); train: the yardstick, its first `samples` of a fixed
 * shuffle. progress (may be NULL) is called with 0..1 and stops the work by returning false (ERR_CANCELLED).
 * The caller ends with quality_free. A generator without classes has no agreement (NaN) and its spread is
 * over all. */
typedef bool QualityProgress(void *ctx, double share);
bool quality_measure(Quality *out, const QualityConfig *c, Generator *g, const Encoder *judge,
                     const Dataset *real, const Dataset *train, QualityProgress *progress, void *ctx,
                     Pool *pool, Err *err);
void quality_free(Quality *q);
