/* IDX: plain and gzip, strict about everything. */
#include "base/file.h"
#include "check.h"
#include "data/idx.h"

#include <stdlib.h>
#include <string.h>

static uint8_t pixels[2 * 3 * 4];
static const uint8_t plain[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};

static void plain_files_are_read(void **state)
{
    (void)state;
    Idx idx;
    Err err = {0};
    assert_ok(idx_decode(plain, sizeof plain, "x", &idx, &err), err);
    assert_true(idx.ndim == 2 && idx.dim[0] == 2 && idx.dim[1] == 3 && idx.count == 6);
    assert_memory_equal(idx.data, plain + 12, 6);
    idx_free(&idx);
}

static void gzip_round_trips(void **state)
{
    (void)state;
    Idx made = {.ndim = 3, .dim = {2, 3, 4}, .count = 24, .data = pixels}, back;
    Err err = {0};
    for (int i = 0; i < 24; i++) pixels[i] = (uint8_t)(i * i);
    assert_ok(idx_save_gz("a.gz", &made, &err), err);
    assert_ok(idx_load("a.gz", &back, &err), err);
    assert_true(back.ndim == 3 && back.count == 24 && back.dim[2] == 4);
    assert_memory_equal(back.data, pixels, 24);
    idx_free(&back);
}

static void headers_are_checked(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[24];
        size_t size;
        ErrCode code;
        const char *words;
    } bad[] = {
        {{0, 0, 8}, 3, ERR_FORMAT, "cut short"},
        {{1, 0, 8, 1, 0, 0, 0, 1, 7}, 9, ERR_FORMAT, "not an IDX file"},
        {{0, 0, 13, 1, 0, 0, 0, 1, 7}, 9, ERR_FORMAT, "type 0x0d"},
        {{0, 0, 8, 0}, 4, ERR_FORMAT, "0 dimensions"},
        {{0, 0, 8, 5}, 4, ERR_FORMAT, "5 dimensions"},
        {{0, 0, 8, 2, 0, 0, 0, 2}, 8, ERR_FORMAT, "cut short"},
        {{0, 0, 8, 1, 0, 0, 0, 0}, 8, ERR_LIMIT, "dimension 1 is 0"},
        {{0, 0, 8, 2, 0, 1, 0, 0, 0, 1, 0, 0}, 12, ERR_LIMIT, "dimension 2 is 65536"},
        {{0, 0, 8, 1, 0, 0, 0, 3, 1, 2}, 10, ERR_FORMAT, "cut short"},
        {{0, 0, 8, 1, 0, 0, 0, 1, 1, 2}, 10, ERR_FORMAT, "after the data"},
    };
    Idx idx;
    Err err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(idx_decode(bad[i].bytes, bad[i].size, "x", &idx, &err), err, bad[i].code,
                       bad[i].words);
}

static void damaged_gzip_is_refused(void **state)
{
    (void)state;
    Idx made = {.ndim = 1, .dim = {24}, .count = 24, .data = pixels}, back;
    uint8_t *bytes, longer[256];
    size_t size;
    Err err = {0};
    assert_ok(idx_save_gz("b.gz", &made, &err), err);
    assert_ok(file_read("b.gz", 1000, &bytes, &size, &err), err);
    for (size_t n = 0; n < size; n++)
        assert_refused(idx_decode(bytes, n, "x", &back, &err), err, ERR_FORMAT, "x: ");
    memcpy(longer, bytes, size);
    longer[size] = 0;
    assert_refused(idx_decode(longer, size + 1, "x", &back, &err), err, ERR_FORMAT, "after the data");
    longer[size - 6] ^= 1; /* the checksum */
    assert_refused(idx_decode(longer, size, "x", &back, &err), err, ERR_FORMAT, "gzip data is damaged");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_files_are_read),
        cmocka_unit_test(gzip_round_trips),
        cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(damaged_gzip_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
