/* The elementary functions against libm in double, over the ranges that base/elem.h promises. */
#include "check.h"
#include "base/digest.h"
#include "base/elem.h"
#include <math.h>

typedef double Reference(double);

/* The worst error over `count` points from low to high; relative, or absolute. */
static double worst_error(float (*ours)(float), Reference *libm, double low, double high, bool relative)
{
    enum { COUNT = 400000 };
    double worst = 0;
    for (int i = 0; i <= COUNT; i++) {
        float x = (float)(low + (high - low) * i / COUNT);
        double want = libm((double)x), error = fabs((double)ours(x) - want);
        if (relative && want != 0) error /= fabs(want);
        worst = error > worst ? error : worst;
    }
    return worst;
}

static float ours_exp(float x)
{
    return elem_exp(x);
}

static float ours_log(float x)
{
    return elem_log(x);
}

static float ours_tanh(float x)
{
    return elem_tanh(x);
}

static float ours_sigmoid(float x)
{
    return elem_sigmoid(x);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void exp_is_close(void **state)
{
    (void)state;
    assert_true(worst_error(ours_exp, exp, -87, 88, true) < 3e-7);
    assert_true(worst_error(ours_exp, exp, -1e-3, 1e-3, true) < 3e-7);
    assert_true(elem_exp(0) == 1 && elem_exp(1000) == elem_exp(88) && elem_exp(-1000) == elem_exp(-87));
    assert_true(isnan(elem_exp(NAN)));
}

static void log_is_close(void **state)
{
    (void)state;
    assert_true(worst_error(ours_log, log, 1e-4, 4, true) < 3e-7);
    assert_true(worst_error(ours_log, log, 0.99, 1.01, true) < 3e-7);
    assert_true(worst_error(ours_log, log, 4, 3e38, true) < 3e-7);
    assert_true(worst_error(ours_log, log, 1.2e-38, 1e-30, true) < 3e-7);
    assert_true(elem_log(1) == 0);
}

static void tanh_is_close(void **state)
{
    (void)state;
    assert_true(worst_error(ours_tanh, tanh, -12, 12, true) < 3e-7);
    assert_true(worst_error(ours_tanh, tanh, -1e-3, 1e-3, true) < 3e-7);
    assert_true(elem_tanh(0) == 0 && elem_tanh(1e30f) == 1 && elem_tanh(-1e30f) == -1);
    assert_true(isnan(elem_tanh(NAN)));
}

static void sigmoid_is_close(void **state)
{
    (void)state;
    assert_true(worst_error(ours_sigmoid, sigmoid, -87, 87, true) < 3e-7);
    assert_true(elem_sigmoid(0) == 0.5f && elem_sigmoid(500) == 1);
    assert_true(isnan(elem_sigmoid(NAN)));
}

static void sincos_is_close(void **state)
{
    (void)state;
    double worst = 0;
    for (int i = -300000; i <= 300000; i++) {
        float s, c, turns = (float)(i / 30.0) * (1 / 3.0f);
        elem_sincos(&s, &c, turns);
        double angle = 2 * acos(-1) * fmod((double)turns, 1);
        worst = fmax(worst, fmax(fabs((double)s - sin(angle)), fabs((double)c - cos(angle))));
    }
    assert_true(worst < 3e-7);
    static const float exact[4][3] = {{0, 0, 1}, {0.25f, 1, 0}, {0.5f, 0, -1}, {-0.25f, -1, 0}};
    for (int i = 0; i < 4; i++) {
        float s, c;
        elem_sincos(&s, &c, exact[i][0] + 4096);
        assert_true(s == exact[i][1] && c == exact[i][2]);
    }
}

/* Addresses promise the same picture everywhere and for ever: these bits may not change, on any machine. */
static void bits_never_change(void **state)
{
    (void)state;
    DigestState sum;
    char hex[17];
    digest_begin(&sum);
    for (int i = -20000; i <= 20000; i++) {
        float x = (float)i * 0x1p-8f, out[6];
        elem_sincos(&out[0], &out[1], x);
        out[2] = elem_exp(x);
        out[3] = elem_tanh(x);
        out[4] = elem_sigmoid(x);
        out[5] = elem_log(x * x + 0x1p-20f);
        digest_add(&sum, out, sizeof out);
    }
    Digest d = digest_end(&sum);
    digest_hex(hex, &d, 16);
    assert_string_equal(hex, "3e01306e1b4dd96b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_close),    cmocka_unit_test(log_is_close),
        cmocka_unit_test(tanh_is_close),   cmocka_unit_test(sigmoid_is_close),
        cmocka_unit_test(sincos_is_close), cmocka_unit_test(bits_never_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
