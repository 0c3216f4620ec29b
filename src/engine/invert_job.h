/* Inverting a picture as a job beside a person at the screen: news with the picture so far. */
#pragma once
#include "data/image.h"
#include "engine/job.h"
#include "engine/workspace.h"
#include "latent/invert.h"

typedef struct {
    News news;
    InvertNow now;
    Image target, picture; /* what is sought (as the generator makes pictures), and the best so far */
    double left;           /* seconds, NaN until known */
    bool done;             /* address is the result */
    Address address;
    Address *frame; /* (frames) of an approach that is done: from the view to the result; NULL before */
    int frames;
} InvertNews;

/* Inverts `picture` of any size (image_fit) for w's generator. judge NULL: the shipped one where it fits,
 * else pixels alone. store NULL: the default one. nice: 0, or 19 beside a training. */
Job *invert_start(const Workspace *w, const Image *picture, const InvertConfig *c, Encoder *judge,
                  const char *store, int nice, Bell bell, Err *err);

/* The way from the view c->from towards a picture: `frames` (2 or more) views, the first is that view, the
 * last what the descent from there came to. The shape of the way is latent/path.h's. */
Job *invert_approach(const Workspace *w, const Image *picture, const InvertConfig *c, int frames, int nice,
                     Bell bell, Err *err);
