/* An endless stream of pairs to train on: sample `index` of a stream is a pure function of (stream, index).
 */
#pragma once
#include "latent/view_kind.h"

typedef struct {
    char slug[ADDRESS_SLUG_MAX + 1];
    char digest[17];
    int classes;   /* 0: unconditional */
    bool balanced; /* every run of `classes` samples, counted from 0, has each class once; else classes are
                      drawn */
    uint64_t seed;
    uint64_t anchors; /* 0: never repeats; else so many, each once a round, in a new order every round */
    uint64_t
        neighbours; /* views of an anchor, each once in so many of its rounds; 0: a fresh one every time */
    float psi;
    float sigma; /* strength of a view that takes one (view_kind.h); 0: z is left where it is */
    ViewPlan plan;
    const Generator *generator; /* must outlive the stream */
} Stream;

/* Balanced, endless, psi 1, Gaussian views of sigma 0.2 (GenRep's value for an unconditional generator). */
Stream stream_of(const Generator *g, uint64_t seed);
/* Which anchor, 0.. (below s->anchors, if that is set), sample `index` shows. */
uint64_t stream_anchor(const Stream *s, uint64_t index);
/* positive may be NULL. */
void stream_pair(Address *anchor, Address *positive, const Stream *s, uint64_t index);
/* The same place of the stream drawn anew, for the again-th time: another seed of the same class; 0: as it
 * was. */
void stream_pair_again(Address *anchor, Address *positive, const Stream *s, uint64_t index, int again);
