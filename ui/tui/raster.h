/* Pictures of a strip of the screen, laid out as pixels: what every way of showing pictures starts from.
 *
 * A strip is a rectangle of cells; each cell is sx x sy raster pixels (sixel: its true pixels; half blocks: 1
 * x 2). Pixels that no picture covers have mask 0 and stay as they are on the screen. */
#pragma once
#include "base/err.h"
#include "data/image.h"
#include "tui/layout.h"

typedef struct {
    int w, h;
    uint8_t *rgb;  /* h rows of w, 3 bytes each */
    uint8_t *mask; /* h rows of w: 1 shown */
} Raster;

/* One picture on a strip: where it goes and which cells of that are visible. */
#define PIECE_PARTS 24
typedef struct {
    Rect rect;
    Image image; /* borrowed or owned: the maker of the piece knows */
    uint64_t id;
    Rect part[PIECE_PARTS];
    int parts;
} Piece;

/* Where a picture of w x h lands in r with its shape kept, in pixels of cells cell_w x cell_h, centred,
 * relative to r; at least one pixel each way. */
void raster_fit(int box[4], Rect r, int w, int h, int cell_w, int cell_h);
/* The cells that box touches, on the screen. */
Rect raster_cells(Rect r, int w, int h, int cell_w, int cell_h);

bool raster_open(Raster *out, int w, int h, Err *err); /* nothing shown */
void raster_close(Raster *r);
/* Puts a piece on the raster of the strip `at`; cells are sx x sy raster pixels and stand for cell_w x
 * cell_h. smooth: interpolated; else nearest neighbour. */
bool raster_paste(Raster *out, Rect at, const Piece *piece, int sx, int sy, int cell_w, int cell_h,
                  bool smooth, Err *err);
/* The threshold at a pixel, odd and below 32, of a 4 x 4 ordered dither (Bayer), which keeps the mean of
 * areas. */
int raster_threshold(int x, int y);
