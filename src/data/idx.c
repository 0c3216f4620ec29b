/* IDX files of bytes, plain or gzip. */
#include "data/idx.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DEFLATE_MAX 1040 /* no deflate stream grows by more than this */

/* One source of bytes, inflated when it is gzip. */
typedef struct {
    const char *what;
    bool gzip, ended;
    z_stream z;
} Source;

static bool source_open(Source *s, const uint8_t *bytes, size_t size, const char *what, Err *err)
{
    *s = (Source){.what = what, .gzip = size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B};
    s->z.next_in = (Bytef *)(uintptr_t)bytes; /* zlib reads only */
    s->z.avail_in = (uInt)size;
    if (s->gzip && inflateInit2(&s->z, 15 + 16) != Z_OK) return err_nomem(err, "an IDX file");
    return true;
}

static void source_close(Source *s)
{
    if (s->gzip) inflateEnd(&s->z);
}

static bool cut_short(const Source *s, Err *err)
{
    return err_set(err, ERR_FORMAT, "%s: this IDX file is cut short", s->what);
}

static bool trailing(const Source *s, Err *err)
{
    return err_set(err, ERR_FORMAT, "%s: there is something after the data", s->what);
}

/* Inflates up to n bytes; *got says how many came. *ended: the gzip stream is complete and its checksum
 * right. */
static bool inflate_up_to(Source *s, uint8_t *out, size_t n, size_t *got, bool *ended, Err *err)
{
    s->z.next_out = out;
    s->z.avail_out = (uInt)n;
    int rc = inflate(&s->z, Z_SYNC_FLUSH);
    *got = n - s->z.avail_out;
    *ended = rc == Z_STREAM_END;
    if (rc == Z_MEM_ERROR) return err_nomem(err, "an IDX file");
    if (rc == Z_DATA_ERROR || rc == Z_NEED_DICT)
        return err_set(err, ERR_FORMAT, "%s: the gzip data is damaged (%s)", s->what,
                       s->z.msg ? s->z.msg : "dictionary");
    return true;
}

/* Fills out with n > 0 bytes. */
static bool source_take(Source *s, uint8_t *out, size_t n, Err *err)
{
    size_t got;
    if (s->gzip) return inflate_up_to(s, out, n, &got, &s->ended, err) && (got == n || cut_short(s, err));
    if (s->z.avail_in < n) return cut_short(s, err);
    memcpy(out, s->z.next_in, n);
    s->z.next_in += n;
    s->z.avail_in -= (uInt)n;
    return true;
}

/* The source must end here. A gzip stream has its end mark and checksum still to come, but no further byte.
 */
static bool source_end(Source *s, Err *err)
{
    uint8_t extra;
    size_t got = 0;
    if (s->gzip && !s->ended) {
        if (!inflate_up_to(s, &extra, 1, &got, &s->ended, err)) return false;
        if (got == 0 && !s->ended) return cut_short(s, err);
    }
    return (got == 0 && s->z.avail_in == 0) || trailing(s, err);
}

static bool read_shape(Source *s, Idx *out, Err *err)
{
    uint8_t head[4], dim[4];
    if (!source_take(s, head, 4, err)) return false;
    if (head[0] || head[1]) return err_set(err, ERR_FORMAT, "%s: not an IDX file", s->what);
    if (head[2] != 0x08)
        return err_set(err, ERR_FORMAT, "%s: IDX element type 0x%02x; only unsigned bytes (0x08) are read",
                       s->what, head[2]);
    if (head[3] < 1 || head[3] > IDX_DIMS_MAX)
        return err_set(err, ERR_FORMAT, "%s: %u dimensions; 1 to %d are read", s->what, head[3],
                       IDX_DIMS_MAX);
    out->ndim = head[3];
    out->count = 1;
    for (int i = 0; i < out->ndim; i++) {
        if (!source_take(s, dim, 4, err)) return false;
        uint32_t n = (uint32_t)dim[0] << 24 | (uint32_t)dim[1] << 16 | (uint32_t)dim[2] << 8 | dim[3];
        if (n < 1 || n > IDX_BYTES_MAX / out->count)
            return err_set(err, ERR_LIMIT, "%s: dimension %d is %u; data of 1 byte to 1 GiB is read", s->what,
                           i + 1, n);
        out->dim[i] = (int)n;
        out->count *= n;
    }
    return true;
}

static bool read_all(Source *s, Idx *out, Err *err)
{
    if (!read_shape(s, out, err)) return false;
    if (out->count / (s->gzip ? DEFLATE_MAX : 1) > s->z.avail_in) return cut_short(s, err);
    out->data = malloc(out->count);
    if (!out->data) return err_nomem(err, "an IDX file");
    return source_take(s, out->data, out->count, err) && source_end(s, err);
}

bool idx_decode(const uint8_t *bytes, size_t size, const char *what, Idx *out, Err *err)
{
    Source s;
    *out = (Idx){0};
    if (size > IDX_BYTES_MAX + 64) return err_set(err, ERR_LIMIT, "%s: over 1 GiB", what);
    if (!source_open(&s, bytes, size, what, err)) return false;
    bool ok = read_all(&s, out, err);
    source_close(&s);
    if (!ok) idx_free(out);
    return ok;
}

bool idx_load(const char *path, Idx *out, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (Idx){0};
    if (!file_read(path, IDX_BYTES_MAX + 64, &bytes, &size, err)) return false;
    bool ok = idx_decode(bytes, size, path, out, err);
    free(bytes);
    return ok;
}

static size_t write_head(uint8_t *head, const Idx *idx)
{
    size_t at = 0;
    head[at++] = 0;
    head[at++] = 0;
    head[at++] = 0x08;
    head[at++] = (uint8_t)idx->ndim;
    for (int i = 0; i < idx->ndim; i++)
        for (int shift = 24; shift >= 0; shift -= 8) head[at++] = (uint8_t)(idx->dim[i] >> shift);
    return at;
}

bool idx_save_gz(const char *path, const Idx *idx, Err *err)
{
    uint8_t head[4 + 4 * IDX_DIMS_MAX];
    z_stream z = {0};
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return err_nomem(err, "an IDX file");
    size_t first = write_head(head, idx), cap = deflateBound(&z, (uLong)(first + idx->count));
    uint8_t *bytes = malloc(cap);
    bool ok = bytes || err_nomem(err, "an IDX file");
    if (ok) {
        z.next_out = bytes;
        z.avail_out = (uInt)cap;
        z.next_in = head;
        z.avail_in = (uInt)first;
        deflate(&z, Z_NO_FLUSH);
        z.next_in = idx->data;
        z.avail_in = (uInt)idx->count;
        deflate(&z, Z_FINISH);
        ok = file_replace(path, bytes, cap - z.avail_out, err);
    }
    deflateEnd(&z);
    free(bytes);
    return ok;
}

void idx_free(Idx *idx)
{
    free(idx->data);
    *idx = (Idx){0};
}
