/* Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): the whole set from Debian's package, or the shipped subset. */
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/dataset_source.h"
#include "data/idx.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGE "/usr/share/datasets/fashion-mnist"
#define SIDE    28
#define CLASSES 10

const char *const dataset_fashion_class[CLASSES] = {"t-shirt", "trouser", "pullover", "dress", "coat",
                                                    "sandal",  "shirt",   "sneaker",  "bag",   "ankle-boot"};

/* One pair of files and which of its images are wanted. */
typedef struct {
    Idx images, labels;
    bool *keep;
    int kept;
} Part;

static void part_free(Part *p)
{
    idx_free(&p->images);
    idx_free(&p->labels);
    free(p->keep);
}

static bool part_check(const Part *p, const char *folder, const char *stem, Err *err)
{
    const Idx *im = &p->images, *la = &p->labels;
    if (im->ndim != 3 || im->dim[1] != SIDE || im->dim[2] != SIDE)
        return err_set(err, ERR_FORMAT, "%s: the %s images are not 28 x 28", folder, stem);
    if (la->ndim != 1 || la->dim[0] != im->dim[0])
        return err_set(err, ERR_FORMAT, "%s: there are %d %s images and %d labels", folder, im->dim[0], stem,
                       la->dim[0]);
    for (size_t i = 0; i < la->count; i++)
        if (la->data[i] >= CLASSES)
            return err_set(err, ERR_FORMAT, "%s: %s label %zu is %d; 0 to 9 exist", folder, stem, i,
                           la->data[i]);
    return true;
}

/* Reads STEM-images and STEM-labels; keeps all. */
static bool part_read(Part *p, const char *folder, const char *stem, Err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte.gz", folder, stem);
    if (!idx_load(path, &p->images, err)) return false;
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte.gz", folder, stem);
    if (!idx_load(path, &p->labels, err) || !part_check(p, folder, stem, err)) return false;
    p->kept = p->images.dim[0];
    p->keep = malloc((size_t)p->kept);
    if (!p->keep) return err_nomem(err, "Fashion-MNIST");
    memset(p->keep, true, (size_t)p->kept);
    return true;
}

/* Draws a sixth of every class (partial Fisher-Yates over its images in file order) and keeps those, or all
 * others. */
static bool hold_out(Part *p, bool keep_held, Err *err)
{
    int n = p->images.dim[0], *member = malloc((size_t)n * sizeof *member);
    Rng r = rng_at(0, RNG_SPLIT);
    if (!member) return err_nomem(err, "Fashion-MNIST");
    memset(p->keep, !keep_held, (size_t)n);
    for (int label = 0; label < CLASSES; label++) {
        int count = 0;
        for (int i = 0; i < n; i++)
            if (p->labels.data[i] == label) member[count++] = i;
        for (int i = 0; i < count / 6; i++) {
            int j = i + (int)rng_below(&r, (uint32_t)(count - i)), drawn = member[j];
            member[j] = member[i];
            p->keep[drawn] = keep_held;
        }
    }
    free(member);
    p->kept = 0;
    for (int i = 0; i < n; i++) p->kept += p->keep[i];
    return true;
}

static bool gather(Dataset *ds, const Part *part, int parts, Err *err)
{
    int n = 0, at = 0, origin = 0;
    for (int k = 0; k < parts; k++) n += part[k].kept;
    char *const *names = (char *const *)(uintptr_t)dataset_fashion_class;
    if (!dataset_allocate(ds, n, 1, SIDE, SIDE, names, CLASSES, err)) return false;
    for (int k = 0; k < parts; k++)
        for (int i = 0; i < part[k].images.dim[0]; i++, origin++) {
            if (!part[k].keep[i]) continue;
            memcpy(ds->px + (size_t)at * SIDE * SIDE, part[k].images.data + (size_t)i * SIDE * SIDE,
                   SIDE * SIDE);
            ds->label[at] = part[k].labels.data[i];
            ds->origin[at++] = origin;
        }
    return true;
}

static bool read_package(Dataset *ds, Part *part, Split split, Err *err)
{
    if (!part_read(part, PACKAGE, split == SPLIT_TEST ? "t10k" : "train", err)) return false;
    if (split == SPLIT_TRAIN && !hold_out(part, false, err)) return false;
    if (split == SPLIT_VALID && !hold_out(part, true, err)) return false;
    return gather(ds, part, 1, err);
}

/* The subset's parts are files of their own, drawn from the package's splits. */
static bool read_small(Dataset *ds, Part part[2], Split split, Err *err)
{
    char folder[PATH_MAX];
    static const char *const stem[] = {[SPLIT_TRAIN] = "train",
                                       [SPLIT_VALID] = "valid",
                                       [SPLIT_TEST] = "t10k",
                                       [SPLIT_FULL_TRAIN] = "train"};
    if (!file_shipped(folder, sizeof folder, "assets/fashion-small", err)) return false;
    if (!part_read(&part[0], folder, stem[split], err)) return false;
    if (split == SPLIT_FULL_TRAIN && !part_read(&part[1], folder, "valid", err)) return false;
    return gather(ds, part, split == SPLIT_FULL_TRAIN ? 2 : 1, err);
}

static void describe(Dataset *ds, Split split)
{
    char count[32];
    text_count(count, sizeof count, ds->n);
    snprintf(ds->name, sizeof ds->name, "%s", ds->subset ? "fashion-small" : "fashion");
    snprintf(ds->sentence, sizeof ds->sentence, "%s: %s images of 10 classes (%s).",
             ds->subset ? "A small subset of Fashion-MNIST, as dataset-fashion-mnist is not in use"
                        : "Fashion-MNIST",
             count, dataset_split_name(split));
}

bool dataset_fashion(Dataset *out, Split split, bool small, Err *err)
{
    Part part[2] = {0};
    out->subset = small || !file_exists(PACKAGE "/train-images-idx3-ubyte.gz");
    bool ok = out->subset ? read_small(out, part, split, err) : read_package(out, part, split, err);
    part_free(&part[0]);
    part_free(&part[1]);
    if (ok) describe(out, split);
    return ok;
}
