/* Recipes as text both ways, and views that are pure, in range, and what their parts say. */
#include "check.h"
#include "learn/augment.h"

#include <math.h>
#include <string.h>

enum { SIDE = 12, FLOATS = 3 * SIDE * SIDE };

static AugmentRecipe parsed(const char *text)
{
    AugmentRecipe r;
    Err err = {0};
    assert_ok(augment_parse(&r, text, &err), err);
    return r;
}

static void fill(float *x, int n)
{
    for (int i = 0; i < n; i++) x[i] = sinf((float)i * 0.37f) * 0.9f;
}

static void test_text(void **state)
{
    const char *names[] = {"genrep", "crop", "light", "none"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        AugmentRecipe r = parsed(names[i]), back;
        char text[AUGMENT_TEXT], again[AUGMENT_TEXT], hash[9], other[9];
        augment_text(text, &r);
        back = parsed(text);
        augment_text(again, &back);
        assert_string_equal(text, again);
        augment_hash(hash, &r);
        augment_hash(other, &back);
        assert_string_equal(hash, other);
        assert_int_equal(strlen(hash), 8);
        assert_true(augment_is_none(&r) == (i == 3));
    }
    AugmentRecipe a = parsed("mine:flip=0.25,crop=0.5-0.75"), b = parsed("other:crop=0.5-0.75,flip=0.25");
    char one[9], two[9];
    assert_string_equal(a.name, "mine");
    assert_true(a.flip == 0.25f && a.crop_low == 0.5f && a.crop_high == 0.75f && a.jitter == 0);
    augment_hash(one, &a);
    augment_hash(two, &b);
    assert_string_equal(one, two); /* the name is not part of it */
    b.contrast = 0.5f;
    augment_hash(two, &b);
    assert_string_not_equal(one, two);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "begins with a name"},
        {"Genrep", "begins with a name"},
        {"genrep;flip=1", "begins with a name"},
        {"genrep:flip", "flip needs a number"},
        {"genrep:flip=2", "flip needs a number from 0 to 1"},
        {"genrep:flip=-0.5", "flip needs a number"},
        {"genrep:spin=1", "no part \"spin\""},
        {"genrep:crop=0.5", "crop needs LOW-HIGH"},
        {"genrep:crop=0.9-0.5", "crop needs LOW-HIGH"},
        {"genrep:crop=0-1", "crop needs LOW-HIGH"},
        {"genrep:flip=1 jitter=0", "comma at column 14"},
        {"genrep:", "no part \"\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AugmentRecipe r = {.name = "kept"};
        Err err = {0};
        assert_false(augment_parse(&r, bad[i].text, &err));
        if (!strstr(err.msg, bad[i].says)) fail_msg("\"%s\" gave: %s", bad[i].text, err.msg);
        assert_string_equal(r.name, "kept");
    }
}

static void test_pure_and_in_range(void **state)
{
    float x[FLOATS], y[FLOATS], z[FLOATS];
    AugmentRecipe r = parsed("genrep");
    int same = 0;
    (void)state;
    fill(x, FLOATS);
    for (uint64_t k = 0; k < 200; k++) {
        augment_apply(y, x, 3, SIDE, SIDE, &r, 7, k);
        augment_apply(z, x, 3, SIDE, SIDE, &r, 7, k);
        assert_memory_equal(y, z, sizeof y);
        for (int i = 0; i < FLOATS; i++) assert_true(y[i] >= -1 && y[i] <= 1);
        augment_apply(z, x, 3, SIDE, SIDE, &r, 7, k + 1);
        same += !memcmp(y, z, sizeof y);
        augment_apply(z, x, 3, SIDE, SIDE, &r, 8, k);
        same += !memcmp(y, z, sizeof y);
    }
    assert_int_equal(same, 0);
}

static void test_batch_any_threads(void **state)
{
    enum { N = 37 };
    static float x[N * FLOATS], one[N * FLOATS], four[N * FLOATS], alone[FLOATS];
    uint64_t counter[N];
    AugmentRecipe r = parsed("genrep");
    Pool *pool = pool_new(4, 0, NULL);
    (void)state;
    fill(x, N * FLOATS);
    for (uint64_t i = 0; i < N; i++) counter[i] = i * 1000003;
    augment_batch(one, x, N, 3, SIDE, SIDE, &r, 3, counter, NULL);
    augment_batch(four, x, N, 3, SIDE, SIDE, &r, 3, counter, pool);
    assert_memory_equal(one, four, sizeof one);
    augment_apply(alone, x + 5 * FLOATS, 3, SIDE, SIDE, &r, 3, counter[5]);
    assert_memory_equal(alone, one + 5 * FLOATS, sizeof alone);
    pool_free(pool);
}

static void test_none_and_flip(void **state)
{
    float x[FLOATS], y[FLOATS];
    AugmentRecipe none = parsed("none"), flip = parsed("none:flip=1"), half = parsed("none:flip=0.5");
    int mirrored = 0;
    (void)state;
    fill(x, FLOATS);
    augment_apply(y, x, 3, SIDE, SIDE, &none, 0, 1);
    assert_memory_equal(x, y, sizeof x);
    augment_apply(y, x, 3, SIDE, SIDE, &flip, 0, 1);
    for (int i = 0; i < FLOATS; i++)
        assert_true(fabsf(y[i] - x[i / SIDE * SIDE + SIDE - 1 - i % SIDE]) < 1e-5f);
    for (uint64_t k = 0; k < 1000; k++) {
        augment_apply(y, x, 3, SIDE, SIDE, &half, 0, k);
        mirrored += memcmp(x, y, sizeof x) != 0;
    }
    assert_true(mirrored > 440 && mirrored < 560);
}

/* A crop of a ramp is a ramp whose slope is the crop's width: its range is what the recipe says. */
static void test_crop_range(void **state)
{
    float x[SIDE * SIDE], y[SIDE * SIDE], least = 1, most = 0;
    AugmentRecipe r = parsed("none:crop=0.25-1");
    (void)state;
    for (int i = 0; i < SIDE * SIDE; i++) x[i] = (float)(i % SIDE) / (SIDE - 1) - 0.5f;
    for (uint64_t k = 0; k < 2000; k++) {
        augment_apply(y, x, 1, SIDE, SIDE, &r, 0, k);
        float width = (y[SIDE / 2] - y[SIDE / 2 - 1]) * (SIDE - 1);
        least = fminf(least, width);
        most = fmaxf(most, width);
    }
    assert_true(least > 0.495f && least < 0.53f && most < 1.001f && most > 0.97f);
}

static void test_jitter(void **state)
{
    float x[SIDE * SIDE], y[SIDE * SIDE], least = 9, most = -9;
    AugmentRecipe bright = parsed("none:jitter=1,brightness=0.4"),
                  contrast = parsed("none:jitter=1,contrast=0.5");
    (void)state;
    for (int i = 0; i < SIDE * SIDE; i++) x[i] = i % 2 ? -0.2f : 0.2f; /* mean 0.5 and swing 0.1 on [0, 1] */
    for (uint64_t k = 0; k < 500; k++) {
        augment_apply(y, x, 1, SIDE, SIDE, &bright, 0, k);
        float factor = (y[0] + y[1] + 2) / 2;
        least = fminf(least, factor);
        most = fmaxf(most, factor);
        augment_apply(y, x, 1, SIDE, SIDE, &contrast, 0, k);
        assert_true(fabsf(y[0] + y[1]) < 1e-5f);                   /* the mean stays */
        assert_true(y[0] - y[1] > 0.199f && y[0] - y[1] < 0.601f); /* the swing is half to three halves */
    }
    assert_true(least > 0.599f && least < 0.62f && most > 1.38f && most < 1.401f);
}

/* Changing one part leaves the numbers of the others alone: the same crop with and without jitter. */
static void test_parts_are_apart(void **state)
{
    float x[FLOATS], y[FLOATS], z[FLOATS];
    AugmentRecipe all = parsed("genrep:flip=0"), crop = parsed("genrep:flip=0,jitter=0");
    int equal = 0;
    (void)state;
    fill(x, FLOATS);
    for (uint64_t k = 0; k < 1000; k++) {
        augment_apply(y, x, 3, SIDE, SIDE, &all, 0, k);
        augment_apply(z, x, 3, SIDE, SIDE, &crop, 0, k);
        equal += !memcmp(y, z, sizeof y);
    }
    assert_true(equal > 150 && equal < 250); /* the fifth without jitter */
}

/* A turned hue keeps the luma where nothing is cut off, a whole turn is none, and grey leaves three planes
 * alike; recipes of before say nothing of either. */
static void test_colour(void **state)
{
    float in[FLOATS], turned[FLOATS], grey[FLOATS];
    char text[AUGMENT_TEXT];
    AugmentRecipe hue = parsed("none:jitter=1,hue=0.3"), plain = parsed("genrep"),
                  none = parsed("none:grey=1");
    (void)state;
    for (int i = 0; i < FLOATS; i++)
        in[i] = 0.2f * sinf((float)i * 0.37f); /* far from the ends of the range */
    augment_apply(turned, in, 3, SIDE, SIDE, &hue, 1, 2);
    augment_apply(grey, in, 3, SIDE, SIDE, &none, 1, 2);
    enum { P = SIDE * SIDE };
    double moved = 0;
    for (int p = 0; p < P; p++) {
        float before = 0.299f * in[p] + 0.587f * in[p + P] + 0.114f * in[p + 2 * P];
        float after = 0.299f * turned[p] + 0.587f * turned[p + P] + 0.114f * turned[p + 2 * P];
        assert_true(fabsf(before - after) < 2e-3f);
        moved += fabsf(in[p] - turned[p]);
        assert_true(fabsf(grey[p] - before) < 1e-5f && fabsf(grey[p] - grey[p + P]) < 1e-5f);
    }
    assert_true(moved > 1);
    augment_text(text, &plain);
    assert_null(strstr(text, "hue"));
    hue = parsed("colour");
    augment_text(text, &hue);
    assert_non_null(strstr(text, "hue=0.1,grey=0.2"));
    assert_false(augment_is_none(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pure_and_in_range),
        cmocka_unit_test(test_batch_any_threads),
        cmocka_unit_test(test_none_and_flip),
        cmocka_unit_test(test_crop_range),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_parts_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
