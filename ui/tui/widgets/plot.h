/* Curves in braille: several series over two axes, horizontal levels, vertical marks, a legend. */
#pragma once
#include "tui/canvas.h"

typedef struct {
    const char *name;   /* for the legend; NULL: not in it */
    const float *x, *y; /* n points with rising x; a y that is not finite leaves a gap */
    int n;
    Ink ink;
} Series;

typedef struct {
    float at;
    const char *label; /* may be NULL */
    Ink ink;
} PlotLine;

typedef struct {
    const Series *series; /* the first is on top where cells are shared */
    int count;
    float x0, x1, y0, y1;  /* the window; NAN: as far as the data goes */
    bool log_y;            /* needs y > 0; other points are gaps */
    int y_decimals;        /* of the axis' numbers; -1: as needed */
    const char *x_unit;    /* after the last number of the x axis; may be NULL */
    const PlotLine *level; /* horizontal, dashed: a reference figure */
    int levels;
    const PlotLine *mark; /* vertical: something happened there */
    int marks;
    const float *tick; /* small marks on the x axis: places one can go to */
    int ticks;
    bool cursor; /* a crosshair at x = at */
    float at;
} Plot;

/* In ASCII mode each series is drawn with a letter of its own. Too small an area (below 10 x 3) draws
 * nothing. */
void plot_draw(Canvas *c, Rect r, const Plot *plot);
/* The x under column `column` of the plot drawn in r, and the x between two columns; false outside of the
 * curves. */
bool plot_x(float *x, float *per_column, Rect r, const Plot *plot, int column);
