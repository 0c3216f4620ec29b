/* Checkpoints: named float tensors and text facts in one sealed safetensors file. */
#include "data/checkpoint.h"
#include "base/digest.h"
#include "base/text.h"
#include "data/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "viewsmith-checkpoint-1"
#define SEAL   "sha256"

struct Checkpoint {
    Tensor *tensor; /* being made: names and metadata are ours, data is borrowed */
    TensorMeta *meta;
    int n, cap, metas, meta_cap;
    bool lost;        /* an allocation failed */
    Safetensors file; /* loaded */
};

static char *copy_of(Checkpoint *ck, const char *s)
{
    char *copy = strdup(s);
    if (!copy) ck->lost = true;
    return copy;
}

/* Room for one more element of `size`; NULL (and lost) when there is none. */
static void *grow(Checkpoint *ck, void *block, int n, int *cap, size_t size)
{
    if (n < *cap) return block;
    void *grown = realloc(block, (size_t)(2 * *cap + 16) * size);
    if (grown)
        *cap = 2 * *cap + 16;
    else
        ck->lost = true;
    return grown;
}

Checkpoint *checkpoint_make(void)
{
    Checkpoint *ck = calloc(1, sizeof *ck);
    if (ck) checkpoint_meta(ck, "format", FORMAT);
    return ck;
}

void checkpoint_free(Checkpoint *ck)
{
    if (!ck) return;
    for (int i = 0; i < ck->n; i++) free((void *)(uintptr_t)ck->tensor[i].name);
    for (int i = 0; i < ck->metas; i++) {
        free((void *)(uintptr_t)ck->meta[i].key);
        free((void *)(uintptr_t)ck->meta[i].value);
    }
    free(ck->tensor);
    free(ck->meta);
    safetensors_close(&ck->file);
    free(ck);
}

void checkpoint_tensor(Checkpoint *ck, const char *name, const float *data, size_t count)
{
    if (!ck || ck->lost) return;
    Tensor *grown = grow(ck, ck->tensor, ck->n, &ck->cap, sizeof *ck->tensor);
    if (!grown) return;
    ck->tensor = grown;
    char *own = copy_of(ck, name);
    if (!own) return;
    ck->tensor[ck->n++] = (Tensor){
        .name = own, .dtype = DTYPE_F32, .rank = 1, .shape = {(int64_t)count}, .count = count, .data = data};
}

void checkpoint_meta(Checkpoint *ck, const char *key, const char *value)
{
    if (!ck || ck->lost) return;
    TensorMeta *grown = grow(ck, ck->meta, ck->metas, &ck->meta_cap, sizeof *ck->meta);
    if (!grown) return;
    ck->meta = grown;
    char *own_key = copy_of(ck, key), *own_value = copy_of(ck, value);
    ck->meta[ck->metas++] = (TensorMeta){own_key, own_value};
}

void checkpoint_meta_int(Checkpoint *ck, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    checkpoint_meta(ck, key, text);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Tensor *)a)->name, ((const Tensor *)b)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const TensorMeta *)a)->key, ((const TensorMeta *)b)->key);
}

/* SHA-256 over all but the seal itself; both lists are sorted. */
static void seal_of(char hex[65], const Tensor *tensor, int n, const TensorMeta *meta, int metas)
{
    DigestState s;
    digest_begin(&s);
    for (int i = 0; i < metas; i++) {
        if (!strcmp(meta[i].key, SEAL)) continue;
        digest_add(&s, meta[i].key, strlen(meta[i].key) + 1);
        digest_add(&s, meta[i].value, strlen(meta[i].value) + 1);
    }
    for (int i = 0; i < n; i++) {
        uint64_t count = tensor[i].count;
        digest_add(&s, tensor[i].name, strlen(tensor[i].name) + 1);
        digest_add(&s, &count, sizeof count);
        digest_add(&s, tensor[i].data, tensor[i].count * safetensors_dtype_size(tensor[i].dtype));
    }
    Digest d = digest_end(&s);
    digest_hex(hex, &d, 64);
}

/* The new file is whole on disk before the current one becomes PATH.1. */
static bool save_sealed(const char *path, const Tensor *tensor, int n, const TensorMeta *meta, int metas,
                        Err *err)
{
    FileWriter *w = file_write_begin(path, err);
    if (!w) return false;
    if (safetensors_write(w, tensor, n, meta, metas, err) && file_keep_previous(path, err))
        return file_write_commit(w, err);
    file_write_abort(w);
    return false;
}

bool checkpoint_save(const Checkpoint *ck, const char *path, Err *err)
{
    char seal[65];
    if (!ck || ck->lost) return err_nomem(err, "a checkpoint");
    Tensor *tensor = malloc(((size_t)ck->n + 1) * sizeof *tensor);
    TensorMeta *meta = malloc(((size_t)ck->metas + 1) * sizeof *meta);
    bool ok = (tensor && meta) || err_nomem(err, "a checkpoint");
    if (ok) {
        if (ck->n) memcpy(tensor, ck->tensor, (size_t)ck->n * sizeof *tensor);
        memcpy(meta, ck->meta, (size_t)ck->metas * sizeof *meta);
        qsort(tensor, (size_t)ck->n, sizeof *tensor, by_name);
        qsort(meta, (size_t)ck->metas, sizeof *meta, by_key);
        seal_of(seal, tensor, ck->n, meta, ck->metas);
        meta[ck->metas] = (TensorMeta){SEAL, seal};
        ok = save_sealed(path, tensor, ck->n, meta, ck->metas + 1, err);
    }
    free(tensor);
    free(meta);
    return ok;
}

static bool check_seal(const Safetensors *st, const char *path, Err *err)
{
    const char *format = safetensors_meta(st, "format"), *seal = safetensors_meta(st, SEAL);
    char real[65];
    if (!format || strcmp(format, FORMAT) || !seal)
        return err_set(err, ERR_FORMAT, "%s: not a checkpoint of this program", path);
    seal_of(real, st->tensor, st->n, st->meta, st->metas);
    return !strcmp(seal, real) ||
           err_set(err, ERR_FORMAT, "%s: damaged: its content does not match its checksum", path);
}

static bool open_sealed(Safetensors *out, const char *path, Err *err)
{
    if (!safetensors_open(out, path, err)) return false;
    if (check_seal(out, path, err)) return true;
    safetensors_close(out);
    return false;
}

/* PATH with an ending, malloc'ed. */
static char *beside(const char *path, const char *ending)
{
    char *out = malloc(strlen(path) + strlen(ending) + 1);
    return out ? strcat(strcpy(out, path), ending) : NULL;
}

bool checkpoint_load(Checkpoint **out, const char *path, char *notice, size_t notice_cap, Err *err)
{
    Err first = {0}, second = {0};
    char *previous = beside(path, ".1");
    Checkpoint *ck = calloc(1, sizeof *ck);
    bool ok = (previous && ck) || err_nomem(err, "a checkpoint");
    if (notice_cap) *notice = 0;
    if (ok && !open_sealed(&ck->file, path, &first)) {
        ok = open_sealed(&ck->file, previous, &second);
        if (!ok)
            err_set(err, first.code, "%s%s", first.msg,
                    file_exists(previous) ? "; the one before it is damaged too" : "");
        else if (notice_cap)
            snprintf(notice, notice_cap, "%s; going on from the one before it", first.msg);
    }
    free(previous);
    *out = ok ? ck : NULL;
    if (!ok) checkpoint_free(ck);
    return ok;
}

bool checkpoint_has(const Checkpoint *ck, const char *name)
{
    return safetensors_find(&ck->file, name) != NULL;
}

bool checkpoint_get(const Checkpoint *ck, const char *name, float *out, size_t count, Err *err)
{
    const Tensor *t = safetensors_find(&ck->file, name);
    if (!t) return err_set(err, ERR_FORMAT, "the checkpoint has no tensor \"%s\"", name);
    return safetensors_floats(out, t, count, err);
}

const char *checkpoint_get_meta(const Checkpoint *ck, const char *key)
{
    return safetensors_meta(&ck->file, key);
}

bool checkpoint_get_int(const Checkpoint *ck, const char *key, uint64_t *out, Err *err)
{
    const char *s = checkpoint_get_meta(ck, key);
    if (!s) return err_set(err, ERR_FORMAT, "the checkpoint has no \"%s\"", key);
    uint64_t x = 0;
    for (const char *p = s; *p || p == s; p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(x, 10, &x) ||
            __builtin_add_overflow(x, *p - '0', &x))
            return err_set(err, ERR_FORMAT, "the checkpoint's \"%s\" is \"%.40s\", not a number", key, s);
    *out = x;
    return true;
}

static bool whole(const char *path)
{
    Safetensors st;
    bool ok = open_sealed(&st, path, NULL);
    if (ok) safetensors_close(&st);
    return ok;
}

bool checkpoint_tidy(const char *path, Err *err)
{
    char *previous = beside(path, ".1"), *damaged = beside(path, ".damaged");
    char *temporary = beside(path, ".tmp"), *link_name = beside(path, ".1.link");
    bool ok = (previous && damaged && temporary && link_name) || err_nomem(err, "a checkpoint");
    if (ok) {
        unlink(temporary);
        unlink(link_name);
        if (file_exists(path) && !whole(path) && whole(previous) && rename(path, damaged) != 0)
            ok = err_set(err, ERR_IO, "%s: damaged, and it cannot be set aside", path);
    }
    free(previous);
    free(damaged);
    free(temporary);
    free(link_name);
    return ok;
}
