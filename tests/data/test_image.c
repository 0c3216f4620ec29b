/* Pictures: crop, scale, grey, sheets and the float planes. */
#include "check.h"
#include "data/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Image made(int w, int h, int c)
{
    Image im;
    Err err = {0};
    assert_ok(image_make(&im, w, h, c, &err), err);
    return im;
}

/* Values that differ everywhere and say where they came from. */
static Image numbered(int w, int h, int c)
{
    Image im = made(w, h, c);
    for (int i = 0; i < w * h * c; i++) im.px[i] = (uint8_t)(i * 7 + i / 5);
    return im;
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    Image im;
    Err err = {0};
    assert_refused(image_make(&im, 0, 4, 1, &err), err, ERR_USAGE, "0 x 4");
    assert_refused(image_make(&im, 4, 4, 2, &err), err, ERR_USAGE, "2 channels");
    assert_refused(image_make(&im, 65536, 65536, 3, &err), err, ERR_LIMIT, "too large");
    assert_null(im.px);
}

static void bytes_survive_floats(void **state)
{
    (void)state;
    uint8_t in[256], out[256];
    float x[256], odd[] = {-1.5f, 1.5f, NAN, INFINITY, -INFINITY, 0.0f};
    for (int i = 0; i < 256; i++) in[i] = (uint8_t)i;
    image_bytes_to_float(x, in, 256);
    assert_true(x[0] == -1.0f && x[255] == 1.0f);
    image_float_to_bytes(out, x, 256);
    assert_memory_equal(in, out, 256);
    image_float_to_bytes(out, odd, 6);
    const uint8_t expected[] = {0, 255, 0, 255, 0, 128};
    assert_memory_equal(out, expected, 6);
}

static void planes_are_channel_first(void **state)
{
    (void)state;
    Image im = numbered(3, 2, 3), back;
    float planes[18];
    uint8_t bytes[18];
    Err err = {0};
    image_to_byte_planes(bytes, &im);
    assert_int_equal(bytes[6 + 4], im.px[4 * 3 + 1]); /* green of pixel (1, 1) */
    assert_ok(image_from_byte_planes(&back, bytes, 3, 2, 3, &err), err);
    assert_memory_equal(back.px, im.px, 18);
    image_free(&back);
    image_to_planes(planes, &im);
    assert_true(fabsf(planes[12 + 5] - ((float)im.px[5 * 3 + 2] / 127.5f - 1.0f)) < 1e-6f);
    assert_ok(image_from_planes(&back, planes, 3, 2, 3, &err), err);
    assert_memory_equal(back.px, im.px, 18);
    image_free(&back);
    image_free(&im);
}

static void grey_is_rec_601(void **state)
{
    (void)state;
    Image rgb = made(4, 1, 3), grey;
    Err err = {0};
    const uint8_t px[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}, expected[] = {76, 150, 29, 255};
    memcpy(rgb.px, px, sizeof px);
    assert_ok(image_channels(&grey, &rgb, 1, &err), err);
    assert_memory_equal(grey.px, expected, 4);
    image_free(&grey);
    image_free(&rgb);
}

static void crop_takes_the_centre(void **state)
{
    (void)state;
    Image wide = numbered(7, 4, 1), square;
    Err err = {0};
    assert_ok(image_centre_crop(&square, &wide, &err), err);
    assert_int_equal(square.w, 4);
    for (int y = 0; y < 4; y++) assert_memory_equal(square.px + 4 * y, wide.px + 7 * y + 1, 4);
    image_free(&square);
    image_free(&wide);
}

/* The definition, slowly, in double. */
static double area_average(const Image *in, int x, int y, int w, int h, int k)
{
    double sum = 0, sx = (double)in->w / w, sy = (double)in->h / h;
    for (int j = 0; j < in->h; j++)
        for (int i = 0; i < in->w; i++) {
            double ox = fmin((x + 1) * sx, i + 1) - fmax(x * sx, i);
            double oy = fmin((y + 1) * sy, j + 1) - fmax(y * sy, j);
            if (ox > 0 && oy > 0) sum += ox * oy * in->px[(j * in->w + i) * in->c + k];
        }
    return sum / (sx * sy);
}

static void smaller_is_the_area_average(void **state)
{
    (void)state;
    const int sizes[][2] = {{5, 3}, {13, 9}, {1, 1}, {7, 2}, {12, 8}};
    Image in = numbered(13, 9, 3), out;
    Err err = {0};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int w = sizes[s][0], h = sizes[s][1];
        assert_ok(image_scale(&out, &in, w, h, &err), err);
        for (int i = 0; i < w * h * 3; i++) {
            double wanted = area_average(&in, i / 3 % w, i / 3 / w, w, h, i % 3);
            assert_true(fabs(out.px[i] - wanted) <= 0.51);
        }
        image_free(&out);
    }
    image_free(&in);
}

static void larger_is_bilinear(void **state)
{
    (void)state;
    Image in = made(2, 1, 1), out;
    Err err = {0};
    in.px[1] = 200;
    assert_ok(image_scale(&out, &in, 4, 3, &err), err);
    const uint8_t row[] = {0, 50, 150, 200};
    for (int y = 0; y < 3; y++) assert_memory_equal(out.px + 4 * y, row, 4);
    image_free(&out);
    assert_ok(image_scale_nearest(&out, &in, 4, 2, &err), err);
    const uint8_t nearest[] = {0, 0, 200, 200, 0, 0, 200, 200};
    assert_memory_equal(out.px, nearest, 8);
    image_free(&out);
    image_free(&in);
}

static void fit_crops_scales_and_greys(void **state)
{
    (void)state;
    Image in = made(30, 10, 3), out;
    Err err = {0};
    const uint8_t white[] = {255, 255, 255};
    image_fill(&in, white);
    for (int y = 0; y < 10; y++)
        memset(in.px + (size_t)y * 90, 0, 30); /* black where the crop must not reach */
    assert_ok(image_fit(&out, &in, 4, 1, &err), err);
    assert_int_equal(out.w * out.h * out.c, 16);
    for (int i = 0; i < 16; i++) assert_int_equal(out.px[i], 255);
    image_free(&out);
    image_free(&in);
}

static void sheets_place_their_tiles(void **state)
{
    (void)state;
    Image tile[3] = {made(2, 2, 1), made(2, 2, 1), made(2, 2, 3)}, sheet;
    const uint8_t grey[] = {9, 9, 9}, red[] = {255, 0, 0};
    Err err = {0};
    image_fill(&tile[0], grey);
    image_fill(&tile[2], red);
    assert_ok(image_grid(&sheet, tile, 2, 2, 1, grey, &err), err);
    assert_true(sheet.c == 1 && sheet.w == 7 && sheet.h == 4);
    assert_int_equal(sheet.px[7 + 4], 0); /* second tile */
    assert_int_equal(sheet.px[7 + 3], 9); /* gap */
    image_free(&sheet);
    assert_ok(image_grid(&sheet, tile, 3, 2, 0, grey, &err), err);
    assert_true(sheet.c == 3 && sheet.w == 4 && sheet.h == 4);
    assert_memory_equal(sheet.px + (2 * 4 + 0) * 3, red, 3);
    assert_memory_equal(sheet.px + (2 * 4 + 2) * 3, grey, 3); /* the empty place */
    image_free(&sheet);
    tile[1].w = 1;
    assert_refused(image_grid(&sheet, tile, 3, 2, 0, grey, &err), err, ERR_USAGE, "picture 1");
    tile[1].w = 2;
    assert_refused(image_grid(&sheet, tile, 3, 0, 0, grey, &err), err, ERR_USAGE, "0 columns");
    for (int i = 0; i < 3; i++) image_free(&tile[i]);
}

static void paste_is_cut_at_the_edges(void **state)
{
    (void)state;
    Image to = made(3, 3, 1), from = numbered(3, 3, 1);
    for (int y = -4; y <= 4; y++)
        for (int x = -4; x <= 4; x++) {
            memset(to.px, 0, 9);
            image_paste(&to, x, y, &from);
            for (int i = 0; i < 9; i++) {
                int fx = i % 3 - x, fy = i / 3 - y;
                bool inside = fx >= 0 && fx < 3 && fy >= 0 && fy < 3;
                assert_int_equal(to.px[i], inside ? from.px[fy * 3 + fx] : 0);
            }
        }
    image_free(&to);
    image_free(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_sizes_are_refused), cmocka_unit_test(bytes_survive_floats),
        cmocka_unit_test(planes_are_channel_first),     cmocka_unit_test(grey_is_rec_601),
        cmocka_unit_test(crop_takes_the_centre),        cmocka_unit_test(smaller_is_the_area_average),
        cmocka_unit_test(larger_is_bilinear),           cmocka_unit_test(fit_crops_scales_and_greys),
        cmocka_unit_test(sheets_place_their_tiles),     cmocka_unit_test(paste_is_cut_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
