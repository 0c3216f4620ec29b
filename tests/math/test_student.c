/* Student's t against the tables that everybody prints, and against R. */
#include "check.h"
#include "math/student.h"
#include <math.h>

static void quantiles(void **state)
{
    (void)state;
    static const struct {
        double p;
        int df;
        double t; /* R 4.2: qt(p, df) */
    } want[] = {{0.975, 1, 12.7062047361747},   {0.975, 2, 4.30265272974946},  {0.975, 4, 2.77644510519779},
                {0.975, 9, 2.2621571627982},    {0.975, 29, 2.04522964213270}, {0.995, 9, 3.24983554159213},
                {0.95, 1000, 1.64637881728546}, {0.6, 3, 0.276670662251903},   {0.025, 9, -2.2621571627982}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(fabs(student_quantile(want[i].p, want[i].df) - want[i].t) < 1e-9 * fabs(want[i].t));
    assert_true(student_quantile(0.5, 7) == 0);
    assert_true(isnan(student_quantile(1, 7)) && isnan(student_quantile(0.3, 0)));
}

static void intervals(void **state)
{
    (void)state;
    /* R: t.test(c(0.3, -0.1, 0.8, 0.4, 0.6)): mean 0.4, interval -0.0258 .. 0.8258 */
    const double x[] = {0.3, -0.1, 0.8, 0.4, 0.6};
    double mean, half;
    student_interval(&mean, &half, x, 5);
    assert_true(fabs(mean - 0.4) < 1e-12 && fabs(half - 2.7764451051977987 * sqrt(0.115 / 5)) < 1e-9);
    student_interval(&mean, &half, x, 1);
    assert_true(mean == 0.3 && isnan(half));
    student_interval(&mean, &half, x, 0);
    assert_true(isnan(mean) && isnan(half));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(quantiles), cmocka_unit_test(intervals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
