/* Writes safetensors files: the same bytes for the same content. */
#include "base/json.h"
#include "data/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_size_and_name(const void *a, const void *b)
{
    const Tensor *x = *(const Tensor *const *)a, *y = *(const Tensor *const *)b;
    size_t p = safetensors_dtype_size(x->dtype), q = safetensors_dtype_size(y->dtype);
    return p != q ? (p < q) - (p > q) : strcmp(x->name, y->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const TensorMeta *const *)a)->key, (*(const TensorMeta *const *)b)->key);
}

static bool tensor_bytes(size_t *bytes, const Tensor *t, Err *err)
{
    if (!*t->name || !strcmp(t->name, "__metadata__"))
        return err_set(err, ERR_USAGE, "a tensor cannot be named \"%s\"", t->name);
    if (t->rank < 0 || t->rank > SAFETENSORS_RANK_MAX)
        return err_set(err, ERR_USAGE, "tensor \"%.80s\" has %d dimensions", t->name, t->rank);
    *bytes = safetensors_dtype_size(t->dtype);
    for (int i = 0; i < t->rank; i++)
        if (t->shape[i] < 0 || __builtin_mul_overflow(*bytes, (size_t)t->shape[i], bytes))
            return err_set(err, ERR_USAGE, "tensor \"%.80s\" has a shape that overflows", t->name);
    return true;
}

/* A JSON string; whether it is UTF-8 is found when the whole header is read back. */
static void put_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fprintf(f, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            fprintf(f, "\\u%04x", *s);
        else
            fputc(*s, f);
    }
    fputc('"', f);
}

static void put_meta(FILE *f, const TensorMeta *const *meta, int metas)
{
    fputs("\"__metadata__\":{", f);
    for (int i = 0; i < metas; i++) {
        if (i) fputc(',', f);
        put_string(f, meta[i]->key);
        fputc(':', f);
        put_string(f, meta[i]->value);
    }
    fputc('}', f);
}

static bool put_tensors(FILE *f, const Tensor *const *tensor, int n, bool first, Err *err)
{
    size_t at = 0, bytes;
    for (int i = 0; i < n; i++, first = false, at += bytes) {
        const Tensor *t = tensor[i];
        if (!tensor_bytes(&bytes, t, err)) return false;
        if (bytes > SAFETENSORS_FILE_MAX - at)
            return err_set(err, ERR_LIMIT, "the tensors are over 4 GiB together");
        if (!first) fputc(',', f);
        put_string(f, t->name);
        fprintf(f, ":{\"dtype\":\"%s\",\"shape\":[", safetensors_dtype_name(t->dtype));
        for (int k = 0; k < t->rank; k++) fprintf(f, "%s%lld", k ? "," : "", (long long)t->shape[k]);
        fprintf(f, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
    }
    return true;
}

/* Header text padded with blanks to a multiple of 8; *text is malloc'ed. What we write we must be able to
 * read, so it is parsed once: that finds invalid UTF-8 and names used twice. */
static bool make_header(char **text, size_t *size, const Tensor *const *tensor, int n,
                        const TensorMeta *const *meta, int metas, Err *err)
{
    *text = NULL;
    FILE *f = open_memstream(text, size);
    if (!f) return err_nomem(err, "a safetensors header");
    fputc('{', f);
    if (metas) put_meta(f, meta, metas);
    bool ok = put_tensors(f, tensor, n, !metas, err);
    fputc('}', f);
    for (long at = ftell(f); at % 8; at++) fputc(' ', f);
    if (fclose(f) || !*text) return err_nomem(err, "a safetensors header");
    if (!ok) return false;
    if (*size > SAFETENSORS_HEADER_MAX)
        return err_set(err, ERR_LIMIT, "the names and metadata of this safetensors file are over 8 MiB");
    Json *header = json_parse(*text, *size, "safetensors header to be written", err);
    json_drop(header);
    return header != NULL;
}

static bool write_all(FileWriter *w, const char *header, uint64_t size, const Tensor *const *tensor, int n,
                      Err *err)
{
    size_t bytes;
    if (!file_write(w, &size, 8, err) || !file_write(w, header, size, err)) return false;
    for (int i = 0; i < n; i++)
        if (!tensor_bytes(&bytes, tensor[i], err) || !file_write(w, tensor[i]->data, bytes, err))
            return false;
    return true;
}

bool safetensors_write(FileWriter *w, const Tensor *tensor, int n, const TensorMeta *meta, int metas,
                       Err *err)
{
    if (n > SAFETENSORS_TENSORS_MAX - 1)
        return err_set(err, ERR_LIMIT, "%d tensors are more than a safetensors file takes", n);
    const Tensor **order = calloc((size_t)n + 1, sizeof *order);
    const TensorMeta **keys = calloc((size_t)metas + 1, sizeof *keys);
    bool ok = (order && keys) || err_nomem(err, "a safetensors file");
    char *header = NULL;
    size_t size;
    for (int i = 0; ok && i < n; i++) order[i] = &tensor[i];
    for (int i = 0; ok && i < metas; i++) keys[i] = &meta[i];
    if (ok) {
        qsort(order, (size_t)n, sizeof *order, by_size_and_name);
        qsort(keys, (size_t)metas, sizeof *keys, by_key);
        ok = make_header(&header, &size, order, n, keys, metas, err) &&
             write_all(w, header, size, order, n, err);
    }
    free(header);
    free(order);
    free(keys);
    return ok;
}

bool safetensors_save(const char *path, const Tensor *tensor, int n, const TensorMeta *meta, int metas,
                      Err *err)
{
    FileWriter *w = file_write_begin(path, err);
    if (!w) return false;
    if (safetensors_write(w, tensor, n, meta, metas, err)) return file_write_commit(w, err);
    file_write_abort(w);
    return false;
}
