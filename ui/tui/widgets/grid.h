/* A wall of pictures with one selected, framed in text, and up to two lines under each. */
#pragma once
#include "tui/canvas.h"

typedef struct {
    const Image *image;  /* NULL or empty: not there yet, an empty frame is drawn */
    uint64_t id;         /* as in canvas_picture */
    const char *line[2]; /* either may be NULL */
    Ink ink;             /* of the first line; INK_TEXT is fine */
} Tile;

typedef struct {
    int top;      /* first row of tiles shown */
    int selected; /* index of the tile */
} Grid;

/* Moves the selection by columns and rows inside 0..n-1 and keeps it in view. */
void grid_move(Grid *g, const Wall *wall, int n, int columns, int rows);
void grid_draw(const Grid *g, Canvas *c, const Wall *wall, const Tile *tile, int n, bool focus);
int grid_hit(const Grid *g, const Wall *wall, int n, int x, int y); /* the tile there, or -1 */
