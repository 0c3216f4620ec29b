/* The shipped subset is exactly what its recipe draws from Debian's Fashion-MNIST: the first 200, 50 and 100
 * images of every class of the train, valid and test splits. assets/make-fashion-small.sh runs this with
 * VIEWSMITH_REMAKE set, which writes the files instead of comparing them. */
#include "base/file.h"
#include "check.h"
#include "data/dataset.h"
#include "data/idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 28

/* The first `quota` items of every class, in order. */
static void draw(Idx *images, Idx *labels, const Dataset *ds, int quota)
{
    int taken[10] = {0}, n = 0;
    *images = (Idx){.ndim = 3, .dim = {10 * quota, SIDE, SIDE}, .count = (size_t)quota * 10 * SIDE * SIDE};
    *labels = (Idx){.ndim = 1, .dim = {10 * quota}, .count = (size_t)quota * 10};
    images->data = malloc(images->count);
    labels->data = malloc(labels->count);
    assert_true(images->data && labels->data);
    for (int i = 0; i < ds->n; i++) {
        if (taken[ds->label[i]]++ >= quota) continue;
        memcpy(images->data + (size_t)n * SIDE * SIDE, dataset_pixels(ds, i), SIDE * SIDE);
        labels->data[n++] = (uint8_t)ds->label[i];
    }
    assert_int_equal(n, 10 * quota);
}

static void write_or_compare(const Idx *made, const char *path)
{
    Err err = {0};
    Idx shipped;
    if (getenv("VIEWSMITH_REMAKE")) {
        assert_ok(idx_save_gz(path, made, &err), err);
        return;
    }
    assert_ok(idx_load(path, &shipped, &err), err);
    assert_int_equal(shipped.ndim, made->ndim);
    assert_int_equal(shipped.count, made->count);
    assert_memory_equal(shipped.data, made->data, made->count);
    idx_free(&shipped);
}

static void check_part(Split split, const char *stem, int quota)
{
    Dataset ds;
    Idx images, labels;
    Err err = {0};
    char path[512];
    assert_ok(dataset_open(&ds, "fashion", split, 0, 0, &err), err);
    if (ds.subset) {
        dataset_close(&ds);
        skip(); /* the package is not installed */
    }
    draw(&images, &labels, &ds, quota);
    snprintf(path, sizeof path, "%s/../assets/fashion-small/%s-images-idx3-ubyte.gz", TEST_SOURCE_DIR, stem);
    write_or_compare(&images, path);
    snprintf(path, sizeof path, "%s/../assets/fashion-small/%s-labels-idx1-ubyte.gz", TEST_SOURCE_DIR, stem);
    write_or_compare(&labels, path);
    idx_free(&images);
    idx_free(&labels);
    dataset_close(&ds);
}

static void train_part_is_drawn_from_train(void **state)
{
    (void)state;
    check_part(SPLIT_TRAIN, "train", 200);
}

static void valid_part_is_drawn_from_valid(void **state)
{
    (void)state;
    check_part(SPLIT_VALID, "valid", 50);
}

static void test_part_is_drawn_from_test(void **state)
{
    (void)state;
    check_part(SPLIT_TEST, "t10k", 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(train_part_is_drawn_from_train),
        cmocka_unit_test(valid_part_is_drawn_from_valid),
        cmocka_unit_test(test_part_is_drawn_from_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
