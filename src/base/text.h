/* Text from anywhere made safe for a terminal, and small number formatting. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies src as valid UTF-8 with no byte that moves a cursor or drives a terminal: C0, C1, DEL, bidi controls and
 * zero-width characters become U+FFFD, invalid bytes too. Always NUL-ends; returns bytes written without the NUL. */
size_t text_safe(char *dst, size_t cap, const char *src);
/* The code point at *s, moving *s past it: 0 at the end, U+FFFD and one byte further where it is not UTF-8. */
uint32_t text_next(const char **s);
/* Columns a safe UTF-8 string takes (wcwidth-like: wide CJK counts 2, combining 0). */
int text_width(const char *s);
/* Shortest decimal without exponent that reads back to the same float32, as in addresses ("0.7", "-1.25"). Non-finite
 * or out of range (|x| not 0 and not in 1e-6..1e6) returns false. */
bool text_float(char *out, size_t cap, float x);
/* Reads what text_float writes, strictly: ["-"] digits ["." digits]; *end is after the number. */
bool text_parse_float(float *out, const char *s, const char **end);
/* 1234567 -> "1,234,567"; seconds -> "4:11" or "1:02:03". */
void text_count(char *out, size_t cap, long long n);
void text_duration(char *out, size_t cap, double seconds);
/* Two digits or three: 950 B, 2.1 MB, 48 MB, 1.3 GB. */
void text_bytes(char *out, size_t cap, double bytes);
