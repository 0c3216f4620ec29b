/* Animated PNG (PNG 3rd edition, W3C 2025, section 11.3.4): PNGs of one size and kind become the frames of
 * one file; programs that know no animation show the first. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

/* One encoded PNG. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
} ApngFrame;

/* Joins n (>= 1) PNGs as png_encode writes them, each shown for 1 / fps seconds (1 .. 1000), round and round.
 * What the first carries beside its picture (text) is kept, of the others only the picture. *bytes is
 * malloc'ed (caller frees). Refuses frames of another size or kind than the first. */
bool apng_join(uint8_t **bytes, size_t *size, const ApngFrame *frame, int n, int fps, Err *err);
