/* Small functions of whole numbers that cutting up work needs. */
#pragma once
#include <stddef.h>

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int max_int(int a, int b)
{
    return a > b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* a / b rounded up, for a >= 0. */
static inline int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

/* a / b rounded down, for any a. */
static inline int divide_down(int a, int b)
{
    return a / b - (a % b < 0);
}
