/* A wall of pictures over any number of places, 2^64 of them too: one selected, framed in text, others
 * picked, and up to two lines under each. */
#pragma once
#include "tui/canvas.h"

typedef struct {
    const Image *image;  /* NULL or empty: not there yet, an empty frame is drawn */
    uint64_t id;         /* as in canvas_picture */
    const char *line[2]; /* either may be NULL */
    Ink ink;             /* of the first line; INK_TEXT is fine */
    bool picked;         /* in a thin frame of its own */
} Tile;

typedef struct {
    uint64_t top; /* the place of the first tile in sight */
    uint64_t at;  /* the selected place */
} Grid;

/* Moves the selection by columns and rows inside 0..last and keeps it in sight; as far as there is room, rows
 * stay in their column. */
void grid_move(Grid *g, const Wall *wall, uint64_t last, int64_t columns, int64_t rows);
/* Moves what is in sight by rows; the selection comes along where it would be left behind. */
void grid_scroll(Grid *g, const Wall *wall, uint64_t last, int64_t rows);
/* How many tiles are in sight: the places from g->top on. */
int grid_sight(const Grid *g, const Wall *wall, uint64_t last);
/* tile[0..n-1] are the places from g->top on. */
void grid_draw(const Grid *g, Canvas *c, const Wall *wall, const Tile *tile, int n, bool focus);
/* The place of the tile there into *at; false: none. */
bool grid_hit(uint64_t *at, const Grid *g, const Wall *wall, uint64_t last, int x, int y);
