/* Sliders, gauges, plots, the text box and the dialog, compared as exact text. */
#include "base/text.h"
#include "tui/key.h"
#include "tui/widgets/dialog.h"
#include "tui/widgets/gauge.h"
#include "tui/widgets/plot.h"
#include "tui/widgets/sliders.h"
#include "tui/widgets/textbox.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static Canvas c;

static void start(int w, int h, bool ascii)
{
    assert_true(canvas_open(&c, w, h, ascii, NULL));
}

static void shows(const char *text)
{
    Buf out = {0};
    canvas_dump_text(&c, &out);
    assert_string_equal(out.p, text);
    buf_free(&out);
    canvas_close(&c);
}

static void gauges(void **state)
{
    const float values[] = {0, 1, 2, NAN, 4, 5, 6, 7};
    (void)state;
    start(16, 9, false);
    gauge_meter(&c, 0, 1, 8, 0.74, INK_TEXT);
    gauge_meter(&c, 0, 2, 4, NAN, INK_TEXT);
    gauge_spark(&c, 0, 3, 8, values, 8, INK_TEXT);
    gauge_slider(&c, 0, 4, 15, -3, 3, -1.5, true);
    gauge_slider(&c, 0, 5, 15, -3, 3, 0, false);
    gauge_slider(&c, 0, 6, 15, -3, 3, 99, false);
    gauge_slider(&c, 0, 7, 15, 0.5, 2, 1.25, false);
    gauge_slider(&c, 0, 8, 4, 0, 1, 1, false);
    shows("\n▰▰▰▰▰▰▱▱\n▱▱▱▱\n▁▂▃ "
          "▅▆▇█\n◂───●━━━──────▸\n◂──────●──────▸\n◂──────━━━━━━●▸\n◂━━━━━━●──────▸\n\n");
    assert_true(fabs(gauge_slider_value(0, 15, -3, 3, 4) + 1.5) < 1e-9);
    assert_true(gauge_slider_value(0, 15, -3, 3, 90) == 3);
}

static const Slider list[] = {{.name = "Transform", .heading = true},
                              {"zoom", 0.5, 2, 1.2, NULL, NULL, 2, 0, false, false},
                              {"rotate", -45, 45, -14, "°", NULL, 0, 0.5, false, false},
                              {.name = "Directions", .note = "one", .heading = true},
                              {"heel height", -3, 3, 0, NULL, "mine", 2, 0, false, false}};

static void slider_list(void **state)
{
    Sliders s = {.selected = 2};
    double value = 7;
    (void)state;
    start(56, 5, false);
    Rect r = {0, 0, 56, 5};
    sliders_draw(&s, &c, r, list, 5, true);
    int track = 2 + 11 + 1;
    assert_int_equal(sliders_hit(&s, r, list, 5, track + 1, 2, &value), 2);
    assert_true(value == -45);
    value = 7;
    assert_int_equal(sliders_hit(&s, r, list, 5, 20, 3, &value), 3); /* a heading has no value */
    assert_true(value == 7);
    assert_int_equal(sliders_hit(&s, r, list, 5, 20, 5, &value), -1);
    shows("Transform\n"
          "  zoom        ◂━━━━━━━━━━●───────────▸    1.20\n"
          "▸ rotate      ◂───────●━━━━──────────▸    −14° ▰▰▱▱\n"
          "Directions one\n"
          "  heel height ◂───────────●──────────▸    0.00      mine\n");
    start(35, 5, false); /* no room for bars and notes */
    sliders_draw(&s, &c, (Rect){0, 0, 35, 5}, list, 5, true);
    shows("Transform\n"
          "  zoom        ◂━━━━━●─────▸    1.20\n"
          "▸ rotate      ◂───●━━─────▸    −14°\n"
          "Directions one\n"
          "  heel height ◂─────●─────▸    0.00\n");
}

static void slider_moves(void **state)
{
    Sliders s = {.selected = 1};
    (void)state;
    sliders_move(&s, 5, 1, 3);
    assert_int_equal(s.selected, 2);
    assert_int_equal(s.top, 0);
    sliders_move(&s, 5, 1, 3);
    assert_int_equal(s.selected, 3); /* a heading can be selected */
    assert_int_equal(s.top, 1);
    sliders_move(&s, 5, 99, 3);
    assert_int_equal(s.selected, 4);
    assert_int_equal(s.top, 2);
    sliders_move(&s, 4, 0, 3); /* the list became shorter */
    assert_int_equal(s.selected, 3);
    assert_int_equal(s.top, 1);
    sliders_move(&s, 5, -99, 3);
    assert_int_equal(s.selected, 0);
    assert_int_equal(s.top, 0);
    for (int by = -3; by <= 3; by++) sliders_move(&s, 0, by, 3);
}

static void plots(void **state)
{
    float x[40], y[40];
    for (int i = 0; i < 40; i++) x[i] = (float)i, y[i] = (float)i;
    y[20] = NAN;
    Series s = {"loss", x, y, 40, INK_SERIES_1};
    PlotLine level = {10, "base", INK_DIM};
    (void)state;
    start(30, 8, false);
    plot_draw(&c, (Rect){0, 0, 30, 8},
              &(Plot){.series = &s,
                      .count = 1,
                      .x0 = NAN,
                      .x1 = NAN,
                      .y1 = 40,
                      .y_decimals = -1,
                      .x_unit = "steps",
                      .level = &level,
                      .levels = 1});
    shows("                        ● loss\n"
          "40┤                      ⢀⣀⠤⠖⠊\n"
          "  │                ⢀⣀⠤⠔⠒⠉⠁\n"
          "20┤           ⣀⡤⠄⠐⠊⠉\n"
          "  │┄┄┄┄┄⣀⡠⠤⠖⠊⠉┄┄┄┄┄┄┄┄┄┄┄ base\n"
          " 0┤⣀⠤⠔⠚⠉⠁\n"
          "  ╰───────────────────────────\n"
          "   0                  39 steps\n");
}

static const uint8_t *pixel(const PlotPicture *p, int x, int y)
{
    return p->image.px + ((size_t)y * (size_t)p->image.w + (size_t)x) * 3;
}

/* As a picture: the curve in its ink, the ground elsewhere, in the cells between axis and border; marks and
 * names stand above it as text. */
static void plot_is_painted(void **state)
{
    (void)state;
    static PlotPicture picture = {
        .cell_w = 8, .cell_h = 16, .ground = {9, 8, 7}, .ink[INK_SERIES_1] = {200, 10, 10}};
    const float x[2] = {0, 30}, y[2] = {0, 30};
    Series s = {"loss", x, y, 2, INK_SERIES_1};
    PlotLine mark = {10, "lr 0.1", INK_WARN}, level = {20, "base", INK_DIM};
    char why[128];
    start(34, 10, false);
    plot_draw(&c, (Rect){0, 0, 34, 10},
              &(Plot){.series = &s,
                      .count = 1,
                      .x1 = 30,
                      .y1 = 30,
                      .y_decimals = -1,
                      .level = &level,
                      .levels = 1,
                      .mark = &mark,
                      .marks = 1,
                      .picture = &picture});
    assert_int_equal(c.pictures, 1);
    assert_true(picture.image.w == c.picture[0].rect.w * 8 && picture.image.h == c.picture[0].rect.h * 16);
    assert_true(c.picture[0].rect.y == 1 && c.picture[0].rect.x + c.picture[0].rect.w == 34);
    assert_true(canvas_sound(&c, 8, 16, why, sizeof why));
    int w = picture.image.w, h = picture.image.h;
    assert_true(pixel(&picture, w / 2, h / 2)[0] > 150); /* half way up the diagonal */
    assert_memory_equal(pixel(&picture, 20, 10), picture.ground, 3);
    int bright = 0;
    for (int at = 0; at < h; at++) bright += pixel(&picture, w / 4, at)[0] > 100;
    assert_in_range(bright, 2, 4); /* of even width */
    uint64_t once = canvas_image_id(&picture.image);
    plot_draw(&c, (Rect){0, 0, 34, 10},
              &(Plot){.series = &s, .count = 1, .x1 = 30, .y1 = 30, .y_decimals = -1, .picture = &picture});
    assert_true(canvas_image_id(&picture.image) != once); /* without the mark and the level */
    plot_picture_close(&picture);
    canvas_close(&c);
    start(34, 10, true); /* letters cannot show it */
    plot_draw(&c, (Rect){0, 0, 34, 10},
              &(Plot){.series = &s, .count = 1, .y_decimals = -1, .picture = &picture});
    assert_int_equal(c.pictures, 0);
    canvas_close(&c);
}

static void plot_reads_off(void **state)
{
    float x[40], y[40], tick[2] = {0, 20}, at, each;
    for (int i = 0; i < 40; i++) x[i] = (float)i, y[i] = (float)i;
    Series s = {NULL, x, y, 40, INK_SERIES_1};
    Plot p = {.series = &s,
              .count = 1,
              .x0 = NAN,
              .x1 = NAN,
              .y1 = 40,
              .y_decimals = -1,
              .tick = tick,
              .ticks = 2,
              .cursor = true,
              .at = 10};
    Rect r = {0, 0, 30, 6};
    (void)state;
    start(30, 6, false);
    plot_draw(&c, r, &p);
    shows("  │       │             ⣀⣀⠤⠤⠒⠊\n"
          "  │       │      ⣀⣠⠤⠔⠒⠊⠉\n"
          "  │      ⢀⣀⡠⠤⠖⠒⠉⠉\n"
          " 0┤⣀⠤⠤⠒⠒⠉⠁│\n"
          "  ╰┴──────┴─────┴─────────────\n"
          "   0                        39\n");
    assert_true(plot_x(&at, &each, r, &p, 10) && fabsf(at - 10) <= each);
    assert_false(plot_x(&at, &each, r, &p, 1));
    p.x0 = 10;
    assert_true(plot_x(&at, &each, r, &p, 3) && fabsf(at - 10) <= each);
    canvas_close(&c);
}

static void plot_is_safe(void **state)
{
    float x[5] = {0, 1, 2, 3, 4}, y[5] = {INFINITY, -1, NAN, 1e30f, 0};
    Series s[2] = {{NULL, x, y, 5, INK_SERIES_1}, {"none", x, y, 0, INK_SERIES_2}};
    PlotLine line = {NAN, "x", INK_DIM};
    (void)state;
    for (int w = 0; w < 40; w++)
        for (int h = 0; h < 12; h++) {
            start(40, 12, w & 1);
            plot_draw(&c, (Rect){0, 0, w, h},
                      &(Plot){.series = s,
                              .count = 2,
                              .x0 = NAN,
                              .x1 = NAN,
                              .y0 = NAN,
                              .y1 = NAN,
                              .log_y = h & 1,
                              .y_decimals = -1,
                              .x_unit = "s",
                              .level = &line,
                              .levels = 1,
                              .mark = &line,
                              .marks = 1,
                              .tick = x,
                              .ticks = 5,
                              .cursor = true,
                              .at = w & 1 ? 2 : 1e30f});
            plot_draw(&c, (Rect){0, 0, w, h},
                      &(Plot){.series = s, .x0 = 3, .x1 = 3, .y0 = 2, .y1 = 2, .y_decimals = 20});
            for (int i = 0; i < 40 * 12; i++) /* nothing outside */
                if (i % 40 >= w || i / 40 >= h) assert_int_equal(c.cell[i].ch, ' ');
            canvas_close(&c);
        }
}

static void plot_in_ascii_and_log(void **state)
{
    float x[3] = {0, 50, 100}, y[3] = {1, 10, 100};
    Series s = {NULL, x, y, 3, INK_SERIES_1};
    Plot p = {.series = &s, .count = 1, .x0 = NAN, .x1 = NAN, .y0 = 1, .y1 = 100, .log_y = true};
    (void)state;
    start(24, 5, true);
    plot_draw(&c, (Rect){0, 0, 24, 5}, &p);
    shows("100+               *****\n"
          "   |          *****\n"
          " 10+     ******\n"
          "  1+*****\n"
          "   +--------------------\n");
}

static void text_box(void **state)
{
    Textbox t = {0};
    (void)state;
    textbox_set(&t, "seed ψ");
    assert_true(textbox_key(&t, KEYCODE_LEFT) && textbox_key(&t, '4'));
    assert_string_equal(t.text, "seed 4ψ");
    assert_true(textbox_key(&t, KEYCODE_END) && textbox_key(&t, KEYCODE_BACKSPACE));
    assert_string_equal(t.text, "seed 4");
    textbox_insert(&t, "7\n1\033[A");
    assert_string_equal(t.text, "seed 47 1\357\277\275[A");
    assert_true(textbox_key(&t, 'W' & 31));
    assert_string_equal(t.text, "seed 47 ");
    assert_true(textbox_key(&t, KEYCODE_HOME) && textbox_key(&t, KEYCODE_DELETE));
    assert_string_equal(t.text, "eed 47 ");
    assert_true(textbox_key(&t, 'K' & 31));
    assert_string_equal(t.text, "");
    assert_true(textbox_key(&t, KEYCODE_BACKSPACE) && textbox_key(&t, KEYCODE_DELETE));
    assert_false(textbox_key(&t, KEYCODE_F1));
    for (int i = 0; i < 2000; i++) textbox_key(&t, 0x9774);
    assert_true(strlen(t.text) < sizeof t.text && strlen(t.text) > 1000);
    textbox_set(&t, "a long command line");
    start(8, 1, false);
    textbox_draw(&t, &c, 0, 0, 8, INK_TEXT);
    assert_true(canvas_at(&c, 7, 0)->style & STYLE_REVERSE);
    shows("nd line\n");
}

static void dialogs(void **state)
{
    Dialog d = {.title = "Leave?",
                .text = "Run 0007 is training.",
                .choice = {{'s', "stop"}, {'c', "cancel"}},
                .choices = 2};
    (void)state;
    assert_int_equal(dialog_key(&d, 'c'), 1);
    assert_int_equal(dialog_key(&d, 'S'), 0);
    assert_int_equal(dialog_key(&d, 'x'), -1);
    assert_int_equal(dialog_key(&d, KEYCODE_ESCAPE), -2);
    assert_int_equal(dialog_key(&d, KEYCODE_RIGHT), -1);
    assert_int_equal(dialog_key(&d, KEYCODE_ENTER), 1);
    start(40, 9, false);
    dialog_draw(&d, &c);
    for (int x = 0, hits = 0; x < 40; x++) {
        int at = dialog_hit(&d, &c, x, 5);
        hits += at >= 0;
        if (x == 39) assert_int_equal(hits, 9 + 11);
    }
    shows("\n"
          " ╭ Leave? ────────────────────────────╮\n"
          " │                                    │\n"
          " │  Run 0007 is training.             │\n"
          " │                                    │\n"
          " │   s stop    c cancel               │\n"
          " │                                    │\n"
          " ╰────────────────────────────────────╯\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauges),          cmocka_unit_test(slider_list),
        cmocka_unit_test(slider_moves),    cmocka_unit_test(plots),
        cmocka_unit_test(plot_is_painted), cmocka_unit_test(plot_reads_off),
        cmocka_unit_test(plot_is_safe),    cmocka_unit_test(plot_in_ascii_and_log),
        cmocka_unit_test(text_box),        cmocka_unit_test(dialogs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
