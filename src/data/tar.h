/* tar archives (libarchive behind tar.c): the same content gives the same bytes, and what is read is bounded.
 *
 *     TarWriter *w = tar_create("shard-000000.tar", err);
 *     tar_put(w, "000000.png", png, size, err);      ...      tar_commit(w, err);
 *
 *     TarReader *r = tar_open(path, err);
 *     while (tar_next(r, &entry, err)) use(entry.name, entry.bytes, entry.size);
 *     tar_close(r); */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define TAR_NAME_MAX  255
#define TAR_ENTRY_MAX ((size_t)64 << 20)

typedef struct TarWriter TarWriter;
/* The archive appears under its name with tar_commit, whole. */
TarWriter *tar_create(const char *path, Err *err);
/* A file of mode 0644, without owner or time. */
bool tar_put(TarWriter *w, const char *name, const void *bytes, size_t size, Err *err);
bool tar_commit(TarWriter *w, Err *err); /* frees w, whether it works or not */
void tar_abort(TarWriter *w);            /* frees w; NULL is allowed */

typedef struct TarReader TarReader;
typedef struct {
    char name[TAR_NAME_MAX + 1]; /* as it stands there: never a path to write to */
    const uint8_t *bytes;        /* until the next entry */
    size_t size;
} TarEntry;
/* A tar, gzip'ed or not. */
TarReader *tar_open(const char *path, Err *err);
/* The next file (folders, links and what is no plain file are passed over); false at the end, and with err
 * set where the archive is damaged or an entry is over TAR_ENTRY_MAX. */
bool tar_next(TarReader *r, TarEntry *out, Err *err);
void tar_close(TarReader *r); /* NULL is allowed */
