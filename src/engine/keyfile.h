/* Small settings files that people edit: `key = value` lines under optional [section] lines, comments after
 * #.
 *
 *     KeyFile *f = keyfile_read(path, err);      rows: keyfile_row(f, 0) ...
 *     keyfile_set(f, "", "theme", "light", err) && keyfile_write(f, err);
 *
 * A value is a bare word or the rest of the line, or "quoted" with \" and \\ inside. Writing changes only the
 * line of the key: comments, order and blank lines stay as they were. */
#pragma once
#include "base/err.h"

typedef struct KeyFile KeyFile;

typedef struct {
    const char *section, *key, *value; /* section "" before the first [section] */
    int line;                          /* from 1 */
} KeyRow;

/* A file that is absent has no rows. A line that is none of these, and a key given twice, are refused with
 * file and line. The caller ends with keyfile_free. */
KeyFile *keyfile_read(const char *path, Err *err);
void keyfile_free(KeyFile *f);
const char *keyfile_path(const KeyFile *f);
/* The i-th row, or NULL past the last; valid until the next keyfile_set. */
const KeyRow *keyfile_row(const KeyFile *f, int i);
/* The row of a key, or NULL. */
const KeyRow *keyfile_find(const KeyFile *f, const char *section, const char *key);
/* Replaces the value in its line, adds a line at the end of the section, or with value NULL removes the line.
 * The value is written in quotes where it is not one plain word. */
bool keyfile_set(KeyFile *f, const char *section, const char *key, const char *value, Err *err);
/* Writes the file (base/file.h: whole or not at all), making its folder. */
bool keyfile_write(const KeyFile *f, Err *err);
