/* What a search climbs: scores of pictures with their gradients. */
#pragma once
#include "latent/search.h"

typedef struct Score Score;

/* Checks config's wish, heads and features against pictures of g. */
Score *score_new(const SearchConfig *c, const GeneratorConfig *g, int batch, Pool *pool, Err *err);
void score_free(Score *s);
/* value (n) of images (n, C, H, W); dimage (as image) overwritten with the gradients of the values unless
 * NULL. n <= batch. */
void score_of(Score *s, double *value, float *dimage, const float *image, int n);
