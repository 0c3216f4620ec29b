/* Bounded search for views that an encoder finds hard, or for more views like these: from drawn seeds uphill
 * through encoder and generator, never farther from its seed than a radius, so that what is found is still
 * what the generator makes well.
 *
 *     Search *s = search_new(g, &config, pool, err);
 *     while (!search_done(s)) search_step(s, err);
 *     search_hits(hit, s, store, err);      search_free(s);
 *
 * Deterministic. The first steps score `draws` seeds (a slice a step), the rest climb from the `keep` best.
 */
#pragma once
#include "latent/latent.h"
#include "latent/store.h"
#include "model/encoder.h"

/* Class probabilities over an encoder: those of a linear probe on its features, or, weight NULL, its own (a
 * judge). */
typedef struct {
    Encoder *encoder;
    const float *weight, *bias; /* (classes, D), (classes) */
    int classes;
} SearchHead;

typedef enum {
    SEARCH_UNSURE,   /* entropy of the head's probabilities, nats */
    SEARCH_DISAGREE, /* Jensen-Shannon divergence of two heads' probabilities, nats */
    SEARCH_NEAR      /* largest cosine of the encoder's features with one of the rows of `features` */
} SearchWish;

typedef struct {
    SearchWish wish;
    SearchHead head, other; /* other: for SEARCH_DISAGREE, over the same classes */
    const float *features;  /* SEARCH_NEAR: (rows, D) */
    int rows;
    int class;              /* -1: all in turn */
    int draws, keep, steps; /* seeds scored; how many of them climb; steps of climbing */
    float radius;  /* farthest from the seed's w, in standard deviations of w: 1 is typical of two views'
                      distance */
    float apart; /* SEARCH_NEAR: nearer to a row than this (1 - cosine) is no gain: no copies are sought */
    uint64_t seed; /* first of the seeds */
} SearchConfig;

/* All classes, 1024 draws, 24 kept, 40 steps, radius 0.5. The caller sets wish and head. */
SearchConfig search_defaults(void);

typedef struct {
    Address address; /* latent=w.HASH, or the seed itself where climbing found nothing better */
    Address origin;  /* the seed it began from: its parent */
    float score, origin_score, moved; /* moved: in the unit of radius */
} SearchHit;

typedef struct Search Search;

/* Everything that config points to must outlive it. */
Search *search_new(Generator *g, const SearchConfig *c, Pool *pool, Err *err);
void search_free(Search *s);
bool search_done(const Search *s);
bool search_step(Search *s, Err *err);
int search_count(const Search *s);       /* hits there are, at most keep */
/* hit[search_count], best first; their latents are kept in the store. May be called while it goes on. */
bool search_hits(SearchHit *hit, const Search *s, const LatentStore *store, Err *err);
