/* Slice evidence: an encoder compared with itself gains nothing; with another, the figures are those of the
 * same views, the same each time; a slice of one view is refused. */
#include "check.h"
#include "engine/slice.h"
#include "engine/stage.h"

static Stage stage;
static Pool *pool;

static Tray *fill(int n)
{
    Err err = {0};
    Tray *t;
    const Generator *g = stage.w->generator;
    remove("slice.sqlite");
    assert_ok(tray_open(&t, "slice.sqlite", &err), err);
    for (int i = 0; i < n; i++) {
        Address a = address_of_seed(g->slug, g->digest, (uint64_t)i, i % 3, 1);
        assert_ok(tray_add(NULL, t, &a, "hard", NULL, NULL, &err), err);
    }
    return t;
}

static bool compare(Slice *out, Tray *t, const Encoder *a, const Encoder *b, Err *err)
{
    TrayList list;
    if (!tray_list(&list, t, &(TrayFilter){.tag = "hard"}, err)) return false;
    bool ok = slice_compare(out, stage.w, t, &list, a, b, 5, 0.3f, NULL, NULL, pool, err);
    tray_list_free(&list);
    return ok;
}

static void test_compare(void **state)
{
    (void)state;
    Err err = {0};
    Slice same, one, two, none;
    Encoder *a = tiny_encoder(0, 7, &err), *b = tiny_encoder(0, 9, &err);
    Tray *t = fill(9);
    assert_ok(compare(&same, t, a, a, &err), err);
    assert_true(same.items == 9 && same.views == 45 && !same.shown);
    assert_true(same.gain.value == 0 && same.gain.low == 0 && same.gain.high == 0);
    assert_ok(compare(&one, t, a, b, &err) && compare(&two, t, b, a, &err), err);
    assert_float_equal(one.a.value, same.a.value, 1e-12);
    assert_float_equal(one.gain.value, -two.gain.value, 1e-12);
    assert_float_equal(one.gain.value, one.b.value - one.a.value, 1e-12);
    assert_true(one.a.low <= one.a.value && one.a.value <= one.a.high && one.a.low >= 0 && one.a.high <= 1);
    tray_close(t);
    t = fill(1);
    assert_refused(compare(&none, t, a, b, &err), err, ERR_USAGE, "at least two kept views");
    tray_close(t);
    encoder_drop(a);
    encoder_drop(b);
}

static int setup(void **state)
{
    Err err = {0};
    (void)state;
    stage_open(&stage, "stage");
    pool = pool_new(1, 0, &err);
    return pool ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    pool_free(pool);
    stage_close(&stage);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
