/* Running means of an acknowledged line, and the ladder of qualities with a dead zone between its steps. */
#include "tui/link.h"
#include <math.h>

#define LARGE    4096  /* bytes from which a frame tells of the rate */
#define IN_TIME  0.10  /* seconds that a moving picture may take on the line */
#define TO_SPARE 0.05  /* and what the better one may take for a step up */
#define REMOTE   4e-6  /* seconds a byte of a network not measured yet: 2 Mbit/s */
#define WEIGHT   0.3   /* of the newest in a running mean */
#define TYPICAL  40    /* bytes of a fine picture per cell, before any was encoded */
#define FAST     1e-10 /* seconds a byte below which there is no limit to speak of */

/* Bytes of each quality against those of the fine picture, as measured on a smooth one of 28 x 28. */
static double part(const Link *l, PixelQuality quality)
{
    static const double sixel[PIXELS_FINE + 1] = {0.08, 0.13, 0.27, 0.35, 1},
                                            half[PIXELS_FINE + 1] = {0.18, 0.25, 0.5, 1, 1};
    return (l->mode >= PIXELS_SIXEL ? sixel : half)[quality];
}

Link link_new(bool remote)
{
    return (Link){.trip = -1,
                  .per_byte = remote ? REMOTE : 0,
                  .per_cell = TYPICAL,
                  .coarse = remote ? 1 : PIXELS_COARSE};
}

void link_mode(Link *l, PixelMode mode)
{
    if (mode != l->mode) l->per_cell = TYPICAL;
    l->mode = mode;
}

void link_acked(Link *l, size_t bytes, double seconds)
{
    if (bytes < LARGE) {
        bool quicker = l->trip < 0 || seconds < l->trip;
        l->trip = quicker ? seconds : l->trip + WEIGHT * (seconds - l->trip);
        return;
    }
    double sample = fmax(seconds - fmax(l->trip, 0), 0) / (double)bytes;
    l->per_byte += (l->per_byte > 0 ? WEIGHT : 1) * (sample - l->per_byte);
}

void link_encoded(Link *l, PixelQuality quality, size_t bytes, int cells)
{
    if (cells < 1) return;
    double sample = (double)bytes / (cells * part(l, quality));
    l->per_cell += WEIGHT * (sample - l->per_cell);
}

double link_seconds(const Link *l, PixelQuality quality, int cells)
{
    return l->per_cell * cells * part(l, quality) * l->per_byte;
}

PixelQuality link_coarse(Link *l, int cells)
{
    while (l->coarse < PIXELS_COARSE && link_seconds(l, l->coarse + 1, cells) <= TO_SPARE) l->coarse++;
    while (l->coarse > 0 && link_seconds(l, l->coarse, cells) > IN_TIME) l->coarse--;
    return l->coarse;
}

double link_rate(const Link *l)
{
    return l->per_byte > FAST ? 1 / l->per_byte : INFINITY;
}
