/* The state of the Neighbours screen, shared by neighbours.c (what keys do) and neighbours_view.c (how it
 * looks). */
#pragma once
#include "tui/screen.h"
#include "tui/world.h"

typedef enum { QUERY_VIEW, QUERY_FILE, QUERY_REAL } QueryKind;

typedef struct {
    QueryKind kind;
    Address view;     /* QUERY_VIEW */
    Image picture;    /* owned: of a file or a real picture; of a view it is in `painted` */
    int index, label; /* QUERY_REAL */
    char name[128];   /* QUERY_FILE: the file's name */
    Painting *painted;
    uint64_t wish;   /* the painter's ticket; 0: nothing is being made */
    uint64_t ticket; /* the finder's; 0: not asked yet */
    uint64_t seen;   /* world changes */
    int class;       /* of new views; -1: in turn */
    FinderNews *news;
    int space, item;     /* the neighbour under the cursor */
    Encoder *encoder;    /* the one handed to the finder, kept; NULL: none yet */
    char encoder_of[32]; /* "run 0007", "a file" */
    char sought[3072];   /* the world's word for the encoder that was followed last */
    bool waiting;
} NeighboursScreen;

typedef struct {
    Rect query, map, rows;
    int tile_w, tile_h, labels; /* of the pictures: 1 or 2 lines of words under each */
    int lines, columns, shown;  /* of each space: shown pictures in so many lines */
} NeighboursLayout;

NeighboursLayout neighbours_layout(const App *app, Rect area);
/* The neighbour at a cell, or false. */
bool neighbours_at(const NeighboursLayout *l, int x, int y, int *space, int *item);
/* The query's picture; NULL while it is being made. */
const Image *neighbours_query(const NeighboursScreen *s);
void neighbours_view(const void *self, const App *app, Canvas *c, Rect area);
