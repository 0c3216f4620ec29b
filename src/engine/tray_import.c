/* The tray filled from folders of pictures, manifests, archives and single pictures. */
#include "engine/tray_export.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "data/folder.h"
#include "data/picture.h"
#include "data/png.h"
#include "data/tar.h"
#include "engine/export.h"
#include "engine/parts.h"
#include "engine/tray_db.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST_MAX  ((size_t)256 << 20)
#define SAMPLE_PIECES 64 /* files of one sample in an archive */

typedef struct {
    Tray *tray;
    const char *tags;
    TrayProgress *progress;
    void *ctx;
    TrayImported *out;
    Err stop; /* what ends the import: the tray cannot be written, or it was stopped */
} Import;

/* Where a row's tensors come from: puts the named part into the store if it has it. */
typedef struct {
    bool (*part)(void *ctx, const char *name, Err *err);
    void *ctx;
} Source;

/* --- one row
 * -------------------------------------------------------------------------------------------------- */

static bool fetch_parts(const Import *in, const Address *a, const Source *from, Err *err)
{
    Parts parts;
    parts_of(&parts, a);
    for (int i = 0; i < parts.n; i++)
        if (!parts_has(&in->tray->store, parts.name[i]) && !from->part(from->ctx, parts.name[i], err))
            return false;
    return true;
}

/* "tags" is a list of words or one text of them. */
static void read_tags(char *out, size_t cap, const Json *row, const char *more)
{
    const Json *tags = json_get(row, "tags");
    const char *word = NULL;
    size_t n = (size_t)snprintf(out, cap, "%s", more ? more : "");
    if (tags && json_value_str(tags, &word)) snprintf(out + n, cap - n, " %s", word);
    for (size_t i = 0; tags && json_is_array(tags) && i < json_count(tags) && n < cap; i++)
        if (json_value_str(json_at(tags, i), &word)) n += (size_t)snprintf(out + n, cap - n, " %s", word);
}

static bool put_row(Import *in, const Json *row, const Source *from, Err *err)
{
    char tags[2 * TRAY_TAGS_MAX];
    Address a;
    TrayAdded added;
    const char *text = json_is_object(row) ? json_str(row, "address", NULL) : NULL;
    if (!text) return err_set(err, ERR_FORMAT, "it holds no address");
    read_tags(tags, sizeof tags, row, in->tags);
    if (!address_parse(&a, text, err) || !fetch_parts(in, &a, from, err) ||
        !tray_restore(&added, in->tray, &a, tags, json_str(row, "note", NULL), json_str(row, "parent", NULL),
                      json_str(row, "origin", NULL), json_num(row, "created", NAN), err))
        return false;
    in->out->added += !added.was;
    in->out->was += added.was;
    return true;
}

static bool told(Import *in)
{
    const TrayImported *o = in->out;
    if (!in->progress || in->progress(in->ctx, o->rows, 0)) return true;
    return err_set(&in->stop, ERR_CANCELLED, "the import was stopped after %d views", o->added + o->was);
}

/* Counts the row; a bad one is remembered with its place. False: stop. */
static bool take_row(Import *in, const Json *row, const Source *from, const char *place, const Err *broken)
{
    Err err = broken ? *broken : (Err){0};
    in->out->rows++;
    if (!err.code && put_row(in, row, from, &err)) return told(in);
    in->out->failed++;
    if (!*in->out->why) snprintf(in->out->why, sizeof in->out->why, "%.150s: %.160s", place, err.msg);
    return told(in);
}

/* --- manifests
 * ------------------------------------------------------------------------------------------------ */

typedef struct {
    const Import *in;
    LatentStore beside;
} Beside;

static bool part_beside(void *ctx, const char *name, Err *err)
{
    Beside *b = ctx;
    uint8_t *bytes;
    size_t size;
    if (!parts_read(&bytes, &size, &b->beside, name, err)) return false;
    bool ok = parts_write(&b->in->tray->store, name, bytes, size, err);
    free(bytes);
    return ok;
}

static bool take_lines(Import *in, const char *text, const Source *from, const char *path)
{
    bool go = true;
    for (int line = 1; go && *text; line++) {
        char place[160];
        Err broken = {0};
        size_t n = strcspn(text, "\n");
        snprintf(place, sizeof place, "%.140s, line %d", path, line);
        Json *row = n ? json_parse(text, n, place, &broken) : NULL;
        if (n) go = take_row(in, row, from, place, row ? NULL : &broken);
        json_drop(row);
        text += n + (text[n] == '\n');
    }
    return go;
}

/* The tensors lie in tensors/ beside it. */
static bool take_manifest(Import *in, const char *path, Err *err)
{
    char folder[3000], tensors[3072];
    uint8_t *bytes;
    size_t size;
    Beside beside = {.in = in};
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    snprintf(slash ? slash + 1 : folder, slash ? sizeof folder - (size_t)(slash + 1 - folder) : sizeof folder,
             "%s", slash ? "" : ".");
    if (!file_join(tensors, sizeof tensors, folder, "tensors", err) ||
        !store_open(&beside.beside, tensors, err) || !file_read(path, MANIFEST_MAX, &bytes, &size, err))
        return false;
    take_lines(in, (const char *)bytes, &(Source){part_beside, &beside}, path);
    free(bytes);
    return true;
}

/* --- pictures
 * ------------------------------------------------------------------------------------------------- */

typedef struct {
    const Import *in;
    const Json *chunk;
} InChunk;

static bool part_in_chunk(void *ctx, const char *name, Err *err)
{
    const InChunk *c = ctx;
    uint8_t *bytes;
    size_t size;
    const Json *tensors = json_get(c->chunk, "tensors");
    const char *text = tensors ? json_str(tensors, name, NULL) : NULL;
    if (!text) return err_set(err, ERR_FORMAT, "the tensor %s is not with it", name);
    if (!base64_bytes(&bytes, &size, text)) return err_set(err, ERR_FORMAT, "the tensor %s is damaged", name);
    bool ok = parts_write(&c->in->tray->store, name, bytes, size, err);
    free(bytes);
    return ok;
}

static bool take_png(Import *in, const uint8_t *png, size_t size, const char *place)
{
    Image im = {0};
    PngText text = {0};
    Err broken = {0};
    const char *chunk = NULL;
    if (png_decode(png, size, place, &im, &text, &broken)) chunk = png_text_find(&text, "viewsmith");
    if (!chunk && !broken.code) err_set(&broken, ERR_FORMAT, "it carries no address");
    Json *o = chunk ? json_parse(chunk, strlen(chunk), place, &broken) : NULL;
    InChunk from = {in, o};
    bool go = take_row(in, o, &(Source){part_in_chunk, &from}, place, o ? NULL : &broken);
    json_drop(o);
    png_text_free(&text);
    image_free(&im);
    return go;
}

static bool take_png_file(Import *in, const char *path, Err *err)
{
    uint8_t *bytes;
    size_t size;
    if (!file_read(path, PICTURE_FILE_MAX, &bytes, &size, err)) return false;
    take_png(in, bytes, size, path);
    free(bytes);
    return true;
}

/* --- archives
 * ------------------------------------------------------------------------------------------------- */

typedef struct {
    char name[TAR_NAME_MAX + 1]; /* after the key's dot */
    uint8_t *bytes;
    size_t size;
} Piece;

typedef struct {
    const Import *in;
    char key[TAR_NAME_MAX + 1];
    Piece piece[SAMPLE_PIECES];
    int n;
} TarSample;

static const Piece *find_piece(const TarSample *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->piece[i].name, name)) return &s->piece[i];
    return NULL;
}

static bool part_in_sample(void *ctx, const char *name, Err *err)
{
    const TarSample *s = ctx;
    const char *slash = strrchr(name, '/');
    const Piece *p = find_piece(s, slash ? slash + 1 : name);
    if (!p) return err_set(err, ERR_FORMAT, "the tensor %s is not with it", name);
    return parts_write(&s->in->tray->store, name, p->bytes, p->size, err);
}

/* The row is the .json, or what the .png carries. */
static bool take_sample(Import *in, TarSample *s, const char *path)
{
    char place[400];
    Err broken = {0};
    bool go = true;
    const Piece *row = find_piece(s, "json"), *png = find_piece(s, "png");
    snprintf(place, sizeof place, "%.200s: %.190s", path, s->key);
    Json *o = row ? json_parse((const char *)row->bytes, row->size, place, &broken) : NULL;
    if (o || (row && !png))
        go = take_row(in, o, &(Source){part_in_sample, s}, place, o ? NULL : &broken);
    else if (png)
        go = take_png(in, png->bytes, png->size, place);
    json_drop(o);
    for (int i = 0; i < s->n; i++) free(s->piece[i].bytes);
    s->n = 0;
    return go;
}

/* Where the key of an entry ends: at the first dot of its last part. */
static size_t key_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    size_t before = slash ? (size_t)(slash + 1 - name) : 0;
    return before + strcspn(name + before, ".");
}

static bool add_piece(TarSample *s, const TarEntry *e, size_t key, Err *err)
{
    if (s->n == SAMPLE_PIECES || !e->name[key]) return true;
    Piece *p = &s->piece[s->n];
    p->bytes = malloc(e->size + 1);
    if (!p->bytes) return err_nomem(err, "a sample");
    memcpy(p->bytes, e->bytes, e->size);
    p->bytes[p->size = e->size] = 0;
    snprintf(p->name, sizeof p->name, "%s", e->name + key + 1);
    s->n++;
    return true;
}

static bool take_tar(Import *in, const char *path, Err *err)
{
    TarEntry e;
    bool go = true;
    Err own = {0};
    TarReader *r = tar_open(path, err);
    TarSample *s = r ? calloc(1, sizeof *s) : NULL;
    if (!s) return tar_close(r), r ? err_nomem(err, path) : false;
    s->in = in;
    while (go && tar_next(r, &e, &own)) {
        size_t key = key_of(e.name);
        if (s->n && (strlen(s->key) != key || strncmp(s->key, e.name, key))) go = take_sample(in, s, path);
        snprintf(s->key, sizeof s->key, "%.*s", (int)key, e.name);
        go = go && add_piece(s, &e, key, &own);
    }
    if (s->n) take_sample(in, s, path);
    tar_close(r);
    free(s);
    return !own.code || err_set(err, own.code, "%s", own.msg);
}

/* --- what it is
 * ----------------------------------------------------------------------------------------------- */

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), m = strlen(with);
    return n > m && !strcmp(name + n - m, with);
}

static bool is_tar(const char *name)
{
    return ends(name, ".tar") || ends(name, ".tar.gz") || ends(name, ".tgz");
}

static bool take_pictures(Import *in, const char *path, Err *err)
{
    char file[4096];
    Folder f;
    bool ok = folder_scan(path, &f, err);
    if (!ok) return false;
    for (int i = 0; ok && !in->stop.code && i < f.n; i++)
        ok = file_join(file, sizeof file, path, f.item[i].path, err) && take_png_file(in, file, err);
    folder_free(&f);
    return ok;
}

/* Its manifest, else its archives, else its pictures. */
static bool take_folder(Import *in, const char *path, Err *err)
{
    static const char *const manifest[] = {"manifest.jsonl", "metadata.jsonl"};
    char file[4096], **name;
    int tars = 0;
    for (int i = 0; i < 2; i++) {
        if (!file_join(file, sizeof file, path, manifest[i], err)) return false;
        if (file_exists(file)) return take_manifest(in, file, err);
    }
    long n = file_list(path, &name, err);
    bool ok = n >= 0;
    for (long i = 0; ok && !in->stop.code && i < n; i++) {
        if (!is_tar(name[i])) continue;
        ok = file_join(file, sizeof file, path, name[i], err) && take_tar(in, file, err);
        tars++;
    }
    if (n >= 0) free(name);
    return ok && (tars || take_pictures(in, path, err));
}

static bool take(Import *in, const char *path, Err *err)
{
    if (file_is_folder(path)) return take_folder(in, path, err);
    if (is_tar(path)) return take_tar(in, path, err);
    if (ends(path, ".jsonl")) return take_manifest(in, path, err);
    return take_png_file(in, path, err);
}

bool tray_import(TrayImported *out, const char *path, Tray *t, const char *tags, TrayProgress *progress,
                 void *ctx, Err *err)
{
    Import in = {.tray = t, .tags = tags, .progress = progress, .ctx = ctx, .out = out};
    *out = (TrayImported){0};
    bool ok = take(&in, path, err);
    if (ok && in.stop.code) ok = err_set(err, in.stop.code, "%s", in.stop.msg);
    if (!ok || out->added || out->was || !out->failed) return ok;
    return err_set(err, ERR_FORMAT, "%s: nothing could be taken: %s", path, out->why);
}
