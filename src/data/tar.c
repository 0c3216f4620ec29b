/* libarchive for tar files; the only file that includes it. */
#include "data/tar.h"
#include "base/file.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 10240

struct TarWriter {
    FileWriter *file;
    struct archive *archive;
    Err err; /* of the file, which libarchive only knows as "failed" */
    char path[4096];
};

struct TarReader {
    struct archive *archive;
    uint8_t *bytes;
    size_t room;
    char path[4096];
};

static bool fail(struct archive *a, const char *path, Err *err)
{
    const char *why = archive_error_string(a);
    return err_set(err, ERR_FORMAT, "%s: %s", path, why ? why : "the archive is damaged");
}

/* --- writing
 * -------------------------------------------------------------------------------------------------- */

static la_ssize_t pass_on(struct archive *a, void *ctx, const void *bytes, size_t size)
{
    TarWriter *w = ctx;
    if (file_write(w->file, bytes, size, &w->err)) return (la_ssize_t)size;
    archive_set_error(a, -1, "%s", w->err.msg);
    return -1;
}

TarWriter *tar_create(const char *path, Err *err)
{
    TarWriter *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, path), NULL;
    snprintf(w->path, sizeof w->path, "%s", path);
    w->archive = archive_write_new();
    w->file = w->archive ? file_write_begin(path, err) : NULL;
    bool ok = w->file && archive_write_set_format_ustar(w->archive) == ARCHIVE_OK &&
              archive_write_set_bytes_in_last_block(w->archive, 1) == ARCHIVE_OK &&
              archive_write_open(w->archive, w, NULL, pass_on, NULL) == ARCHIVE_OK;
    if (ok) return w;
    if (w->archive && w->file) fail(w->archive, path, err);
    if (!w->archive) err_nomem(err, path);
    tar_abort(w);
    return NULL;
}

static bool failed(TarWriter *w, Err *err)
{
    return w->err.code ? err_set(err, w->err.code, "%s", w->err.msg) : fail(w->archive, w->path, err);
}

bool tar_put(TarWriter *w, const char *name, const void *bytes, size_t size, Err *err)
{
    struct archive_entry *e = archive_entry_new();
    if (!e) return err_nomem(err, w->path);
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)size);
    archive_entry_set_mtime(e, 0, 0);
    bool ok = archive_write_header(w->archive, e) == ARCHIVE_OK &&
              archive_write_data(w->archive, bytes, size) == (la_ssize_t)size;
    archive_entry_free(e);
    return ok || failed(w, err);
}

bool tar_commit(TarWriter *w, Err *err)
{
    bool ok = archive_write_close(w->archive) == ARCHIVE_OK || failed(w, err);
    if (ok) {
        ok = file_write_commit(w->file, err);
        w->file = NULL;
    }
    tar_abort(w);
    return ok;
}

void tar_abort(TarWriter *w)
{
    if (!w) return;
    if (w->archive) archive_write_free(w->archive);
    if (w->file) file_write_abort(w->file);
    free(w);
}

/* --- reading
 * -------------------------------------------------------------------------------------------------- */

TarReader *tar_open(const char *path, Err *err)
{
    TarReader *r = calloc(1, sizeof *r);
    if (!r) return err_nomem(err, path), NULL;
    snprintf(r->path, sizeof r->path, "%s", path);
    r->archive = archive_read_new();
    bool ok = r->archive && archive_read_support_format_tar(r->archive) == ARCHIVE_OK &&
              archive_read_support_filter_gzip(r->archive) == ARCHIVE_OK;
    if (!ok) err_nomem(err, path);
    if (ok && archive_read_open_filename(r->archive, path, BLOCK) != ARCHIVE_OK)
        ok = fail(r->archive, path, err);
    if (ok) return r;
    tar_close(r);
    return NULL;
}

static bool make_room(TarReader *r, size_t size, Err *err)
{
    if (size <= r->room) return true;
    uint8_t *more = realloc(r->bytes, size);
    if (!more) return err_nomem(err, r->path);
    r->bytes = more;
    r->room = size;
    return true;
}

static bool read_entry(TarReader *r, TarEntry *out, struct archive_entry *e, Err *err)
{
    la_int64_t size = archive_entry_size(e);
    if (size < 0 || (size_t)size > TAR_ENTRY_MAX)
        return err_set(err, ERR_LIMIT, "%s: %s is larger than %zu MB", r->path, out->name,
                       TAR_ENTRY_MAX >> 20);
    if (!make_room(r, (size_t)size + 1, err)) return false;
    la_ssize_t got = archive_read_data(r->archive, r->bytes, (size_t)size);
    if (got != size) return fail(r->archive, r->path, err);
    r->bytes[size] = 0;
    out->bytes = r->bytes;
    out->size = (size_t)size;
    return true;
}

bool tar_next(TarReader *r, TarEntry *out, Err *err)
{
    struct archive_entry *e;
    for (int code; (code = archive_read_next_header(r->archive, &e)) != ARCHIVE_EOF;) {
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return fail(r->archive, r->path, err);
        const char *name = archive_entry_pathname(e);
        if (archive_entry_filetype(e) != AE_IFREG || !name || strlen(name) > TAR_NAME_MAX) continue;
        snprintf(out->name, sizeof out->name, "%s", name);
        return read_entry(r, out, e, err);
    }
    return false;
}

void tar_close(TarReader *r)
{
    if (!r) return;
    if (r->archive) archive_read_free(r->archive);
    free(r->bytes);
    free(r);
}
