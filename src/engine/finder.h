/* Neighbours among real pictures, kept ready on a thread of its own: banks of embeddings are filled piece by
 * piece in the background, queries are answered between pieces, a newer encoder replaces the bank when its
 * own is full.
 *
 *     Finder *f = finder_new(workspace, SPLIT_TRAIN, bell, err);
 *     finder_encoder(f, encoder, twin);
 *     finder_ask(f, picture, address, 8);
 *     FinderNews *n = (FinderNews *)finder_look(f);
 */
#pragma once
#include "engine/job.h"
#include "engine/workspace.h"
#include "inspect/map.h"
#include "inspect/neighbours.h"

#define FINDER_SPACES 3
#define FINDER_K      16
#define FINDER_MAP    2000 /* points */

typedef struct {
    News news;
    int total;                       /* real pictures; 0 until the data is open */
    int filled[FINDER_SPACES];       /* by Space; of the bank that will answer next */
    bool ready[FINDER_SPACES];       /* a full bank answers */
    char encoder[FINDER_SPACES][64]; /* name of the answering encoder, "" for pixels */
    uint64_t ticket;                 /* of the query that hits are for; 0: none yet */
    int k;
    Neighbour hit[FINDER_SPACES][FINDER_K];
    int hits[FINDER_SPACES];                /* 0 where that space was not ready */
    Image picture[FINDER_SPACES][FINDER_K]; /* of the hits */
    double seconds;                         /* the query took */
    int points;                             /* of the map in the encoder's space; 0 until it is ready */
    float xy[FINDER_MAP][2];                /* in 0..1 each */
    int label[FINDER_MAP];
    bool placed;
    float query_xy[2];
    char sentence[512]; /* of the data */
    Err err;            /* the last failure, ERR_OK when all is well */
} FinderNews;

typedef struct Finder Finder;

Finder *finder_new(const Workspace *w, Split split, Bell bell, Err *err);
void finder_free(Finder *f);
/* Uses these from now on (both kept; either may be NULL): their banks are filled in the background. */
void finder_encoder(Finder *f, Encoder *trained, Encoder *untrained);
/* The k (<= FINDER_K) nearest of a picture, in every space that is ready, and again whenever a space becomes
 * so. The picture is brought to the data's size. Returns the query's ticket (from 1). */
uint64_t finder_ask(Finder *f, const Image *picture, int k);
/* ... of the real picture `index`, which does not find itself. */
uint64_t finder_ask_index(Finder *f, int index, int k);
News *finder_look(Finder *f);
/* The name of a class of the real pictures, "" where there is none; only after news with a total above 0. */
const char *finder_class(const Finder *f, int label);
/* True while a query waits or a bank is being filled. */
bool finder_busy(Finder *f);
