/* Pictures as bytes, decoded again: half blocks exactly, sixel greys within a percent, colours closely. */
#include "tui/pixels.h"
#include "ui/screen_model.h"
#include "data/png.h"
#include "tui/blocks.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#define COLS 40
#define ROWS 20

static Image picture(int w, int h, int c)
{
    Image im;
    assert_true(image_make(&im, w, h, c, NULL));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int k = 0; k < c; k++)
                im.px[(y * w + x) * c + k] = (uint8_t)((k == 0   ? x * 255 / w
                                                        : k == 1 ? y * 255 / h
                                                                 : (x + y) * 128 / (w + h)));
    return im;
}

static void encode(Model *m, const Image *im, Rect r, PixelMode mode, PixelQuality quality, int max)
{
    Pixels *px = pixels_new(NULL);
    Buf out = {0};
    Piece piece = {.rect = r, .image = *im, .id = 1, .part = {r}, .parts = 1};
    PixelSpec spec = {mode, 8, 16, max, max};
    model_open(m, COLS, ROWS, 8, 16);
    assert_true(pixels_encode(px, &out, &(PixelTask){1, r, &piece, 1, quality, 77}, &spec, NULL));
    assert_int_equal(model_take(m, out.p, out.n), out.n);
    assert_int_equal(m->unknown, 0);
    buf_free(&out);
    pixels_free(px);
}

static int32_t at(const Model *m, int x, int y)
{
    return model_pixel(m, x, y);
}

static int far(int32_t rgb, const uint8_t *p, int c)
{
    int worst = 0;
    for (int k = 0; k < 3; k++) {
        int d = abs((rgb >> (16 - 8 * k) & 255) - p[c == 3 ? k : 0]);
        if (d > worst) worst = d;
    }
    return rgb < 0 ? 999 : worst;
}

/* One picture pixel per half block: decoding gives the very bytes. */
static void half_blocks_are_exact(void **state)
{
    (void)state;
    for (int c = 1; c <= 3; c += 2) {
        Image im = picture(12, 12, c);
        Model m;
        encode(&m, &im, (Rect){3, 2, 12, 6}, PIXELS_HALF, PIXELS_FINE, 1000);
        for (int y = 0; y < 12; y++)
            for (int x = 0; x < 12; x++)
                assert_int_equal(
                    far(at(&m, (3 + x) * 8 + 4, 2 * 16 + y * 8 + 4), im.px + (y * 12 + x) * c, c), 0);
        assert_int_equal(at(&m, 2 * 8 + 7, 40), -1);
        assert_int_equal(at(&m, 15 * 8, 40), -1);
        model_close(&m);
        image_free(&im);
    }
}

/* Ordered dithering keeps the mean of flat areas. */
static void colors_256_keep_the_mean(void **state)
{
    (void)state;
    for (int level = 5; level < 255; level += 25) {
        uint8_t px[64 * 3];
        Image im = {8, 8, 3, px};
        Model m;
        long sum[3] = {0};
        for (int i = 0; i < 64; i++)
            px[3 * i] = (uint8_t)level, px[3 * i + 1] = (uint8_t)(255 - level), px[3 * i + 2] = 90;
        encode(&m, &im, (Rect){0, 0, 8, 4}, PIXELS_HALF256, PIXELS_FINE, 1000);
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                for (int k = 0; k < 3; k++) sum[k] += at(&m, x * 8 + 4, y * 8 + 4) >> (16 - 8 * k) & 255;
        for (int k = 0; k < 3; k++) assert_true(labs(sum[k] / 64 - px[k]) < 5);
        model_close(&m);
    }
}

static void letters(void **state)
{
    uint8_t px[4] = {0, 255, 255, 0};
    Image im = {2, 2, 1, px};
    Model m;
    (void)state;
    encode(&m, &im, (Rect){1, 1, 4, 2}, PIXELS_ASCII, PIXELS_FINE, 1000);
    assert_memory_equal(m.text + COLS + 1, "  ", 1);
    assert_int_equal(m.text[COLS + 4], '@');
    assert_int_equal(m.text[2 * COLS + 1], '@');
    model_close(&m);
}

/* 4 x 4 pixel blocks survive any palette; greys are exact to a percent. */
static void sixel_decodes(void **state)
{
    (void)state;
    for (int c = 1; c <= 3; c += 2)
        for (int quality = PIXELS_COARSE; quality <= PIXELS_FINE; quality++) {
            Image im = picture(16, 16, c);
            Model m;
            int worst = 0, limit = c == 1                   ? (quality == PIXELS_FINE ? 4 : 5)
                                   : quality == PIXELS_FINE ? 24
                                                            : 48;
            encode(&m, &im, (Rect){2, 1, 16, 8}, PIXELS_SIXEL, (PixelQuality)quality, 1000);
            assert_int_equal(m.sixels, 1);
            for (int y = 0; y < 16; y++)
                for (int x = 0; x < 16; x++) {
                    int d = far(at(&m, 16 + x * 8 + 4, 16 + y * 8 + 4), im.px + (y * 16 + x) * c, c);
                    if (quality == PIXELS_FINE && d > 0)
                        d = d > 8 ? d - 8 : 0; /* interpolated between pixels */
                    if (d > worst) worst = d;
                }
            assert_true(worst <= limit);
            assert_int_equal(at(&m, 15, 60), -1);
            assert_int_equal(at(&m, 16 + 128, 60), -1);
            assert_int_equal(at(&m, 60, 16 + 128), -1);
            model_close(&m);
            image_free(&im);
        }
}

/* Beyond the terminal's limit a picture goes in tiles that join without a seam. */
static void tiles_join(void **state)
{
    Image im = picture(20, 20, 1);
    Model one, many;
    (void)state;
    encode(&one, &im, (Rect){0, 0, 30, 15}, PIXELS_SIXEL, PIXELS_FINE, 1000);
    encode(&many, &im, (Rect){0, 0, 30, 15}, PIXELS_SIXEL, PIXELS_FINE, 70);
    assert_int_equal(one.sixels, 1);
    assert_int_equal(many.sixels, 4 * 4);
    assert_memory_equal(one.pixel, many.pixel, sizeof *one.pixel * COLS * 8 * ROWS * 16);
    model_close(&one);
    model_close(&many);
    image_free(&im);
}

/* Only the visible parts are painted; what lies between pictures of a strip is left alone. */
static void strips_have_holes(void **state)
{
    Image im = picture(8, 8, 1);
    Pixels *px = pixels_new(NULL);
    Piece piece[2] = {{.rect = {0, 0, 8, 4}, .image = im, .part = {{0, 0, 8, 1}, {0, 1, 2, 3}}, .parts = 2},
                      {.rect = {12, 0, 8, 4}, .image = im, .part = {{12, 0, 8, 4}}, .parts = 1}};
    (void)state;
    for (PixelMode mode = PIXELS_HALF256; mode <= PIXELS_KITTY; mode++) {
        PixelSpec spec = {mode, 8, 16, 1000, 1000};
        Buf out = {0};
        Model m;
        model_open(&m, COLS, ROWS, 8, 16);
        for (int i = 0; i < COLS * 8 * ROWS * 16; i++) m.pixel[i] = 0x123456;
        assert_true(
            pixels_encode(px, &out, &(PixelTask){1, {0, 0, 20, 4}, piece, 2, PIXELS_FINE, 77}, &spec, NULL));
        assert_int_equal(model_take(&m, out.p, out.n), out.n);
        for (int cy = 0; cy < 4; cy++)
            for (int cx = 0; cx < 20; cx++) {
                bool shown = cx >= 12 || (cx < 8 && (cy < 1 || cx < 2));
                assert_int_equal(at(&m, cx * 8 + 3, cy * 16 + 9) != 0x123456, shown);
            }
        buf_free(&out);
        model_close(&m);
    }
    pixels_free(px);
    image_free(&im);
}

/* A wide strip with a gap: every pixel lands where the raster says. */
static void wide_gaps_lose_nothing(void **state)
{
    Image im = picture(16, 16, 1);
    Pixels *px = pixels_new(NULL);
    Piece piece[3] = {{.rect = {0, 0, 2, 1}, .image = im, .part = {{0, 0, 2, 1}}, .parts = 1},
                      {.rect = {35, 0, 2, 1}, .image = im, .part = {{35, 0, 2, 1}}, .parts = 1},
                      {.rect = {38, 0, 2, 1}, .image = im, .part = {{38, 0, 2, 1}}, .parts = 1}};
    PixelSpec spec = {PIXELS_SIXEL, 8, 16, 1000, 1000};
    (void)state;
    for (int first = 0; first < 3; first++) {
        Buf out = {0};
        Raster r;
        Model m;
        model_open(&m, COLS, ROWS, 8, 16);
        assert_true(raster_open(&r, COLS * 8, 16, NULL));
        for (int i = first; i < 3; i++)
            assert_true(raster_paste(&r, (Rect){0, 0, COLS, 1}, &piece[i], 8, 16, 8, 16, true, NULL));
        assert_true(pixels_encode(px, &out,
                                  &(PixelTask){1, {0, 0, COLS, 1}, piece + first, 3 - first, PIXELS_FINE, 77},
                                  &spec, NULL));
        assert_int_equal(model_take(&m, out.p, out.n), out.n);
        for (int i = 0; i < COLS * 8 * 16; i++) {
            assert_int_equal(r.mask[i], m.pixel[i] >= 0);
            if (r.mask[i]) assert_true(far(m.pixel[i], r.rgb + 3 * i, 3) <= 2);
        }
        buf_free(&out);
        raster_close(&r);
        model_close(&m);
    }
    pixels_free(px);
    image_free(&im);
}

static void shape_is_kept(void **state)
{
    int box[4];
    Image im = picture(6, 6, 1);
    Model m;
    encode(&m, &im, (Rect){1, 1, 13, 6}, PIXELS_SIXEL, PIXELS_COARSE,
           1000); /* 4 pixels free on either side */
    assert_int_equal(at(&m, 8 + 3, 60), -1);
    assert_true(at(&m, 8 + 4, 60) >= 0 && at(&m, 8 + 99, 60) >= 0);
    assert_int_equal(at(&m, 8 + 100, 60), -1);
    model_close(&m);
    image_free(&im);
    (void)state;
    raster_fit(box, (Rect){0, 0, 20, 5}, 28, 28, 8, 17);
    assert_int_equal(box[2], 85);
    assert_int_equal(box[3], 85);
    assert_int_equal(box[0], (160 - 85) / 2);
    Rect cells = raster_cells((Rect){10, 4, 20, 5}, 28, 28, 8, 17);
    assert_int_equal(cells.x, 14);
    assert_int_equal(cells.w, 12);
    assert_int_equal(cells.h, 5);
    raster_fit(box, (Rect){0, 0, 1, 1}, 1000, 1, 8, 17);
    assert_true(box[2] == 8 && box[3] == 1);
}

/* kitty gets all pixels exactly when fine, fewer when coarse, in strings that are not too long. */
static void kitty_decodes(void **state)
{
    (void)state;
    for (int c = 1; c <= 3; c += 2)
        for (PixelQuality quality = 0; quality <= PIXELS_FINE; quality++) {
            Image im = picture(128, 128, c);
            Model m;
            int worst = 0, limit = quality == PIXELS_FINE ? 0 : 14;
            encode(&m, &im, (Rect){2, 1, 16, 8}, PIXELS_KITTY, quality, 1000);
            assert_int_equal(m.kitty.shown, 1);
            assert_int_equal(m.kitty.wrong, 0);
            assert_true(m.kitty.longest <= 4096);
            for (int y = 0; y < 128; y++)
                for (int x = 0; x < 128; x++) {
                    int d = far(at(&m, 16 + x, 16 + y), im.px + (y * 128 + x) * c, c);
                    if (d > worst) worst = d;
                }
            assert_true(worst <= limit);
            assert_int_equal(at(&m, 15, 60), -1);
            assert_int_equal(at(&m, 16 + 128, 60), -1);
            model_close(&m);
            image_free(&im);
        }
}

static size_t bytes_of(PixelMode mode, PixelQuality quality, int c)
{
    Image im = picture(28, 28, c);
    Pixels *px = pixels_new(NULL);
    Buf out = {0};
    Rect r = {0, 0, 36, 18};
    for (int i = 0; i < 28 * 28 * c; i++)
        im.px[i] ^= (uint8_t)((uint32_t)i * 2654435761u >> 28); /* not too easy */
    Piece piece = {.rect = r, .image = im, .id = 1, .part = {r}, .parts = 1};
    PixelSpec spec = {mode, 8, 16, 1000, 1000};
    assert_true(pixels_encode(px, &out, &(PixelTask){1, r, &piece, 1, quality, 77}, &spec, NULL));
    size_t n = out.n;
    buf_free(&out);
    pixels_free(px);
    image_free(&im);
    return n;
}

/* Each step down the ladder takes fewer bytes, in every way that has one. */
static void steps_take_fewer_bytes(void **state)
{
    (void)state;
    for (PixelMode mode = PIXELS_HALF; mode <= PIXELS_KITTY; mode++)
        for (int c = 1; c <= 3; c += 2) {
            size_t before = 0;
            for (PixelQuality quality = 0; quality <= PIXELS_FINE; quality++) {
                size_t n = bytes_of(mode, quality, c);
                assert_true(n > before || (n == before && mode == PIXELS_HALF && quality == PIXELS_FINE));
                before = n;
            }
        }
}

/* An independent decoder agrees, where it is installed. */
static void sixel2png_agrees(void **state)
{
    Image im = picture(16, 16, 3), back;
    Pixels *px = pixels_new(NULL);
    Buf out = {0};
    Rect r = {0, 0, 16, 8};
    Piece piece = {.rect = r, .image = im, .part = {r}, .parts = 1};
    PixelSpec spec = {PIXELS_SIXEL, 8, 16, 1000, 1000};
    (void)state;
    if (system("command -v sixel2png >/dev/null")) skip();
    assert_true(pixels_encode(px, &out, &(PixelTask){1, r, &piece, 1, PIXELS_COARSE, 77}, &spec, NULL));
    FILE *f = fopen("one.six", "wb");
    const char *dcs = memchr(out.p, 'P', out.n);
    fwrite(dcs - 1, 1, out.n - (size_t)(dcs - 1 - out.p), f);
    fclose(f);
    assert_int_equal(system("sixel2png -i one.six -o one.png"), 0);
    assert_true(png_load("one.png", &back, NULL, NULL));
    assert_int_equal(back.w, 128);
    assert_int_equal(back.h, 128);
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 16; x++) {
            const uint8_t *p = back.px + ((y * 8 + 4) * 128 + x * 8 + 4) * 3;
            assert_true(far(p[0] << 16 | p[1] << 8 | p[2], im.px + (y * 16 + x) * 3, 3) <= 48);
        }
    image_free(&back);
    image_free(&im);
    buf_free(&out);
    pixels_free(px);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_blocks_are_exact),
        cmocka_unit_test(colors_256_keep_the_mean),
        cmocka_unit_test(letters),
        cmocka_unit_test(sixel_decodes),
        cmocka_unit_test(tiles_join),
        cmocka_unit_test(strips_have_holes),
        cmocka_unit_test(shape_is_kept),
        cmocka_unit_test(wide_gaps_lose_nothing),
        cmocka_unit_test(kitty_decodes),
        cmocka_unit_test(steps_take_fewer_bytes),
        cmocka_unit_test(sixel2png_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
