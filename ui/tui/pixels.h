/* From a raster to the bytes that show it: kitty's protocol, sixel, half blocks in 24-bit or 256 colours,
 * letters.
 *
 * The bytes begin with cursor positions of their own and leave colours changed: the writer saves and restores
 * both. Pure but for the memory kept in Pixels. */
#pragma once
#include "tui/buf.h"
#include "tui/probe.h"
#include "tui/raster.h"

typedef struct Pixels Pixels; /* palettes and scratch kept from frame to frame; one thread at a time */

/* Steps of fewer colours and pixels down from PIXELS_FINE, which shows all there is; PIXELS_COARSE is the
 * quickest to make that still looks well, those below it are for slow lines. */
typedef int PixelQuality;
enum { PIXELS_COARSE = 3, PIXELS_FINE = 4 };

typedef struct {
    PixelMode mode;
    int cell_w, cell_h;
    int max_w, max_h; /* of one sixel picture; larger ones go in tiles */
} PixelSpec;

/* A strip to encode. */
typedef struct {
    uint64_t key; /* what it is, for whoever asked */
    Rect at;
    const Piece *piece;
    int n;
    PixelQuality quality;
    uint32_t image; /* kitty: the id of the place, not 0 */
} PixelTask;

Pixels *pixels_new(Err *err);
void pixels_free(Pixels *px);

/* Encodes the strip and appends to out. */
bool pixels_encode(Pixels *px, Buf *out, const PixelTask *task, const PixelSpec *spec, Err *err);
/* The modes in the order in which the graphics key goes through them. */
PixelMode pixels_next_mode(PixelMode mode, const TermInfo *info);
