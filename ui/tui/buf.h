/* A growing byte buffer whose first failed allocation is remembered, so that writers need no checks in
 * between. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *p; /* NUL-ended once anything was put; NULL before */
    size_t n, cap;
    bool failed; /* memory ran out: the content is cut at the last put that fitted */
} Buf;

void buf_put(Buf *b, const void *bytes, size_t n);
void buf_str(Buf *b, const char *s);
void buf_printf(Buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* at most 1,023 bytes */
void buf_uint(Buf *b, unsigned v);                    /* decimal; the fast way for colours and positions */
void buf_base64(Buf *b, const void *bytes, size_t n); /* with the padding */
void buf_clear(Buf *b);                               /* keeps the memory */
void buf_fit(Buf *b);                                 /* gives back what is not used of the memory */
void buf_free(Buf *b);
