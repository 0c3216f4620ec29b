/* TensorBoard event files, read back by an independent parser, an independent CRC-32C and, where it is,
 * protoc. */
#include "base/clock.h"
#include "base/file.h"
#include "check.h"
#include "data/events.h"
#include "data/png.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* CRC-32C bit by bit, from the polynomial alone (0x1EDC6F41, reflected). */
static uint32_t crc32c(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *p++;
        for (int b = 0; b < 8; b++) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    }
    return ~crc;
}

static uint32_t masked(const uint8_t *p, size_t n)
{
    uint32_t crc = crc32c(p, n);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

typedef struct {
    const uint8_t *at[8];
    size_t size[8];
    int n;
} Records;

static void split_records(Records *r, const uint8_t *p, size_t size)
{
    const uint8_t *end = p + size;
    for (r->n = 0; p < end; r->n++) {
        uint64_t n;
        uint32_t crc;
        assert_true(r->n < 8 && end - p >= 16);
        memcpy(&n, p, 8);
        memcpy(&crc, p + 8, 4);
        assert_int_equal(crc, masked(p, 8));
        assert_true(n + 16 <= (uint64_t)(end - p));
        memcpy(&crc, p + 12 + n, 4);
        assert_int_equal(crc, masked(p + 12, n));
        r->at[r->n] = p + 12;
        r->size[r->n] = n;
        p += 16 + n;
    }
}

/* What protoc makes of one record, or NULL where there is no protoc; malloc'ed. */
static char *decode_raw(const uint8_t *bytes, size_t size)
{
    uint8_t *text;
    size_t n;
    Err err = {0};
    if (system("protoc --version >protoc.version 2>&1")) return NULL;
    assert_ok(file_replace("record.bin", bytes, size, &err), err);
    assert_int_equal(system("protoc --decode_raw <record.bin >record.txt"), 0);
    assert_ok(file_read("record.txt", 1 << 20, &text, &n, &err), err);
    return (char *)text;
}

static void expect_raw(const uint8_t *bytes, size_t size, const char *wanted)
{
    char *text = decode_raw(bytes, size);
    if (text && !strstr(text, wanted))
        fail_msg("protoc reads\n%s\nwhere this was expected:\n%s", text, wanted);
    free(text);
}

static uint8_t *written(size_t *size, bool image)
{
    uint8_t *bytes;
    Image im;
    Err err = {0};
    clock_fake(0);
    Events *ev = events_open(".", image ? 100 : 0, &err);
    assert_ok(ev, err);
    if (image) {
        assert_ok(image_make(&im, 3, 2, 1, &err), err);
        assert_ok(events_image(ev, "views", 300, &im, &err), err);
        image_free(&im);
    } else {
        assert_ok(events_scalar(ev, "loss/train", 0, 1.5f, &err), err);
        assert_ok(events_scalar(ev, "loss/train", 200, 0.25f, &err), err);
    }
    assert_ok(file_read(events_path(ev), 1 << 20, &bytes, size, &err),
              err); /* flushed: read while it is open */
    unlink(events_path(ev));
    events_close(ev);
    return bytes;
}

static void scalars_parse_back(void **state)
{
    (void)state;
    size_t size;
    Records r;
    double wall;
    uint8_t *bytes = written(&size, false);
    split_records(&r, bytes, size);
    assert_int_equal(r.n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r.at[i][0], 0x09); /* field 1, double */
        memcpy(&wall, r.at[i] + 1, 8);
        assert_true(wall > 1.6e9 && wall < 1e11);
    }
    const uint8_t version[] = "\x1A\x0D"
                              "brain.Event:2",
                  event[] = "\x10\xC8\x01\x2A\x13\x0A\x11\x0A\x0A"
                            "loss/train\x15\0\0\x80\x3E";
    assert_int_equal(r.size[0], 9 + sizeof version - 1);
    assert_memory_equal(r.at[0] + 9, version, sizeof version - 1);
    assert_int_equal(r.size[2], 9 + sizeof event - 1);
    assert_memory_equal(r.at[2] + 9, event, sizeof event - 1);
    expect_raw(r.at[0], r.size[0], "3: \"brain.Event:2\"");
    expect_raw(r.at[1], r.size[1], "2: 0\n5 {\n  1 {\n    1: \"loss/train\"\n    2: 0x3fc00000\n  }\n}\n");
    expect_raw(r.at[2], r.size[2], "2: 200\n5 {\n  1 {\n    1: \"loss/train\"\n    2: 0x3e800000\n  }\n}\n");
    free(bytes);
}

static void pictures_parse_back(void **state)
{
    (void)state;
    size_t size;
    Records r;
    Image im;
    Err err = {0};
    uint8_t *bytes = written(&size, true);
    split_records(&r, bytes, size);
    assert_int_equal(r.n, 3);
    expect_raw(r.at[1], r.size[1], "2: 100\n7 {\n  1: 1\n}\n"); /* SessionLog START */
    expect_raw(r.at[2], r.size[2],
               "    1: \"views\"\n    4 {\n      1: 2\n      2: 3\n      3: 1\n      4: \"\\211PNG");
    const uint8_t *png = memmem(r.at[2], r.size[2], "\x89PNG", 4);
    assert_non_null(png);
    assert_ok(png_decode(png, (size_t)(r.at[2] + r.size[2] - png), "in the record", &im, NULL, &err), err);
    assert_true(im.w == 3 && im.h == 2 && im.c == 1);
    image_free(&im);
    free(bytes);
}

static void an_absent_folder_is_an_error(void **state)
{
    (void)state;
    Err err = {0};
    assert_refused(events_open("absent/folder", 0, &err), err, ERR_IO, "absent/folder/events.out.tfevents.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_parse_back),
        cmocka_unit_test(pictures_parse_back),
        cmocka_unit_test(an_absent_folder_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
