/* Nasty names, widths, and numbers that must read back to the same bits. */
#include "check.h"
#include "base/rng.h"
#include "base/text.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAD "\xEF\xBF\xBD"

static void assert_safe(const char *src, const char *want)
{
    char out[256];
    size_t n = text_safe(out, sizeof out, src);
    assert_string_equal(out, want);
    assert_int_equal(n, strlen(want));
}

static void nasty_names_become_harmless(void **state)
{
    (void)state;
    assert_safe("plain name.png", "plain name.png");
    assert_safe("na\xC3\xAFve \xE4\xB8\xAD \xF0\x9F\x98\x80", "na\xC3\xAFve \xE4\xB8\xAD \xF0\x9F\x98\x80");
    assert_safe("\x1B]0;owned\a", BAD "]0;owned" BAD);
    assert_safe("a\nb\tc\rd\be\x7F", "a" BAD "b" BAD "c" BAD "d" BAD "e" BAD);
    assert_safe("\xC2\x9B"
                "31m",
                BAD "31m"); /* C1 CSI, encoded */
    assert_safe("\x9B"
                "31m",
                BAD "31m");                             /* C1 CSI, raw */
    assert_safe("exe\xE2\x80\xAEgnp", "exe" BAD "gnp"); /* right-to-left override */
    assert_safe("a\xE2\x80\x8B"
                "b\xEF\xBB\xBF"
                "c",
                "a" BAD "b" BAD "c");                                  /* zero-width space, BOM */
    assert_safe("\xE2\x81\xA6x\xE2\x81\xA9\xD8\x9C", BAD "x" BAD BAD); /* isolates, Arabic mark */
    assert_safe("\xF3\xA0\x81\x81", BAD);                              /* a tag character */
}

static void what_is_not_utf8_is_replaced(void **state)
{
    (void)state;
    assert_safe("\xC0\xAF", BAD BAD);                 /* overlong "/" */
    assert_safe("\xE0\x80\xAF", BAD BAD BAD);         /* overlong, three bytes */
    assert_safe("\xED\xA0\x80", BAD BAD BAD);         /* a surrogate */
    assert_safe("\xF4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
    assert_safe("\xFF\xFE", BAD BAD);
    assert_safe("cut \xE4\xB8", "cut " BAD BAD);
    assert_safe("\xF0\x9F\x98", BAD BAD BAD);
    assert_safe("\xE4"
                "bc",
                BAD "bc");
}

static void text_is_cut_between_characters(void **state)
{
    (void)state;
    char out[6];
    assert_int_equal(text_safe(out, 6, "abcd\xC3\xA9"), 4);
    assert_string_equal(out, "abcd");
    assert_int_equal(text_safe(out, 1, "abc"), 0);
    assert_string_equal(out, "");
    assert_int_equal(text_safe(out, 0, "abc"), 0);
}

/* Random bytes: the result is always UTF-8 without controls, and safe text stays as it is. */
static void random_bytes_come_out_safe(void **state)
{
    (void)state;
    Rng r = rng_at(11, RNG_TEST);
    for (int round = 0; round < 20000; round++) {
        char src[40], out[160], again[160];
        size_t n = rng_below(&r, 39);
        for (size_t i = 0; i < n; i++) src[i] = (char)(rng_u32(&r) % (i % 3 ? 256 : 64) + (i % 3 ? 0 : 0xC0));
        src[n] = '\0';
        text_safe(out, sizeof out, src);
        text_safe(again, sizeof again, out);
        assert_string_equal(out, again);
        for (const unsigned char *p = (unsigned char *)out; *p; p++) assert_true(*p >= 0x20 && *p != 0x7F);
    }
}

static void widths_are_columns(void **state)
{
    (void)state;
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("\xE4\xB8\xAD\xE6\x96\x87"), 4);
    assert_int_equal(text_width("e\xCC\x81"), 1);
    assert_int_equal(text_width("\xF0\x9F\x98\x80"), 2);
    assert_int_equal(text_width("\xE2\x96\x80\xE2\x94\x80"), 2);
    assert_int_equal(text_width(""), 0);
}

static void assert_float(float x, const char *want)
{
    char out[32];
    assert_true(text_float(out, sizeof out, x));
    assert_string_equal(out, want);
}

static void floats_print_shortest(void **state)
{
    (void)state;
    assert_float(0.7f, "0.7");
    assert_float(-1.25f, "-1.25");
    assert_float(0, "0");
    assert_float(-0.0f, "0");
    assert_float(1, "1");
    assert_float(1e6f, "1000000");
    assert_float(1e-6f, "0.000001");
    assert_float(120, "120");
    assert_float(16777.216f,
                 "16777.217"); /* the float lies at 16777.2168: .216 would read back to its neighbour */
    assert_float(0.1f + 0.2f, "0.3");
    assert_float(1.0f / 3, "0.33333334");
    assert_float(0x1p-10f, "0.0009765625");
    char out[32];
    static const float refused[] = {INFINITY, -INFINITY, NAN, 1e7f, 1e-7f, -2e6f};
    for (int i = 0; i < 6; i++) assert_false(text_float(out, sizeof out, refused[i]));
    assert_false(text_float(out, 3, 0.7f - 1));
    assert_false(text_float(out, 1, 0));
}

static void assert_round_trip(float x)
{
    char text[32];
    const char *end;
    float back;
    assert_true(text_float(text, sizeof text, x));
    assert_true(text_parse_float(&back, text, &end));
    assert_memory_equal(&back, &x, sizeof x);
    assert_int_equal(*end, '\0');
    assert_true(strlen(text) <= 17);
    assert_null(strchr(text, 'e'));
}

static void floats_read_back_to_the_same_bits(void **state)
{
    (void)state;
    Rng r = rng_at(2, RNG_TEST);
    for (int done = 0; done < 200000;) {
        uint32_t bits = rng_u32(&r);
        float x;
        memcpy(&x, &bits, sizeof x);
        if (!(fabsf(x) >= 1e-6f && fabsf(x) <= 1e6f)) continue;
        assert_round_trip(x);
        done++;
    }
    for (int e = -19; e < 20; e++) {
        assert_round_trip(ldexpf(1, e));
        assert_round_trip(nextafterf(ldexpf(1, e), 0));
        assert_round_trip(nextafterf(ldexpf(1, e), 10e6f));
    }
}

/* No decimal with fewer digits reads back: tries both neighbours at one digit less. */
static void no_shorter_decimal_exists(void **state)
{
    (void)state;
    Rng r = rng_at(4, RNG_TEST);
    for (int i = 0; i < 20000; i++) {
        float x = i < 20 ? ldexpf(1, i - 10) : (rng_uniform(&r) + 0.001f) * 1000;
        char text[32];
        assert_true(text_float(text, sizeof text, x));
        int digits = 0;
        bool leading = true;
        for (const char *p = text; *p; p++) {
            leading = leading && (*p == '0' || *p == '.');
            digits += *p != '.' && !leading;
        }
        double unit = pow(10, floor(log10((double)x)) - (digits - 2)), down = floor((double)x / unit) * unit;
        assert_true(digits == 1 || strchr(text, '.') == NULL ||
                    ((float)down != x && (float)(down + unit) != x));
    }
}

static void parsing_is_strict(void **state)
{
    (void)state;
    static const char *const refused[] = {"",    "-",   ".5",  "1.",       "+1",   " 1",         "--1",
                                          "nan", "inf", "-.1", "10000000", "1.-2", "0.00000001", "x"};
    const char *end;
    float x;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (text_parse_float(&x, refused[i], &end)) fail_msg("\"%s\" was accepted", refused[i]);
    char many[64];
    memset(many, '1', 63);
    many[1] = '.';
    many[63] = '\0';
    assert_false(text_parse_float(&x, many, &end));
    assert_true(text_parse_float(&x, "-0.5e3", &end));
    assert_string_equal(end, "e3");
    assert_true(x == -0.5f);
    assert_true(text_parse_float(&x, "-0", &end));
    assert_false(signbit(x));
}

/* A comma as the decimal point, where such a locale is installed, changes nothing. */
static void locale_changes_nothing(void **state)
{
    (void)state;
    bool comma = setlocale(LC_ALL, "de_DE.UTF-8") || setlocale(LC_ALL, "fr_FR.UTF-8");
    assert_float(-1.25f, "-1.25");
    assert_round_trip(3.14159274f);
    setlocale(LC_ALL, "C");
    if (!comma) print_message("no locale with a decimal comma here: checked under C only\n");
}

static void counts_and_durations(void **state)
{
    (void)state;
    static const struct {
        long long n;
        const char *text;
    } count[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}, {-45678, "-45,678"}};
    static const struct {
        double seconds;
        const char *text;
    } duration[] = {{0, "0:00"},       {251.9, "4:11"}, {3599, "59:59"},
                    {3723, "1:02:03"}, {-1, "-:--"},    {NAN, "-:--"}};
    char out[32];
    for (size_t i = 0; i < sizeof count / sizeof *count; i++) {
        text_count(out, sizeof out, count[i].n);
        assert_string_equal(out, count[i].text);
    }
    for (size_t i = 0; i < sizeof duration / sizeof *duration; i++) {
        text_duration(out, sizeof out, duration[i].seconds);
        assert_string_equal(out, duration[i].text);
    }
    text_count(out, sizeof out, INT64_MIN);
    assert_string_equal(out, "-9,223,372,036,854,775,808");
    text_count(out, 4, 1234567);
    assert_string_equal(out, "1,2");
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        double bytes;
        const char *text;
    } want[] = {{0, "0 B"},         {999, "999 B"},    {1000, "1.0 kB"},
                {2.14e6, "2.1 MB"}, {48.4e6, "48 MB"}, {999.6e6, "1.0 GB"}};
    char text[16];
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        text_bytes(text, sizeof text, want[i].bytes);
        assert_string_equal(text, want[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(nasty_names_become_harmless),
        cmocka_unit_test(what_is_not_utf8_is_replaced),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(random_bytes_come_out_safe),
        cmocka_unit_test(widths_are_columns),
        cmocka_unit_test(floats_print_shortest),
        cmocka_unit_test(floats_read_back_to_the_same_bits),
        cmocka_unit_test(no_shorter_decimal_exists),
        cmocka_unit_test(parsing_is_strict),
        cmocka_unit_test(locale_changes_nothing),
        cmocka_unit_test(counts_and_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
