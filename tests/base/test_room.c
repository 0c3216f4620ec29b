/* What is left of memory and disk: something, and the same for a folder that is not there yet. */
#include "check.h"
#include "base/room.h"
#include <math.h>

static void test_there_is_some(void **state)
{
    (void)state;
    assert_true(room_memory() > 1e6 && room_memory() < 1e15);
    assert_true(room_disk(".") >= 0 || isnan(room_disk(".")));
    assert_true(room_disk("/tmp") > 0);
    assert_true(room_disk("/tmp/not/there/yet") > 0);
    assert_true(room_disk("/nowhere") > 0);          /* the root's */
    assert_true(isnan(room_disk("nowhere/at/all"))); /* a relative one has no parent to ask */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_is_some)};
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
