/* PNG: every kind of pixel comes in right, text survives, and bad files end in one sentence. */
#include "base/file.h"
#include "check.h"
#include "data/picture.h"
#include "data/png.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#define W 5
#define H 3

/* A PNG of any kind made by libpng itself, row y holding `stride` bytes at px + y * stride. */
typedef struct {
    int depth, colour, interlace;
    png_color palette[4];
    png_byte alpha[4];
    int palette_size, alpha_size;
    uint8_t px[W * H * 8];
    size_t stride;
} Kind;

typedef struct {
    uint8_t bytes[8192];
    size_t n;
} Made;

static void into_memory(png_structp png, png_bytep bytes, size_t n)
{
    Made *m = png_get_io_ptr(png);
    assert_true(m->n + n <= sizeof m->bytes);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static void no_flush(png_structp png)
{
    (void)png;
}

static void make_png(Made *m, const Kind *k)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytep rows[H];
    assert_int_equal(setjmp(png_jmpbuf(png)), 0);
    m->n = 0;
    png_set_write_fn(png, m, into_memory, no_flush);
    png_set_IHDR(png, info, W, H, k->depth, k->colour, k->interlace, 0, 0);
    if (k->palette_size) png_set_PLTE(png, info, k->palette, k->palette_size);
    if (k->alpha_size) png_set_tRNS(png, info, k->alpha, k->alpha_size, NULL);
    for (int y = 0; y < H; y++) rows[y] = (png_bytep)(uintptr_t)k->px + (size_t)y * k->stride;
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}

static Image decoded(const Made *m)
{
    Image im;
    Err err = {0};
    assert_ok(png_decode(m->bytes, m->n, "made.png", &im, NULL, &err), err);
    assert_true(im.w == W && im.h == H);
    return im;
}

static void alpha_goes_over_black(void **state)
{
    (void)state;
    static Made m;
    Kind k = {.depth = 8, .colour = PNG_COLOR_TYPE_RGB_ALPHA, .stride = W * 4};
    for (int i = 0; i < W * H * 4; i++) k.px[i] = (uint8_t)(i * 11);
    for (int interlace = 0; interlace < 2; interlace++) {
        k.interlace = interlace;
        make_png(&m, &k);
        Image im = decoded(&m);
        assert_int_equal(im.c, 3);
        for (int i = 0; i < W * H; i++)
            for (int c = 0; c < 3; c++)
                assert_int_equal(im.px[3 * i + c], (k.px[4 * i + c] * k.px[4 * i + 3] + 127) / 255);
        image_free(&im);
    }
}

static void grey_with_alpha_stays_grey(void **state)
{
    (void)state;
    static Made m;
    Kind k = {.depth = 8, .colour = PNG_COLOR_TYPE_GRAY_ALPHA, .stride = W * 2};
    for (int i = 0; i < W * H; i++) {
        k.px[2 * i] = 200;
        k.px[2 * i + 1] = (uint8_t)(i * 17);
    }
    make_png(&m, &k);
    Image im = decoded(&m);
    assert_int_equal(im.c, 1);
    for (int i = 0; i < W * H; i++) assert_int_equal(im.px[i], (200 * (i * 17) + 127) / 255);
    image_free(&im);
}

static void sixteen_bits_become_eight(void **state)
{
    (void)state;
    static Made m;
    Kind k = {.depth = 16, .colour = PNG_COLOR_TYPE_GRAY, .stride = W * 2};
    for (int i = 0; i < W * H; i++) {
        int v = i * 4369 + 100;
        k.px[2 * i] = (uint8_t)(v >> 8);
        k.px[2 * i + 1] = (uint8_t)v;
    }
    make_png(&m, &k);
    Image im = decoded(&m);
    for (int i = 0; i < W * H; i++) assert_int_equal(im.px[i], ((i * 4369 + 100) * 255 + 32895) >> 16);
    image_free(&im);
}

static void palettes_and_single_bits_are_expanded(void **state)
{
    (void)state;
    static Made m;
    Kind k = {.depth = 2,
              .colour = PNG_COLOR_TYPE_PALETTE,
              .stride = 2,
              .palette_size = 4,
              .alpha_size = 2,
              .palette = {{10, 20, 30}, {100, 110, 120}, {1, 2, 3}, {255, 0, 255}},
              .alpha = {255, 0}};
    for (int y = 0; y < H; y++) {
        k.px[2 * y] = 0x1B; /* 0 1 2 3 */
        k.px[2 * y + 1] = 0xC0;
    }
    make_png(&m, &k);
    Image im = decoded(&m);
    const uint8_t row[] = {10, 20, 30, 0, 0, 0, 1, 2, 3, 255, 0, 255, 255, 0, 255};
    for (int y = 0; y < H; y++) assert_memory_equal(im.px + y * W * 3, row, sizeof row);
    image_free(&im);
    Kind bits = {.depth = 1, .colour = PNG_COLOR_TYPE_GRAY, .stride = 1, .px = {0xA8, 0x50, 0xA8}};
    make_png(&m, &bits);
    im = decoded(&m);
    assert_int_equal(im.c, 1);
    for (int i = 0; i < W * H; i++) assert_int_equal(im.px[i], (i % W + i / W) % 2 ? 0 : 255);
    image_free(&im);
}

static void text_survives(void **state)
{
    (void)state;
    const char *address = "{\"address\":\"vs1:fashion@0123456789abcdef/seed=7/psi=0.7\"}";
    const PngItem item[] = {{"viewsmith", address},
                            {"parameters", "Seed: 7, Size: 28x28, Model: fashion"},
                            {"note", "Stra\xC3\x9F"
                                     "e \xE2\x86\x92"}};
    Image im = {0}, back;
    PngText text;
    Err err = {0};
    assert_ok(image_make(&im, 4, 3, 3, &err), err);
    for (int i = 0; i < 36; i++) im.px[i] = (uint8_t)(i * 7);
    assert_ok(png_save("text.png", &im, item, 3, &err), err);
    assert_ok(png_load("text.png", &back, &text, &err), err);
    assert_memory_equal(back.px, im.px, 36);
    assert_int_equal(text.n, 3);
    for (int i = 0; i < 3; i++) assert_string_equal(png_text_find(&text, item[i].key), item[i].value);
    assert_null(png_text_find(&text, "absent"));
    png_text_free(&text);
    image_free(&back);
    assert_ok(picture_load("text.png", &back, &err), err);
    image_free(&back);
    image_free(&im);
}

static void latin_text_becomes_utf8(void **state)
{
    (void)state;
    char key[] = "Author", value[] = "Bj\xF6rn";
    png_text t = {.compression = PNG_TEXT_COMPRESSION_zTXt, .key = key, .text = value};
    static Made m;
    m.n = 0;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    uint8_t px = 5;
    png_set_write_fn(png, &m, into_memory, no_flush);
    png_set_IHDR(png, info, 1, 1, 8, PNG_COLOR_TYPE_GRAY, 0, 0, 0);
    png_set_text(png, info, &t, 1);
    png_write_info(png, info);
    png_write_row(png, &px);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    Image im;
    PngText text;
    Err err = {0};
    assert_ok(png_decode(m.bytes, m.n, "made.png", &im, &text, &err), err);
    assert_string_equal(png_text_find(&text, "Author"), "Bj\xC3\xB6rn");
    png_text_free(&text);
    image_free(&im);
}

static void unusable_text_is_refused(void **state)
{
    (void)state;
    const PngItem bad[] = {{"", "x"}, {" lead", "x"}, {"new\nline", "x"}};
    Image im = {0};
    uint8_t *bytes;
    size_t size;
    Err err = {0};
    assert_ok(image_make(&im, 1, 1, 1, &err), err);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(png_encode(&bytes, &size, &im, &bad[i], 1, &err), err, ERR_USAGE,
                       "cannot be the name");
    image_free(&im);
}

static void bad_files_end_in_a_sentence(void **state)
{
    (void)state;
    static Made m;
    Kind k = {.depth = 8, .colour = PNG_COLOR_TYPE_GRAY, .stride = W};
    Image im;
    Err err = {0};
    make_png(&m, &k);
    assert_refused(png_decode(m.bytes, 20, "x", &im, NULL, &err), err, ERR_FORMAT, "x: not a PNG file");
    for (size_t n = 33; n < m.n; n += 3)
        assert_refused(png_decode(m.bytes, n, "x", &im, NULL, &err), err, ERR_FORMAT,
                       "x: this PNG is cut short");
    m.bytes[19] = 0; /* width 0 */
    assert_refused(png_decode(m.bytes, m.n, "x", &im, NULL, &err), err, ERR_FORMAT, "says it is 0 x 3");
    m.bytes[17] = 1; /* width 65,536 */
    assert_refused(png_decode(m.bytes, m.n, "x", &im, NULL, &err), err, ERR_LIMIT, "at most 16384");
    m.bytes[17] = 0;
    m.bytes[19] = 6; /* checksum no longer fits */
    assert_refused(png_decode(m.bytes, m.n, "x", &im, NULL, &err), err, ERR_FORMAT, "CRC");
    assert_refused(png_load("absent.png", &im, NULL, &err), err, ERR_IO, "absent.png");
    assert_null(im.px);
}

/* A size that its bytes cannot hold is refused before memory is taken for it. */
static void a_bomb_takes_no_memory(void **state)
{
    (void)state;
    uint8_t bytes[47 + 12] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x20\0\0\0\x20\0\x10\x06\0\0\0";
    uint32_t crc = (uint32_t)0;
    Image im;
    Err err = {0};
    for (int i = 12; i < 29; i++) { /* CRC-32, bit by bit */
        crc = i == 12 ? ~0u : crc;
        crc ^= bytes[i];
        for (int b = 0; b < 8; b++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    crc = ~crc;
    for (int i = 0; i < 4; i++) bytes[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
    memcpy(bytes + 33, "\0\0\0\2IDAT\x78\x9c\x99\xce\xb5\xb5\0\0\0\0IEND\xae\x42\x60\x82", 26);
    assert_refused(png_decode(bytes, sizeof bytes, "x", &im, NULL, &err), err, ERR_FORMAT,
                   "too short for the size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alpha_goes_over_black),
        cmocka_unit_test(grey_with_alpha_stays_grey),
        cmocka_unit_test(sixteen_bits_become_eight),
        cmocka_unit_test(palettes_and_single_bits_are_expanded),
        cmocka_unit_test(text_survives),
        cmocka_unit_test(latin_text_becomes_utf8),
        cmocka_unit_test(unusable_text_is_refused),
        cmocka_unit_test(bad_files_end_in_a_sentence),
        cmocka_unit_test(a_bomb_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
