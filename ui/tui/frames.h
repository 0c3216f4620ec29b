/* Encoded pictures kept for the next time they are shown: undo, A and B, and paging back cost no encoding.
 *
 * An entry is known by a key (content, place, size, way of showing) and a quality; the least recently used go
 * when all take more than FRAMES_BYTES. */
#pragma once
#include "tui/pixels.h"

#define FRAMES_BYTES ((size_t)64 << 20)

typedef struct Frames Frames;

Frames *frames_new(Err *err);
void frames_free(Frames *f);
/* The bytes, valid until the next frames_put; NULL: not here. Counts as use. */
const Buf *frames_find(Frames *f, uint64_t key, PixelQuality quality);
/* Takes the bytes over, also when they are here already. */
void frames_put(Frames *f, uint64_t key, PixelQuality quality, Buf *bytes);
size_t frames_bytes(const Frames *f); /* kept in all */
