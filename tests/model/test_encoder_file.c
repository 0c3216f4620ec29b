/* Encoders: files both ways, wrong files, and features that do not depend on slices. */
#include "data/image.h"
#include "model/tiny.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FILE_NAME "e.safetensors"

static void test_round_trip(void **state)
{
    (void)state;
    for (int classes = 0; classes <= 10; classes += 10) {
        Err err = {0};
        Encoder *e = tiny_encoder(classes, 1, &err), *f;
        assert_non_null(e);
        assert_true(encoder_save(e, FILE_NAME, &err));
        if (!encoder_open(&f, FILE_NAME, &err)) fail_msg("%s", err.msg);
        assert_string_equal(e->digest, f->digest);
        assert_string_equal(f->name, "tiny");
        assert_string_equal(f->config.size, "tiny");
        assert_int_equal(f->config.classes, classes);
        assert_int_equal(f->config.hidden, e->config.hidden);
        encoder_drop(encoder_keep(f));
        encoder_drop(f);
        encoder_drop(e);
    }
}

static void test_features(void **state)
{
    enum { N = 131, ITEM = 64, D = 64 };
    (void)state;
    Err err = {0};
    Encoder *judge = tiny_encoder(10, 2, &err), *plain = tiny_encoder(0, 2, &err);
    static uint8_t px[N * ITEM];
    static float x[N * ITEM], a[N * D], b[N * D], la[N * 10], lb[10];
    assert_int_equal(encoder_features(&judge->config), D);
    Rng r = rng_at(1, RNG_TEST);
    for (int i = 0; i < N * ITEM; i++) px[i] = (uint8_t)rng_u32(&r);
    image_bytes_to_float(x, px, N * ITEM);
    assert_true(encoder_features_of_bytes(a, la, judge, px, N, NULL, &err));
    assert_true(encoder_features_of_floats(b, NULL, judge, x, N, NULL, &err));
    assert_memory_equal(a, b, sizeof a);
    assert_true(encoder_features_of_bytes(b, lb, judge, px + 130 * ITEM, 1, NULL, &err));
    assert_memory_equal(a + 130 * D, b, D * sizeof *a);
    assert_memory_equal(la + 130 * 10, lb, sizeof lb);
    assert_memory_not_equal(a, a + D, D * sizeof *a);
    assert_true(encoder_features_of_bytes(a, NULL, plain, px, 0, NULL, &err));
    assert_false(encoder_features_of_bytes(a, la, plain, px, 1, NULL, &err));
    assert_string_equal(err.msg, "tiny has no classifier, so it gives no logits");
    encoder_drop(judge);
    encoder_drop(plain);
}

static void expect_refused(const Safetensors *st, const char *key, const char *value, int tensors,
                           const char *message)
{
    Err err = {0};
    Encoder *e;
    TensorMeta meta[8];
    assert_true(st->metas <= 8);
    memcpy(meta, st->meta, (size_t)st->metas * sizeof *meta);
    for (int i = 0; i < st->metas; i++)
        if (!strcmp(meta[i].key, key)) meta[i].value = value;
    assert_true(safetensors_save(FILE_NAME, st->tensor, tensors, meta, st->metas, &err));
    if (encoder_open(&e, FILE_NAME, &err)) fail_msg("accepted, expected: %s", message);
    assert_null(e);
    if (strncmp(err.msg, message, strlen(message)))
        fail_msg("\"%s\" where \"%s\" is expected", err.msg, message);
}

static void test_wrong_files(void **state)
{
    (void)state;
    Err err = {0};
    Safetensors st;
    Encoder *e = tiny_encoder(0, 1, &err);
    assert_true(encoder_save(e, "good.safetensors", &err));
    assert_true(safetensors_open(&st, "good.safetensors", &err));
    expect_refused(&st, "format", "viewsmith-other", st.n,
                   "e.safetensors: metadata \"format\" is \"viewsmith-other\" where");
    expect_refused(&st, "config", "{}", st.n,
                   "e.safetensors: metadata \"config\": \"size\" is missing or no name");
    expect_refused(&st, "config", "{\"size\":\"tiny\",\"channels\":9}", st.n,
                   "e.safetensors: metadata \"config\": \"channels\" is 9, outside of 1 to 3");
    expect_refused(
        &st, "config",
        "{\"size\":\"tiny\",\"channels\":1,\"side\":8,\"stages\":2,\"hidden\":4,\"out\":4,\"classes\":0,"
        "\"width\":[1,2,3],\"blocks\":[1,1]}",
        st.n, "e.safetensors: metadata \"config\": \"width\" is not a list of 2 numbers");
    expect_refused(&st, "digest", "0", st.n, "e.safetensors: metadata \"digest\" is 0 but");
    expect_refused(&st, "", "", st.n - 1, "e.safetensors: tensor \"");
    safetensors_close(&st);
    encoder_drop(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_features),
                                       cmocka_unit_test(test_wrong_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
