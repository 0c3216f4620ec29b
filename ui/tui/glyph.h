/* Characters the screens draw with, and what each becomes where only ASCII can be shown. */
#pragma once
#include <uchar.h>

/* The ASCII character nearest to ch; ch itself when it is ASCII, '?' when nothing is near. */
char32_t glyph_ascii(char32_t ch);
/* Columns of a character: 0 combining, 1, or 2. */
int glyph_width(char32_t ch);
/* Reads one character of valid UTF-8 and moves *s past it; 0 at the end. */
char32_t glyph_next(const char **s);
/* Writes ch as UTF-8 into out[4]; returns the bytes. */
int glyph_utf8(char out[4], char32_t ch);
