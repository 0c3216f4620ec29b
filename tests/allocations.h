/* Counts the calls of malloc and its kin in a test whose test_NAME.cmake links it with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc. */
#pragma once
#include <stddef.h>

static long allocations_made;

/* So far, by any thread. */
static inline long allocations(void)
{
    return __atomic_load_n(&allocations_made, __ATOMIC_RELAXED);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_malloc(size_t size)
{
    __atomic_add_fetch(&allocations_made, 1, __ATOMIC_RELAXED);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    __atomic_add_fetch(&allocations_made, 1, __ATOMIC_RELAXED);
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    __atomic_add_fetch(&allocations_made, 1, __ATOMIC_RELAXED);
    return __real_realloc(p, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    __atomic_add_fetch(&allocations_made, 1, __ATOMIC_RELAXED);
    return __real_aligned_alloc(align, size);
}
