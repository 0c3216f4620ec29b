/* The growing byte buffer: doubling, always NUL-ended. */
#include "tui/buf.h"
#include "base/base64.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool buf_grow(Buf *b, size_t more)
{
    size_t need, cap = b->cap ? b->cap : 256;
    if (b->failed || __builtin_add_overflow(b->n, more + 1, &need)) return false;
    if (need <= b->cap) return true;
    while (cap < need) cap *= 2;
    char *p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void buf_put(Buf *b, const void *bytes, size_t n)
{
    if (!buf_grow(b, n)) return;
    if (n) memcpy(b->p + b->n, bytes, n);
    b->n += n;
    b->p[b->n] = 0;
}

void buf_str(Buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_printf(Buf *b, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n > 0) buf_put(b, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void buf_uint(Buf *b, unsigned v)
{
    char digits[12];
    int n = 0;
    do digits[sizeof digits - (size_t)++n] = (char)('0' + v % 10);
    while (v /= 10);
    buf_put(b, digits + sizeof digits - n, (size_t)n);
}

void buf_base64(Buf *b, const void *bytes, size_t n)
{
    char *text = base64_text(bytes, n);
    if (text) buf_str(b, text);
    b->failed |= !text;
    free(text);
}

void buf_clear(Buf *b)
{
    b->n = 0;
    b->failed = false;
}

void buf_fit(Buf *b)
{
    char *p = b->p ? realloc(b->p, b->n + 1) : NULL;
    if (!p) return;
    b->p = p;
    b->cap = b->n + 1;
}

void buf_free(Buf *b)
{
    free(b->p);
    *b = (Buf){0};
}
