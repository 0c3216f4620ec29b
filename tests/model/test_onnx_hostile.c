/* Damaged ONNX models: whatever the bytes, importing them gives a net that can be run or one sentence. Worth
 * most under the sanitizers; tests/fuzz/run.sh searches further. */
#include "check.h"
#include "base/file.h"
#include "base/rng.h"
#include "fuzz/targets_model.h"
#include <stdio.h>

enum { ROUNDS = 150, MOST = 4096 };

/* One to three bytes become others, go, or come twice. */
static size_t damage(uint8_t *to, const uint8_t *from, size_t n, Rng *r)
{
    memcpy(to, from, n);
    for (uint32_t i = 0, times = 1 + rng_below(r, 3); i < times && n > 1; i++) {
        size_t at = rng_below(r, (uint32_t)n);
        switch (rng_below(r, 4)) {
        case 0:
            to[at] = (uint8_t)rng_below(r, 256);
            break;
        case 1:
            to[at] ^= (uint8_t)(1u << rng_below(r, 8));
            break;
        case 2:
            memmove(to + at, to + at + 1, --n - at);
            break;
        default:
            memmove(to + at + 1, to + at, n++ - at);
        }
    }
    return n;
}

static void seeds(void **state)
{
    static const char folder[] = TEST_SOURCE_DIR "/fuzz/seeds/onnx";
    char path[512], **name;
    Err err = {0};
    Rng r = rng_at(7, RNG_TEST);
    int accepted = 0, all = 0;
    (void)state;
    long n = file_list(folder, &name, &err);
    assert_true(n > 0);
    for (long i = 0; i < n; i++) {
        uint8_t *bytes;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", folder, name[i]);
        assert_ok(file_read(path, MOST - 8, &bytes, &size, &err), err);
        assert_true(target_onnx_import(bytes, size));
        for (int k = 0; k < ROUNDS; k++, all++) {
            uint8_t *bad = malloc(MOST);
            size_t left = damage(bad, bytes, size, &r);
            uint8_t *exact = realloc(bad, left); /* no byte of room behind, so that reading on is seen */
            assert_non_null(exact);
            accepted += target_onnx_import(exact, left);
            free(exact);
        }
        free(bytes);
    }
    free(name);
    assert_in_range(accepted, all / 100, all * 99 / 100); /* neither too wild nor too tame */
}

/* Cuts at every place. */
static void cuts(void **state)
{
    uint8_t *bytes;
    size_t size;
    Err err = {0};
    (void)state;
    assert_ok(file_read(TEST_SOURCE_DIR "/fuzz/seeds/onnx/Resize-scaled", MOST, &bytes, &size, &err), err);
    for (size_t n = 0; n < size; n++) {
        uint8_t *exact = malloc(n + !n);
        memcpy(exact, bytes, n);
        assert_false(target_onnx_import(exact, n));
        free(exact);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(seeds), cmocka_unit_test(cuts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
