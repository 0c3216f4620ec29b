/* The files of the store that an address refers to. */
#include "engine/parts.h"
#include "base/file.h"
#include <stdio.h>
#include <string.h>

static void put(Parts *out, const char *name)
{
    for (int i = 0; i < out->n; i++)
        if (!strcmp(out->name[i], name)) return;
    if (out->n < PARTS_MAX) snprintf(out->name[out->n++], PART_NAME, "%s", name);
}

static void put_ref(Parts *out, const LatentRef *ref)
{
    char text[24], name[PART_NAME];
    if (ref->kind == REF_SEED) return;
    latent_ref_print(text, ref);
    snprintf(name, sizeof name, "%s.f32", text);
    put(out, name);
}

void parts_of(Parts *out, const Address *a)
{
    static const int refs[] = {[SOURCE_SEED] = 1, [SOURCE_BLEND] = 4, [SOURCE_LERP] = 2, [SOURCE_LATENT] = 1};
    char name[PART_NAME];
    out->n = 0;
    for (int i = 0; i < refs[a->source.kind]; i++) put_ref(out, &a->source.ref[i]);
    for (int i = 0; i < a->mixes; i++) put_ref(out, &a->mix[i].ref);
    for (int i = 0; i < a->edits; i++) {
        if (!a->edit[i].hashed) continue;
        snprintf(name, sizeof name, "directions/%s.%08x.safetensors", a->edit[i].dir, a->edit[i].hash);
        put(out, name);
    }
}

static bool path_of(char out[4096], const LatentStore *s, const char *name, Err *err)
{
    return file_join(out, 4096, s->folder, name, err);
}

bool parts_has(const LatentStore *s, const char *name)
{
    char path[4096];
    return path_of(path, s, name, NULL) && file_exists(path);
}

bool parts_read(uint8_t **bytes, size_t *size, const LatentStore *s, const char *name, Err *err)
{
    char path[4096];
    if (!path_of(path, s, name, err)) return false;
    if (!file_exists(path))
        return err_set(err, ERR_IO,
                       "the view needs %s, which is not on this machine: import it from where it was made",
                       path);
    return file_read(path, PART_BYTES, bytes, size, err);
}

/* A stored latent is named by its content. */
static bool fits_name(const char *name, const void *bytes, size_t size)
{
    char text[24];
    LatentRef ref, is;
    size_t n = strlen(name);
    if (n < 4 || strcmp(name + n - 4, ".f32")) return true;
    snprintf(text, sizeof text, "%.*s", (int)(n - 4), name);
    if (!latent_ref_parse(&ref, text, NULL) || size % sizeof(float)) return false;
    is = store_ref(ref.kind, bytes, size / sizeof(float));
    return is.id == ref.id;
}

bool parts_write(const LatentStore *s, const char *name, const void *bytes, size_t size, Err *err)
{
    char path[4096];
    if (!path_of(path, s, name, err)) return false;
    if (file_exists(path)) return true;
    if (!fits_name(name, bytes, size))
        return err_set(err, ERR_FORMAT, "the tensor %s is damaged: its content does not match its name",
                       name);
    *strrchr(path, '/') = 0;
    return file_make_folder(path, err) && path_of(path, s, name, err) && file_replace(path, bytes, size, err);
}
