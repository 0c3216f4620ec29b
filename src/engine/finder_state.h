/* Inside the finder: finder.c is the thread and what others ask of it, finder_bank.c fills banks,
 * finder_answer.c answers. */
#pragma once
#include "engine/finder.h"
#include <pthread.h>

#define FINDER_PIECE 64   /* images embedded between two looks at the wishes */
#define FIRST_ANSWER 1024 /* a growing bank answers from here on */

/* What the thread is asked for. */
typedef struct {
    uint64_t ticket; /* 0: nothing yet */
    Image picture;   /* empty: the real picture `origin` */
    int origin, k;
    Metric metric;
    Among among;
} Query;

struct Finder {
    const Workspace *workspace;
    Split split;
    Bell bell;
    pthread_t thread;
    pthread_mutex_t lock; /* over the next block; never held while computing */
    pthread_cond_t changed;
    bool leaving, busy, encoders_new, opened; /* opened: from now on data stays as it is */
    uint64_t tickets;
    Encoder *trained, *untrained; /* wished for */
    Query wish;
    FinderNews *shown;
    /* The thread's own: */
    Dataset data, held; /* held: pictures that no training saw; n 0 until they are wanted */
    bool held_failed;
    Made made[AMONGS]; /* AMONG_REAL stays empty */
    bool made_open[AMONGS];
    Tray *tray;
    uint64_t tray_seen;
    Latent *latent; /* NULL until something is to be made */
    Pool *pool;
    Bank *full[AMONGS][FINDER_SPACES], *growing[AMONGS][FINDER_SPACES];
    CopyNull null[FINDER_SPACES][METRICS];
    Bank *atlas_bank; /* whose encoder draft.atlas is of */
    Query query;
    bool unanswered;
    FinderNews draft;
    float *place; /* one picture in planes */
    double published;
};

const Dataset *finder_data(const Finder *f, Among among);
/* Begins a bank of real pictures, unless one of these very weights is there. */
void finder_begin(Finder *f, Space space, Encoder *e);
/* One more piece of what is being filled, or of what is known of copies; false when nothing is left to do. */
bool finder_grow(Finder *f);
/* The tray as it is now becomes what AMONG_TRAY means. */
void finder_read_tray(Finder *f);
void finder_close_banks(Finder *f);
/* Answers the query as far as it can be. */
void finder_answer(Finder *f);
/* Judges the answer's nearest real pictures by what is known of copies. */
void finder_judge(Finder *f);
