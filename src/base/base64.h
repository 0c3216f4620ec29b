/* Bytes as text and back (RFC 4648, with padding). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

/* NUL-ended, malloc'ed (caller frees); NULL when out of memory. */
char *base64_text(const void *bytes, size_t size);
/* *bytes is malloc'ed (caller frees). False where text is not exactly what base64_text writes, or memory ran
 * out. */
bool base64_bytes(uint8_t **bytes, size_t *size, const char *text);
