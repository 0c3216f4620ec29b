/* Settings files as a list of lines, each with what it says, so that writing can leave the others alone. */
#include "engine/keyfile.h"
#include "base/file.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define BLANKS         " \t\r"

typedef struct {
    char *text;  /* as in the file, without the line's end */
    char *value; /* NULL: a comment, a blank line or a [section] */
    char *key, *section;
} Line;

struct KeyFile {
    char path[4096];
    Line *line;
    int lines, room;
    KeyRow *row; /* (lines) */
    int rows;
};

static void line_free(Line *l)
{
    free(l->text);
    free(l->value);
    free(l->key);
    free(l->section);
}

void keyfile_free(KeyFile *f)
{
    if (!f) return;
    for (int i = 0; i < f->lines; i++) line_free(&f->line[i]);
    free(f->line);
    free(f->row);
    free(f);
}

const char *keyfile_path(const KeyFile *f)
{
    return f->path;
}

/* --- one line ---------------------------------------------------------------------------------------------
 */

static bool is_key(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)at[i]) && !strchr("-_.", at[i])) return false;
    return n > 0;
}

static const char *trim(const char *at, size_t *n)
{
    while (*n && strchr(BLANKS, *at)) at++, --*n;
    while (*n && strchr(BLANKS, at[*n - 1])) --*n;
    return at;
}

/* "quoted" into out, which has room; what follows may only be a comment. */
static bool unquote(char *out, const char *at, size_t n)
{
    size_t i = 1;
    for (; i < n && at[i] != '"'; i++) {
        if (at[i] == '\\' && (++i == n || !strchr("\"\\", at[i]))) return false;
        *out++ = at[i];
    }
    *out = 0;
    if (i++ >= n) return false;
    size_t left = n - i;
    const char *rest = trim(at + i, &left);
    return !left || *rest == '#';
}

/* A bare value ends where a comment begins: at # after a blank. */
static void bare(char *out, const char *at, size_t n)
{
    size_t end = 0;
    while (end < n && !(at[end] == '#' && (!end || strchr(BLANKS, at[end - 1])))) end++;
    at = trim(at, &end);
    memcpy(out, at, end);
    out[end] = 0;
}

/* Reads `key = value` into l. */
static bool read_pair(Line *l, const char *at, size_t n, const char *section, const char **why)
{
    const char *equals = memchr(at, '=', n);
    *why = "this is neither \"key = value\" nor a comment";
    if (!equals) return false;
    size_t key = (size_t)(equals - at), size = n - key - 1;
    const char *name = trim(at, &key), *value = trim(equals + 1, &size);
    if (!is_key(name, key)) return false;
    l->key = strndup(name, key);
    l->section = strdup(section);
    l->value = malloc(size + 1);
    if (!l->key || !l->section || !l->value) return *why = "there is no memory for it", false;
    *why = "the quotes around the value do not end";
    if (size && *value == '"') return unquote(l->value, value, size);
    bare(l->value, value, size);
    *why = "there is no value after =";
    return *l->value;
}

static bool read_line(Line *l, char *section, size_t cap, const char **why)
{
    size_t n = strlen(l->text);
    const char *at = trim(l->text, &n);
    if (!n || *at == '#') return true;
    if (*at != '[') return read_pair(l, at, n, section, why);
    const char *end = memchr(at, ']', n);
    size_t size = end ? (size_t)(end - at) - 1 : 0;
    *why = "a section is like [train]";
    if (!end || !is_key(at + 1, size) || size >= cap) return false;
    memcpy(section, at + 1, size);
    section[size] = 0;
    return true;
}

/* --- the file ---------------------------------------------------------------------------------------------
 */

static Line *insert(KeyFile *f, int at)
{
    if (f->lines == f->room) {
        int room = f->room ? 2 * f->room : 64;
        Line *more = realloc(f->line, (size_t)room * sizeof *more);
        if (!more) return NULL;
        f->line = more;
        f->room = room;
    }
    memmove(f->line + at + 1, f->line + at, (size_t)(f->lines++ - at) * sizeof *f->line);
    f->line[at] = (Line){0};
    return &f->line[at];
}

static bool list_rows(KeyFile *f, Err *err)
{
    KeyRow *row = realloc(f->row, (size_t)(f->lines + 1) * sizeof *row);
    if (!row) return err_nomem(err, f->path);
    f->row = row;
    f->rows = 0;
    for (int i = 0; i < f->lines; i++) {
        const Line *l = &f->line[i];
        if (!l->value) continue;
        const KeyRow *before = keyfile_find(f, l->section, l->key);
        if (before)
            return err_set(err, ERR_FORMAT, "%s:%d: %s was already given in line %d", f->path, i + 1, l->key,
                           before->line);
        f->row[f->rows++] = (KeyRow){l->section, l->key, l->value, i + 1};
    }
    return true;
}

static bool read_lines(KeyFile *f, char *text, Err *err)
{
    char section[64] = "";
    for (char *at = text, *next; at && *at; at = next) {
        size_t n = strcspn(at, "\n");
        next = at[n] ? at + n + 1 : NULL;
        const char *why = "there is no memory for it";
        Line *l = insert(f, f->lines);
        if (l) l->text = strndup(at, n);
        if (!l || !l->text || !read_line(l, section, sizeof section, &why))
            return err_set(err, ERR_FORMAT, "%s:%d: %s", f->path, f->lines, why);
    }
    return list_rows(f, err);
}

KeyFile *keyfile_read(const char *path, Err *err)
{
    KeyFile *f = calloc(1, sizeof *f);
    uint8_t *bytes = NULL;
    size_t size;
    if (!f) return err_nomem(err, path), NULL;
    bool ok = snprintf(f->path, sizeof f->path, "%s", path) < (int)sizeof f->path ||
              err_set(err, ERR_LIMIT, "the path of the settings is too long");
    ok = ok && (!file_exists(path) || file_read(path, FILE_MAX_BYTES, &bytes, &size, err)) &&
         read_lines(f, (char *)bytes, err);
    free(bytes);
    if (ok) return f;
    keyfile_free(f);
    return NULL;
}

const KeyRow *keyfile_row(const KeyFile *f, int i)
{
    return i < f->rows ? &f->row[i] : NULL;
}

const KeyRow *keyfile_find(const KeyFile *f, const char *section, const char *key)
{
    for (int i = 0; i < f->rows; i++)
        if (!strcmp(f->row[i].section, section) && !strcmp(f->row[i].key, key)) return &f->row[i];
    return NULL;
}

/* --- changing ---------------------------------------------------------------------------------------------
 */

/* The comment behind a value, with the blanks before it; "" without one. */
static const char *comment_of(const Line *l)
{
    bool quoted = false;
    for (const char *p = strchr(l->text, '='); p && *p; p++) {
        if (quoted && *p == '\\' && p[1])
            p++;
        else if (*p == '"')
            quoted = !quoted;
        if (quoted || *p != '#' || !strchr(BLANKS, p[-1])) continue;
        while (p > l->text && strchr(BLANKS, p[-1])) p--;
        return p;
    }
    return "";
}

/* `key = value` with the value in quotes where needed, then the comment. Heap. */
static char *write_pair(const char *key, const char *value, const char *comment)
{
    bool plain = is_key(value, strlen(value));
    size_t cap = strlen(key) + 2 * strlen(value) + strlen(comment) + 8;
    char *out = malloc(cap), *to = out;
    if (!out) return NULL;
    to += sprintf(to, "%s = %s", key, plain ? "" : "\"");
    for (const char *p = value; *p; p++) {
        if (!plain && strchr("\"\\", *p)) *to++ = '\\';
        *to++ = *p;
    }
    sprintf(to, "%s%s", plain ? "" : "\"", comment);
    return out;
}

/* Where a new line of a section goes: after its last row, else at the end, under a heading made for it. */
static int place(KeyFile *f, const char *section)
{
    int at = -1;
    for (int i = 0; i < f->lines; i++)
        if (f->line[i].section && !strcmp(f->line[i].section, section)) at = i + 1;
    if (at >= 0) return at;
    if (!*section) { /* before the first heading */
        for (at = 0; at < f->lines; at++)
            if (f->line[at].text[strspn(f->line[at].text, BLANKS)] == '[') break;
        return at;
    }
    Line *l = insert(f, f->lines);
    if (!l || !(l->text = malloc(strlen(section) + 3))) return -1;
    sprintf(l->text, "[%s]", section);
    return f->lines;
}

static void remove_line(KeyFile *f, int at)
{
    line_free(&f->line[at]);
    memmove(f->line + at, f->line + at + 1, (size_t)(--f->lines - at) * sizeof *f->line);
}

static bool put(KeyFile *f, int at, bool anew, const char *section, const char *key, const char *value)
{
    Line *l = anew && at >= 0 ? insert(f, at) : at >= 0 ? &f->line[at] : NULL;
    char *text = l ? write_pair(key, value, anew ? "" : comment_of(l)) : NULL;
    if (!text) return false;
    Line fresh = {text, strdup(value), strdup(key), strdup(section)};
    line_free(l);
    *l = fresh;
    return fresh.value && fresh.key && fresh.section;
}

bool keyfile_set(KeyFile *f, const char *section, const char *key, const char *value, Err *err)
{
    const KeyRow *row = keyfile_find(f, section, key);
    if (!value && row) remove_line(f, row->line - 1);
    if (!value) return list_rows(f, err);
    if (strchr(value, '\n')) return err_set(err, ERR_USAGE, "%s: a value is one line", key);
    if (!put(f, row ? row->line - 1 : place(f, section), !row, section, key, value))
        return err_nomem(err, f->path);
    return list_rows(f, err);
}

bool keyfile_write(const KeyFile *f, Err *err)
{
    char folder[4096];
    FileWriter *w;
    snprintf(folder, sizeof folder, "%s", f->path);
    char *slash = strrchr(folder, '/');
    if (slash && slash > folder) {
        *slash = 0;
        if (!file_make_folder(folder, err)) return false;
    }
    if (!(w = file_write_begin(f->path, err))) return false;
    for (int i = 0; i < f->lines; i++)
        if (!file_write(w, f->line[i].text, strlen(f->line[i].text), err) || !file_write(w, "\n", 1, err))
            return file_write_abort(w), false;
    return file_write_commit(w, err);
}
