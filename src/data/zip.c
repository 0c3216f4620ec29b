/* Reads the central directory of a zip archive and checks every offset and size in it before anything is
 * used. */
#include "data/zip.h"
#include <stdlib.h>
#include <string.h>

enum { LOCAL = 30, CENTRAL = 46, END = 22, END64 = 56, LOCATOR = 20, COMMENT_MAX = 65535 };

typedef struct {
    const uint8_t *bytes;
    size_t size;
    const char *what;
    Err *err;
} Reader;

static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t x = 0;
    for (int i = bytes; i-- > 0;) x = x << 8 | p[i];
    return x;
}

static bool refuse(const Reader *r, const char *why)
{
    return err_set(r->err, ERR_FORMAT, "%s: zip archive: %s", r->what, why);
}
#define refuse(...) err_false(refuse(__VA_ARGS__)) /* see base/err.h */

static bool has(const Reader *r, uint64_t at, uint64_t n)
{
    return at <= r->size && n <= r->size - at;
}

bool zip_is(const uint8_t *bytes, size_t size)
{
    return size >= 4 && !memcmp(bytes, "PK\3\4", 4);
}

/* ---- Where the directory is ------------------------------------------------------------------------- */

typedef struct {
    uint64_t entries, size, at;
} Directory;

static const uint8_t *find_end(const Reader *r)
{
    for (size_t back = END; back <= r->size && back <= END + COMMENT_MAX; back++)
        if (!memcmp(r->bytes + r->size - back, "PK\5\6", 4)) return r->bytes + r->size - back;
    return NULL;
}

/* The larger end record, whose place a locator right before the small one tells. */
static bool find_end64(Directory *d, const Reader *r, const uint8_t *end)
{
    if (end - r->bytes < LOCATOR || memcmp(end - LOCATOR, "PK\6\7", 4)) return true;
    uint64_t at = number(end - LOCATOR + 8, 8);
    if (!has(r, at, END64) || memcmp(r->bytes + at, "PK\6\6", 4))
        return refuse(r, "its 64-bit end record is not where it should be");
    const uint8_t *p = r->bytes + at;
    *d = (Directory){number(p + 32, 8), number(p + 40, 8), number(p + 48, 8)};
    return true;
}

static bool find_directory(Directory *d, const Reader *r)
{
    const uint8_t *end = find_end(r);
    if (!end) return refuse(r, "its directory is missing: the file was cut short");
    *d = (Directory){number(end + 10, 2), number(end + 12, 4), number(end + 16, 4)};
    if (!find_end64(d, r, end)) return false;
    if (!has(r, d->at, d->size)) return refuse(r, "its directory lies outside the file");
    return d->entries <= d->size / CENTRAL || refuse(r, "its directory is too short for its entries");
}

/* ---- Entries ---------------------------------------------------------------------------------------- */

/* Takes the next 64-bit number of the extra field where the 32-bit one is full. */
static bool widen(uint64_t *x, const uint8_t **extra, size_t *left)
{
    if (*x != UINT32_MAX) return true;
    if (*left < 8) return false;
    *x = number(*extra, 8);
    *extra += 8;
    *left -= 8;
    return true;
}

/* The ZIP64 part of an extra field, or nothing. */
static const uint8_t *find_wide(const uint8_t *extra, size_t n, size_t *left)
{
    *left = 0;
    while (n >= 4) {
        size_t size = (size_t)number(extra + 2, 2);
        if (size > n - 4) break;
        if (number(extra, 2) == 1) return *left = size, extra + 4;
        extra += 4 + size;
        n -= 4 + size;
    }
    return extra;
}

/* The data behind the local header at `at`. */
static bool find_data(ZipEntry *e, const Reader *r, uint64_t at, uint64_t size)
{
    if (!has(r, at, LOCAL) || memcmp(r->bytes + at, "PK\3\4", 4))
        return refuse(r, "an entry is not where the directory says");
    uint64_t skip = LOCAL + number(r->bytes + at + 26, 2) + number(r->bytes + at + 28, 2);
    if (!has(r, at, skip) || !has(r, at + skip, size))
        return refuse(r, "an entry reaches past the end of the file");
    e->data = r->bytes + at + skip;
    e->size = (size_t)size;
    return true;
}

/* One record of the directory; *p moves past it. */
static bool read_entry(ZipEntry *e, const Reader *r, const uint8_t **p, const uint8_t *end)
{
    const uint8_t *at = *p;
    if (end - at < CENTRAL || memcmp(at, "PK\1\2", 4)) return refuse(r, "its directory is damaged");
    size_t name = (size_t)number(at + 28, 2), more = (size_t)number(at + 30, 2),
           comment = (size_t)number(at + 32, 2), left;
    if (name + more + comment > (size_t)(end - at) - CENTRAL) return refuse(r, "its directory is damaged");
    uint64_t packed = number(at + 20, 4), size = number(at + 24, 4), offset = number(at + 42, 4);
    const uint8_t *wide = find_wide(at + CENTRAL + name, more, &left);
    if (!widen(&size, &wide, &left) || !widen(&packed, &wide, &left) || !widen(&offset, &wide, &left))
        return refuse(r, "a 64-bit size is missing");
    if (number(at + 8, 2) & 1) return refuse(r, "an entry is encrypted");
    if (number(at + 10, 2) || packed != size)
        return refuse(r, "an entry is compressed, which no file of PyTorch is: unpack it first");
    e->name = (const char *)at + CENTRAL;
    e->name_size = name;
    *p = at + CENTRAL + name + more + comment;
    return find_data(e, r, offset, size);
}

static int compare(const char *a, size_t n, const char *b, size_t m)
{
    int order = memcmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static int by_name(const void *a, const void *b)
{
    const ZipEntry *x = a, *y = b;
    return compare(x->name, x->name_size, y->name, y->name_size);
}

static bool read_all(Zip *z, const Reader *r, const Directory *d)
{
    const uint8_t *p = r->bytes + d->at, *end = p + d->size;
    for (; z->n < d->entries; z->n++)
        if (!read_entry(&z->entry[z->n], r, &p, end)) return false;
    qsort(z->entry, z->n, sizeof *z->entry, by_name);
    for (size_t i = 1; i < z->n; i++)
        if (!by_name(&z->entry[i - 1], &z->entry[i])) return refuse(r, "two entries have the same name");
    return true;
}

bool zip_decode(Zip *out, const uint8_t *bytes, size_t size, const char *what, Err *err)
{
    Reader r = {bytes, size, what, err};
    Directory d;
    *out = (Zip){0};
    if (!zip_is(bytes, size)) return refuse(&r, "it does not begin like one");
    if (!find_directory(&d, &r)) return false;
    out->entry = malloc((d.entries + 1) * sizeof *out->entry);
    if (!out->entry) return err_nomem(err, "a zip archive's directory");
    if (read_all(out, &r, &d)) return true;
    zip_free(out);
    return false;
}

void zip_free(Zip *z)
{
    free(z->entry);
    *z = (Zip){0};
}

const ZipEntry *zip_find(const Zip *z, const char *name, size_t name_size)
{
    size_t low = 0, high = z->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare(z->entry[mid].name, z->entry[mid].name_size, name, name_size);
        if (!order) return &z->entry[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}
