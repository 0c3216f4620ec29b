/* tar: what goes in comes out, the same content gives the same bytes, damaged archives are refused or end
 * early. */
#include "check.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/rng.h"
#include "data/tar.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_one(const char *path)
{
    Err err = {0};
    TarWriter *w = tar_create(path, &err);
    assert_ok(w, err);
    assert_ok(tar_put(w, "000000.png", "abc", 3, &err) && tar_put(w, "000000.json", "", 0, &err) &&
                  tar_put(w, "000001.png", "0123456789", 10, &err) && tar_commit(w, &err),
              err);
}

static void test_there_and_back(void **state)
{
    (void)state;
    Err err = {0};
    TarEntry e;
    uint8_t *a, *b = NULL;
    size_t n, m = 0;
    write_one("one.tar");
    write_one("two.tar");
    assert_ok(file_read("one.tar", 1 << 20, &a, &n, &err) && file_read("two.tar", 1 << 20, &b, &m, &err),
              err);
    assert_true(n == m && !memcmp(a, b, n));
    free(a), free(b);
    TarReader *r = tar_open("one.tar", &err);
    assert_ok(r, err);
    assert_true(tar_next(r, &e, &err) && !strcmp(e.name, "000000.png") && e.size == 3 &&
                !memcmp(e.bytes, "abc", 3));
    assert_true(tar_next(r, &e, &err) && !strcmp(e.name, "000000.json") && e.size == 0);
    assert_true(tar_next(r, &e, &err) && e.size == 10 && !memcmp(e.bytes, "0123456789", 10));
    assert_false(tar_next(r, &e, &err));
    assert_int_equal(err.code, ERR_OK);
    tar_close(r);
}

static void test_refuses(void **state)
{
    (void)state;
    Err err = {0};
    TarEntry e;
    assert_refused(tar_open("absent.tar", &err), err, ERR_FORMAT, "absent.tar");
    char text[2000];
    memset(text, 'x', sizeof text);
    err = (Err){0};
    assert_ok(file_replace("text.tar", text, sizeof text, &err), err);
    TarReader *r = tar_open("text.tar", &err);
    if (r) assert_false(tar_next(r, &e, &err));
    assert_true(err.code == ERR_FORMAT && strstr(err.msg, "text.tar"));
    tar_close(r);
}

static void test_damage(void **state)
{
    (void)state;
    Err err = {0};
    TarEntry e;
    uint8_t *a;
    size_t n;
    write_one("one.tar");
    assert_ok(file_read("one.tar", 1 << 20, &a, &n, &err), err);
    Rng rng = rng_at(3, RNG_TEST);
    for (int round = 0; round < 300; round++) {
        size_t at = rng_below(&rng, (uint32_t)n), cut = round % 3 ? n : rng_below(&rng, (uint32_t)n);
        uint8_t was = a[at];
        a[at] = (uint8_t)rng_below(&rng, 256);
        assert_ok(file_replace("bad.tar", a, cut, &err), err);
        a[at] = was;
        Err own = {0};
        TarReader *r = tar_open("bad.tar", &own);
        for (int k = 0; r && tar_next(r, &e, &own); k++) assert_true(k < 100 && e.size <= TAR_ENTRY_MAX);
        tar_close(r);
    }
    free(a);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const pair[][2] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                                          {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
    uint8_t *bytes;
    size_t size;
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
        char *text = base64_text(pair[i][0], strlen(pair[i][0]));
        assert_string_equal(text, pair[i][1]);
        assert_true(base64_bytes(&bytes, &size, text) && size == strlen(pair[i][0]));
        assert_memory_equal(bytes, pair[i][0], size);
        free(bytes), free(text);
    }
    static const char *const bad[] = {"Z", "Zg=", "Zh==", "Zg==Zg==", "Z*==", "====", "Zm9="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(base64_bytes(&bytes, &size, bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_refuses),
                                       cmocka_unit_test(test_damage), cmocka_unit_test(test_base64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
