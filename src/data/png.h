/* PNG files in and out, with text chunks; png.c is the only file that includes libpng.
 *
 *     PngItem item[] = {{"viewsmith", json}, {"parameters", line}};
 *     png_save("view.png", &im, item, 2, err);
 */
#pragma once
#include "data/image.h"

typedef struct {
    const char *key,
        *value; /* UTF-8; key 1..79 printable ASCII characters without leading or trailing blank */
} PngItem;

typedef struct {
    char **key, **value; /* UTF-8, in file order */
    int n;
} PngText;

/* Reads any PNG up to IMAGE_SIDE_MAX on a side as grey or RGB: palettes and 1, 2, 4 bits are expanded, 16
 * bits rounded to 8, interlacing undone, alpha put over black. text may be NULL; else it receives the tEXt,
 * zTXt and iTXt chunks (at most 256) and the caller frees it with png_text_free. `what` names the source in
 * an error. */
bool png_decode(const uint8_t *bytes, size_t size, const char *what, Image *out, PngText *text, Err *err);
bool png_load(const char *path, Image *out, PngText *text, Err *err);
/* Writes 8-bit grey or RGB; ASCII values become tEXt, others iTXt. *bytes is malloc'ed (caller frees). */
bool png_encode(uint8_t **bytes, size_t *size, const Image *im, const PngItem *item, int n, Err *err);
/* Quickly, with transparency: pixels whose mask (h rows of w) is 0 are not seen. For terminals. */
bool png_encode_masked(uint8_t **bytes, size_t *size, const Image *im, const uint8_t *mask, Err *err);
/* As png_encode into a file, replaced atomically. */
bool png_save(const char *path, const Image *im, const PngItem *item, int n, Err *err);

/* The first value under key, owned by text; NULL when absent. */
const char *png_text_find(const PngText *text, const char *key);
void png_text_free(PngText *text);
