/* A picture file of either kind, told apart by its first bytes. */
#pragma once
#include "data/image.h"

#define PICTURE_FILE_MAX ((size_t)256 << 20)

/* Reads a PNG or JPEG; errors name the file. */
bool picture_load(const char *path, Image *out, Err *err);
/* True when the name ends in .png, .jpg or .jpeg in any case. */
bool picture_named(const char *name);
