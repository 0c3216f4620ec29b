/* Cuts flat arrays into pieces of one fixed length for pool_run: the cut depends on the size alone. */
#pragma once
#include <stddef.h>

enum { PIECE = 16384 };

static inline int piece_count(size_t n)
{
    return (int)((n + PIECE - 1) / PIECE);
}

static inline size_t piece_at(int i)
{
    return (size_t)i * PIECE;
}

static inline size_t piece_length(size_t n, int i)
{
    return n - piece_at(i) < PIECE ? n - piece_at(i) : PIECE;
}
