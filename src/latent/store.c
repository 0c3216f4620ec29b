/* The store of latents by content hash. */
#include "latent/store.h"
#include "base/digest.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

bool store_open(LatentStore *out, const char *folder, Err *err)
{
    char data[2048];
    if (folder) return file_join(out->folder, sizeof out->folder, folder, "", err);
    return file_xdg(data, sizeof data, XDG_DATA, err) &&
           file_join(out->folder, sizeof out->folder, data, "latents", err);
}

LatentRef store_ref(RefKind kind, const float *x, size_t count)
{
    Digest d = digest_of(x, count * sizeof *x);
    uint64_t id = 0;
    for (int i = 0; i < 8; i++) id = id << 8 | d.byte[i];
    return (LatentRef){kind, id};
}

static bool store_path(char *out, size_t cap, const LatentStore *s, const LatentRef *ref, Err *err)
{
    char name[40];
    latent_ref_print(name, ref);
    strcat(name, ".f32");
    return file_join(out, cap, s->folder, name, err);
}

bool store_has(const LatentStore *s, const LatentRef *ref)
{
    char path[4096];
    return store_path(path, sizeof path, s, ref, NULL) && file_exists(path);
}

static bool all_finite(const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!__builtin_isfinite(x[i])) return false;
    return true;
}

bool store_put(LatentRef *out, const LatentStore *s, RefKind kind, const float *x, size_t count, Err *err)
{
    char path[4096];
    if (kind == REF_SEED || count == 0 || count > STORE_FLOATS_MAX)
        return err_set(err, ERR_USAGE, "a stored latent is a z, w or wp of 1 to %zu numbers",
                       STORE_FLOATS_MAX);
    if (!all_finite(x, count))
        return err_set(err, ERR_NUMERIC, "a latent to be stored holds NaN or infinity");
    LatentRef ref = store_ref(kind, x, count);
    bool ok = store_path(path, sizeof path, s, &ref, err) && file_make_folder(s->folder, err) &&
              (file_exists(path) || file_replace(path, x, count * sizeof *x, err));
    if (ok) *out = ref;
    return ok;
}

bool store_get(float *x, const LatentStore *s, const LatentRef *ref, size_t count, Err *err)
{
    char path[4096];
    uint8_t *bytes;
    size_t size;
    if (!store_path(path, sizeof path, s, ref, err) ||
        !file_read(path, STORE_FLOATS_MAX * sizeof *x, &bytes, &size, err))
        return false;
    bool ok = size == count * sizeof *x;
    if (!ok) {
        err_set(err, ERR_FORMAT, "%s: holds %zu bytes where this model's latent takes %zu", path, size,
                count * sizeof *x);
    } else {
        memcpy(x, bytes, size);
        ok = store_ref(ref->kind, x, count).id == ref->id && all_finite(x, count);
        if (!ok)
            err_set(err, ERR_FORMAT, "%s: its content does not match its name; the file is damaged", path);
    }
    free(bytes);
    return ok;
}
