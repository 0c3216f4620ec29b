/* PRDC against the figures that its authors publish: two draws of 10,000 from N(0, I) in 1,000 dimensions, k
 * = 5, give about .4772 .4705 1.0555 .9735 (README of clovaai/generative-evaluation-prdc). Density varies by
 * 0.08 from draw to draw, its mean is 1. */
#include "base/rng.h"
#include "check.h"
#include "inspect/quality.h"

#include <math.h>
#include <stdlib.h>

static void test_published(void **state)
{
    enum { N = 10000, D = 1000 };
    float *x = malloc(2 * (size_t)N * D * sizeof *x);
    Prdc p;
    Err err = {0};
    Pool *pool = pool_new(pool_default_threads(), 0, NULL);
    (void)state;
    assert_non_null(x);
    rng_fill_normal(x, 2 * (size_t)N * D, 1, RNG_TEST);
    assert_ok(quality_prdc(&p, x, N, x + (size_t)N * D, N, D, 5, pool, &err), err);
    if (fabs(p.precision - 0.474) > 0.03 || fabs(p.recall - 0.474) > 0.03 || fabs(p.density - 1.02) > 0.2 ||
        fabs(p.coverage - 0.97) > 0.012)
        fail_msg("precision %g, recall %g, density %g, coverage %g", p.precision, p.recall, p.density,
                 p.coverage);
    pool_free(pool);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_published)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
