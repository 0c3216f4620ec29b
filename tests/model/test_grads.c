/* Gradients through generator and encoder against central differences, and pictures the same as without
 * gradients. */
#include "check.h"
#include "model/encoder_grad.h"
#include "model/generator_grad.h"
#include "model/tiny.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 3, STYLE = 4 * 16, IMAGE = 64, FEATURES = 64, CLASSES = 3 };

static void fill(float *x, size_t n, uint64_t seed)
{
    rng_fill_normal(x, n, seed, RNG_TEST);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* f(x + step to) - f(x - step to) over 2 step, for f = weight . run(x). */
typedef double Run(void *ctx, const float *x);

static void check_slope(Run *run, void *ctx, const float *x, const float *grad, size_t n)
{
    float *to = malloc(n * sizeof *to), *at = malloc(n * sizeof *at);
    double side[2];
    const float step = 2e-4f; /* larger ones cross the kinks of leaky ReLU */
    for (uint64_t k = 0; k < 4; k++) {
        fill(to, n, 100 + k);
        for (int s = 0; s < 2; s++) {
            for (size_t i = 0; i < n; i++) at[i] = x[i] + (s ? step : -step) * to[i];
            side[s] = run(ctx, at);
        }
        double measured = (side[1] - side[0]) / (2 * (double)step), said = dot(grad, to, n);
        if (!(fabs(measured - said) < 4e-2 * sqrt(dot(grad, grad, n)) + 1e-3))
            fail_msg("slope %g, gradient says %g (length %g)", measured, said, sqrt(dot(grad, grad, n)));
    }
    assert_true(dot(grad, grad, n) > 1e-6);
    free(to);
    free(at);
}

typedef struct {
    GenGrad *gen;
    EncGrad *enc;
    float weight[N * IMAGE], to_features[N * FEATURES], to_logits[N * CLASSES];
} Fixture;

static double paint(void *ctx, const float *styles)
{
    Fixture *f = ctx;
    return dot(f->weight, gen_grad_paint(f->gen, styles, N), N * IMAGE);
}

static void test_generator(void **state)
{
    (void)state;
    Err err = {0};
    static Fixture f;
    float styles[N * STYLE], grad[N * STYLE], plain[N * IMAGE];
    Generator *g = tiny_generator(3, 1, NULL, &err);
    assert_non_null(g);
    g->exact = true; /* Winograd's rounding would show in the differences */
    f.gen = generator_grad(g, N, NULL, &err);
    GenExec *run = generator_exec(g, N, NULL, &err);
    assert_true(f.gen && run);
    fill(styles, N * STYLE, 1);
    fill(f.weight, N * IMAGE, 2);
    generator_paint(run, plain, styles, NULL, N);
    const float *image = gen_grad_paint(f.gen, styles, N);
    for (int i = 0; i < N * IMAGE; i++) assert_true(fabsf(image[i] - plain[i]) < 1e-4f);
    gen_grad_back(f.gen, grad, f.weight, N);
    check_slope(paint, &f, styles, grad, N * STYLE);
    gen_exec_free(run);
    gen_grad_free(f.gen);
    generator_drop(g);
}

static double features(void *ctx, const float *image)
{
    Fixture *f = ctx;
    return dot(f->to_features, enc_grad_run(f->enc, NULL, image, N), N * FEATURES);
}

static double logits(void *ctx, const float *image)
{
    Fixture *f = ctx;
    const float *x;
    enc_grad_run(f->enc, &x, image, N);
    return dot(f->to_logits, x, N * CLASSES);
}

static void test_encoder(void **state)
{
    (void)state;
    Err err = {0};
    static Fixture f;
    float image[N * IMAGE], grad[N * IMAGE], plain[N * FEATURES];
    Encoder *e = tiny_encoder(CLASSES, 3, &err);
    assert_non_null(e);
    assert_int_equal(encoder_features(&e->config), FEATURES);
    f.enc = encoder_grad(e, N, NULL, &err);
    assert_non_null(f.enc);
    fill(image, N * IMAGE, 4);
    fill(f.to_features, N * FEATURES, 5);
    fill(f.to_logits, N * CLASSES, 6);
    assert_ok(encoder_features_of_floats(plain, NULL, e, image, N, NULL, &err), err);
    const float *seen = enc_grad_run(f.enc, NULL, image, N);
    for (int i = 0; i < N * FEATURES; i++) assert_true(fabsf(seen[i] - plain[i]) < 1e-3f);
    enc_grad_back(f.enc, grad, f.to_features, NULL, N);
    check_slope(features, &f, image, grad, N * IMAGE);
    logits(&f, image);
    enc_grad_back(f.enc, grad, NULL, f.to_logits, N);
    check_slope(logits, &f, image, grad, N * IMAGE);
    enc_grad_free(f.enc);
    encoder_drop(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_generator), cmocka_unit_test(test_encoder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
