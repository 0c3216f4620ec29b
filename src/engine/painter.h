/* Makes the pictures of addresses on a thread of its own, for whoever must not wait: the latest wish of each slot wins.
 *
 *     Painter *p = painter_new(g, NULL, 2, bell, err);
 *     painter_ask(p, PAINT_VIEW, &address, 1);          returns at once; an unserved wish of that slot is forgotten
 *     Painting *now = painter_take(p, PAINT_VIEW);      NULL: nothing new since the last take
 *     ...  painting_free(now);
 *
 * Slots are served in their order, and a long wish gives way between pieces of 16: the view under the hand never waits
 * for a wall. */
#pragma once
#include "data/image.h"
#include "engine/job.h"
#include "latent/latent.h"

typedef enum { PAINT_VIEW, PAINT_STRIP, PAINT_WALL, PAINT_EFFECT, PAINT_SLOTS } PaintSlot;

typedef struct {
    uint64_t serial; /* which wish this answers, as painter_ask returned it */
    int n;           /* pictures made; the first n of the wish */
    bool whole;      /* all of them are there */
    Image *image;    /* (n) */
    uint64_t *id;    /* (n): stands for the picture's content */
    double ms;       /* from wish to here */
    Err err;         /* set when it could not be done */
} Painting;

typedef struct Painter Painter;

/* Keeps g. store as in latent_new. threads: workers at nice 0. */
Painter *painter_new(Generator *g, const char *store, int threads, Bell bell, Err *err);
/* Waits for the piece in work, at most some milliseconds. NULL is allowed. */
void painter_free(Painter *p);
/* Copies the list. Returns the wish's serial (never 0); 0 when out of memory. */
uint64_t painter_ask(Painter *p, PaintSlot slot, const Address *list, int n);
/* The newest answer of the slot that was not yet taken; a long wish is answered in growing parts. Caller frees. */
Painting *painter_take(Painter *p, PaintSlot slot);
void painting_free(Painting *p);
/* A wish of this slot has not been answered whole. */
bool painter_busy(Painter *p, PaintSlot slot);
