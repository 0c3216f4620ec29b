/* Keys into the program, and what they change. */
#include "engine/bench_lab.h"
#include "base/clock.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CELL_W 8
#define CELL_H 17

bool lab_told(Lab *b, const char *what, int done, int all, Err *err)
{
    return !b->progress || b->progress(b->ctx, b->sink, what, done, all) || err_set(err, ERR_CANCELLED, "the bench was interrupted");
}

bool lab_start(Lab *b, Err *err)
{
    double rate = b->l->rate > 0 && b->l->rate < LATENCY_RATE ? b->l->rate : LATENCY_RATE;
    PtyOptions o = {b->cols, b->rows, CELL_W, CELL_H, !strcmp(b->sink, "sixel"), rate, b->runs, b->l->delay};
    const char *argv[8] = {b->l->self, "--runs", b->runs};
    if (b->l->model) argv[3] = "--model", argv[4] = b->l->model;
    return pty_open(&b->pty, &o, (char *const *)argv, err);
}

Response lab_watch(Lab *b, double from)
{
    Response r = {NAN, NAN, NAN, 0, 0, 0};
    Pty *p = &b->pty;
    PtyFrame f;
    double when, last = from;
    for (double now = from; now - last < b->still && now - from < LAB_PATIENCE; now = clock_seconds()) {
        if (!pty_frame(p, &f, &when, b->still - (now - last))) continue;
        if (f.text || f.pictures) {
            last = when;
            r.bytes += (double)f.bytes;
        }
        if (f.text && isnan(r.text)) r.text = when - from;
        if (f.pictures && isnan(r.picture)) r.picture = when - from;
        if (f.pictures) r.fine = when - from;
        if (f.w * f.h > r.w * r.h) r.w = f.w, r.h = f.h;
    }
    return r;
}

Response lab_press(Lab *b, const char *key)
{
    double from = clock_seconds();
    pty_send(&b->pty, key, strlen(key));
    return lab_watch(b, from);
}

bool lab_alive(const Lab *b, Err *err)
{
    return !b->pty.ended || err_set(err, ERR_IO, "the terminal program ended: run %s by itself to see why", b->l->self);
}

size_t lab_look(Lab *b, double seconds)
{
    PtyFrame f;
    double when, from = clock_seconds();
    size_t bytes = 0;
    for (double left = seconds; left > 0 && !b->pty.ended; left = seconds - (clock_seconds() - from))
        if (pty_frame(&b->pty, &f, &when, left)) bytes += f.bytes;
    return bytes;
}

void lab_slider(Lab *b, int n)
{
    if (n % 8 == 0) {
        lab_press(b, "Z");
        lab_press(b, " ");
        lab_press(b, "g");
        lab_press(b, "d"); /* past psi, which reaches its end */
    }
    lab_press(b, "j");
}
