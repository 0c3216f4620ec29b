/* Themes by computation: what is written can be read on its ground, and `safe` is told apart by colour-blind
 * eyes. */
#include "check.h"
#include "base/file.h"
#include "tui/theme.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const uint8_t dark_grounds[2][3] = {{0, 0, 0}, {40, 40, 40}},
                     light_grounds[2][3] = {{255, 255, 255}, {253, 246, 227}};

/* Lines and tracks need less than words; series are drawn as shapes. */
static double wanted(Ink ink)
{
    return ink == INK_FAINT ? 1.8 : ink >= INK_SERIES_1 ? 3.6 : 4.5;
}

static void words_can_be_read(void **state)
{
    static const char *const names[] = {"dark", "light", "safe-dark", "safe-light"};
    (void)state;
    for (int k = 0; k < 4; k++) {
        Theme t;
        assert_true(theme_named(&t, names[k], false, NULL));
        for (int i = INK_DIM; i < INK_COUNT; i++)
            for (int g = 0; g < 2; g++) {
                uint8_t rgb[3];
                theme_rgb(rgb, t.ink[i]);
                double c = theme_contrast(rgb, t.light ? light_grounds[g] : dark_grounds[g]);
                if (c < wanted((Ink)i) - 0.2 * g) /* a little less on softer grounds */
                    fail_msg("%s: %s has contrast %.1f on ground %d, wanted %.1f", names[k],
                             theme_ink_name((Ink)i), c, g, wanted((Ink)i));
            }
    }
}

/* --- colour-blind eyes ------------------------------------------------------------------------------------
 */

/* Full sight, then protanopia, deuteranopia and tritanopia after Machado, Oliveira and Fernandes 2009, in
 * linear RGB. */
static const double sight[4][3][3] = {
    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
    {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};
static const double to_xyz[3][3] = {
    {0.4124564, 0.3575761, 0.1804375}, {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}};

static void apply(double out[3], const double m[3][3], const double v[3])
{
    for (int i = 0; i < 3; i++) out[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
}

static double bend(double t)
{
    return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
}

static void lab(double out[3], short color, int eyes)
{
    uint8_t rgb[3];
    double linear[3], seen[3], xyz[3];
    theme_rgb(rgb, color);
    for (int i = 0; i < 3; i++) {
        double v = rgb[i] / 255.0;
        linear[i] = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
    }
    apply(seen, sight[eyes], linear);
    for (int i = 0; i < 3; i++) seen[i] = fmin(fmax(seen[i], 0), 1);
    apply(xyz, to_xyz, seen);
    double x = bend(xyz[0] / 0.95047), y = bend(xyz[1]), z = bend(xyz[2] / 1.08883);
    out[0] = 116 * y - 16;
    out[1] = 500 * (x - y);
    out[2] = 200 * (y - z);
}

/* The least difference of any two of n colours to any eyes, in CIE Lab. */
static double least(const short *color, int n)
{
    double best = 1e9, a[3], b[3];
    for (int eyes = 0; eyes < 4; eyes++)
        for (int i = 0; i < n; i++)
            for (int k = 0; k < i; k++) {
                lab(a, color[i], eyes);
                lab(b, color[k], eyes);
                best = fmin(best, sqrt(pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2)));
            }
    return best;
}

static void safe_is_told_apart(void **state)
{
    (void)state;
    for (int light = 0; light < 2; light++) {
        Theme t, plain;
        assert_true(theme_named(&t, "safe", light, NULL) && theme_named(&plain, "auto", light, NULL));
        short states[3] = {t.ink[INK_GOOD], t.ink[INK_WARN], t.ink[INK_BAD]};
        assert_true(least(&t.ink[INK_SERIES_1], 6) > 30);
        assert_true(least(states, 3) > 30);
        assert_true(least(&plain.ink[INK_SERIES_1], 6) < 20); /* the measure does tell good from bad */
    }
}

/* --- names and files --------------------------------------------------------------------------------------
 */

static void names(void **state)
{
    Theme t;
    Err err = {0};
    (void)state;
    assert_true(theme_named(&t, "auto", true, NULL) && t.light);
    assert_true(theme_named(&t, "auto", false, NULL) && !t.light);
    assert_true(theme_named(&t, "mono", true, NULL) && t.mono && t.ink[INK_BAD] == -1);
    assert_false(theme_named(&t, "neon", true, &err));
    assert_string_equal(err.msg,
                        "there is no theme \"neon\"; there are auto, dark, light, safe, mono, or a file");
    assert_true(t.mono); /* untouched */
}

static void files(void **state)
{
    static const char *const bad[][2] = {{"base = neon\n", "t:1: base is"},
                                         {"accent = 12\n", "t:1: a colour is"},
                                         {"accent = \"#12345\"\n", "t:1: a colour is"},
                                         {"base = dark\nacent = 200\n", "t:2: a theme has no \"acent\""}};
    static const char text[] = "base = light\naccent = \"#ff8700\"\ngood = 114\nbar = default\n";
    Theme t;
    (void)state;
    assert_true(file_replace("t", text, strlen(text), NULL) && theme_named(&t, "t", false, NULL));
    assert_true(t.light && t.ink[INK_ACCENT] == 208 && t.ink[INK_GOOD] == 114 && t.bar == -1);
    assert_string_equal(t.name, "t");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = {0};
        assert_true(file_replace("t", bad[i][0], strlen(bad[i][0]), NULL));
        assert_false(theme_named(&t, "t", false, &err));
        if (!strstr(err.msg, bad[i][1])) fail_msg("%s", err.msg);
    }
}

static void nearest(void **state)
{
    (void)state;
    for (short color = 16; color < 256; color++) {
        uint8_t rgb[3], again[3];
        theme_rgb(rgb, color);
        theme_rgb(again, theme_nearest(rgb));
        assert_memory_equal(rgb, again, 3); /* greys stand twice */
    }
    assert_true(fabs(theme_contrast((uint8_t[]){0, 0, 0}, (uint8_t[]){255, 255, 255}) - 21) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_can_be_read),
        cmocka_unit_test(safe_is_told_apart),
        cmocka_unit_test(names),
        cmocka_unit_test(files),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
