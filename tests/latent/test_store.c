/* The store: what is put in comes back, and nothing else does. */
#include "latent/store.h"
#include "base/file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void path_of(char *out, size_t cap, const LatentStore *s, const LatentRef *ref)
{
    char name[24];
    latent_ref_print(name, ref);
    snprintf(out, cap, "%s%s.f32", s->folder, name);
}

static void test_round_trip(void **state)
{
    (void)state;
    Err err = {0};
    LatentStore s;
    LatentRef z, w, again;
    const float x[] = {1, -2, 0.5f};
    float y[3];
    assert_true(file_remove_tree("folder", NULL) || true);
    assert_true(store_open(&s, "folder/of/latents", &err));
    assert_true(store_put(&z, &s, REF_Z, x, 3, &err));
    assert_true(store_put(&w, &s, REF_W, x, 3, &err));
    assert_true(store_put(&again, &s, REF_Z, x, 3, &err));
    assert_int_equal(z.id, w.id);
    assert_int_equal(z.id, again.id);
    assert_int_equal(z.id, store_ref(REF_Z, x, 3).id);
    assert_true(store_has(&s, &z) && store_has(&s, &w));
    assert_true(store_get(y, &s, &w, 3, &err));
    assert_memory_equal(x, y, sizeof x);
    LatentRef absent = {REF_WP, z.id};
    assert_false(store_has(&s, &absent));
    assert_false(store_get(y, &s, &absent, 3, &err));
    err = (Err){0};
    assert_false(store_get(y, &s, &z, 2, &err));
    assert_non_null(strstr(err.msg, "holds 12 bytes where this model's latent takes 8"));
}

static void test_damage(void **state)
{
    (void)state;
    Err err = {0};
    LatentStore s;
    LatentRef ref;
    char path[4096];
    float x[] = {1, 2, 3};
    assert_true(store_open(&s, "damaged/", &err));
    assert_true(store_put(&ref, &s, REF_W, x, 3, &err));
    path_of(path, sizeof path, &s, &ref);
    x[1] = 4;
    assert_true(file_replace(path, x, sizeof x, &err));
    assert_false(store_get(x, &s, &ref, 3, &err));
    assert_non_null(strstr(err.msg, "its content does not match its name"));
}

static void test_refusals(void **state)
{
    (void)state;
    LatentStore s;
    LatentRef ref;
    const float bad[] = {1, (float)(1e308 * 10)};
    assert_true(store_open(&s, "folder", NULL));
    assert_false(store_put(&ref, &s, REF_Z, bad, 2, NULL));
    assert_false(store_put(&ref, &s, REF_SEED, bad, 1, NULL));
    assert_false(store_put(&ref, &s, REF_Z, bad, 0, NULL));
}

static void test_default_folder(void **state)
{
    (void)state;
    LatentStore s;
    setenv("XDG_DATA_HOME", "/some/where", 1);
    assert_true(store_open(&s, NULL, NULL));
    assert_string_equal(s.folder, "/some/where/viewsmith/latents");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_default_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
