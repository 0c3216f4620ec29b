/* From a raster to the bytes that show it: sixel, half blocks in 24-bit or 256 colours, letters.
 *
 * The bytes begin with cursor positions of their own and leave colours changed: the writer saves and restores
 * both. Pure but for the memory kept in Pixels. */
#pragma once
#include "tui/buf.h"
#include "tui/probe.h"
#include "tui/raster.h"

typedef struct Pixels Pixels; /* palettes and scratch kept from frame to frame; one thread at a time */

typedef enum { PIXELS_COARSE, PIXELS_FINE } PixelQuality;

typedef struct {
    PixelMode mode;
    int cell_w, cell_h;
    int max_w, max_h; /* of one sixel picture; larger ones go in tiles */
} PixelSpec;

Pixels *pixels_new(Err *err);
void pixels_free(Pixels *px);

/* Encodes the pieces of the strip at `at` and appends to out. Coarse: nearest neighbour and at most 64
 * colours. */
bool pixels_encode(Pixels *px, Buf *out, Rect at, const Piece *piece, int n, const PixelSpec *spec,
                   PixelQuality quality, Err *err);
/* The modes in the order in which the graphics key goes through them. */
PixelMode pixels_next_mode(PixelMode mode, const TermInfo *info);
