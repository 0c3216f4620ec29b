/* The picture of one frame before it meets a terminal: a grid of styled characters and the pictures placed on
 * it.
 *
 *     Rect in = canvas_box(c, area, focus, "Directions", "by effect");
 *     canvas_print(c, in.x, in.y, in.w, INK_DIM, "step %.2f", step);
 *     canvas_picture(c, in, &image, id);
 *
 * Pure: the same calls give the same cells. All text passes text_safe here, so nothing drawn can drive a
 * terminal. Drawing outside the canvas is clipped. In ASCII mode every glyph is folded to one ASCII character
 * as it is put. */
#pragma once
#include "base/err.h"
#include "data/image.h"
#include "tui/buf.h"
#include "tui/layout.h"
#include <stdint.h>
#include <uchar.h>

typedef enum {
    INK_TEXT,
    INK_DIM,   /* second rank: labels, units, key names' words */
    INK_FAINT, /* third rank: box borders, tracks, axes */
    INK_ACCENT,
    INK_GOOD,
    INK_WARN,
    INK_BAD,
    INK_SERIES_1, /* six series inks that colour-blind readers can tell apart (after Okabe and Ito) */
    INK_SERIES_2,
    INK_SERIES_3,
    INK_SERIES_4,
    INK_SERIES_5,
    INK_SERIES_6,
    INK_COUNT
} Ink;

/* A style is an ink with any of these bits. */
typedef uint16_t Style;
#define STYLE_INK(style) ((style)&0xff)
#define STYLE_BOLD       0x100
#define STYLE_REVERSE    0x200
#define STYLE_BAR        0x400 /* a quiet background: the row under the cursor */

typedef struct {
    char32_t ch; /* 0: the right half of a wide character */
    Style style;
} Cell;

/* A picture shown inside rect with its shape kept. id stands for its content: the same id is never encoded
 * twice. */
typedef struct {
    Rect rect;
    const Image *image;
    uint64_t id;
    int pane; /* pictures of one pane and one row are sent together */
} Placed;

#define CANVAS_PICTURES 512
#define CANVAS_COVERS   16
#define CANVAS_PANES    64

typedef struct {
    int w, h;
    bool ascii;
    Cell *cell; /* h rows of w */
    Placed picture[CANVAS_PICTURES];
    int pictures;
    struct {
        Rect rect;
        int pictures; /* pictures placed before this cover lie under it */
    } cover[CANVAS_COVERS];
    int covers;
    Rect pane[CANVAS_PANES];
    int panes;
} Canvas;

bool canvas_open(Canvas *c, int w, int h, bool ascii, Err *err);
void canvas_close(Canvas *c);
void canvas_clear(Canvas *c);
const Cell *canvas_at(const Canvas *c, int x, int y); /* inside the canvas only */

void canvas_put(Canvas *c, int x, int y, Style style, char32_t ch);
void canvas_fill(Canvas *c, Rect r, Style style, char32_t ch);
/* Adds style bits to the cells of r and leaves characters and inks: bars and frames over what is there. */
void canvas_tint(Canvas *c, Rect r, Style bits);
/* Text in at most `width` columns, cut with an ellipsis; returns the columns used. */
int canvas_text(Canvas *c, int x, int y, int width, Style style, const char *text);
int canvas_print(Canvas *c, int x, int y, int width, Style style, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* The same, ending at the column before `right`. */
int canvas_right(Canvas *c, int right, int y, int width, Style style, const char *text);
/* Words wrapped into r, at most r.h lines; returns lines used. */
int canvas_wrap(Canvas *c, Rect r, Style style, const char *text);
int canvas_wrap_lines(int width, const char *text); /* how many lines canvas_wrap would need */

/* A rounded box with a title on the left and a live figure on the right of its upper edge (either may be
 * NULL); focus gives an accent border and a bold title. Starts a pane. Returns the inside. */
Rect canvas_box(Canvas *c, Rect r, bool focus, const char *title, const char *right);
/* A box over everything drawn so far: text is cleared and pictures below are cut around it. */
Rect canvas_popup(Canvas *c, Rect r, const char *title, const char *right);
/* Clears r and cuts the pictures below around it. */
void canvas_cover(Canvas *c, Rect r);
/* Shows image inside r. The image must live until the frame was presented. Beyond CANVAS_PICTURES: ignored.
 */
void canvas_picture(Canvas *c, Rect r, const Image *image, uint64_t id);
/* The visible parts of picture i, at most max (>= 1); returns how many. */
int canvas_visible(const Canvas *c, int i, Rect *out, int max);
/* An id for a picture that has none of its own: FNV-1a over its size and pixels. */
uint64_t canvas_image_id(const Image *image);

/* Says in `why` what is wrong with a frame, for tests: a picture over text or over another picture. True:
 * nothing is. Cells of cell_w x cell_h pixels. */
bool canvas_sound(const Canvas *c, int cell_w, int cell_h, char *why, size_t cap);
/* The screen as text, one line per row without trailing blanks; cells of visible pictures show as a shade. */
void canvas_dump_text(const Canvas *c, Buf *out);
/* The screen as a picture of w * cell_w by h * cell_h pixels: pictures as sixel would show them, letters as
 * blocks of their ink (there is no font here). The caller frees *out. */
bool canvas_dump_image(const Canvas *c, int cell_w, int cell_h, Image *out, Err *err);
