/* NumPy .npy files of float32 and int64. */
#include "data/npy.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { NPY_F4, NPY_F8, NPY_I4, NPY_I8, NPY_U1, NPY_TYPES } NpyType;

static const struct {
    const char *descr;
    size_t size;
    bool whole;
} types[NPY_TYPES] = {
    {"<f4", 4, false}, {"<f8", 8, false}, {"<i4", 4, true}, {"<i8", 8, true}, {"|u1", 1, true}};

/* The header is the text of a Python dict; this reads the one shape NumPy writes and nothing else. */
typedef struct {
    const char *at, *end, *what;
    Err *err;
    NpyType type;
    bool fortran;
    bool has_descr, has_order, has_shape;
} Header;

static bool damaged(Header *h)
{
    return err_set(h->err, ERR_FORMAT, "%s: the header of this .npy file is damaged", h->what);
}

static void skip_blanks(Header *h)
{
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\n')) h->at++;
}

static bool take(Header *h, const char *token)
{
    size_t n = strlen(token);
    skip_blanks(h);
    if ((size_t)(h->end - h->at) < n || memcmp(h->at, token, n)) return false;
    h->at += n;
    return true;
}

static bool take_string(Header *h, char *out, size_t cap)
{
    skip_blanks(h);
    if (h->at == h->end || (*h->at != '\'' && *h->at != '"')) return false;
    char quote = *h->at++;
    const char *stop = memchr(h->at, quote, (size_t)(h->end - h->at));
    if (!stop || (size_t)(stop - h->at) >= cap) return false;
    memcpy(out, h->at, (size_t)(stop - h->at));
    out[stop - h->at] = 0;
    h->at = stop + 1;
    return true;
}

static bool take_dimension(Header *h, int64_t *out)
{
    skip_blanks(h);
    const char *start = h->at;
    *out = 0;
    for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, *h->at - '0', out))
            return false;
    return h->at > start;
}

static bool read_type(Header *h)
{
    char descr[16];
    if (take(h, "["))
        return err_set(h->err, ERR_FORMAT, "%s: holds records; plain numbers are read", h->what);
    if (!take_string(h, descr, sizeof descr)) return damaged(h);
    if (strchr(descr, 'O'))
        return err_set(h->err, ERR_FORMAT,
                       "%s: holds Python objects, which would run code when read; save numbers instead",
                       h->what);
    for (h->type = 0; h->type < NPY_TYPES; h->type++)
        if (!strcmp(types[h->type].descr, descr)) return true;
    return err_set(h->err, ERR_FORMAT, "%s: holds \"%s\"; <f4, <f8, <i4, <i8 and |u1 are read", h->what,
                   descr);
}

static bool read_shape(Header *h, Npy *out)
{
    if (!take(h, "(")) return damaged(h);
    for (out->rank = 0; !take(h, ")"); out->rank++) {
        if (out->rank == NPY_RANK_MAX)
            return err_set(h->err, ERR_LIMIT, "%s: more than %d dimensions", h->what, NPY_RANK_MAX);
        if (!take_dimension(h, &out->shape[out->rank])) return damaged(h);
        if (!take(h, ",") && (h->at == h->end || *h->at != ')')) return damaged(h);
    }
    return true;
}

static bool read_entry(Header *h, Npy *out)
{
    char key[16];
    bool *seen;
    if (!take_string(h, key, sizeof key) || !take(h, ":")) return damaged(h);
    if (!strcmp(key, "descr"))
        seen = &h->has_descr;
    else if (!strcmp(key, "fortran_order"))
        seen = &h->has_order;
    else if (!strcmp(key, "shape"))
        seen = &h->has_shape;
    else
        return damaged(h);
    if (*seen) return damaged(h);
    *seen = true;
    if (seen == &h->has_descr) return read_type(h);
    if (seen == &h->has_shape) return read_shape(h, out);
    h->fortran = take(h, "True");
    return h->fortran || take(h, "False") || damaged(h);
}

static bool read_header(Header *h, Npy *out)
{
    if (!take(h, "{")) return damaged(h);
    while (!take(h, "}")) {
        if (!read_entry(h, out)) return false;
        if (!take(h, ",") && (h->at == h->end || *h->at != '}')) return damaged(h);
    }
    skip_blanks(h);
    if (h->at != h->end || !h->has_descr || !h->has_order || !h->has_shape) return damaged(h);
    if (h->fortran && out->rank > 1)
        return err_set(h->err, ERR_FORMAT, "%s: is in Fortran order; save numpy.ascontiguousarray(x) instead",
                       h->what);
    return true;
}

static void convert(Npy *out, NpyType type, const uint8_t *data)
{
    for (size_t i = 0; i < out->count; i++, data += types[type].size) {
        double f8;
        int32_t i4;
        switch (type) {
        case NPY_F8:
            memcpy(&f8, data, 8), out->f32[i] = (float)f8;
            break;
        case NPY_I4:
            memcpy(&i4, data, 4), out->i64[i] = i4;
            break;
        case NPY_U1:
            out->i64[i] = *data;
            break;
        case NPY_F4:
            memcpy(&out->f32[i], data, 4);
            break;
        default:
            memcpy(&out->i64[i], data, 8);
            break;
        }
    }
}

static bool read_data(Header *h, Npy *out, const uint8_t *data, size_t size)
{
    size_t item = types[h->type].size, bytes = item;
    for (int i = 0; i < out->rank; i++)
        if (__builtin_mul_overflow(bytes, (size_t)out->shape[i], &bytes))
            return err_set(h->err, ERR_FORMAT, "%s: the shape overflows", h->what);
    if (bytes != size)
        return err_set(h->err, ERR_FORMAT, "%s: %zu bytes of data where the shape needs %zu", h->what, size,
                       bytes);
    out->count = bytes / item;
    if (types[h->type].whole)
        out->i64 = malloc(out->count * sizeof *out->i64 + 1);
    else
        out->f32 = malloc(out->count * sizeof *out->f32 + 1);
    if (!out->i64 && !out->f32) return err_nomem(h->err, h->what);
    convert(out, h->type, data);
    return true;
}

bool npy_decode(const uint8_t *bytes, size_t size, const char *what, Npy *out, Err *err)
{
    *out = (Npy){0};
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6))
        return err_set(err, ERR_FORMAT, "%s: not a .npy file", what);
    if (bytes[6] < 1 || bytes[6] > 3)
        return err_set(err, ERR_FORMAT, "%s: .npy version %u; 1 to 3 are read", what, bytes[6]);
    size_t at = bytes[6] == 1 ? 10 : 12, length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > size - at) return err_set(err, ERR_FORMAT, "%s: cut short inside its header", what);
    Header h = {
        .at = (const char *)bytes + at, .end = (const char *)bytes + at + length, .what = what, .err = err};
    bool ok = read_header(&h, out) && read_data(&h, out, bytes + at + length, size - at - length);
    if (!ok) npy_free(out);
    return ok;
}

bool npy_load(const char *path, Npy *out, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (Npy){0};
    if (!file_read(path, NPY_FILE_MAX, &bytes, &size, err)) return false;
    bool ok = npy_decode(bytes, size, path, out, err);
    free(bytes);
    return ok;
}

/* Magic, version 1.0 and the dict, padded with blanks so that the data starts at a multiple of 64. */
static size_t make_header(char out[512], const char *descr, const int64_t *shape, int rank)
{
    int n =
        snprintf(out, 512, "\x93NUMPY\x01%c??{'descr': '%s', 'fortran_order': False, 'shape': (", 0, descr);
    for (int i = 0; i < rank; i++)
        n += snprintf(out + n, 512 - (size_t)n, i ? ", %lld" : "%lld", (long long)shape[i]);
    n += snprintf(out + n, 512 - (size_t)n, rank == 1 ? ",), }" : "), }");
    while (n % 64 != 63) out[n++] = ' ';
    out[n++] = '\n';
    out[8] = (char)((n - 10) & 255);
    out[9] = (char)((n - 10) >> 8);
    return (size_t)n;
}

static bool save(const char *path, const char *descr, const void *data, size_t item, const int64_t *shape,
                 int rank, Err *err)
{
    char header[512];
    if (rank < 0 || rank > NPY_RANK_MAX) return err_set(err, ERR_USAGE, "%s: %d dimensions", path, rank);
    for (int i = 0; i < rank; i++)
        if (shape[i] < 0 || __builtin_mul_overflow(item, (size_t)shape[i], &item))
            return err_set(err, ERR_USAGE, "%s: the shape overflows", path);
    size_t size = make_header(header, descr, shape, rank);
    FileWriter *w = file_write_begin(path, err);
    if (!w) return false;
    if (file_write(w, header, size, err) && file_write(w, data, item, err)) return file_write_commit(w, err);
    file_write_abort(w);
    return false;
}

bool npy_save_floats(const char *path, const float *data, const int64_t *shape, int rank, Err *err)
{
    return save(path, "<f4", data, sizeof *data, shape, rank, err);
}

bool npy_save_ints(const char *path, const int64_t *data, const int64_t *shape, int rank, Err *err)
{
    return save(path, "<i8", data, sizeof *data, shape, rank, err);
}

void npy_free(Npy *npy)
{
    free(npy->f32);
    free(npy->i64);
    *npy = (Npy){0};
}
