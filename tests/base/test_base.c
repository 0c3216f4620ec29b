/* The smallest parts of base: errors, the arena, the clock. */
#include "check.h"
#include "base/arena.h"
#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

static void first_cause_wins(void **state)
{
    (void)state;
    Err err = {0};
    assert_false(err_set(&err, ERR_FORMAT, "%s: line %d", "a\x1B[2Jb", 7));
    assert_false(err_set(&err, ERR_IO, "later"));
    assert_int_equal(err.code, ERR_FORMAT);
    assert_string_equal(err.msg, "a\xEF\xBF\xBD[2Jb: line 7");
    assert_false(err_set(NULL, ERR_IO, "nobody listens"));
    Err memory = {0};
    assert_false(err_nomem(&memory, "a map"));
    assert_string_equal(memory.msg, "out of memory for a map");
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    char many[2000];
    Err err = {0};
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    err_set(&err, ERR_IO, "%s", many);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
}

static void lay_out(Arena *a, float **x, char **name)
{
    *x = arena_take(a, 100, sizeof **x);
    *name = arena_take(a, 10, 1);
}

static void arena_measures_then_carves(void **state)
{
    (void)state;
    Arena a = {0};
    float *x;
    char *name;
    lay_out(&a, &x, &name);
    assert_null(x);
    assert_int_equal(a.used, 448 + 10);
    assert_true(arena_open(&a, a.used, NULL));
    lay_out(&a, &x, &name);
    assert_non_null(x);
    assert_int_equal((uintptr_t)x % ARENA_ALIGN, 0);
    assert_int_equal((uintptr_t)name % ARENA_ALIGN, 0);
    memset(x, 1, 400);
    assert_null(arena_take(&a, 1, 1));
    arena_reset(&a);
    lay_out(&a, &x, &name);
    assert_true(x[99] == 0);
    arena_close(&a);
    arena_close(&a);
}

static void arena_refuses_overflow(void **state)
{
    (void)state;
    Arena a = {0};
    Err err;
    assert_refused(arena_open(&a, SIZE_MAX - 5, &err), err, ERR_LIMIT, "more than this machine");
    assert_true(arena_open(&a, 1024, NULL));
    assert_null(arena_take(&a, SIZE_MAX / 2, 3));
    assert_null(arena_take(&a, SIZE_MAX, 1));
    assert_non_null(arena_take(&a, 1024, 1));
    arena_close(&a);
}

static void clock_goes_on_and_can_be_held(void **state)
{
    (void)state;
    double before = clock_seconds();
    assert_true(clock_seconds() >= before);
    assert_true(clock_wall() > 1.7e9);
    clock_fake(12.5);
    assert_true(clock_seconds() == 12.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_cause_wins),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(arena_measures_then_carves),
        cmocka_unit_test(arena_refuses_overflow),
        cmocka_unit_test(clock_goes_on_and_can_be_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
