/* The contrastive objective through an encoder: forward of 2N views, NT-Xent, backward; and what a batch
 * looks like. */
#pragma once
#include "net/exec.h"

typedef struct {
    Exec *exec; /* EXEC_TRAIN with parameter gradients, batch 2N */
    ValueId image, features, out;
    int pairs, dim;    /* N and D of the projection */
    float *similarity; /* (2N,2N): cosine / tau after a step, -inf on the diagonal */
    float *scratch;
    float tau; /* of the last step */
    Pool *pool;
} Contrast;

/* net: model/encoder.h's ports image, features, out; it must outlive the Contrast. bf16: EXEC_BF16. */
bool contrast_open(Contrast *c, const Net *net, int pairs, bool bf16, Pool *pool, Err *err);
void contrast_close(Contrast *c);
float *contrast_images(Contrast *c); /* (2N,C,H,W), to be filled before contrast_step */
/* Loss of the images; its gradient is added to grads (which the caller zeroed). Running statistics in w move.
 */
double contrast_step(Contrast *c, Weights *w, Weights *grads, float tau);
/* Cosine of rows i and j in the last step. */
float contrast_cosine(const Contrast *c, int i, int j);

typedef struct {
    double positive, negative; /* mean cosine of pairs, and of everything else */
    double alignment, uniformity;
} ContrastMeans;
/* Of the last step. Writes over scratch. */
ContrastMeans contrast_means(const Contrast *c);

#define CONTRAST_BINS 20 /* of cosines, from -1 to 1 */

/* How the cosines of the last step are spread: shares that sum to 1 of the pairs, and of all other two rows.
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
 * pairs. Negatives: most alike rows that are no pair, each row used once. Returns how many there are. */
int contrast_hardest(ContrastPair *out, int k, const Contrast *c, bool positives);
