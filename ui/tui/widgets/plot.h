/* Curves in braille or as a picture: several series over two axes, horizontal levels, vertical marks, a
 * legend. */
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

/* Where a terminal shows pictures: the curves are painted, smooth, and shown as one. The caller keeps it from
 * frame to frame and frees it with plot_picture_close. */
typedef struct {
    Image image;
    int cell_w, cell_h;        /* pixels of a cell */
    uint8_t ground[3];         /* the terminal's own background */
    uint8_t ink[INK_COUNT][3]; /* as the text has them */
} PlotPicture;
void plot_picture_close(PlotPicture *p);

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
    PlotPicture *picture; /* NULL: braille */
    bool fill;            /* of a picture: a breath of colour below the first series */
} Plot;

/* In ASCII mode each series is drawn with a letter of its own. Too small an area (below 10 x 3) draws
 * nothing. */
void plot_draw(Canvas *c, Rect r, const Plot *plot);
/* The x under column `column` of the plot drawn in r, and the x between two columns; false outside of the
 * curves. */
bool plot_x(float *x, float *per_column, Rect r, const Plot *plot, int column);
