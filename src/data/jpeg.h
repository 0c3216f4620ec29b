/* JPEG files in; jpeg.c is the only file that includes libjpeg. */
#pragma once
#include "data/image.h"

/* Reads a baseline or progressive JPEG up to IMAGE_SIDE_MAX on a side as grey or RGB (CMYK is converted). A
 * file that is cut short or damaged is refused, not filled with grey. `what` names the source in an error. */
bool jpeg_decode(const uint8_t *bytes, size_t size, const char *what, Image *out, Err *err);
bool jpeg_load(const char *path, Image *out, Err *err);
