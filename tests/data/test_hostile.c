/* Thousands of deterministic mutations of good files go through the readers: whatever the bytes, an answer
 * and no crash. Worth most under the sanitizers. tests/fuzz/run.sh searches further. */
#include "base/file.h"
#include "base/rng.h"
#include "check.h"
#include "fuzz/targets.h"

#include <stdio.h>
#include <zlib.h>

#define MUTATIONS 4000 /* of each format */
#define SIZE_MAX_ 8192

typedef struct {
    uint8_t bytes[SIZE_MAX_];
    size_t size;
} Sample;

typedef bool Target(const uint8_t *bytes, size_t size);

static void flip_bit(Sample *s, Rng *r)
{
    s->bytes[rng_below(r, (uint32_t)s->size)] ^= (uint8_t)(1 << rng_below(r, 8));
}

static void set_number(Sample *s, Rng *r)
{
    static const uint64_t numbers[] = {0,      1,      0x7F,       0x80,       0xFF,
                                       0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, UINT64_MAX};
    uint64_t x = numbers[rng_below(r, sizeof numbers / sizeof *numbers)];
    size_t at = rng_below(r, (uint32_t)s->size), n = (size_t)1 << rng_below(r, 4);
    memcpy(s->bytes + at, &x, n < s->size - at ? n : s->size - at);
}

static void set_text(Sample *s, Rng *r)
{
    static const char *const words[] = {
        "-1", "99999999999999999999", "{", "}", "\"", "[]", ",", "0", "1e9", "\\u0000"};
    const char *word = words[rng_below(r, sizeof words / sizeof *words)];
    size_t at = rng_below(r, (uint32_t)s->size), n = strlen(word);
    memcpy(s->bytes + at, word, n < s->size - at ? n : s->size - at);
}

static void cut_or_repeat(Sample *s, Rng *r)
{
    size_t from = rng_below(r, (uint32_t)s->size), n = 1 + rng_below(r, (uint32_t)(s->size - from));
    if (rng_below(r, 2)) {
        memmove(s->bytes + from, s->bytes + from + n, s->size - from - n);
        s->size -= n;
    } else if (s->size + n <= SIZE_MAX_) {
        memmove(s->bytes + from + n, s->bytes + from, s->size - from);
        s->size += n;
    }
}

static void mutate(Sample *s, Rng *r)
{
    static void (*const kinds[])(Sample *, Rng *) = {flip_bit, set_number, set_text, cut_or_repeat};
    for (uint32_t i = 0, n = 1 + rng_below(r, 3); i < n && s->size > 0; i++) kinds[rng_below(r, 4)](s, r);
}

/* Makes every chunk's checksum right again, so that the mutation reaches what lies behind it. */
static void repair_png(Sample *s)
{
    for (size_t at = 8; at + 12 <= s->size;) {
        const uint8_t *p = s->bytes + at;
        size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (n > s->size - at - 12) return;
        uint32_t crc = (uint32_t)crc32(0, p + 4, (uInt)n + 4);
        for (size_t i = 0; i < 4; i++) s->bytes[at + 8 + n + i] = (uint8_t)(crc >> (24 - 8 * i));
        at += n + 12;
    }
}

/* Returns how many were accepted. */
static int run_seed(const char *path, const char *format, Target *target, int rounds, Rng *r)
{
    static Sample good, bad;
    uint8_t *bytes;
    Err err = {0};
    int accepted = 0;
    assert_ok(file_read(path, SIZE_MAX_ / 2, &bytes, &good.size, &err), err);
    memcpy(good.bytes, bytes, good.size);
    free(bytes);
    for (int i = 0; i < rounds; i++) {
        bad = good;
        if (i > 0) mutate(&bad, r);
        if (i % 2 && !strcmp(format, "png")) repair_png(&bad);
        uint8_t *exact =
            malloc(bad.size + !bad.size); /* no byte of room behind, so that reading on is seen */
        assert_non_null(exact);
        memcpy(exact, bad.bytes, bad.size);
        accepted += target(exact, bad.size);
        free(exact);
    }
    return accepted;
}

static void run_format(const char *format, Target *target)
{
    char folder[512], path[768], **name;
    Err err = {0};
    Rng r = rng_at(11, RNG_TEST);
    snprintf(folder, sizeof folder, "%s/fuzz/seeds/%s", TEST_SOURCE_DIR, format);
    long n = file_list(folder, &name, &err);
    assert_true(n > 0);
    int accepted = 0;
    for (long i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, name[i]);
        accepted += run_seed(path, format, target, MUTATIONS / (int)n, &r);
    }
    free(name);
    assert_in_range(accepted, MUTATIONS / 100,
                    MUTATIONS * 99 / 100); /* the mutations are neither too wild nor too tame */
}

static void safetensors_survives(void **state)
{
    (void)state;
    run_format("safetensors", target_safetensors);
}

static void npy_survives(void **state)
{
    (void)state;
    run_format("npy", target_npy);
}

static void torch_survives(void **state)
{
    (void)state;
    run_format("torch", target_torch);
}

static void png_survives(void **state)
{
    (void)state;
    run_format("png", target_png);
}

static void jpeg_survives(void **state)
{
    (void)state;
    run_format("jpeg", target_jpeg);
}

static void idx_survives(void **state)
{
    (void)state;
    run_format("idx", target_idx);
}

static void onnx_survives(void **state)
{
    (void)state;
    run_format("onnx", target_onnx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_survives), cmocka_unit_test(npy_survives),
        cmocka_unit_test(torch_survives),       cmocka_unit_test(png_survives),
        cmocka_unit_test(jpeg_survives),        cmocka_unit_test(idx_survives),
        cmocka_unit_test(onnx_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
