/* Many points in few cells: two by four dots to a cell, each cell in the ink that most of its points have. */
#pragma once
#include "tui/canvas.h"

/* Points xy (n,2) in 0..1 with y upwards. INK_FAINT is the background: any other ink in a cell wins over it.
 * In ASCII mode a cell shows one character per ink. */
void scatter_draw(Canvas *c, Rect r, const float (*xy)[2], const Ink *ink, int n);
/* The cell that a point falls into. */
void scatter_cell(Rect r, const float xy[2], int *x, int *y);
/* The character of an ink in ASCII mode, for legends. */
char scatter_mark(Ink ink);
