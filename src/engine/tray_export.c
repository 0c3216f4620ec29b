/* The tray as folders of pictures and as archives. */
#include "engine/tray_export.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "data/png.h"
#include "data/tar.h"
#include "engine/export.h"
#include "engine/parts.h"
#include "engine/tray_db.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARD 1000

static const char *const kinds[EXPORT_KINDS] = {"folder", "classes", "tags", "webdataset"};

const char *export_kind_name(ExportKind kind)
{
    return kinds[kind];
}

bool export_kind_named(ExportKind *out, const char *name, Err *err)
{
    for (int k = 0; k < EXPORT_KINDS; k++)
        if (!strcmp(kinds[k], name)) return *out = (ExportKind)k, true;
    return err_set(err, ERR_USAGE, "no kind of export \"%s\"; there are folder, classes, tags, webdataset",
                   name);
}

/* An export under way. */
typedef struct {
    const TrayExport *what;
    Tray *tray;
    Latent *latent;
    FileWriter *manifest, *metadata; /* NULL for archives */
    TarWriter *tar;
    int in_tar, tars;
} Export;

/* One view of it. */
typedef struct {
    const TrayItem *item;
    const Address *address;
    char key[16];
    Image picture;
    uint8_t *png;
    size_t png_size;
    Parts parts;
    Json *row;
} Sample;

/* --- rows
 * ----------------------------------------------------------------------------------------------------- */

static const char *class_of(const Export *e, int class)
{
    const Generator *g = latent_generator(e->latent);
    return class >= 0 && class < g->config.classes ? g->class_name[class] : "all";
}

/* A name that can be a folder's. */
static void folder_name(char out[64], const char *name)
{
    snprintf(out, 64, "%s", name);
    for (char *p = out; *p; p++)
        if (strchr("/\\:*?\"<>|", *p)) *p = '-';
    if (*out == '.') *out = '-';
}

static Json *tags_of(const TrayItem *it)
{
    Json *all = json_make_array();
    char tag[TRAY_TAG_MAX + 1];
    for (const char *t = it->tags; *t; t += strcspn(t, " "), t += *t == ' ') {
        snprintf(tag, sizeof tag, "%.*s", (int)strcspn(t, " "), t);
        json_add_str(all, tag);
    }
    return all;
}

static void put_text(Json *o, const char *key, const char *text)
{
    if (*text) json_put_str(o, key, text);
}

static Json *row_of(const Export *e, const Sample *s)
{
    const TrayItem *it = s->item;
    Json *o = json_make(), *tensors = json_make_array();
    char hex[65];
    Digest d = digest_of(s->picture.px, (size_t)s->picture.w * (size_t)s->picture.h * (size_t)s->picture.c);
    digest_hex(hex, &d, 64);
    json_put_str(o, "address", it->address);
    json_put(o, "tags", tags_of(it));
    put_text(o, "note", it->note);
    put_text(o, "parent", it->parent);
    put_text(o, "origin", it->origin);
    json_put_int(o, "class", it->class);
    json_put_str(o, "class_name", class_of(e, it->class));
    json_put_num(o, "created", it->created);
    json_put_int(o, "width", s->picture.w);
    json_put_int(o, "height", s->picture.h);
    json_put_str(o, "digest", hex); /* SHA-256 of the pixels, rows from the top */
    for (int i = 0; i < s->parts.n; i++) json_add_str(tensors, s->parts.name[i]);
    json_put(o, "tensors", tensors);
    return o;
}

static bool put_line(FileWriter *w, const Json *o, Err *err)
{
    char *text = json_text(o);
    bool ok = text ? file_write(w, text, strlen(text), err) && file_write(w, "\n", 1, err)
                   : err_nomem(err, "a manifest");
    free(text);
    return ok;
}

/* --- folders
 * -------------------------------------------------------------------------------------------------- */

static bool put_metadata(Export *e, const Sample *s, const char *file, Err *err)
{
    Json *o = json_make();
    json_put_str(o, "file_name", file);
    json_put_str(o, "label", class_of(e, s->item->class));
    json_put_str(o, "tags", s->item->tags);
    json_put_str(o, "note", s->item->note);
    json_put_str(o, "address", s->item->address);
    bool ok = put_line(e->metadata, o, err);
    json_drop(o);
    return ok;
}

/* The picture in one folder of the export ("": at its top). */
static bool put_file(Export *e, const Sample *s, Json *files, const char *folder, Err *err)
{
    char name[64], file[128], path[4096], below[4096];
    folder_name(name, folder);
    snprintf(file, sizeof file, "%s%s%s.png", name, *name ? "/" : "", s->key);
    json_add_str(files, file);
    return file_join(below, sizeof below, e->what->path, name, err) &&
           (!*name || file_make_folder(below, err)) &&
           file_join(path, sizeof path, e->what->path, file, err) &&
           file_replace(path, s->png, s->png_size, err) && put_metadata(e, s, file, err);
}

static bool put_tag_files(Export *e, const Sample *s, Json *files, Err *err)
{
    char tag[TRAY_TAG_MAX + 1];
    if (!*s->item->tags) return put_file(e, s, files, "untagged", err);
    for (const char *t = s->item->tags; *t; t += strcspn(t, " "), t += *t == ' ') {
        snprintf(tag, sizeof tag, "%.*s", (int)strcspn(t, " "), t);
        if (!put_file(e, s, files, tag, err)) return false;
    }
    return true;
}

static bool put_part_files(Export *e, const Sample *s, Err *err)
{
    LatentStore beside;
    char folder[3072];
    if (!file_join(folder, sizeof folder, e->what->path, "tensors", err) || !store_open(&beside, folder, err))
        return false;
    for (int i = 0; i < s->parts.n; i++) {
        uint8_t *bytes;
        size_t size;
        if (!parts_read(&bytes, &size, &e->tray->store, s->parts.name[i], err)) return false;
        bool ok = parts_write(&beside, s->parts.name[i], bytes, size, err);
        free(bytes);
        if (!ok) return false;
    }
    return true;
}

static bool put_in_folder(Export *e, const Sample *s, Err *err)
{
    Json *files = json_make_array();
    ExportKind kind = e->what->kind;
    bool ok = kind == EXPORT_TAGS
                  ? put_tag_files(e, s, files, err)
                  : put_file(e, s, files, kind == EXPORT_CLASSES ? class_of(e, s->item->class) : "", err);
    json_put(s->row, "files", files);
    return ok && put_part_files(e, s, err) && put_line(e->manifest, s->row, err);
}

/* --- archives
 * ------------------------------------------------------------------------------------------------- */

static bool next_tar(Export *e, Err *err)
{
    char name[32], path[4096];
    TarWriter *full = e->tar;
    e->tar = NULL;
    if (full && !tar_commit(full, err)) return false;
    snprintf(name, sizeof name, "shard-%06d.tar", e->tars++);
    e->in_tar = 0;
    e->tar = file_join(path, sizeof path, e->what->path, name, err) ? tar_create(path, err) : NULL;
    return e->tar != NULL;
}

static bool put_entry(Export *e, const Sample *s, const char *extension, const void *bytes, size_t size,
                      Err *err)
{
    char name[PART_NAME + 32];
    snprintf(name, sizeof name, "%s.%s", s->key, extension);
    return tar_put(e->tar, name, bytes, size, err);
}

static bool put_part_entries(Export *e, const Sample *s, Err *err)
{
    for (int i = 0; i < s->parts.n; i++) {
        uint8_t *bytes;
        size_t size;
        const char *slash = strrchr(s->parts.name[i], '/');
        if (!parts_read(&bytes, &size, &e->tray->store, s->parts.name[i], err)) return false;
        bool ok = put_entry(e, s, slash ? slash + 1 : s->parts.name[i], bytes, size, err);
        free(bytes);
        if (!ok) return false;
    }
    return true;
}

static bool put_in_tar(Export *e, const Sample *s, Err *err)
{
    int most = e->what->shard > 0 ? e->what->shard : SHARD;
    char class[16], *text = json_text(s->row);
    if (!text) return err_nomem(err, "a row");
    snprintf(class, sizeof class, "%d", s->item->class);
    bool ok = ((e->tar && e->in_tar < most) || next_tar(e, err)) &&
              put_entry(e, s, "png", s->png, s->png_size, err) &&
              put_entry(e, s, "json", text, strlen(text), err) &&
              (s->item->class < 0 || put_entry(e, s, "cls", class, strlen(class), err)) &&
              put_part_entries(e, s, err);
    free(text);
    e->in_tar++;
    return ok;
}

/* --- all of it
 * ------------------------------------------------------------------------------------------------ */

static bool make_sample(Sample *s, Export *e, const TrayItem *it, const Address *a, int at, Err *err)
{
    *s = (Sample){.item = it, .address = a};
    snprintf(s->key, sizeof s->key, "%06d", at);
    parts_of(&s->parts, a);
    bool ok = tray_supply(e->tray, a, err) && export_images(&s->picture, e->latent, a, 1, err) &&
              export_png_bytes(&s->png, &s->png_size, &s->picture, a, 1, it->address, err);
    if (ok) s->row = row_of(e, s);
    return ok;
}

static void sample_free(Sample *s)
{
    image_free(&s->picture);
    free(s->png);
    json_drop(s->row);
}

static bool export_one(Export *e, const TrayItem *it, const Address *a, int at, Err *err)
{
    Sample s;
    bool ok = make_sample(&s, e, it, a, at, err) &&
              (e->what->kind == EXPORT_SHARDS ? put_in_tar(e, &s, err) : put_in_folder(e, &s, err));
    sample_free(&s);
    return ok;
}

static bool begin_file(FileWriter **out, const Export *e, const char *name, Err *err)
{
    char path[4096];
    *out = file_join(path, sizeof path, e->what->path, name, err) ? file_write_begin(path, err) : NULL;
    return *out != NULL;
}

/* Nothing of a person's is ever mixed with what is written here. */
static bool begin_folder(const char *path, Err *err)
{
    char **name;
    if (!file_make_folder(path, err)) return false;
    long n = file_list(path, &name, err);
    if (n < 0) return false;
    free(name);
    return !n || err_set(err, ERR_USAGE, "%s is not empty: name a new folder", path);
}

static bool begin(Export *e, Err *err)
{
    if (!begin_folder(e->what->path, err)) return false;
    if (e->what->kind == EXPORT_SHARDS) return true;
    return begin_file(&e->manifest, e, "manifest.jsonl", err) &&
           begin_file(&e->metadata, e, "metadata.jsonl", err);
}

static bool end_file(FileWriter *w, bool ok, Err *err)
{
    if (w && ok) return file_write_commit(w, err);
    if (w) file_write_abort(w);
    return ok;
}

static bool end(Export *e, bool ok, Err *err)
{
    if (e->tar && ok) {
        ok = tar_commit(e->tar, err);
        e->tar = NULL;
    }
    tar_abort(e->tar);
    ok = end_file(e->metadata, ok, err);
    return end_file(e->manifest, ok, err);
}

bool tray_export(TrayExported *out, const TrayExport *what, const TrayList *list, Tray *t, Latent *l,
                 TrayProgress *progress, void *ctx, Err *err)
{
    Export e = {.what = what, .tray = t, .latent = l};
    *out = (TrayExported){0};
    bool ok = begin(&e, err);
    for (int i = 0; ok && i < list->n; i++) {
        Address a;
        const TrayItem *it = &list->item[i];
        ok = address_parse(&a, it->address, err);
        if (!ok || strcmp(a.digest, latent_generator(l)->digest)) {
            out->left_out += ok;
            continue;
        }
        ok = export_one(&e, it, &a, out->done, err);
        out->done += ok;
        if (ok && progress && !progress(ctx, i + 1, list->n))
            ok = err_set(err, ERR_CANCELLED, "the export into %s was stopped after %d views", what->path,
                         out->done);
    }
    return end(&e, ok, err);
}
