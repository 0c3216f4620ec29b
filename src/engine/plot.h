/* A small plotter: axes with round ticks, several series, horizontal marks, a legend; and the bitmap text of
 * sheets. */
#pragma once
#include "data/image.h"

#define PLOT_GLYPH_W 6
#define PLOT_GLYPH_H 10

typedef struct {
    const char *name;   /* in the legend */
    const float *x, *y; /* NaN in y breaks the line */
    int n;
    uint8_t rgb[3];
    bool dots, dashed;
} PlotSeries;

typedef struct {
    const char *title, *x_label, *y_label;
    const PlotSeries *series;
    int n;
    int w, h;               /* of this panel in pixels */
    bool y_zero;            /* the y axis begins at 0 */
    const char *const *row; /* names of places 1, 2 ... on the y axis, downwards; NULL: y is a number */
    int rows;
} Plot;

/* out: RGB, the panels side by side. */
bool plot_image(Image *out, const Plot *panel, int panels, Err *err);
/* Printable ASCII at (x, y) top left, in an RGB or grey image, `scale` times the size; other characters show
 * as "?". */
void plot_text(Image *im, int x, int y, const char *text, const uint8_t rgb[3], int scale);
