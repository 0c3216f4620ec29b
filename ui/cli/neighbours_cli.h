/* Inside `viewsmith neighbours`: neighbours.c searches, neighbours_say.c tells, neighbours_through.c looks
 * through a run's checkpoints. */
#pragma once
#include "cli/open.h"
#include "engine/invert_job.h"
#include "engine/made.h"
#include "inspect/copies.h"

enum { SPACES_MAX = 3 };

typedef struct {
    const Args *args;
    Workspace *workspace;
    Split split;
    Metric metric;
    Among among;
    Subject subject; /* empty when only pixels are asked for */
    Dataset real;
    Made made;           /* AMONG_SEEDS, AMONG_TRAY */
    const Dataset *data; /* what is looked among: real, or made.data */
    Pool *pool;
    Address address;
    bool has_address;
    int index;        /* the query's place in real, or -1 */
    char query[4096]; /* the address, real:N, or the file's name */
    Image picture;    /* of the query at its own size */
    float *planes;    /* as the data's pictures are */
    int k, spaces;
    Space space[SPACES_MAX];
    Neighbour *hit[SPACES_MAX];
    CopyVerdict copy; /* in the first space, with --copy */
    InvertNews *way;  /* with --walk; NULL: none */
} Search;

bool search_is_real(const char *word);
bool search_open_query(Search *s, Err *err);
void search_close(Search *s);
/* Answers; the exit status. */
int search_report(const Search *s);
bool search_sheet(const Search *s, Err *err);
int search_through(const Args *a);
