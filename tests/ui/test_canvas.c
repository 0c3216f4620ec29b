/* Text, boxes and placed pictures on a canvas, compared as exact text. */
#include "tui/canvas.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static Canvas open_canvas(int w, int h, bool ascii)
{
    static Canvas c;
    assert_true(canvas_open(&c, w, h, ascii, NULL));
    return c;
}

static void shows(Canvas *c, const char *text)
{
    Buf out = {0};
    canvas_dump_text(c, &out);
    assert_string_equal(out.p, text);
    buf_free(&out);
    canvas_close(c);
}

static void text_is_cut(void **state)
{
    Canvas c = open_canvas(12, 4, false);
    (void)state;
    assert_int_equal(canvas_text(&c, 0, 0, 12, INK_TEXT, "short"), 5);
    assert_int_equal(canvas_text(&c, 1, 1, 6, INK_TEXT, "ankle boot"), 6);
    assert_int_equal(canvas_right(&c, 12, 2, 8, INK_TEXT, "−1.75"), 5);
    canvas_text(&c, 9, 3, 12, INK_TEXT, "outside");
    canvas_text(&c, -2, 3, 12, INK_TEXT, "left");
    canvas_text(&c, 0, 9, 12, INK_TEXT, "below");
    shows(&c, "short\n ankle…\n       −1.75\nft       out\n");
}

static void wide_and_unsafe(void **state)
{
    Canvas c = open_canvas(16, 4, false);
    (void)state;
    canvas_text(&c, 0, 0, 16, INK_TEXT, "靴x");
    assert_int_equal(canvas_at(&c, 1, 0)->ch, 0);
    canvas_text(&c, 0, 1, 16, INK_TEXT, "靴");
    canvas_put(&c, 1, 1, INK_TEXT, 'y'); /* half of it overwritten: the other half must go */
    canvas_text(&c, 0, 2, 3, INK_TEXT, "靴靴靴");
    canvas_text(&c, 0, 3, 16, INK_TEXT, "a\033[2Jb\nc\302\233d");
    for (int x = 0; x < 16; x++)
        assert_true(canvas_at(&c, x, 3)->ch >= ' ' && canvas_at(&c, x, 3)->ch != 0x9b);
    shows(&c, "靴x\n y\n靴…\na\357\277\275[2Jb\357\277\275c\357\277\275d\n");
}

static void boxes(void **state)
{
    Canvas c = open_canvas(28, 4, false);
    (void)state;
    Rect in = canvas_box(&c, (Rect){0, 0, 28, 3}, true, "Directions", "by effect");
    assert_int_equal(in.w, 26);
    assert_int_equal(in.h, 1);
    assert_int_equal(STYLE_INK(canvas_at(&c, 0, 0)->style), INK_ACCENT);
    assert_true(canvas_at(&c, 2, 0)->style & STYLE_BOLD);
    assert_int_equal(canvas_box(&c, (Rect){0, 3, 1, 1}, false, "x", NULL).w, 0);
    shows(&c, "╭ Directions ─── by effect ╮\n│                          │\n╰──────────────────────────╯\n\n");
}

static void ascii_fold(void **state)
{
    Canvas c = open_canvas(20, 3, true);
    (void)state;
    canvas_box(&c, (Rect){0, 0, 20, 3}, false, "σ .30→.45", "60,000 …");
    canvas_text(&c, 1, 1, 18, INK_TEXT, "▰▰▱ ◂─●─▸ ⣀⡠ 靴 é");
    shows(&c, "+ s .30>.45 -------+\n|##- <-o-> ** ? ?  |\n+------------------+\n");
}

static void wrapping(void **state)
{
    Canvas c = open_canvas(12, 5, false);
    const char *text = "One two three, incomprehensibilities\nend";
    (void)state;
    assert_int_equal(canvas_wrap_lines(10, text), 6);
    assert_int_equal(canvas_wrap(&c, (Rect){1, 0, 10, 5}, INK_TEXT, text), 5);
    shows(&c, " One two\n three,\n incomprehe\n nsibilitie\n s\n");
}

static void pictures_and_covers(void **state)
{
    Canvas c = open_canvas(12, 6, false);
    uint8_t px[4] = {0, 80, 160, 240};
    Image im = {2, 2, 1, px};
    Rect part[8];
    (void)state;
    canvas_box(&c, (Rect){0, 0, 12, 6}, false, NULL, NULL);
    canvas_picture(&c, (Rect){1, 1, 10, 4}, &im, canvas_image_id(&im));
    assert_int_equal(c.picture[0].pane, 1);
    canvas_popup(&c, (Rect){4, 2, 5, 3}, NULL, NULL);
    int n = canvas_visible(&c, 0, part, 8), cells = 0;
    for (int i = 0; i < n; i++) cells += part[i].w * part[i].h;
    assert_int_equal(cells, 40 - 15);
    canvas_picture(&c, (Rect){5, 3, 3, 1}, &im, 2); /* on the popup: not covered by it */
    assert_int_equal(canvas_visible(&c, 1, part, 8), 1);
    assert_int_equal(c.picture[1].pane, 2);
    shows(&c, "╭──────────╮\n│▒▒▒▒▒▒▒▒▒▒│\n│▒▒▒╭───╮▒▒│\n│▒▒▒│▒▒▒│▒▒│\n│▒▒▒╰───╯▒▒│\n╰──────────╯\n");
}

static void image_dump(void **state)
{
    Canvas c = open_canvas(8, 4, false);
    uint8_t px[3] = {10, 200, 30};
    Image im = {1, 1, 3, px}, out;
    (void)state;
    canvas_picture(&c, (Rect){2, 1, 2, 1}, &im, 1);
    canvas_text(&c, 6, 3, 2, INK_BAD, "x");
    assert_true(canvas_dump_image(&c, 8, 16, &out, NULL));
    assert_int_equal(out.w, 64);
    assert_int_equal(out.h, 64);
    assert_memory_equal(out.px + (24 * 64 + 24) * 3, px, 3); /* the middle of the picture's cells */
    assert_int_equal(out.px[(40 * 64 + 24) * 3 + 1], 0);
    int red = 0;
    for (int i = 0; i < 64 * 64; i++) red += out.px[3 * i] > 200 && out.px[3 * i + 1] < 100;
    assert_true(red > 10);
    image_free(&out);
    canvas_close(&c);
}

/* The check of layouts tells text under pictures, pictures over each other, and pictures beyond the screen.
 */
static void unsound_frames_are_told(void **state)
{
    static uint8_t grey = 9;
    Image im = {1, 1, 1, &grey};
    Canvas c;
    char why[160];
    (void)state;
    assert_true(canvas_open(&c, 40, 20, false, NULL));
    canvas_picture(&c, (Rect){2, 2, 8, 4}, &im, 1);
    assert_true(canvas_sound(&c, 8, 16, why, sizeof why));
    canvas_text(&c, 5, 3, 10, INK_TEXT, "under");
    assert_false(canvas_sound(&c, 8, 16, why, sizeof why));
    assert_string_equal(why, "picture 0 covers text at 5 3");
    canvas_cover(&c, (Rect){5, 3, 10, 1}); /* a popup may */
    canvas_text(&c, 5, 3, 10, INK_TEXT, "over");
    assert_true(canvas_sound(&c, 8, 16, why, sizeof why));
    canvas_picture(&c, (Rect){8, 4, 8, 4}, &im, 2);
    assert_false(canvas_sound(&c, 8, 16, why, sizeof why));
    assert_non_null(strstr(why, "share the cell"));
    canvas_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut), cmocka_unit_test(wide_and_unsafe),
        cmocka_unit_test(boxes),       cmocka_unit_test(ascii_fold),
        cmocka_unit_test(wrapping),    cmocka_unit_test(pictures_and_covers),
        cmocka_unit_test(image_dump),  cmocka_unit_test(unsound_frames_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
