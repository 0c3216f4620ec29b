/* Labelled real images in memory, split so that nothing chosen on one part is judged on the same part.
 *
 *     Dataset ds;
 *     if (!dataset_open(&ds, "fashion", SPLIT_TRAIN, 0, 0, err)) return false;
 *     image_bytes_to_float(x, dataset_pixels(&ds, i), dataset_item_bytes(&ds));     ... dataset_close(&ds);
 *
 * "fashion" is Fashion-MNIST from Debian's package dataset-fashion-mnist, and where that is absent the small
 * real subset in assets/fashion-small, which "fashion-small" names outright; sentence says which it is.
 * Anything else is a folder (folder.h), where every picture goes through image_fit.
 *
 * Splits. Fashion-MNIST: VALID is a sixth of every class of the training file, drawn by Philox (seed 0,
 * RNG_SPLIT): 10,000; TRAIN the other 50,000; FULL_TRAIN both; TEST the test file. The subset was drawn from
 * these very parts. A folder: within a class, pictures ranked by SHA-256 of their relative path; the first
 * tenth (rounded, at least 1 of 3) is TEST, the next VALID. */
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
    char name[96];      /* "fashion", "fashion-small", or the folder's last part */
    char sentence[512]; /* what this is: source, counts, what was skipped and why; safe for a terminal */
    bool subset;        /* the small subset stands in for Fashion-MNIST */
    Digest digest;      /* over shape, pixels, labels and class names */
} Dataset;

/* size is the side in pixels and channels 1 or 3; 0 means the native ones (Fashion-MNIST 28 and 1; a folder
 * needs a size and has 3). Fails with one sentence; *out is then empty. The caller ends with dataset_close.
 */
bool dataset_open(Dataset *out, const char *spec, Split split, int size, int channels, Err *err);
void dataset_close(Dataset *ds);

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
