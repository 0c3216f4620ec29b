/* Inside the plot widget: where its axes are, shared by the curves in braille (plot.c) and as a picture
 * (plot_paint.c). */
#pragma once
#include "tui/widgets/plot.h"

#define TICKS_MAX 12

typedef struct {
    Rect in;               /* the cells of the curves */
    double x0, x1, y0, y1; /* y in log10 when log */
    bool log;
    uint8_t *mask, *owner; /* in.h rows of in.w: braille bits, and series + 1 */
} Frame;

typedef struct {
    double at[TICKS_MAX];
    int n, decimals, width; /* width of the widest label */
} Ticks;

double plot_scaled(const Plot *p,
                   double y); /* log10 where the axis is logarithmic, NaN where there is none */
/* Paints the curves into picture->image, made anew where its size has changed. False: out of memory. */
bool plot_paint(PlotPicture *picture, const Frame *f, const Plot *p, const Ticks *t);
