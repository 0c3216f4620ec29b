/* Pictures as characters: half blocks and letters. */
#pragma once
#include "tui/buf.h"
#include "tui/raster.h"

/* Raster with 1 x 2 pixels per cell, upper left cell at (x, y) of the screen; 24-bit or dithered 256 colours.
 * step above 1: colours rounded to multiples of it and not dithered, which takes fewer bytes. */
void blocks_half(Buf *out, const Raster *r, int x, int y, bool truecolor, int step);
/* Raster with 1 x 1 pixel per cell; brightness as letters. */
void blocks_ascii(Buf *out, const Raster *r, int x, int y);
