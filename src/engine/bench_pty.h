/* A terminal for measurements: a pseudo terminal with the program in it, drained at a fixed rate, that answers what a
 * terminal is asked and says when something was drawn.
 *
 * It knows the frames of ui/tui/front_term.c: a frame begins with CSI ? 2026 h and ends with CSI ? 2026 l, its pictures lie
 * between ESC 7 and ESC 8, everything else is text. Sixel or half blocks are what it says it can do. */
#pragma once
#include "base/err.h"
#include "engine/bench_line.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    int cols, rows, cell_w, cell_h;
    bool sixel;       /* else 24-bit half blocks */
    double rate;      /* bytes per second; 0: no limit */
    const char *state; /* XDG_STATE_HOME of the program, so that a bench leaves a person's journal alone; NULL: ours */
    double delay;      /* seconds on the way, each way; above 0: what the program writes is taken at once, as by a network */
} PtyOptions;

/* One frame, complete. */
typedef struct {
    bool text;     /* characters below the top line, where jobs report on their own */
    bool pictures; /* some of a picture */
    size_t bytes;
    int w, h; /* pixels of its largest sixel picture, 0: none */
} PtyFrame;

/* The parser alone, for tests: feed it what a program writes. */
typedef struct {
    bool sixel;
    int cols, rows, cell_w, cell_h;
    int state, row, kept_row;
    bool in_frame, in_pictures;
    PtyFrame frame;
    char sequence[64]; /* of an escape sequence so far */
    size_t length;
    char reply[512];   /* to be written back */
    size_t replies;
} PtyScreen;

/* Takes one byte; true when it ended a frame, which is then in s->frame until the next byte. */
bool pty_screen_take(PtyScreen *s, char byte);

typedef struct {
    pid_t pid;
    int fd;
    double started; /* clock_seconds of exec */
    Line down, up;  /* to the terminal, and what it and its person send */
    PtyOptions options;
    PtyScreen screen;
    char buffer[4096];
    size_t have, at;
    bool ended;
} Pty;

/* Starts argv in a pty with TERM and locale set; *p must be closed. */
bool pty_open(Pty *p, const PtyOptions *o, char *const argv[], Err *err);
void pty_close(Pty *p);
bool pty_send(Pty *p, const char *bytes, size_t n);
/* The next frame within `seconds`; *when: clock_seconds at its last byte. False: none came, or the program ended. */
bool pty_frame(Pty *p, PtyFrame *frame, double *when, double seconds);
