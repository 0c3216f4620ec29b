/* Rectangles of cells and how a page is cut into them: pure functions, nothing drawn.
 *
 *     Rect page = area, side = rect_cut_right(&page, 26), strip = rect_cut_bottom(&page, 9);
 *
 * Cutting takes what there is: a piece is never wider or higher than the rectangle, and never negative. */
#pragma once
#include <stdbool.h>

#define LAYOUT_MIN_COLS 60
#define LAYOUT_MIN_ROWS 18

typedef struct {
    int x, y, w, h; /* cells; empty when w or h is 0 */
} Rect;

bool rect_empty(Rect r);
bool rect_has(Rect r, int x, int y);
Rect rect_intersect(Rect a, Rect b);
/* The up to four pieces of a outside b, top, left, right, bottom; returns how many. */
int rect_subtract(Rect out[4], Rect a, Rect b);
Rect rect_inset(Rect r, int dx, int dy); /* less dx columns left and right, dy rows above and below */
Rect rect_centre(Rect in, int w, int h); /* w x h or what fits, in the middle */

/* Cuts n columns or rows off one side: returns the piece, *r keeps the rest. */
Rect rect_cut_left(Rect *r, int n);
Rect rect_cut_right(Rect *r, int n);
Rect rect_cut_top(Rect *r, int n);
Rect rect_cut_bottom(Rect *r, int n);
/* Cuts r into n columns (rows) by weights > 0 with `gap` cells between; they fill r exactly when it is wide
 * enough. */
void rect_columns(Rect *out, Rect r, const int *weight, int n, int gap);
void rect_rows(Rect *out, Rect r, const int *weight, int n, int gap);

/* A wall of equal tiles: each w x h cells with its picture, labels below and a frame gap all around. */
typedef struct {
    int cols, rows, tile_w, tile_h, label_rows; /* tile_w x tile_h: the picture alone, in cells */
    Rect area;
} Wall;

/* Tiles of about picture_rows rows that look square on cells of cell_w x cell_h pixels; cols or rows is 0
 * when not one fits. A tile is never higher than the area allows. */
Wall layout_wall(Rect area, int picture_rows, int label_rows, int cell_w, int cell_h);
Rect layout_tile(const Wall *wall, int index);      /* the picture's rectangle */
int layout_tile_at(const Wall *wall, int x, int y); /* index, or -1; frame and label count as the tile */

/* The page: one line on top, one at the bottom, the rest for the screen. */
typedef struct {
    Rect top, body, bottom;
    bool too_small; /* below LAYOUT_MIN_COLS x LAYOUT_MIN_ROWS: show only a sentence */
} Page;
Page layout_page(int cols, int rows);
