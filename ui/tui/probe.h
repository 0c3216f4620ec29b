/* What a terminal can do: asked in one write, answered whenever it likes. */
#pragma once
#include "tui/buf.h"
#include "tui/vt.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    PIXELS_NONE,
    PIXELS_ASCII,
    PIXELS_HALF256,
    PIXELS_HALF,
    PIXELS_SIXEL,
    PIXELS_KITTY,
    PIXELS_MODES
} PixelMode;

/* Where the size of a cell comes from, the more trusted the later. */
typedef enum { CELL_ASSUMED, CELL_WINDOW, CELL_ANSWER, CELL_AREA, CELL_GIVEN } CellSource;

typedef struct {
    int cols, rows;
    int cell_w, cell_h; /* pixels of one character */
    CellSource cell_from;
    int colors; /* of the text layer: 0 (none), 8, 16, 256 ... */
    bool utf8, no_color;
    bool truecolor;     /* 24-bit colours are understood */
    bool sixel;         /* the terminal says so (DA1 4) */
    bool kitty;         /* it answered a question of kitty's graphics protocol */
    bool answered;      /* the last answer (DA1) is in */
    int max_w, max_h;   /* largest picture it draws, pixels */
    int geometries;     /* answers to the two size questions so far */
    int area_w, area_h; /* the first one's, pixels; cut to the second's by xterm */
    bool light;         /* its background is light */
    uint8_t background[3];
    bool tmux;
    char name[48]; /* its own name, or TERM */
} TermInfo;

/* Fills what the environment says: TERM, COLORTERM, NO_COLOR, TMUX, locale. Sizes are left alone. */
void probe_environment(TermInfo *info);
/* The questions in one string, DA1 last: every terminal answers that one. Not asked of tmux, which would show
 * it as a title: kitty's. */
void probe_questions(Buf *out, const TermInfo *info);
/* The size of a cell again, after the window changed: answers come as before. */
void probe_size_questions(Buf *out);
/* Takes a size of a cell from a source at least as good as the one it is known from; false: not taken. */
bool probe_cell(TermInfo *info, int w, int h, CellSource from);
/* Takes one answer; false: this token is no answer of ours. */
bool probe_take(TermInfo *info, const VtToken *t);
/* The best way to show pictures here, or the one wanted ("auto" or NULL: the best). -1: no such name. */
int probe_mode(const TermInfo *info, const char *wanted);
const char *probe_mode_name(PixelMode mode);
/* All names that probe_mode takes, "auto" first, for help and messages: "auto, sixel, ...". */
const char *probe_mode_names(void);
/* One line why pictures are no better than this and what to do about it; "" when they are as good as can be.
 */
void probe_advice(char *out, size_t cap, const TermInfo *info, PixelMode mode);
