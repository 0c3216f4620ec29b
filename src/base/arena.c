/* The arena: one calloc'ed block, carved at 64-byte steps. */
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

/* calloc gives large blocks as untouched zero pages; its pointer is kept in the bytes before the aligned
 * base. */
bool arena_open(Arena *a, size_t cap, Err *err)
{
    size_t bytes;
    *a = (Arena){0};
    if (__builtin_add_overflow(cap, (size_t)2 * ARENA_ALIGN, &bytes))
        return err_set(err, ERR_LIMIT, "%zu bytes are more than this machine can address", cap);
    void *block = calloc(1, bytes);
    if (!block) return err_set(err, ERR_NOMEM, "out of memory: %zu MiB are needed in one block", cap >> 20);
    uintptr_t at = ((uintptr_t)block + sizeof block + ARENA_ALIGN - 1) & ~(uintptr_t)(ARENA_ALIGN - 1);
    a->base = (uint8_t *)block + (at - (uintptr_t)block);
    a->cap = cap;
    memcpy(a->base - sizeof block, &block, sizeof block);
    return true;
}

void arena_close(Arena *a)
{
    if (a->base) {
        void *block;
        memcpy(&block, a->base - sizeof block, sizeof block);
        free(block);
    }
    *a = (Arena){0};
}

void *arena_take(Arena *a, size_t count, size_t size)
{
    size_t at, bytes, end;
    if (__builtin_add_overflow(a->used, (size_t)ARENA_ALIGN - 1, &at)) return NULL;
    at &= ~(size_t)(ARENA_ALIGN - 1);
    if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(at, bytes, &end)) return NULL;
    if (a->base && end > a->cap) return NULL;
    a->used = end;
    return a->base ? memset(a->base + at, 0, bytes) : NULL;
}

void arena_reset(Arena *a)
{
    a->used = 0;
}
