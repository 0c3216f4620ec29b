/* Reads safetensors files: everything is checked before anything is used. */
#include "data/safetensors.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensor files are little endian and are copied as they are"
#endif

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [DTYPE_F32] = {"F32", 4}, [DTYPE_F16] = {"F16", 2}, [DTYPE_BF16] = {"BF16", 2},
    [DTYPE_I64] = {"I64", 8}, [DTYPE_U8] = {"U8", 1},
};

size_t safetensors_dtype_size(Dtype d)
{
    return dtypes[d].size;
}

const char *safetensors_dtype_name(Dtype d)
{
    return dtypes[d].name;
}

/* What every check below needs to know; `name` is the tensor at hand. */
typedef struct {
    const char *what, *name;
    const uint8_t *data;
    size_t size;
    Err *err;
} Reader;

/* "FILE: tensor "NAME" ..." */

__attribute__((format(printf, 2, 3), cold)) static bool refuse(const Reader *r, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return err_set(r->err, ERR_FORMAT, "%s: tensor \"%.80s\" %s", r->what, r->name, why);
}

static bool read_dtype(const Reader *r, Tensor *t, const Json *value)
{
    const char *name;
    if (!value || !json_value_str(value, &name)) return refuse(r, "has no dtype");
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(dtypes[i].name, name)) {
            t->dtype = (Dtype)i;
            return true;
        }
    return refuse(r, "has the type %.20s; F32, F16, BF16, I64 and U8 are read", name);
}

static bool read_shape(const Reader *r, Tensor *t, const Json *value)
{
    if (!value || !json_is_array(value)) return refuse(r, "has no shape");
    if (json_count(value) > SAFETENSORS_RANK_MAX)
        return refuse(r, "has %zu dimensions; at most %d are read", json_count(value), SAFETENSORS_RANK_MAX);
    t->rank = (int)json_count(value);
    t->count = 1;
    for (int i = 0; i < t->rank; i++) {
        int64_t d;
        if (!json_value_int(json_at(value, (size_t)i), &d))
            return refuse(r, "has a dimension that is no whole number");
        if (d < 0) return refuse(r, "has a negative dimension");
        if (__builtin_mul_overflow(t->count, (size_t)d, &t->count))
            return refuse(r, "has a shape that overflows");
        t->shape[i] = d;
    }
    return true;
}

static bool read_place(const Reader *r, Tensor *t, const Json *value)
{
    int64_t begin, end;
    size_t bytes;
    if (!value || !json_is_array(value) || json_count(value) != 2 ||
        !json_value_int(json_at(value, 0), &begin) || !json_value_int(json_at(value, 1), &end))
        return refuse(r, "has no data_offsets of two whole numbers");
    if (begin < 0 || end < begin) return refuse(r, "has data_offsets that run backwards");
    if ((uint64_t)end > r->size) return refuse(r, "ends behind the end of the file");
    if (__builtin_mul_overflow(t->count, dtypes[t->dtype].size, &bytes))
        return refuse(r, "has a shape that overflows");
    if ((size_t)(end - begin) != bytes)
        return refuse(r, "has %lld bytes where its shape and type need %zu", (long long)(end - begin), bytes);
    t->data = r->data + begin;
    return true;
}

static bool read_tensor(Reader *r, Tensor *t, const char *name, const Json *value)
{
    r->name = t->name = name;
    if (!*name) return err_set(r->err, ERR_FORMAT, "%s: a tensor has no name", r->what);
    if (!json_is_object(value)) return refuse(r, "is not described by an object");
    if (!read_dtype(r, t, json_get(value, "dtype")) || !read_shape(r, t, json_get(value, "shape")) ||
        !read_place(r, t, json_get(value, "data_offsets")))
        return false;
    return json_count(value) == 3 || refuse(r, "has a field other than dtype, shape and data_offsets");
}

static bool read_meta(const Reader *r, Safetensors *out, const Json *value)
{
    if (!json_is_object(value))
        return err_set(r->err, ERR_FORMAT, "%s: __metadata__ is not an object", r->what);
    out->meta = calloc(json_count(value) + 1, sizeof *out->meta);
    if (!out->meta) return err_nomem(r->err, r->what);
    for (JsonIter it = json_first(value); it.key; it = json_next(value, it)) {
        TensorMeta *m = &out->meta[out->metas++];
        m->key = it.key;
        if (!json_value_str(it.value, &m->value))
            return err_set(r->err, ERR_FORMAT, "%s: __metadata__ \"%.80s\" is not a string", r->what, it.key);
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const Tensor *x = a, *y = b;
    if (x->data != y->data) return (const uint8_t *)x->data < (const uint8_t *)y->data ? -1 : 1;
    return (x->count > 0) - (y->count > 0); /* an empty one lies before what starts there */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Tensor *)a)->name, ((const Tensor *)b)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const TensorMeta *)a)->key, ((const TensorMeta *)b)->key);
}

/* In the order of their places the tensors must follow each other from the first byte to the last. */
static bool check_places(Reader *r, Safetensors *st)
{
    const uint8_t *at = r->data;
    qsort(st->tensor, (size_t)st->n, sizeof *st->tensor, by_place);
    for (int i = 0; i < st->n; i++) {
        const Tensor *t = &st->tensor[i];
        const uint8_t *begin = t->data;
        r->name = t->name;
        if (begin < at) return refuse(r, "overlaps another");
        if (begin > at) return refuse(r, "starts after a hole of %td bytes", begin - at);
        at = begin + t->count * dtypes[t->dtype].size;
    }
    size_t used = (size_t)(at - r->data);
    if (used < r->size)
        return err_set(r->err, ERR_FORMAT, "%s: %zu bytes follow the last tensor", r->what, r->size - used);
    return true;
}

static bool read_header(Reader *r, Safetensors *out, const Json *header)
{
    if (json_count(header) > SAFETENSORS_TENSORS_MAX)
        return err_set(r->err, ERR_LIMIT, "%s: %zu tensors; at most %d are read", r->what, json_count(header),
                       SAFETENSORS_TENSORS_MAX);
    out->tensor = calloc(json_count(header) + 1, sizeof *out->tensor);
    if (!out->tensor) return err_nomem(r->err, r->what);
    for (JsonIter it = json_first(header); it.key; it = json_next(header, it)) {
        if (!strcmp(it.key, "__metadata__")) {
            if (!read_meta(r, out, it.value)) return false;
        } else if (!read_tensor(r, &out->tensor[out->n++], it.key, it.value)) {
            return false;
        }
    }
    if (!check_places(r, out)) return false;
    qsort(out->tensor, (size_t)out->n, sizeof *out->tensor, by_name);
    if (out->meta) qsort(out->meta, (size_t)out->metas, sizeof *out->meta, by_key);
    return true;
}

bool safetensors_decode(Safetensors *out, const uint8_t *bytes, size_t size, const char *what, Err *err)
{
    uint64_t length;
    *out = (Safetensors){0};
    if (size < 8)
        return err_set(err, ERR_FORMAT, "%s: %zu bytes are too short for a safetensors file", what, size);
    memcpy(&length, bytes, 8);
    if (length > SAFETENSORS_HEADER_MAX)
        return err_set(err, ERR_LIMIT, "%s: not a safetensors file, or its header is over %zu MiB", what,
                       SAFETENSORS_HEADER_MAX >> 20);
    if (length > size - 8) return err_set(err, ERR_FORMAT, "%s: cut short inside its header", what);
    if (length < 2 || bytes[8] != '{')
        return err_set(err, ERR_FORMAT, "%s: not a safetensors file: its header does not begin with {", what);
    Json *header = json_parse((const char *)bytes + 8, length, what, err);
    if (!header) return false;
    out->header = header;
    Reader r = {.what = what, .data = bytes + 8 + length, .size = size - 8 - length, .err = err};
    bool ok = read_header(&r, out, header);
    if (!ok) safetensors_close(out);
    return ok;
}

bool safetensors_open(Safetensors *out, const char *path, Err *err)
{
    uint8_t *bytes;
    size_t size;
    *out = (Safetensors){0};
    if (!file_read(path, SAFETENSORS_FILE_MAX, &bytes, &size, err)) return false;
    if (!safetensors_decode(out, bytes, size, path, err)) {
        free(bytes);
        return false;
    }
    out->bytes = bytes;
    return true;
}

void safetensors_close(Safetensors *st)
{
    free(st->tensor);
    free(st->meta);
    json_drop(st->header);
    free(st->bytes);
    *st = (Safetensors){0};
}

const Tensor *safetensors_find(const Safetensors *st, const char *name)
{
    Tensor key = {.name = name};
    return st->n ? bsearch(&key, st->tensor, (size_t)st->n, sizeof key, by_name) : NULL;
}

const char *safetensors_meta(const Safetensors *st, const char *key)
{
    TensorMeta wanted = {.key = key};
    const TensorMeta *m =
        st->metas ? bsearch(&wanted, st->meta, (size_t)st->metas, sizeof wanted, by_key) : NULL;
    return m ? m->value : NULL;
}

static float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float safetensors_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31) return float_of_bits(sign | 0x7F800000 | fraction << 13);
    if (exponent) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = (float)fraction * 0x1p-24f; /* subnormal: exact */
    return sign ? -tiny : tiny;
}

float safetensors_bfloat(uint16_t b)
{
    return float_of_bits((uint32_t)b << 16);
}

bool safetensors_floats(float *out, const Tensor *t, size_t count, Err *err)
{
    const uint8_t *data = t->data;
    uint16_t bits;
    if (t->count != count)
        return err_set(err, ERR_FORMAT, "tensor \"%.80s\" has %zu values where %zu are needed", t->name,
                       t->count, count);
    switch (t->dtype) {
    case DTYPE_F32:
        if (count) memcpy(out, data, count * sizeof *out);
        return true;
    case DTYPE_F16:
    case DTYPE_BF16:
        for (size_t i = 0; i < count; i++) {
            memcpy(&bits, data + 2 * i, 2);
            out[i] = t->dtype == DTYPE_F16 ? safetensors_half(bits) : safetensors_bfloat(bits);
        }
        return true;
    default:
        return err_set(err, ERR_FORMAT, "tensor \"%.80s\" holds %s where floats are needed", t->name,
                       dtypes[t->dtype].name);
    }
}
