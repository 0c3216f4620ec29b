/* An objective through an encoder: forward of 2N views, loss, backward; and what a batch looks like. */
#pragma once
#include "learn/objectives.h"
#include "net/exec.h"

typedef struct {
    Objective objective;
    Exec *exec; /* EXEC_TRAIN with parameter gradients, batch 2N */
    ValueId image, features, out;
    int pairs, dim, width; /* N; D of the head's output and of the features */
    float *similarity;     /* (2N,2N): cosine / tau after a step, -inf on the diagonal */
    float *scratch;
    float tau;     /* of the last step; 1 where the objective has none */
    float factor;  /* of the loss, 1 unless set (supcon) */
    int *label;    /* (2N), to be filled before contrast_step where the objective needs labels; else NULL */
    float *target; /* (2N,D), where it needs latents; else NULL */
    int *origin;   /* (2N): rows of one origin show the same picture: no negatives of one another; filled before
                      contrast_step where `repeats` is set */
    bool repeats;  /* some pairs of the batch do */
    int hits;      /* right answers among 2N in the last step, of the supervised one; else -1 */
    Pool *pool;
} Contrast;

/* net: of objective_encoder, with its ports; it must outlive the Contrast. bf16: EXEC_BF16. */
bool contrast_open(Contrast *c, Objective objective, const Net *net, int pairs, bool bf16, Pool *pool,
                   Err *err);
void contrast_close(Contrast *c);
float *contrast_images(Contrast *c); /* (2N,C,H,W), to be filled before contrast_step */
/* Loss of the images; its gradient is added to grads (which the caller zeroed). Running statistics in w move.
 */
double contrast_step(Contrast *c, Weights *w, Weights *grads, float tau);
/* The rows whose cosines are looked at: the head's where the objective is about them, else the features. (2N,
 * *dim) */
const float *contrast_rows(const Contrast *c, int *dim);
const float *contrast_features(const Contrast *c); /* (2N, width) */
/* Cosine of rows i and j in the last step. */
float contrast_cosine(const Contrast *c, int i, int j);

typedef struct {
    double positive, negative; /* mean cosine of pairs, and of rows that show other pictures */
    double alignment, uniformity;
    double spread; /* sqrt(D) times the root mean square of the unit rows' deviations per dimension: 1 even, 0
                      collapsed */
} ContrastMeans;
/* Of the last step. Writes over scratch. */
ContrastMeans contrast_means(const Contrast *c);

#define CONTRAST_BINS 20 /* of cosines, from -1 to 1 */

/* How the cosines of the last step are spread: shares that sum to 1 of the pairs, and of all two rows that
 * show different pictures.
 */
typedef struct {
    float positive[CONTRAST_BINS], negative[CONTRAST_BINS];
} ContrastSpread;
void contrast_spread(ContrastSpread *out, const Contrast *c);

typedef struct {
    int a, b; /* rows */
    float cosine;
} ContrastPair;
/* The k pairs that are hardest in the last step, hardest first; k <= N. Positives: least alike of the N
 * pairs. Negatives: most alike rows of different pictures, each row used once. Returns how many there are. */
int contrast_hardest(ContrastPair *out, int k, const Contrast *c, bool positives);
