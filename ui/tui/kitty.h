/* The bytes of kitty's graphics protocol: a picture as PNG, shown over a rectangle of cells, and taken away
 * again.
 * https://sw.kovidgoyal.net/kitty/graphics-protocol/
 *
 * Pictures lie over the text and it does not remove them: only kitty_delete and a cleared screen do. */
#pragma once
#include "tui/buf.h"
#include "tui/layout.h"
#include <stdint.h>

#define KITTY_CHUNK 4096 /* bytes of base 64 in one string, at most */

/* Shows the PNG over the cells of `at`, whatever its size in pixels; a picture with this id (not 0) goes. */
void kitty_show(Buf *out, uint32_t id, Rect at, const uint8_t *png, size_t n);
void kitty_delete(Buf *out, uint32_t id);
void kitty_delete_all(Buf *out);
