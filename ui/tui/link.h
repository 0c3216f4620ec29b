/* How fast the line to the terminal is, as far as acknowledged frames tell, and how good pictures may be so
 * that a moving one arrives in time.
 *
 * A frame of n bytes is acknowledged after trip + n * per_byte seconds; small frames tell the first, large
 * ones the second. Bytes of a picture are foretold from those of earlier ones and a fixed ratio between the
 * qualities. */
#pragma once
#include "tui/pixels.h"

typedef struct {
    double trip;     /* seconds there and back; negative: not known yet */
    double per_byte; /* seconds */
    double per_cell; /* bytes of a fine picture per cell */
    PixelMode mode;
    PixelQuality coarse;
} Link;

/* remote: the line is a network's, taken to be slow until it shows. */
Link link_new(bool remote);
/* Pictures are shown in another way from now on: their bytes are to be learnt again. */
void link_mode(Link *l, PixelMode mode);
/* A frame was acknowledged. */
void link_acked(Link *l, size_t bytes, double seconds);
/* A picture over so many cells took so many bytes. */
void link_encoded(Link *l, PixelQuality quality, size_t bytes, int cells);
/* Seconds that a picture over so many cells will take on the line, without the way there and back. */
double link_seconds(const Link *l, PixelQuality quality, int cells);
/* The quality for pictures that move, over so many cells in all. Goes down at once when they would be late,
 * up only when the better would have time to spare. */
PixelQuality link_coarse(Link *l, int cells);
/* Bytes a second, INFINITY when nothing tells of a limit. */
double link_rate(const Link *l);
