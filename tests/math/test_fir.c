/* Filtering with zeros between pixels: against the sum as it stands in the header, and the transpose against
 * dot products. */
#include "base/rng.h"
#include "math/fir.h"
#include "check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Fir cases[] = {
    /* planes, lanes; H, W, up; KH, KW; top, left, bottom, right */
    {3, 16, 9, 11, 1, 4, 4, 1, 1, 1, 1, 0, 0}, {2, 16, 5, 5, 2, 4, 4, 2, 2, 1, 1, 0, 0},
    {6, 1, 4, 7, 2, 4, 4, 2, 2, 1, 1, 0, 0},   {2, 1, 6, 3, 1, 4, 4, 1, 1, 1, 1, 0, 0},
    {1, 16, 1, 1, 1, 4, 4, 2, 2, 2, 2, 0, 0},  {2, 16, 8, 9, 1, 4, 4, 0, 0, 0, 0, 0, 0},
    {2, 1, 5, 6, 3, 3, 5, 4, 7, 0, 2, 0, 0},   {2, 16, 3, 8, 1, 2, 4, 0, 5, 1, 0, 0, 0},
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
