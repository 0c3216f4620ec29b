/* One block of memory carved forward and freed at once; with base NULL it only measures.
 *
 *     Arena a = {0};  layout(&a);  arena_open(&a, a.used, err);  layout(&a);  ...  arena_close(&a);
 */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define ARENA_ALIGN 64

typedef struct {
    uint8_t *base;
    size_t used, cap;
} Arena;

/* Allocates cap bytes (64-byte aligned, zeroed) and resets used to 0. */
bool arena_open(Arena *a, size_t cap, Err *err);
void arena_close(Arena *a);
/* count * size zeroed bytes, 64-byte aligned; NULL when measuring, on overflow, or when full. */
void *arena_take(Arena *a, size_t count, size_t size);
/* Forgets everything taken; the memory stays. */
void arena_reset(Arena *a);
