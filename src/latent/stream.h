/* An endless stream of pairs to train on: sample `index` of a stream is a pure function of (stream, index).
 */
#pragma once
#include "latent/address.h"
#include "model/generator.h"

typedef struct {
    char slug[ADDRESS_SLUG_MAX + 1];
    char digest[17];
    int classes;   /* 0: unconditional */
    bool balanced; /* every run of `classes` samples, counted from 0, has each class once; else classes are
                      drawn */
    uint64_t seed;
    uint64_t anchors; /* 0: never repeats; else anchor index % anchors comes again with another view */
    float psi;
    float sigma; /* strength of the latent view; 0: the positive is the anchor itself */
} Stream;

/* Balanced, endless, psi 1, sigma 0.2 (GenRep's value for an unconditional generator). */
Stream stream_of(const Generator *g, uint64_t seed);
/* positive may be NULL. */
void stream_pair(Address *anchor, Address *positive, const Stream *s, uint64_t index);
/* The same place of the stream drawn anew, for the again-th time: another seed of the same class; 0: as it
 * was. */
void stream_pair_again(Address *anchor, Address *positive, const Stream *s, uint64_t index, int again);
