/* Pictures of addresses, made on a thread of their own for whoever draws: ask, go on, look later.
 *
 *     Painter *p = painter_new(generator, bell, err);
 *     uint64_t ticket = painter_ask(p, 0, list, n);
 *     Painting *got = (Painting *)painter_look(p, 0);      the newest, whole or growing; NULL before the
 * first
 *
 * Each channel holds one wish: asking again drops what was under way there. Lower channels go first, so that
 * the view under the sliders (0) never waits for a wall (3). */
#pragma once
#include "engine/job.h"
#include "data/image.h"
#include "latent/address.h"
#include "model/generator.h"

#define PAINTER_CHANNELS 12
#define PAINTER_MAX      1024 /* addresses in one wish */

typedef struct {
    News news;
    uint64_t ticket;
    int n, done; /* image[0..done-1] are there */
    Image *image;
    Address *address; /* (n) */
    double seconds;   /* spent on it so far */
    Err err;          /* code other than ERR_OK: it ended here */
} Painting;

typedef struct Painter Painter;

/* Keeps g. Interactive: its workers run at nice 0. */
Painter *painter_new(Generator *g, Bell bell, Err *err);
void painter_free(Painter *p);
/* n is cut to PAINTER_MAX; the list is copied. Returns the wish's ticket (from 1). */
uint64_t painter_ask(Painter *p, int channel, const Address *list, int n);
/* The newest painting of a channel, kept for the caller, who drops it with news_drop. */
News *painter_look(Painter *p, int channel);
/* True while a wish is not done. */
bool painter_busy(Painter *p);
