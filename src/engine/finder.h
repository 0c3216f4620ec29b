/* Neighbours kept ready on a thread of its own: among real training pictures, among the generator's first
 * seeds, among what is in the tray; in three spaces, by three metrics. Banks of embeddings are filled piece
 * by piece in the background, queries are answered between pieces (by what is embedded so far, which is
 * told), a newer encoder replaces a bank when its own is full. With the encoder's banks comes an atlas to be
 * laid out as a map, and, last, how near held-out pictures come to training pictures, so that copies are
 * known.
 *
 *     Finder *f = finder_new(workspace, SPLIT_TRAIN, bell, err);
 *     finder_encoder(f, encoder, twin);
 *     finder_ask(f, &(FinderQuery){.picture = picture, .k = 8});
 *     FinderNews *n = (FinderNews *)finder_look(f);
 */
#pragma once
#include "engine/job.h"
#include "engine/made.h"
#include "engine/workspace.h"
#include "inspect/atlas.h"
#include "inspect/copies.h"

#define FINDER_SPACES 3
#define FINDER_K      64

typedef struct {
    const Image *picture; /* NULL: the real picture `origin`, which does not find itself */
    int origin;           /* its position in the data's own file or listing */
    int k;                /* 1..FINDER_K */
    Metric metric;
    Among among;
} FinderQuery;

typedef struct {
    News news;
    int total[AMONGS];                 /* pictures there; 0 until they are known */
    int filled[AMONGS][FINDER_SPACES]; /* of the bank that will answer next */
    bool ready[FINDER_SPACES];         /* a full bank of real pictures answers */
    char encoder[FINDER_SPACES][64];   /* name of the answering encoder, "" for pixels */
    uint64_t ticket;                   /* of the query that hits are for; 0: none yet */
    int k;
    Metric metric;
    Among among;
    Image asked; /* the query as it was looked at */
    int label;   /* of a real picture that was asked about, else -1 */
    Neighbour hit[FINDER_SPACES][FINDER_K];
    int origin[FINDER_SPACES]
              [FINDER_K];        /* of the hits: position in the data's file, seed, or number in the tray */
    int hits[FINDER_SPACES];     /* 0 where that space was not ready */
    int searched[FINDER_SPACES]; /* pictures that these hits are the nearest among */
    Image picture[FINDER_SPACES][FINDER_K]; /* of the hits */
    bool judged[FINDER_SPACES];             /* copy is known: only among real pictures */
    CopyVerdict copy[FINDER_SPACES];
    double seconds; /* the query took */
    Atlas *atlas;   /* of the encoder's space; NULL until it is ready */
    bool placed;    /* the query's place on it is known: */
    float plane[2]; /* on atlas->xy */
    AtlasPlace place;
    char sentence[512]; /* of the data */
    Err err;            /* the last failure, ERR_OK when all is well */
} FinderNews;

typedef struct Finder Finder;

/* w must outlive it. Data are opened on the thread. */
Finder *finder_new(const Workspace *w, Split split, Bell bell, Err *err);
void finder_free(Finder *f);
/* Uses these from now on (both kept; either may be NULL): their banks are filled in the background. */
void finder_encoder(Finder *f, Encoder *trained, Encoder *untrained);
/* The nearest of a picture (copied, and brought to the data's size) in every space that is ready, and again
 * whenever a space becomes so. The tray is looked at anew. Returns the query's ticket (from 1), 0 without
 * memory. */
uint64_t finder_ask(Finder *f, const FinderQuery *q);
News *finder_look(Finder *f);
/* The name of a class of the real pictures, "" where there is none or they are not open yet. */
const char *finder_class(Finder *f, int label);
/* True while a query waits or a bank is being filled. */
bool finder_busy(Finder *f);
