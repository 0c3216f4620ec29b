/* Tells an address, a picture, a model file and a run apart, and opens each. */
#include "engine/workspace.h"
#include "engine/tray.h"
#include "base/file.h"
#include "base/json.h"
#include "data/jpeg.h"
#include "data/picture.h"
#include "data/png.h"
#include "engine/export.h"
#include "model/import_model.h"
#include "model/model_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool open_png(Thing *out, const char *path, const uint8_t *bytes, size_t size, Err *err)
{
    PngText text = {0};
    if (!png_decode(bytes, size, path, &out->picture, &text, err)) return false;
    const char *chunk = png_text_find(&text, "viewsmith");
    out->has_address = chunk && export_address(&out->address, chunk, NULL);
    png_text_free(&text);
    return true;
}

static bool open_picture(Thing *out, const char *path, Err *err)
{
    uint8_t *bytes;
    size_t size;
    out->kind = THING_PICTURE;
    if (!file_read(path, PICTURE_FILE_MAX, &bytes, &size, err)) return false;
    bool png = size > 4 && !memcmp(bytes, "\x89PNG", 4);
    bool ok =
        png ? open_png(out, path, bytes, size, err) : jpeg_decode(bytes, size, path, &out->picture, err);
    free(bytes);
    return ok;
}

/* A model of somebody else's. */
static bool open_foreign(Thing *out, const char *path, Err *err)
{
    Imported m;
    char slug[40];
    if (!import_open(&m, path, NULL, err)) return false;
    import_slug(slug, path);
    out->kind = m.kind == IMPORT_GENERATOR ? THING_GENERATOR : THING_ENCODER;
    bool ok = m.kind == IMPORT_GENERATOR ? generator_import(&out->generator, &m, slug, NULL, err)
                                         : encoder_import(&out->encoder, &m, slug, err);
    import_free(&m);
    return ok;
}

static bool open_model(Thing *out, const char *path, Err *err)
{
    char format[64];
    if (!file_exists(path)) return err_set(err, ERR_IO, "%s: there is no such file", path);
    model_file_format(format, path);
    if (!strncmp(format, "viewsmith-generator", 19)) {
        out->kind = THING_GENERATOR;
        return generator_open(&out->generator, path, err);
    }
    if (!strncmp(format, "viewsmith-encoder", 17)) {
        out->kind = THING_ENCODER;
        return encoder_open(&out->encoder, path, err);
    }
    if (!strncmp(format, "viewsmith-gan", 13))
        return err_set(err, ERR_FORMAT,
                       "%s is a checkpoint of viewsmith fit: fit --export-only makes a generator file of it",
                       path);
    if (!strncmp(format, "viewsmith-", 10))
        return err_set(err, ERR_FORMAT,
                       "%s is a checkpoint of training (%s): open the run, or its encoder.safetensors", path,
                       format);
    return open_foreign(out, path, err);
}

/* The first bytes tell; names do not. */
static bool open_file(Thing *out, const char *path, Err *err)
{
    uint8_t head[4] = {0};
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (f) fclose(f);
    snprintf(out->path, sizeof out->path, "%s", path);
    if (n == 4 && (!memcmp(head, "\x89PNG", 4) || !memcmp(head, "\xff\xd8\xff", 3)))
        return open_picture(out, path, err);
    return open_model(out, path, err);
}

static bool open_run(Thing *out, const RunInfo *run, Err *err)
{
    char path[4096];
    out->kind = THING_RUN;
    out->run = *run;
    snprintf(out->path, sizeof out->path, "%s", run->folder);
    if (!file_join(path, sizeof path, run->folder, "encoder.safetensors", err)) return false;
    return !file_exists(path) || encoder_open(&out->encoder, path, err);
}

/* RUNS/0007, given as a path. */
static bool open_folder(Thing *out, const char *path, Err *err)
{
    char runs[3072], config[4096];
    RunInfo run;
    snprintf(runs, sizeof runs, "%s", path);
    size_t n = strlen(runs);
    while (n > 1 && runs[n - 1] == '/') runs[--n] = 0;
    char *slash = strrchr(runs, '/');
    if (!file_join(config, sizeof config, path, "config.json", err)) return false;
    if (!slash || !file_exists(config))
        return err_set(err, ERR_FORMAT,
                       "%s is a folder, but no run: pictures go to --data of train, fit or neighbours", path);
    *slash = 0;
    return runs_info(&run, *runs ? runs : "/", slash + 1, err) && open_run(out, &run, err);
}

static bool open_word(Thing *out, const Workspace *w, const char *text, Err *err)
{
    RunInfo run;
    if (runs_find(&run, w->runs, text, NULL)) return open_run(out, &run, err);
    return err_set(err, ERR_IO,
                   "%s: there is no such file, and it is neither an address (vs1:...) nor a run in %s", text,
                   w->runs);
}

bool thing_open(Thing *out, const Workspace *w, const char *text, Err *err)
{
    *out = (Thing){.kind = THING_ADDRESS};
    bool ok;
    if (!strncmp(text, "vs1:", 4))
        ok = out->has_address = address_parse(&out->address, text, err);
    else if (*text == '#' && !file_exists(text))
        ok = out->has_address = tray_address(&out->address, text, err);
    else if (file_is_folder(text))
        ok = open_folder(out, text, err);
    else if (file_exists(text))
        ok = open_file(out, text, err);
    else
        ok = open_word(out, w, text, err);
    if (!ok) thing_close(out);
    return ok;
}

void thing_close(Thing *t)
{
    image_free(&t->picture);
    generator_drop(t->generator);
    encoder_drop(t->encoder);
    t->generator = NULL;
    t->encoder = NULL;
}

const char *thing_kind_name(ThingKind kind)
{
    static const char *const name[] = {"address", "picture", "generator", "encoder", "run"};
    return name[kind];
}
