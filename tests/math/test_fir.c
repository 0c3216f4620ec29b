/* Filtering with zeros between pixels: against the sum as it stands in the header, and the transpose against
 * dot products. */
#include "base/rng.h"
#include "math/fir.h"
#include "check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Fir cases[] = {
    {.planes = 3,
     .lanes = 16,
     .H = 9,
     .W = 11,
     .up = 1,
     .KH = 4,
     .KW = 4,
     .top = 1,
     .left = 1,
     .bottom = 1,
     .right = 1},
    {.planes = 2,
     .lanes = 16,
     .H = 5,
     .W = 5,
     .up = 2,
     .KH = 4,
     .KW = 4,
     .top = 2,
     .left = 2,
     .bottom = 1,
     .right = 1},
    {.planes = 6,
     .lanes = 1,
     .H = 4,
     .W = 7,
     .up = 2,
     .KH = 4,
     .KW = 4,
     .top = 2,
     .left = 2,
     .bottom = 1,
     .right = 1},
    {.planes = 2,
     .lanes = 1,
     .H = 6,
     .W = 3,
     .up = 1,
     .KH = 4,
     .KW = 4,
     .top = 1,
     .left = 1,
     .bottom = 1,
     .right = 1},
    {.planes = 1,
     .lanes = 16,
     .H = 1,
     .W = 1,
     .up = 1,
     .KH = 4,
     .KW = 4,
     .top = 2,
     .left = 2,
     .bottom = 2,
     .right = 2},
    {.planes = 2, .lanes = 16, .H = 8, .W = 9, .up = 1, .KH = 4, .KW = 4},
    {.planes = 2,
     .lanes = 1,
     .H = 5,
     .W = 6,
     .up = 3,
     .KH = 3,
     .KW = 5,
     .top = 4,
     .left = 7,
     .bottom = 0,
     .right = 2},
    {.planes = 2,
     .lanes = 16,
     .H = 3,
     .W = 8,
     .up = 1,
     .KH = 2,
     .KW = 4,
     .top = 0,
     .left = 5,
     .bottom = 1,
     .right = 0},
};

typedef struct {
    Fir f;
    size_t in, out;
    float *x, *y, *want, *dx, kernel[25];
} Case;

static void open_case(Case *c, const Fir *f)
{
    c->f = *f;
    assert_true(fir_shape(&c->f));
    c->in = (size_t)(f->planes * f->H * f->W * f->lanes);
    c->out = (size_t)(f->planes * c->f.OH * c->f.OW * f->lanes);
    c->x = malloc(c->in * sizeof(float));
    c->dx = malloc(c->in * sizeof(float));
    c->y = malloc(c->out * sizeof(float));
    c->want = malloc(c->out * sizeof(float));
    rng_fill_normal(c->x, c->in, 1, RNG_TEST);
    rng_fill_normal(c->kernel, 25, 2, RNG_TEST);
}

static void close_case(Case *c)
{
    free(c->x), free(c->dx), free(c->y), free(c->want);
}

static void test_forward(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Case c;
        open_case(&c, &cases[i]);
        fir_forward(c.y, c.x, c.kernel, &c.f, NULL);
        fir_naive(c.want, c.x, c.kernel, &c.f);
        for (size_t k = 0; k < c.out; k++)
            if (!(fabsf(c.y[k] - c.want[k]) < 1e-5f))
                fail_msg("case %zu, %zu: %g, not %g", i, k, (double)c.y[k], (double)c.want[k]);
        close_case(&c);
    }
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* <dy, F x> = <F^T dy, x>; adding adds. */
static void test_backward(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Case c;
        open_case(&c, &cases[i]);
        fir_forward(c.y, c.x, c.kernel, &c.f, NULL);
        rng_fill_normal(c.want, c.out, 3, RNG_TEST);
        fir_backward(c.dx, c.want, c.kernel, &c.f, false, NULL);
        double there = dot(c.want, c.y, c.out), back = dot(c.dx, c.x, c.in);
        assert_true(fabs(there - back) < 1e-3 + 1e-4 * fabs(there));
        fir_backward(c.dx, c.want, c.kernel, &c.f, true, NULL);
        assert_true(fabs(2 * back - dot(c.dx, c.x, c.in)) < 1e-3 + 1e-4 * fabs(there));
        close_case(&c);
    }
}

static void test_no_result(void **state)
{
    (void)state;
    Fir f = {.planes = 1, .lanes = 1, .H = 2, .W = 2, .up = 1, .KH = 4, .KW = 4};
    assert_false(fir_shape(&f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forward), cmocka_unit_test(test_backward),
                                       cmocka_unit_test(test_no_result)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
