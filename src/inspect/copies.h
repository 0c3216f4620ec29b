/* Is a picture a copy of a real one? Its distance to the nearest training picture, beside those of real
 * pictures that no training has seen: a generator that copies comes nearer than they do (after Meehan,
 * Chaudhuri & Dasgupta 2020, "A non-parametric test to detect data-copying in generative models"). It is only
 * as good as its space.
 *
 *     CopyNull null = {0};
 *     while (!copies_known(&null)) copies_fill(&null, bank, METRIC_COSINE, &held, 128, pool, err);
 *     CopyVerdict v = copies_judge(&null, METRIC_COSINE, hit[0].score);
 */
#pragma once
#include "inspect/neighbours.h"

#define COPIES_HELD   1000  /* held-out pictures at most; a fixed draw */
#define COPIES_COPIED 0.01f /* so few of them may lie nearer before a picture counts as a copy */

typedef struct {
    int n, done;
    float score[COPIES_HELD]; /* of each to its nearest training picture; nearest first once all are done */
} CopyNull;

/* Looks up the next `count` held-out pictures in a full bank of training pictures. */
bool copies_fill(CopyNull *z, const Bank *b, Metric m, const Dataset *held, int count, Pool *pool, Err *err);
bool copies_known(const CopyNull *z);

typedef struct {
    float nearer; /* share of the held-out pictures that lie nearer to their nearest training picture */
    float ratio;  /* distance over the median of theirs; NAN for inner products */
    bool copied;  /* nearer than all but COPIES_COPIED of them */
} CopyVerdict;

/* Of a picture whose nearest training picture has this score. */
CopyVerdict copies_judge(const CopyNull *z, Metric m, float score);
