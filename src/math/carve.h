/* Carves a caller's scratch into 64-byte aligned pieces. With at = NULL the same calls only count. */
#pragma once
#include <stddef.h>

typedef struct {
    float *at;
    size_t used;
} Carve;

static inline float *carve(Carve *c, size_t floats)
{
    float *p = c->at ? c->at + c->used : NULL;
    c->used += (floats + 15) / 16 * 16;
    return p;
}

static inline ptrdiff_t *carve_offsets(Carve *c, size_t count)
{
    return (ptrdiff_t *)(void *)carve(c, count * (sizeof(ptrdiff_t) / sizeof(float)));
}
