/* JPEG: colours come in near enough, grey stays grey, and a damaged file is refused, not filled with grey. */
#include "check.h"
#include "data/jpeg.h"
#include "data/picture.h"

#include <stdio.h>
#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 40

/* A smooth picture encoded by libjpeg itself; *bytes is malloc'ed. */
static void make_jpeg(uint8_t **bytes, unsigned long *size, J_COLOR_SPACE space, int channels,
                      bool progressive)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint8_t row[SIDE * 4];
    JSAMPROW at = row;
    *bytes = NULL;
    *size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, bytes, size);
    jpeg.image_width = jpeg.image_height = SIDE;
    jpeg.input_components = channels;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++)
            for (int k = 0; k < channels; k++)
                row[x * channels + k] = (uint8_t)(k == 0 ? 6 * x : k == 1 ? 6 * y : 120);
        jpeg_write_scanlines(&jpeg, &at, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
}

static void colours_come_in(void **state)
{
    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        uint8_t *bytes;
        unsigned long size;
        Image im;
        Err err = {0};
        make_jpeg(&bytes, &size, JCS_RGB, 3, progressive);
        assert_ok(jpeg_decode(bytes, size, "made.jpg", &im, &err), err);
        assert_true(im.w == SIDE && im.h == SIDE && im.c == 3);
        for (int i = 0; i < SIDE * SIDE; i++) {
            assert_true(abs(im.px[3 * i] - 6 * (i % SIDE)) < 16);
            assert_true(abs(im.px[3 * i + 1] - 6 * (i / SIDE)) < 16);
            assert_true(abs(im.px[3 * i + 2] - 120) < 24);
        }
        image_free(&im);
        free(bytes);
    }
}

static void grey_stays_grey(void **state)
{
    (void)state;
    uint8_t *bytes;
    unsigned long size;
    Image im;
    Err err = {0};
    make_jpeg(&bytes, &size, JCS_GRAYSCALE, 1, false);
    FILE *f = fopen("grey.JPG", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
    free(bytes);
    assert_true(picture_named("grey.JPG"));
    assert_false(picture_named(".jpg"));
    assert_ok(picture_load("grey.JPG", &im, &err), err);
    assert_int_equal(im.c, 1);
    assert_true(abs(im.px[SIDE * 20 + 10] - 60) < 6);
    image_free(&im);
}

static void ink_becomes_light(void **state)
{
    (void)state;
    uint8_t *bytes;
    unsigned long size;
    Image im;
    Err err = {0};
    make_jpeg(&bytes, &size, JCS_CMYK, 4, false); /* libjpeg adds the Adobe mark: 255 is no ink */
    assert_ok(jpeg_decode(bytes, size, "made.jpg", &im, &err), err);
    assert_int_equal(im.c, 3);
    int at = (30 * SIDE + 20) * 3;
    assert_true(abs(im.px[at] - 120 * 120 / 255) < 12);
    assert_true(abs(im.px[at + 1] - 180 * 120 / 255) < 12);
    image_free(&im);
    free(bytes);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    uint8_t *bytes;
    unsigned long size;
    Image im;
    Err err = {0};
    make_jpeg(&bytes, &size, JCS_RGB, 3, false);
    assert_refused(jpeg_decode((const uint8_t *)"GIF89a", 6, "x", &im, &err), err, ERR_FORMAT,
                   "x: not a JPEG file");
    for (size_t n = 4; n < size - 2; n += 41)
        assert_refused(jpeg_decode(bytes, n, "x", &im, &err), err, ERR_FORMAT, "x: this JPEG cannot be used");
    assert_null(im.px);
    free(bytes);
}

/* Header and start-of-frame only, patched to the largest sizes. */
static void declared_sizes_are_checked(void **state)
{
    (void)state;
    uint8_t *bytes;
    unsigned long size, sof = 0;
    Image im;
    Err err = {0};
    make_jpeg(&bytes, &size, JCS_RGB, 3, false);
    for (unsigned long i = 0; i + 1 < size && !sof; i++)
        if (bytes[i] == 0xFF && bytes[i + 1] == 0xC0) sof = i;
    memcpy(bytes + sof + 5, "\x20\x00\x20\x00", 4);
    assert_refused(jpeg_decode(bytes, size, "x", &im, &err), err, ERR_FORMAT, "too short for the size");
    memcpy(bytes + sof + 5, "\x40\x01\x40\x00", 4);
    assert_refused(jpeg_decode(bytes, size, "x", &im, &err), err, ERR_LIMIT, "at most 16384");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_come_in),
        cmocka_unit_test(grey_stays_grey),
        cmocka_unit_test(ink_becomes_light),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(declared_sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
