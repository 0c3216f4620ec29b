/* What the doctor says of terminals, and the card it shows. */
#include "check.h"
#include "base/file.h"
#include "tui/doctor.h"
#include "ui/demo.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Fact *fact(const Fact *list, int n, const char *key)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(list[i].key, key)) return &list[i];
    fail_msg("no fact %s", key);
    return NULL;
}

static void good_terminal(void **state)
{
    TermInfo info = {.cols = 140,
                     .rows = 44,
                     .cell_w = 8,
                     .cell_h = 17,
                     .cell_from = CELL_AREA,
                     .utf8 = true,
                     .truecolor = true,
                     .sixel = true,
                     .max_w = 1000,
                     .max_h = 1000,
                     .answered = true,
                     .name = "XTerm(379)"};
    AppTimes times = {4, 12, 30000, 12e6, 3};
    Fact list[FACTS_MAX];
    (void)state;
    unsetenv("VIEWSMITH_GRAPHICS");
    int n = doctor_facts(list, &info, PIXELS_SIXEL, &times);
    assert_true(n <= FACTS_MAX);
    for (int i = 0; i < n; i++) assert_string_equal(list[i].advice, "");
    assert_string_equal(fact(list, n, "terminal")->value, "XTerm(379), 140 x 44 cells");
    assert_string_equal(fact(list, n, "cell")->value, "8 x 17 pixels, by the text area's size");
    assert_string_equal(fact(list, n, "pictures")->value,
                        "sixel, up to 1000 x 1000 pixels each; the terminal knows sixel");
    assert_non_null(strstr(fact(list, n, "link")->value, "12.0 MB/s"));
}

static void poor_terminal(void **state)
{
    TermInfo info = {.cols = 70,
                     .rows = 20,
                     .cell_w = 8,
                     .cell_h = 16,
                     .max_w = 1000,
                     .max_h = 1000,
                     .tmux = true,
                     .colors = 256,
                     .name = "screen"};
    AppTimes times = {4, 600, 30000, 50e3, 1};
    Fact list[FACTS_MAX];
    (void)state;
    int n = doctor_facts(list, &info, PIXELS_ASCII, &times);
    static const char *const advised[] = {"terminal", "cell", "pictures", "colour", "locale", "tmux", "link"};
    for (size_t i = 0; i < sizeof advised / sizeof *advised; i++)
        assert_true(*fact(list, n, advised[i])->advice);
    assert_non_null(strstr(fact(list, n, "link")->value, "50 KB/s"));
}

/* The white ring is as far from the middle everywhere. */
static void card_is_round(void **state)
{
    Image card;
    Err err = {0};
    (void)state;
    assert_ok(doctor_card(&card, &err), err);
    for (int i = 0; i < 64; i++) {
        double a = i * 2 * 3.14159265 / 64, r = card.w / 2.0 - 6;
        int x = (int)(card.w / 2.0 + r * cos(a)), y = (int)(card.h / 2.0 + r * sin(a));
        assert_int_equal(card.px[(y * card.w + x) * 3], 255);
    }
    image_free(&card);
}

/* The page opens by its name over any screen, shows the card, and any key closes it. */
static void page(void **state)
{
    static const char script[] =
        ":doctor\nexpect ╭ Doctor\nexpect script, 132 x 43 cells\nexpect The circle is round\nexpect "
        "braille\n"
        "image doctor.png\nx\nrefuse Doctor\nsize 60x18\n:doctor\nexpect Doctor\nEscape\nrefuse Doctor\n";
    AppOptions opt = app_options_default();
    Err err = {0};
    (void)state;
    assert_true(file_replace("keys.txt", script, strlen(script), NULL));
    opt.script = "keys.txt";
    opt.fake_clock = true;
    opt.cols = 132;
    opt.rows = 43;
    assert_ok(app_run(&opt, demo_screens, 3, 0, &demo_hooks, &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_terminal), cmocka_unit_test(poor_terminal),
                                       cmocka_unit_test(card_is_round), cmocka_unit_test(page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
