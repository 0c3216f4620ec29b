/* Pictures of bytes: make, crop, scale, grey, contact sheets, and the way to and from float planes.
 *
 *     Image tile = {0};
 *     if (!image_fit(&tile, &photo, 28, 1, err)) return false;      ... image_free(&tile);
 *
 * Every function that fills *out overwrites it without freeing what was there; the caller frees it with
 * image_free. On failure *out is empty ({0}). out and in must be different images. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define IMAGE_SIDE_MAX 16384 /* pictures read from files; sheets made here may be up to 65,536 on a side */

/* Rows from the top, pixels from the left, c interleaved bytes each: grey (c 1) or RGB (c 3). */
typedef struct {
    int w, h, c;
    uint8_t *px;
} Image;

bool image_make(Image *out, int w, int h, int c, Err *err); /* black */
void image_free(Image *im);                                 /* and empties it */
bool image_copy(Image *out, const Image *in, Err *err);
void image_fill(Image *im, const uint8_t rgb[3]);
/* Puts `from` with its top left corner at (x, y), cut at the edges; grey spreads to RGB, RGB falls to luma.
 */
void image_paste(Image *to, int x, int y, const Image *from);
/* A contact sheet of n tiles of one size, `cols` to a row, with `gap` background pixels between them and
 * around. Grey when every tile is grey and the background is (r = g = b), else RGB. */
bool image_grid(Image *out, const Image *tile, int n, int cols, int gap, const uint8_t background[3],
                Err *err);

bool image_scale_nearest(Image *out, const Image *in, int w, int h, Err *err);
/* Along each axis: the average over the area when it gets smaller, bilinear with half-pixel centres when
 * larger. */
bool image_scale(Image *out, const Image *in, int w, int h, Err *err);
/* To 1 or 3 channels; grey is Rec. 601 luma, (299 r + 587 g + 114 b) / 1000 rounded. */
bool image_channels(Image *out, const Image *in, int c, Err *err);
/* The largest centred square; an odd remainder goes to the right and the bottom. */
bool image_centre_crop(Image *out, const Image *in, Err *err);
/* The rule for anybody's pictures: centre crop, image_scale to size x size, then image_channels. */
bool image_fit(Image *out, const Image *in, int size, int channels, Err *err);

/* Bytes and floats in [-1, 1]: x = u / 127.5 - 1 and u = clamp(round((x + 1) 127.5)), NaN becoming 0. Both
 * ways are exact inverses on bytes. */
void image_bytes_to_float(float *out, const uint8_t *in, size_t n);
void image_float_to_bytes(uint8_t *out, const float *in, size_t n);
/* An image to and from planes [c][h][w] of floats in [-1, 1]. */
void image_to_planes(float *out, const Image *in);
bool image_from_planes(Image *out, const float *in, int c, int h, int w, Err *err);
/* The same for planes [c][h][w] of bytes, as a Dataset holds them. */
void image_to_byte_planes(uint8_t *out, const Image *in);
bool image_from_byte_planes(Image *out, const uint8_t *in, int c, int h, int w, Err *err);
