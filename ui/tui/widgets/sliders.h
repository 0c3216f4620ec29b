/* A list of named sliders in groups, with one row selected: drawing, scrolling and where a click falls. The
 * values belong to the screen; the widget only shows them. */
#pragma once
#include "tui/canvas.h"

typedef struct {
    const char *name;
    double low, high, value;
    const char *unit; /* after the number; may be NULL */
    const char *note; /* dim, at the end of the row; may be NULL */
    int decimals;     /* of the value, 0..6 */
    double effect;    /* share of the largest, 0..1, as a small bar before the note; 0: none */
    bool warn;        /* the value stands at an end that it cannot usefully pass */
    bool heading; /* a line above a group: only name and note are drawn; it can be selected, to be folded */
} Slider;

typedef struct {
    int top;      /* first row shown */
    int selected; /* index */
} Sliders;

/* Keeps the selection inside 0..n-1 after moving by `by`, and in view of `rows` rows. */
void sliders_move(Sliders *s, int n, int by, int rows);
void sliders_draw(const Sliders *s, Canvas *c, Rect r, const Slider *item, int n, bool focus);
/* What a click at (x, y) means: the index, or -1; *value is set when it fell on a track, else left alone. */
int sliders_hit(const Sliders *s, Rect r, const Slider *item, int n, int x, int y, double *value);
