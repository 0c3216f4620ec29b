/* The terminal program in a pseudo terminal, for the benches of bench_latency.h: keys in, the first frames they cause out. */
#pragma once
#include "engine/bench_latency.h"
#include "engine/bench_pty.h"

typedef struct {
    const Latency *l;
    LatencyProgress *progress;
    void *ctx;
    const char *sink;
    char runs[64];
    int cols, rows;
    double still; /* seconds without a change after which nothing more comes */
    Pty pty;
} Lab;

typedef struct {
    double text, picture, fine; /* seconds after the key; NaN: none came */
    double bytes;
    int w, h; /* of the largest picture */
} Response;

#define LAB_PATIENCE 10.0 /* seconds for the first frame, a change */

/* Starts the program anew; the caller closes b->pty. */
bool lab_start(Lab *b, Err *err);
/* Tells how far it is; false: interrupted. */
bool lab_told(Lab *b, const char *what, int done, int all, Err *err);
/* What follows until b->still seconds after the last change; frames of the top line alone are no change. */
Response lab_watch(Lab *b, double from);
Response lab_press(Lab *b, const char *key);
/* Takes what is drawn for so many seconds; returns its bytes. */
size_t lab_look(Lab *b, double seconds);
bool lab_alive(const Lab *b, Err *err);
/* In Steer, the way to the slider n, which was not moved yet: a new view first, then down the list. */
void lab_slider(Lab *b, int n);
