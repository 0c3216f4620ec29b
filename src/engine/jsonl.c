/* JSON lines on disk. */
#include "engine/jsonl.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

#define JSONL_FILE_MAX ((size_t)1 << 30)

bool jsonl_append(const char *path, Json *row, Err *err)
{
    char *text = json_text(row);
    json_drop(row);
    char *line = text ? realloc(text, strlen(text) + 2) : NULL;
    if (!line) {
        free(text);
        return err_nomem(err, "a line of a log");
    }
    strcat(line, "\n");
    bool ok = file_append(path, line, strlen(line), err);
    free(line);
    return ok;
}

/* The end of the whole line that begins at text, past its newline; NULL when the newline is missing. */
static const char *line_end(const char *text, const char *end)
{
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    return newline ? newline + 1 : NULL;
}

static Json *line_parse(const char *line, const char *next, const char *path)
{
    Json *row = json_parse(line, (size_t)(next - line), path, NULL);
    if (row && json_is_object(row)) return row;
    json_drop(row);
    return NULL;
}

bool jsonl_each(const char *path, size_t *offset, bool (*each)(void *ctx, const Json *row), void *ctx,
                Err *err)
{
    uint8_t *bytes;
    size_t size;
    if (!file_exists(path)) return true;
    if (!file_read(path, JSONL_FILE_MAX, &bytes, &size, err)) return false;
    const char *end = (const char *)bytes + size, *next;
    bool more = true;
    for (const char *at = (const char *)bytes + (*offset < size ? *offset : size); more && at < end;
         at = next) {
        next = line_end(at, end);
        if (!next) break;
        Json *row = line_parse(at, next, path);
        if (row) more = each(ctx, row);
        json_drop(row);
        *offset = (size_t)(next - (const char *)bytes);
    }
    free(bytes);
    return true;
}

/* Moves the rows to keep to the front; returns their bytes. */
static size_t keep_rows(char *bytes, size_t size, const char *path, const char *key, int64_t last)
{
    size_t kept = 0;
    const char *end = bytes + size, *next;
    for (const char *at = bytes; at < end && (next = line_end(at, end)); at = next) {
        Json *row = line_parse(at, next, path);
        bool keep = row && json_int(row, key, last) <= last;
        json_drop(row);
        if (!keep) continue;
        memmove(bytes + kept, at, (size_t)(next - at));
        kept += (size_t)(next - at);
    }
    return kept;
}

bool jsonl_trim(const char *path, const char *key, int64_t last, Err *err)
{
    uint8_t *bytes;
    size_t size;
    if (!file_exists(path)) return true;
    if (!file_read(path, JSONL_FILE_MAX, &bytes, &size, err)) return false;
    size_t kept = keep_rows((char *)bytes, size, path, key, last);
    bool ok = kept == size || file_replace(path, bytes, kept, err);
    free(bytes);
    return ok;
}
