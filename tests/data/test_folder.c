/* A person's own pictures: what is found, how it is split, what is passed over and said. */
#include "base/file.h"
#include "check.h"
#include "data/dataset.h"
#include "data/folder.h"
#include "data/png.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_picture(const char *path, int w, int h, int c, int value)
{
    Image im;
    Err err = {0};
    assert_ok(image_make(&im, w, h, c, &err), err);
    memset(im.px, value, (size_t)w * (size_t)h * (size_t)c);
    assert_ok(png_save(path, &im, NULL, 0, &err), err);
    image_free(&im);
}

static void put_text(const char *path)
{
    Err err = {0};
    assert_ok(file_replace(path, "hello", 5, &err), err);
}

/* pets/{cats,dogs} with 20 + 3 pictures, some deep, a damaged one, a note, a loose one, a hidden one, a
 * circle. */
static int make_pets(void **state)
{
    (void)state;
    char path[64];
    Err err = {0};
    file_remove_tree("pets", NULL);
    if (!file_make_folder("pets/cats/deep", &err) || !file_make_folder("pets/dogs", &err)) return -1;
    if (!file_make_folder("pets/empty", &err)) return -1;
    for (int i = 0; i < 19; i++) {
        snprintf(path, sizeof path, "pets/cats/%s%02d.%s", i % 2 ? "deep/" : "", i, i % 3 ? "png" : "PNG");
        put_picture(path, 10 + i, 20, i % 2 ? 1 : 3, 10 * i);
    }
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "pets/dogs/%d.png", i);
        put_picture(path, 3, 3, 3, 200 + i);
    }
    put_text("pets/cats/broken.jpg");
    put_text("pets/cats/notes.txt");
    put_picture("pets/loose.png", 4, 4, 1, 1);
    put_picture("pets/cats/.hidden.png", 4, 4, 1, 1);
    return symlink("..", "pets/cats/circle") != 0;
}

static void pictures_are_found(void **state)
{
    (void)state;
    Folder f;
    Err err = {0};
    assert_ok(folder_scan("pets", &f, &err), err);
    assert_true(f.classes == 2 && f.n == 23);
    assert_string_equal(f.class_name[0], "cats");
    assert_string_equal(f.class_name[1], "dogs");
    assert_string_equal(f.item[0].path, "cats/00.PNG");
    assert_string_equal(f.item[20].path, "dogs/0.png");
    assert_int_equal(f.item[20].label, 1);
    assert_true(f.loose == 1 && f.other == 2); /* notes.txt and the circle */
    folder_free(&f);
}

static void splits_are_whole_and_disjoint(void **state)
{
    (void)state;
    const int wanted[][2] = {
        {16, 1}, {2, 1}, {2, 1}}; /* train, valid, test of 20 cats and 3 dogs; one cat is broken */
    bool seen[23] = {false};
    int total = 0;
    for (Split s = SPLIT_TRAIN; s <= SPLIT_TEST; s++) {
        Dataset ds;
        Err err = {0};
        int count[2] = {0};
        assert_ok(dataset_open(&ds, "pets/", s, 8, 1, &err), err);
        for (int i = 0; i < ds.n; i++) {
            assert_false(seen[ds.origin[i]]);
            seen[ds.origin[i]] = true;
            count[ds.label[i]]++;
        }
        assert_true(count[0] == wanted[s][0] || count[0] == wanted[s][0] - 1);
        assert_int_equal(count[1], wanted[s][1]);
        total += ds.n;
        dataset_close(&ds);
    }
    assert_int_equal(total, 22);
}

static void pixels_and_paths_belong_together(void **state)
{
    (void)state;
    Dataset ds;
    Err err = {0};
    assert_ok(dataset_open(&ds, "pets", SPLIT_FULL_TRAIN, 8, 0, &err), err);
    assert_true(ds.c == 3 && ds.w == 8);
    for (int i = 0; i < ds.n; i++) {
        const char *digits = strpbrk(ds.path[i], "0123456789");
        assert_non_null(digits);
        int number = atoi(digits), value = ds.label[i] ? 200 + number : 10 * number;
        for (int k = 0; k < 3 * 64; k++) assert_int_equal(dataset_pixels(&ds, i)[k], value);
    }
    dataset_close(&ds);
}

static void the_sentence_says_what_was_passed_over(void **state)
{
    (void)state;
    int unreadable = 0;
    for (Split s = SPLIT_TRAIN; s <= SPLIT_TEST; s++) {
        Dataset ds;
        Err err = {0};
        assert_ok(dataset_open(&ds, "pets", s, 8, 1, &err), err);
        assert_non_null(strstr(ds.sentence, "pets: 2 classes, 23 pictures, of which "));
        assert_non_null(
            strstr(ds.sentence, "; 2 not PNG or JPEG (cats/circle); 1 outside the class folders"));
        assert_non_null(strstr(ds.sentence, ": passed over."));
        unreadable +=
            strstr(ds.sentence, "1 unreadable (pets/cats/broken.jpg: neither a PNG nor a JPEG file)") != NULL;
        dataset_close(&ds);
    }
    assert_int_equal(unreadable, 1);
}

static void without_class_folders_there_is_one_class(void **state)
{
    (void)state;
    Dataset ds;
    Err err = {0};
    assert_ok(dataset_open(&ds, "pets/dogs", SPLIT_TRAIN, 3, 1, &err), err);
    assert_true(ds.classes == 1 && ds.n == 1);
    assert_string_equal(ds.class_name[0], "dogs");
    assert_string_equal(ds.name, "dogs");
    dataset_close(&ds);
}

static void useless_folders_are_refused(void **state)
{
    (void)state;
    Dataset ds;
    Err err = {0};
    assert_refused(dataset_open(&ds, "pets/empty", SPLIT_TRAIN, 8, 1, &err), err, ERR_USAGE,
                   "no PNG or JPEG");
    assert_ok(file_make_folder("few/a", &err), err);
    put_picture("few/a/x.png", 2, 2, 1, 0);
    assert_refused(dataset_open(&ds, "few", SPLIT_VALID, 8, 1, &err), err, ERR_USAGE, "the 3 pictures");
    assert_ok(file_make_folder("bad/a", &err), err);
    put_text("bad/a/x.png");
    assert_refused(dataset_open(&ds, "bad", SPLIT_TRAIN, 8, 1, &err), err, ERR_FORMAT,
                   "none of 1 pictures can be read");
    assert_null(ds.px);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_found),
        cmocka_unit_test(splits_are_whole_and_disjoint),
        cmocka_unit_test(pixels_and_paths_belong_together),
        cmocka_unit_test(the_sentence_says_what_was_passed_over),
        cmocka_unit_test(without_class_folders_there_is_one_class),
        cmocka_unit_test(useless_folders_are_refused),
    };
    return cmocka_run_group_tests(tests, make_pets, NULL);
}
