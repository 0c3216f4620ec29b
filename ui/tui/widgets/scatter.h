/* Many points in few cells: two by four dots to a cell, each cell in the ink that most of its points have. A
 * part of the plane can be looked at. */
#pragma once
#include "tui/canvas.h"

/* The part in sight: a square of side `span` whose lower left corner is (x, y). The whole is {0, 0, 1}. */
typedef struct {
    float x, y, span;
} ScatterView;

typedef struct {
    const float (*xy)[2]; /* (n), in 0..1 each, y upwards */
    const Ink *ink; /* (n): INK_FAINT is the background: any other ink in a cell wins over it. INK_COUNT: not
                       shown */
    const bool *ring; /* (n) or NULL: cells in which most points have it show a ring instead of dots */
    int n;
    ScatterView view;
} Scatter;

/* In ASCII mode a cell shows one character per ink, and o for a ring. */
void scatter_draw(Canvas *c, Rect r, const Scatter *s);
/* The cell that a place falls into; false: it is out of sight. */
bool scatter_cell(Rect r, const ScatterView *v, const float xy[2], int *x, int *y);
/* The place in the middle of a cell. */
void scatter_place(float xy[2], Rect r, const ScatterView *v, int x, int y);
/* Zooms by a factor about a cell; the view stays inside of the whole. */
void scatter_zoom(ScatterView *v, Rect r, int x, int y, float factor);
/* Moves the view by shares of its side. */
void scatter_pan(ScatterView *v, float dx, float dy);
/* The character of an ink in ASCII mode, for legends. */
char scatter_mark(Ink ink);
