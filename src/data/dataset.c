/* Labelled real images in memory: opening by name, classes by name, and what identifies them. */
#include "data/dataset.h"
#include "base/file.h"
#include "data/dataset_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const split_name[] = {[SPLIT_TRAIN] = "train",
                                         [SPLIT_VALID] = "valid",
                                         [SPLIT_TEST] = "test",
                                         [SPLIT_FULL_TRAIN] = "full-train"};

const char *dataset_split_name(Split split)
{
    return split_name[split];
}

bool dataset_split(const char *text, Split *out, Err *err)
{
    for (int i = 0; i < (int)(sizeof split_name / sizeof *split_name); i++)
        if (!strcmp(split_name[i], text)) {
            *out = (Split)i;
            return true;
        }
    return err_set(err, ERR_USAGE, "\"%.40s\" is no split: train, valid, test and full-train are", text);
}

bool dataset_allocate(Dataset *ds, int n, int c, int h, int w, char *const *class_name, int classes, Err *err)
{
    ds->n = n;
    ds->c = c;
    ds->h = h;
    ds->w = w;
    ds->px = malloc((size_t)n * dataset_item_bytes(ds));
    ds->label = calloc((size_t)n, sizeof *ds->label);
    ds->origin = calloc((size_t)n, sizeof *ds->origin);
    ds->class_name = calloc((size_t)classes, sizeof *ds->class_name);
    if (!ds->px || !ds->label || !ds->origin || !ds->class_name) return err_nomem(err, "the real images");
    for (; ds->classes < classes; ds->classes++)
        if (!(ds->class_name[ds->classes] = strdup(class_name[ds->classes])))
            return err_nomem(err, "the class names");
    return true;
}

void dataset_close(Dataset *ds)
{
    for (int i = 0; ds->path && i < ds->n; i++) free(ds->path[i]);
    for (int i = 0; i < ds->classes; i++) free(ds->class_name[i]);
    free(ds->path);
    free(ds->class_name);
    free(ds->px);
    free(ds->label);
    free(ds->origin);
    *ds = (Dataset){0};
}

size_t dataset_item_bytes(const Dataset *ds)
{
    return (size_t)ds->c * (size_t)ds->h * (size_t)ds->w;
}

const uint8_t *dataset_pixels(const Dataset *ds, int i)
{
    return ds->px + (size_t)i * dataset_item_bytes(ds);
}

bool dataset_image(Image *out, const Dataset *ds, int i, Err *err)
{
    return image_from_byte_planes(out, dataset_pixels(ds, i), ds->c, ds->h, ds->w, err);
}

static Digest digest_dataset(const Dataset *ds)
{
    DigestState s;
    int64_t shape[] = {ds->n, ds->c, ds->h, ds->w, ds->classes};
    digest_begin(&s);
    digest_add(&s, shape, sizeof shape);
    digest_add(&s, ds->px, (size_t)ds->n * dataset_item_bytes(ds));
    digest_add(&s, ds->label, (size_t)ds->n * sizeof *ds->label);
    for (int i = 0; i < ds->classes; i++) digest_add(&s, ds->class_name[i], strlen(ds->class_name[i]) + 1);
    return digest_end(&s);
}

static bool resize_item(uint8_t *px, const Dataset *ds, int i, int size, int channels, Err *err)
{
    Image whole = {0}, tile = {0};
    bool ok = dataset_image(&whole, ds, i, err) && image_fit(&tile, &whole, size, channels, err);
    if (ok) image_to_byte_planes(px, &tile);
    image_free(&whole);
    image_free(&tile);
    return ok;
}

/* Fits every item to another size or number of channels. */
static bool resize(Dataset *ds, int size, int channels, Err *err)
{
    size_t bytes = (size_t)channels * (size_t)size * (size_t)size;
    uint8_t *px = malloc((size_t)ds->n * bytes);
    bool ok = px || err_nomem(err, "the resized images");
    for (int i = 0; ok && i < ds->n; i++)
        ok = resize_item(px + (size_t)i * bytes, ds, i, size, channels, err);
    if (!ok) {
        free(px);
        return false;
    }
    free(ds->px);
    ds->px = px;
    ds->c = channels;
    ds->h = ds->w = size;
    return true;
}

/* To the wanted size and channels; 0: as they are. */
static bool fit_items(Dataset *ds, int size, int channels, Err *err)
{
    if (size == 0) size = ds->w;
    if (channels == 0) channels = ds->c;
    return (size == ds->w && channels == ds->c) || resize(ds, size, channels, err);
}

static bool open_any(Dataset *ds, const char *spec, Split split, int size, int channels, Err *err)
{
    bool packed;
    if (size < 0 || size > 1024)
        return err_set(err, ERR_USAGE, "images of %d pixels: 1 to 1024 are possible", size);
    if (channels != 0 && channels != 1 && channels != 3)
        return err_set(err, ERR_USAGE, "images of %d channels: 1 or 3 are possible", channels);
    if (dataset_is_named(spec))
        return dataset_named(ds, spec, split, err) && fit_items(ds, size, channels, err);
    if (dataset_packed(ds, spec, split, &packed, err)) return fit_items(ds, size, channels, err);
    if (packed) return false;
    if (!file_is_folder(spec))
        return err_set(err, ERR_USAGE,
                       "\"%.200s\" is neither \"fashion\", \"mnist\", \"cifar10\" nor a folder of pictures",
                       spec);
    if (size == 0)
        return err_set(err, ERR_USAGE, "%.200s: a folder of pictures needs a size in pixels", spec);
    return dataset_folder(ds, spec, split, size, channels ? channels : 3, err);
}

bool dataset_open(Dataset *out, const char *spec, Split split, int size, int channels, Err *err)
{
    *out = (Dataset){0};
    bool ok = open_any(out, spec, split, size, channels, err);
    if (ok)
        out->digest = digest_dataset(out);
    else
        dataset_close(out);
    return ok;
}

/* "shirt, bag, coat": as many as fit. */
static void list_names(char *out, size_t cap, char *const *name, int n)
{
    size_t at = 0;
    *out = 0;
    for (int i = 0; i < n && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? ", " : "", name[i]);
}

static bool parse_index(const char *text, int *out)
{
    int x = 0;
    for (const char *p = text; *p || p == text; p++)
        if (*p < '0' || *p > '9' || (x = 10 * x + (*p - '0')) > 1000000) return false;
    *out = x;
    return true;
}

bool dataset_class_among(char *const *name, int n, const char *text, int *label, Err *err)
{
    char names[400];
    int found = -1, fits = 0;
    size_t length = strlen(text);
    for (int i = 0; i < n; i++) {
        if (!strcasecmp(name[i], text)) {
            *label = i;
            return true;
        }
        if (length && !strncasecmp(name[i], text, length)) {
            found = i;
            fits++;
        }
    }
    if (fits == 0 && parse_index(text, &found) && found < n) fits = 1;
    if (fits == 1) {
        *label = found;
        return true;
    }
    list_names(names, sizeof names, name, n);
    return err_set(err, ERR_USAGE, "\"%.40s\" %s: the classes are 0 to %d, or %s", text,
                   fits ? "fits more than one class" : "is no class", n - 1, names);
}

bool dataset_class(const Dataset *ds, const char *text, int *label, Err *err)
{
    return dataset_class_among(ds->class_name, ds->classes, text, label, err);
}
