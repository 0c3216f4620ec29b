/* What is measured of a view, drawn alike on every screen: the same names in the same order.
 *
 *     seen as  shirt       .98 ▲      what the judge takes it for (and what changed since the start)
 *     unsure   ▰▰▱▱▱▱▱▱▱  0.08       how unsure it is, nats; a full bar: it knows nothing
 *     realism  ▰▰▱▱▱ 31 % 0.93       1 and above: inside of the real pictures; 31 % of those are less real
 *     distance ▰▱▱▱▱▱▱▱▱ A 0.03       1 - cosine to A, or to the view that steering began with
 *     novel    ▰▱▱▱▱▱▱▱▱  0.05       the same to the nearest real picture */
#pragma once
#include "engine/meter.h"
#include "tui/canvas.h"

typedef struct {
    const Meters *meters;     /* whose names of classes */
    const Meter *now, *start; /* start: before it was steered; NULL: nothing to compare with */
    int class;                /* asked for, -1: none; another one that is seen is a warning */
    int classes;              /* there are */
    bool from_a;              /* the distance is one from A */
} Readings;

/* Takes the rows off the top of *in; what is not known has no row, and none goes over the bottom. */
void readings_draw(const Readings *r, Canvas *c, Rect *in);
/* The most of it in one line: "shirt .98 · realism .93 (31 %)"; "" while nothing is known. */
void readings_line(char *out, size_t cap, const Readings *r);
