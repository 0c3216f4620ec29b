/* Views that come more or less often than the stream would bring them: factors given by example while a run
 * goes on.
 *
 *     Weight w = {0, address};                      nothing like this view any more
 *     Weigher *g;  weigher_new(&g, generator, psi, &w, 1, pool, err);
 *     weigher_settle(again, g, &stream, index, n, err);        which draw each of n samples takes
 *
 * A view is like an example when both have one class and its style is among the nearest WEIGH_NEAR percent of
 * that class. Draws are accepted in the ratio of their factors and drawn again within their class until one
 * is (64 times at most): the classes stay as frequent as they were, and what every sample becomes is a
 * function of (stream, index, weights). */
#pragma once
#include "latent/latent.h"
#include "latent/stream.h"

#define WEIGH_MAX    32 /* examples */
#define WEIGH_NEAR   5  /* percent */
#define WEIGH_FACTOR 8  /* at most */

typedef struct {
    float factor; /* 0: never .. WEIGH_FACTOR; 1: as it was */
    Address like; /* without a view */
} Weight;

typedef struct Weigher Weigher;

/* Where several examples fit a view the last of the list counts. psi: of the stream. A few milliseconds per
 * example. */
bool weigher_new(Weigher **out, Generator *g, float psi, const Weight *list, int n, Pool *pool, Err *err);
void weigher_free(Weigher *w);
/* The factors of n views. */
bool weigher_factors(float *out, Weigher *w, const Address *list, int n, Err *err);
/* The largest factor that a view of this class can have, at least 1. */
float weigher_most(const Weigher *w, int class);
/* again[i]: how often sample index[i] of s is drawn anew (stream_pair_again); 0: it stays. */
bool weigher_settle(int *again, Weigher *w, const Stream *s, const uint64_t *index, int n, Err *err);
/* Puts a weight into a list of n (room for WEIGH_MAX), in place of the one with the same example; factor 1
 * takes it away. */
bool weight_put(Weight *list, int *n, const Weight *w, Err *err);
