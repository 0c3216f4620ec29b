/* The terminal: started, drawn on, read from, and given back. term.c is the only file that includes ncurses;
 * ncurses draws the text, input is read by ourselves (input.h), pictures are written between its frames
 * (overlay.h).
 *
 *     Term *t = term_open(options, err);
 *     while (...) { term_draw(t, canvas, spans); ... term_wait(t, &ev, 0.5); }
 *     term_stop(t);  term_free(t);
 *
 * One thread owns it; only term_wake may be called from others. */
#pragma once
#include "tui/canvas.h"
#include "tui/event.h"
#include "tui/probe.h"
#include "tui/theme.h"

typedef struct Term Term;

typedef struct {
    int cell_w, cell_h; /* 0: ask the terminal */
    bool ascii;
} TermOptions;

/* Takes the screen. The terminal is asked what it can do, and not waited for: answers come as EV_REPLY.
 * stderr is kept away from the screen until term_stop, which prints it. */
Term *term_open(const TermOptions *opt, Err *err);
/* Gives the screen back. Returns the signal that asked us to leave, 0: none; the caller should then die by it
 * (raise) once everything else is closed. After it only term_wake and term_free are allowed. */
int term_stop(Term *t);
void term_free(Term *t); /* NULL is allowed */

const TermInfo *term_info(const Term *t);
/* Waits for an event until `seconds` from now (0: only looks; negative: for ever). False: none came. */
bool term_wait(Term *t, Event *ev, double seconds);
/* Makes term_wait return EV_WAKE; async-signal-safe, any thread. */
void term_wake(void *term);

/* The columns of one row that drawing may have touched: [from, to). */
typedef struct {
    int from, to;
} Span;

/* Shows the canvas' text. span[0..rows) receives what was, or may have been, written over: pictures there
 * must be painted again. The canvas must have the terminal's size. */
void term_draw(Term *t, const Canvas *c, Span *span);
/* All of the next frame is drawn anew. */
void term_redraw(Term *t);
/* Writes bytes as they are, all of them, after what ncurses wrote. */
void term_write(Term *t, const char *bytes, size_t n);
/* Other colours, from the next frame on. */
void term_theme(Term *t, const Theme *theme);
/* To the shell and back (Ctrl-Z). */
void term_suspend(Term *t);
