/* A line's bytes come out in order, at its rate, after its delay. */
#include "check.h"
#include "engine/bench_line.h"
#include <math.h>
#include <string.h>

static void bytes_wait_their_turn(void **state)
{
    (void)state;
    Line l = {.rate = 1000, .delay = 0.05};
    char out[64];
    assert_true(isinf(line_due(&l)));
    line_put(&l, "abcdefghij", 10, 100);
    line_put(&l, "klmno", 5, 100);
    assert_true(fabs(line_due(&l) - 100.06) < 1e-9);
    assert_int_equal(line_take(&l, out, sizeof out, 100.055), 0);
    assert_int_equal(line_take(&l, out, 4, 100.06), 4);
    assert_memory_equal(out, "abcd", 4);
    assert_true(fabs(line_queue(&l, 100.005) - 0.01) < 1e-9);
    assert_int_equal(line_take(&l, out, sizeof out, 100.2), 11);
    assert_memory_equal(out, "efghijklmno", 11);
    assert_int_equal(l.waiting, 0);
    line_put(&l, "x", 1, 200); /* it was free meanwhile: nothing is owed */
    assert_true(fabs(line_due(&l) - 200.051) < 1e-9);
    line_clear(&l);
    assert_true(isinf(line_due(&l)) && !l.waiting);
}

static void no_rate_is_no_limit(void **state)
{
    (void)state;
    Line l = {0};
    char big[5000], out[5000];
    memset(big, 'b', sizeof big);
    line_put(&l, big, sizeof big, 7);
    assert_int_equal(line_take(&l, out, sizeof out, 7), sizeof big);
    assert_true(line_queue(&l, 7) == 0);
    line_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_wait_their_turn),
                                       cmocka_unit_test(no_rate_is_no_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
