/* Pixel operators against what they must do to pictures one can reason about. */
#include "latent/pixel_ops.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { C = 2, H = 9, W = 9, N = C * H * W };

static void apply(float *x, PixelOpKind kind, int values, float a, float b, float c, float d)
{
    float scratch[N];
    Err err = {0};
    PixelOp op = {kind, values, {a, b, c, d}};
    if (!pixel_op_check(&op, &err)) fail_msg("%s", err.msg);
    pixel_ops_apply(x, scratch, C, H, W, &op, 1);
}

static void fill(float *x, float value)
{
    for (int i = 0; i < N; i++) x[i] = value;
}

static void test_rotate(void **state)
{
    (void)state;
    float x[N], y[N];
    fill(x, -1);
    x[4 * W + 7] = 1; /* right of the centre */
    memcpy(y, x, sizeof x);
    apply(y, PIXEL_ROTATE, 1, 90, 0, 0, 0);
    assert_true(fabsf(y[1 * W + 4] - 1) < 1e-4f); /* counter-clockwise: now above it */
    assert_true(fabsf(y[4 * W + 7] + 1) < 1e-4f);
    apply(y, PIXEL_ROTATE, 1, -90, 0, 0, 0);
    for (int i = 0; i < N; i++) assert_true(fabsf(y[i] - x[i]) < 1e-4f);
    apply(y, PIXEL_ROTATE, 1, 0, 0, 0, 0);
    fill(x, 0.25f);
    apply(x, PIXEL_ROTATE, 1, 33, 0, 0, 0);
    for (int i = 0; i < N; i++) assert_true(x[i] == 0.25f);
}

static void test_occlude(void **state)
{
    (void)state;
    float x[N];
    fill(x, 0.5f);
    apply(x, PIXEL_OCCLUDE, 3, 0.5f, 0.5f, 0.35f, 0); /* 3 of 9 pixels across */
    for (int c = 0; c < C; c++)
        for (int i = 0; i < H; i++)
            for (int j = 0; j < W; j++)
                assert_true(x[(c * H + i) * W + j] == (i > 2 && i < 6 && j > 2 && j < 6 ? -1.0f : 0.5f));
    apply(x, PIXEL_OCCLUDE, 4, 0, 0, 0.3f, 0.75f);
    assert_true(x[0] == 0.75f && x[1] == 0.5f && x[W] == 0.5f);
}

static void test_blur(void **state)
{
    (void)state;
    float x[N], y[N];
    fill(x, -0.3f);
    apply(x, PIXEL_BLUR, 1, 2, 0, 0, 0);
    for (int i = 0; i < N; i++) assert_true(fabsf(x[i] + 0.3f) < 1e-5f);
    fill(x, 0);
    x[4 * W + 4] = 1;
    memcpy(y, x, sizeof x);
    apply(x, PIXEL_BLUR, 1, 1, 0, 0, 0);
    float g = expf(-0.5f), total = 1 + 2 * g + 2 * expf(-2) + 2 * expf(-4.5f), sum = 0;
    assert_true(fabsf(x[4 * W + 4] - 1 / (total * total)) < 1e-5f);
    assert_true(fabsf(x[4 * W + 5] - g / (total * total)) < 1e-5f);
    assert_true(fabsf(x[5 * W + 4] - x[4 * W + 5]) < 1e-7f);
    for (int i = 0; i < H * W; i++) sum += x[i];
    assert_true(fabsf(sum - 1) < 1e-5f);
    apply(y, PIXEL_BLUR, 1, 0, 0, 0, 0);
    assert_true(y[4 * W + 4] == 1);
}

static void test_noise(void **state)
{
    (void)state;
    float x[N], y[N], z[N], sum = 0;
    fill(x, 0);
    fill(y, 0);
    fill(z, 0);
    apply(x, PIXEL_NOISE, 2, 0.1f, 1, 0, 0);
    apply(y, PIXEL_NOISE, 2, 0.1f, 1, 0, 0);
    apply(z, PIXEL_NOISE, 2, 0.1f, 2, 0, 0);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_not_equal(x, z, sizeof x);
    for (int i = 0; i < N; i++) sum += x[i] * x[i] / N;
    assert_true(sqrtf(sum) > 0.07f && sqrtf(sum) < 0.13f);
    fill(x, 1);
    apply(x, PIXEL_NOISE, 2, 10, 1, 0, 0);
    for (int i = 0; i < N; i++) assert_true(x[i] <= 1 && x[i] >= -1);
}

static void test_checks(void **state)
{
    (void)state;
    static const PixelOp bad[] = {
        {PIXEL_ROTATE, 1, {361}},
        {PIXEL_ROTATE, 0, {0}},
        {PIXEL_ROTATE, 2, {0}},
        {PIXEL_OCCLUDE, 2, {0}},
        {PIXEL_OCCLUDE, 3, {0, 0, -0.1f}},
        {PIXEL_OCCLUDE, 3, {0, 3, 1}},
        {PIXEL_OCCLUDE, 4, {0, 0, 0, 2}},
        {PIXEL_BLUR, 1, {-1}},
        {PIXEL_BLUR, 1, {33}},
        {PIXEL_NOISE, 2, {-1, 0}},
        {PIXEL_NOISE, 2, {1, 0.5f}},
        {PIXEL_NOISE, 1, {1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(pixel_op_check(&bad[i], NULL));
    for (int i = 0; i < PIXEL_OPS; i++) assert_int_equal(pixel_op_find(pixel_op_name((PixelOpKind)i)), i);
    assert_int_equal(pixel_op_find("melt"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rotate), cmocka_unit_test(test_occlude),
                                       cmocka_unit_test(test_blur), cmocka_unit_test(test_noise),
                                       cmocka_unit_test(test_checks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
