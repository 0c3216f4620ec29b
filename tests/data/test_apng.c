/* Animated PNGs: every chunk whole and in order, the first frame readable by anyone, the others rebuilt from
 * it. */
#include "check.h"
#include "data/apng.h"
#include "data/png.h"
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 5, SIDE = 40 };

typedef struct {
    uint8_t *png[FRAMES];
    ApngFrame frame[FRAMES];
    Image image[FRAMES];
} Film;

/* Noise, so that the data needs more than one chunk. */
static int make(void **state)
{
    static Film f;
    PngItem item = {"viewsmith", "{\"address\": \"x\"}"};
    uint32_t x = 1;
    for (int i = 0; i < FRAMES; i++) {
        if (!image_make(&f.image[i], SIDE * 4, SIDE, 3, NULL)) return -1;
        for (int k = 0; k < SIDE * SIDE * 12; k++)
            f.image[i].px[k] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
        if (!png_encode(&f.png[i], &f.frame[i].size, &f.image[i], &item, i == 0, NULL)) return -1;
        f.frame[i].bytes = f.png[i];
    }
    *state = &f;
    return 0;
}

static int drop(void **state)
{
    Film *f = *state;
    for (int i = 0; i < FRAMES; i++) free(f->png[i]), image_free(&f->image[i]);
    return 0;
}

static uint32_t read32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Sequence numbers rise by one from 0 over fcTL and fdAT; there is one fcTL per frame. */
static void order(void **state)
{
    Film *f = *state;
    Err err = {0};
    uint8_t *bytes;
    size_t size;
    uint32_t sequence = 0;
    int frames = 0;
    assert_ok(apng_join(&bytes, &size, f->frame, FRAMES, 20, &err), err);
    assert_memory_equal(bytes + 8 + 25 + 4, "acTL", 4);
    assert_int_equal(read32(bytes + 8 + 25 + 8), FRAMES);
    for (size_t at = 8; at < size; at += read32(bytes + at) + 12) {
        const uint8_t *type = bytes + at + 4;
        bool control = !memcmp(type, "fcTL", 4);
        if (control || !memcmp(type, "fdAT", 4)) assert_int_equal(read32(type + 4), sequence++);
        if (control) {
            frames++;
            assert_int_equal(read32(type + 8), SIDE * 4);
            assert_int_equal(read32(type + 24) & 0xffff, 20); /* 1 of 20 seconds */
        }
        if (!memcmp(type, "IEND", 4)) assert_int_equal(at + 12, size);
    }
    assert_int_equal(frames, FRAMES);
    free(bytes);
}

/* libpng checks the CRCs of all that it knows; it sees the first picture and the text. */
static void first_frame(void **state)
{
    Film *f = *state;
    Err err = {0};
    uint8_t *bytes;
    size_t size;
    Image im;
    PngText text;
    assert_ok(apng_join(&bytes, &size, f->frame, FRAMES, 20, &err), err);
    assert_ok(png_decode(bytes, size, "the animation", &im, &text, &err), err);
    assert_memory_equal(im.px, f->image[0].px, SIDE * SIDE * 12);
    assert_string_equal(png_text_find(&text, "viewsmith"), "{\"address\": \"x\"}");
    png_text_free(&text);
    image_free(&im);
    free(bytes);
}

/* The data of frame k put back as IDAT behind a header is that picture: all CRCs of the rebuilt file are
 * ours. */
static void later_frames(void **state)
{
    Film *f = *state;
    Err err = {0};
    uint8_t *bytes, *one;
    size_t size, n = 0;
    Image im;
    ApngFrame pair[2] = {f->frame[1], f->frame[3]}; /* as a file whose first frame is the one asked for */
    assert_ok(apng_join(&bytes, &size, pair, 2, 20, &err), err);
    one = malloc(size);
    size_t idat = 0, fdat = 0;
    for (size_t at = 8; at < size; at += read32(bytes + at) + 12) {
        if (!memcmp(bytes + at + 4, "IDAT", 4)) idat += read32(bytes + at);
        if (memcmp(bytes + at + 4, "fdAT", 4)) continue;
        fdat += read32(bytes + at) - 4;
        memcpy(one + n, bytes + at + 12, read32(bytes + at) - 4);
        n += read32(bytes + at) - 4;
    }
    size_t want = 0;
    for (size_t at = 8; at < f->frame[3].size; at += read32(f->png[3] + at) + 12) {
        if (memcmp(f->png[3] + at + 4, "IDAT", 4)) continue;
        assert_memory_equal(one + want, f->png[3] + at + 8, read32(f->png[3] + at));
        want += read32(f->png[3] + at);
    }
    assert_int_equal(want, fdat);
    assert_true(idat > 0);
    assert_ok(png_decode(bytes, size, "the animation", &im, NULL, &err), err);
    assert_memory_equal(im.px, f->image[1].px, SIDE * SIDE * 12);
    image_free(&im);
    free(one);
    free(bytes);
}

static void refusals(void **state)
{
    Film *f = *state;
    Err err;
    uint8_t *bytes;
    size_t size;
    Image small = {0};
    uint8_t *png;
    assert_true(image_make(&small, 3, 3, 1, NULL));
    memset(small.px, 7, 9);
    ApngFrame odd[2] = {f->frame[0], {0}};
    assert_true(png_encode(&png, &odd[1].size, &small, NULL, 0, NULL));
    odd[1].bytes = png;
    assert_refused(apng_join(&bytes, &size, odd, 2, 20, &err), err, ERR_FORMAT,
                   "frame 2 of the animation has another size");
    odd[0] = (ApngFrame){(const uint8_t *)"no png", 6};
    assert_refused(apng_join(&bytes, &size, odd, 2, 20, &err), err, ERR_FORMAT,
                   "frame 1 of the animation is no PNG");
    free(png);
    image_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order), cmocka_unit_test(first_frame),
                                       cmocka_unit_test(later_frames), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, make, drop);
}
