/* Fashion-MNIST and the subset: sizes, balance, and splits that share nothing; class names. */
#include "check.h"
#include "data/dataset.h"

#include <stdlib.h>
#include <string.h>

static Dataset opened(const char *spec, Split split, int size, int channels)
{
    Dataset ds;
    Err err = {0};
    assert_ok(dataset_open(&ds, spec, split, size, channels, &err), err);
    return ds;
}

static void expect_balance(const Dataset *ds, int each)
{
    int count[10] = {0};
    assert_true(ds->classes == 10 && ds->n == 10 * each);
    for (int i = 0; i < ds->n; i++) count[ds->label[i]]++;
    for (int k = 0; k < 10; k++) assert_int_equal(count[k], each);
}

/* No origin appears in both, and together they are the whole training file. */
static void expect_partition(const char *spec, int train_each, int valid_each, bool one_file)
{
    Dataset train = opened(spec, SPLIT_TRAIN, 0, 0), valid = opened(spec, SPLIT_VALID, 0, 0);
    Dataset full = opened(spec, SPLIT_FULL_TRAIN, 0, 0);
    expect_balance(&train, train_each);
    expect_balance(&valid, valid_each);
    expect_balance(&full, train_each + valid_each);
    size_t bytes = dataset_item_bytes(&full);
    uint8_t *seen = calloc(1, (size_t)full.n);
    assert_non_null(seen);
    for (int i = 0; i < train.n + valid.n; i++) {
        const Dataset *part = i < train.n ? &train : &valid;
        int k = i < train.n ? i : i - train.n;
        int at = part->origin[k] + (part == &valid && !one_file ? train.n : 0);
        assert_true(at < full.n && !seen[at]);
        seen[at] = 1;
        assert_int_equal(full.label[at], part->label[k]);
        assert_memory_equal(dataset_pixels(&full, at), dataset_pixels(part, k), bytes);
    }
    assert_memory_not_equal(&train.digest, &valid.digest, sizeof(Digest));
    free(seen);
    dataset_close(&train);
    dataset_close(&valid);
    dataset_close(&full);
}

static void the_subset_is_split(void **state)
{
    (void)state;
    expect_partition("fashion-small", 200, 50, false);
    Dataset test = opened("fashion-small", SPLIT_TEST, 0, 0);
    expect_balance(&test, 100);
    assert_true(test.subset && test.c == 1 && test.h == 28 && test.w == 28 && !test.path);
    assert_string_equal(test.name, "fashion-small");
    assert_non_null(strstr(test.sentence, "small subset of Fashion-MNIST"));
    assert_non_null(strstr(test.sentence, "1,000 images of 10 classes (test)"));
    dataset_close(&test);
}

static void the_whole_is_split(void **state)
{
    (void)state;
    Dataset test = opened("fashion", SPLIT_TEST, 0, 0);
    bool subset = test.subset;
    if (!subset) expect_balance(&test, 1000);
    dataset_close(&test);
    if (subset) skip(); /* the package is not installed */
    expect_partition("fashion", 5000, 1000, true);
}

static void the_split_never_changes(void **state)
{
    (void)state;
    char hex[17];
    Dataset valid = opened("fashion", SPLIT_VALID, 0, 0);
    bool subset = valid.subset;
    digest_hex(hex, &valid.digest, 16);
    dataset_close(&valid);
    if (subset) skip();
    assert_string_equal(hex, "dce919375c4b1221");
}

static void sizes_and_channels_are_fitted(void **state)
{
    (void)state;
    Dataset ds = opened("fashion-small", SPLIT_VALID, 14, 3),
            native = opened("fashion-small", SPLIT_VALID, 0, 0);
    assert_true(ds.w == 14 && ds.h == 14 && ds.c == 3 && dataset_item_bytes(&ds) == 588);
    for (int i = 0; i < ds.n; i += 97) {
        const uint8_t *small = dataset_pixels(&ds, i), *px = dataset_pixels(&native, i);
        for (int at = 0; at < 196; at++) {
            const uint8_t *q = px + at / 14 * 2 * 28 + at % 14 * 2;
            assert_true(abs(4 * small[at] - (q[0] + q[1] + q[28] + q[29])) <= 2);
            assert_true(small[at] == small[196 + at] && small[at] == small[392 + at]);
        }
    }
    dataset_close(&ds);
    dataset_close(&native);
}

static void images_come_out(void **state)
{
    (void)state;
    Dataset ds = opened("fashion-small", SPLIT_TEST, 0, 0);
    Image im;
    Err err = {0};
    assert_ok(dataset_image(&im, &ds, 7, &err), err);
    assert_true(im.w == 28 && im.h == 28 && im.c == 1);
    assert_memory_equal(im.px, ds.px + 7 * 784, 784);
    image_free(&im);
    dataset_close(&ds);
}

static void classes_go_by_number_and_name(void **state)
{
    (void)state;
    char *const *names = (char *const *)(uintptr_t)dataset_fashion_class;
    static const struct {
        const char *text;
        int label;
    } good[] = {{"0", 0},   {"9", 9},   {"shirt", 6}, {"T-Shirt", 0},
                {"bag", 8}, {"ank", 9}, {"tr", 1},    {"t-", 0}};
    static const char *const bad[] = {"10", "-1", "", "hat", "1x", "99999999999999999999"};
    int label;
    Err err = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_ok(dataset_class_among(names, 10, good[i].text, &label, &err), err);
        assert_int_equal(label, good[i].label);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(dataset_class_among(names, 10, bad[i], &label, &err), err, ERR_USAGE,
                       "is no class: the classes are 0 to 9, or t-shirt, trouser, ");
    assert_refused(dataset_class_among(names, 10, "s", &label, &err), err, ERR_USAGE,
                   "fits more than one class");
}

static void splits_have_names(void **state)
{
    (void)state;
    Split split;
    Err err = {0};
    for (Split s = SPLIT_TRAIN; s <= SPLIT_FULL_TRAIN; s++) {
        assert_ok(dataset_split(dataset_split_name(s), &split, &err), err);
        assert_int_equal(split, s);
    }
    assert_refused(dataset_split("validation", &split, &err), err, ERR_USAGE, "\"validation\" is no split");
}

static void impossible_requests_are_refused(void **state)
{
    (void)state;
    Dataset ds;
    Err err = {0};
    assert_refused(dataset_open(&ds, "no/such/folder", SPLIT_TRAIN, 28, 1, &err), err, ERR_USAGE,
                   "neither \"fashion\"");
    assert_refused(dataset_open(&ds, "fashion", SPLIT_TRAIN, 4096, 1, &err), err, ERR_USAGE, "1 to 1024");
    assert_refused(dataset_open(&ds, "fashion", SPLIT_TRAIN, 28, 2, &err), err, ERR_USAGE, "1 or 3");
    assert_refused(dataset_open(&ds, ".", SPLIT_TRAIN, 0, 1, &err), err, ERR_USAGE, "needs a size");
    assert_null(ds.px);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_subset_is_split),     cmocka_unit_test(the_whole_is_split),
        cmocka_unit_test(the_split_never_changes), cmocka_unit_test(sizes_and_channels_are_fitted),
        cmocka_unit_test(images_come_out),         cmocka_unit_test(classes_go_by_number_and_name),
        cmocka_unit_test(splits_have_names),       cmocka_unit_test(impossible_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
