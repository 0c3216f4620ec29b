/* Pictures over the text layer: which are on the screen, which must be painted (again), and the bytes that do
 * it.
 *
 * Each frame: overlay_plan before the text is drawn, then the text, then overlay_paint. Both only make bytes;
 * the caller writes them. A frame of pictures ends with a request for an acknowledgement, and no further
 * frame is made before it came: a slow line gets fewer frames, never a queue of old ones. */
#pragma once
#include "tui/canvas.h"
#include "tui/encoder.h"
#include "tui/link.h"
#include "tui/term.h"

typedef struct Overlay Overlay;

typedef struct {
    double encode_ms, tty_ms;
    size_t bytes;
    double rate;          /* bytes a second of the line, INFINITY: no limit felt */
    PixelQuality quality; /* of pictures in motion */
} OverlayTimes;

/* remote: over a network, whose speed is not known yet. */
Overlay *overlay_new(bool remote, void (*wake)(void *arg), void *arg, Err *err);
void overlay_free(Overlay *o);
/* Size, cells or way of showing changed: nothing on the screen is known any more. The last row stays free of
 * pictures, because one that touches it makes the screen scroll. */
bool overlay_setup(Overlay *o, int cols, int rows, const PixelSpec *spec, Err *err);
/* Takes the canvas' pictures; appends what blanks the cells that no longer show what they did. */
void overlay_plan(Overlay *o, const Canvas *c, Buf *out);
/* Appends the pictures that are missing or were written over (span: one per row) as far as they are encoded,
 * and asks for the others. The canvas' images must still be alive. */
bool overlay_paint(Overlay *o, const Span *span, Buf *out, Err *err);
void overlay_acked(Overlay *o);
/* Appends what takes away the pictures that text does not; before the terminal is given back. */
void overlay_leave(Overlay *o, Buf *out);
/* When the next frame should be drawn for the pictures' sake (clock_seconds), INFINITY: no need. */
double overlay_due(Overlay *o);
/* Something is being encoded. */
bool overlay_busy(Overlay *o);
OverlayTimes overlay_times(const Overlay *o);
