/* The picture layer against a model of a terminal: what is on the screen is always the last canvas, nothing
 * is painted twice, stale cells are blanked, and no frame is sent before the last was acknowledged. */
#include "tui/overlay.h"
#include "base/clock.h"
#include "ui/screen_model.h"
#include <math.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
#include <cmocka.h>

#define COLS 40
#define ROWS 12

static sem_t woken;
static Model model;
static Overlay *overlay;
static Canvas canvas;
static Span spans[ROWS];
static Image red, blue;
static PixelMode mode;

static void wake(void *arg)
{
    sem_post(arg);
}

static int setup(void **state)
{
    static uint8_t px[2][3] = {{255, 0, 0}, {0, 0, 255}};
    PixelSpec spec = {mode, 8, 16, 1000, 1000};
    (void)state;
    red = (Image){1, 1, 3, px[0]};
    blue = (Image){1, 1, 3, px[1]};
    sem_init(&woken, 0, 0);
    model_open(&model, COLS, ROWS, 8, 16);
    overlay = overlay_new(false, wake, &woken, NULL);
    clock_fake(100);
    return !overlay || !overlay_setup(overlay, COLS, ROWS, &spec, NULL) ||
           !canvas_open(&canvas, COLS, ROWS, false, NULL);
}

static int teardown(void **state)
{
    (void)state;
    overlay_free(overlay);
    canvas_close(&canvas);
    model_close(&model);
    memset(spans, 0, sizeof spans);
    return 0;
}

/* One frame as the terminal front makes it; returns the picture bytes sent. */
static size_t frame(void)
{
    Buf out = {0};
    overlay_plan(overlay, &canvas, &out);
    model_take(&model, out.p, out.n);
    buf_clear(&out);
    assert_true(overlay_paint(overlay, spans, &out, NULL));
    assert_int_equal(model_take(&model, out.p, out.n), out.n);
    size_t n = out.n;
    buf_free(&out);
    memset(spans, 0, sizeof spans);
    return n;
}

static void wait_for_encoder(void)
{
    while (overlay_due(overlay) == INFINITY) sem_wait(&woken);
}

static int32_t at(int cx, int cy)
{
    return model_pixel(&model, cx * 8 + 4, cy * 16 + 4);
}

/* Draws until everything that the canvas holds is on the screen and the encoder is quiet. later: a clock that only goes
 * by hand goes on by so many seconds with every frame, or what waits for its fine form would wait for ever. */
static void settle(double later)
{
    do {
        if (later > 0) clock_fake(clock_seconds() + later);
        frame();
        overlay_acked(overlay);
        usleep(200);
    } while (overlay_busy(overlay) || overlay_due(overlay) < INFINITY);
}

static void painted_once(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){2, 1, 8, 4}, &red, 1);
    assert_int_equal(frame(), 0); /* asked for, not waited for */
    wait_for_encoder();
    assert_true(frame() > 0);
    assert_int_equal(model.acks, 1);
    assert_int_equal(at(3, 2), 0xff0000);
    overlay_acked(overlay);
    assert_int_equal(frame(), 0);
    assert_true(overlay_due(overlay) == INFINITY);
}

static void written_over_is_painted_again(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){2, 1, 8, 4}, &red, 1);
    settle(0);
    spans[2] = (Span){0, 2};
    assert_int_equal(frame(), 0); /* beside it */
    spans[2] = (Span){1, 3};
    assert_int_equal(frame() > 0, mode != PIXELS_KITTY); /* over it: from the cache, at once */
    overlay_acked(overlay);
    spans[2] = (Span){0, COLS}; /* perhaps with the whole screen cleared */
    assert_true(frame() > 0);
}

static void moved_and_gone(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){2, 1, 8, 4}, &red, 1);
    settle(0);
    canvas_clear(&canvas);
    canvas_picture(&canvas, (Rect){20, 6, 8, 4}, &red, 1);
    settle(0);
    assert_int_equal(at(3, 2), -1);
    assert_int_equal(at(22, 8), 0xff0000);
    canvas_clear(&canvas);
    frame();
    assert_int_equal(at(22, 8), -1);
}

static void popup_cuts(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){0, 0, 20, 10}, &red, 1);
    settle(0);
    canvas_cover(&canvas, (Rect){5, 3, 6, 3});
    settle(0);
    assert_int_equal(at(6, 4), -1);
    assert_int_equal(at(4, 4), 0xff0000);
    assert_int_equal(at(11, 4), 0xff0000);
    canvas_clear(&canvas);
    canvas_picture(&canvas, (Rect){0, 0, 20, 10}, &red, 1);
    settle(0);
    assert_int_equal(at(6, 4), 0xff0000);
}

static void waits_for_the_acknowledgement(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){2, 1, 8, 4}, &red, 1);
    frame();
    wait_for_encoder();
    frame();
    canvas_clear(&canvas);
    canvas_picture(&canvas, (Rect){2, 1, 8, 4}, &blue, 2);
    frame();
    while (overlay_due(overlay) == INFINITY) sem_wait(&woken);
    assert_int_equal(frame(), 0); /* ready, but the terminal is not */
    assert_int_equal(at(3, 2), 0xff0000);
    overlay_acked(overlay);
    assert_true(overlay_due(overlay) == 0);
    assert_true(frame() > 0);
    assert_int_equal(at(3, 2), 0x0000ff);
    canvas_clear(&canvas);
    canvas_picture(&canvas, (Rect){2, 1, 8, 4}, &red, 1);
    assert_int_equal(frame(), 0);
    clock_fake(102); /* the answer got lost: go on after a second */
    assert_true(frame() > 0);
    clock_fake(100);
}

/* A coarse picture that was ready before the terminal was must not be forgotten. */
static void coarse_while_waiting(void **state)
{
    Rect here = {2, 1, 8, 4}, there = {20, 6, 4, 2};
    (void)state;
    for (uint64_t id = 1; id <= 2; id++) { /* a slow terminal: half a second for each frame */
        canvas_clear(&canvas);
        canvas_picture(&canvas, here, &red, id);
        canvas_picture(&canvas, there, &red, id);
        frame();
        while (overlay_due(overlay) == INFINITY) sem_wait(&woken);
        frame();
        clock_fake(clock_seconds() + 0.5);
        overlay_acked(overlay);
        settle(0);
    }
    clock_fake(200);
    for (uint64_t id = 3; id <= 4; id++) { /* two changes in quick succession: motion */
        canvas_clear(&canvas);
        canvas_picture(&canvas, here, &blue, id);
        canvas_picture(&canvas, there, &red, id - 2); /* known: a frame is sent for it */
        overlay_acked(overlay);
        frame();
        clock_fake(clock_seconds() + 0.05);
    }
    while (overlay_busy(overlay)) usleep(200);
    assert_int_equal(frame(), 0);
    overlay_acked(overlay);
    assert_true(overlay_due(overlay) <= clock_seconds());
    assert_true(frame() > 0);
    assert_int_equal(at(3, 2), 0x0000ff);
    clock_fake(100);
}

static void last_row_stays_free(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){0, 8, 10, 4}, &red, 1);
    settle(0);
    assert_int_equal(at(4, ROWS - 2), 0xff0000);
    assert_int_equal(at(4, ROWS - 1), -1);
}

static void one_strip_per_row(void **state)
{
    (void)state;
    canvas_box(&canvas, (Rect){0, 0, 40, 11}, false, NULL, NULL);
    for (int i = 0; i < 6; i++)
        canvas_picture(&canvas, (Rect){1 + 6 * i, 1, 5, 3}, i & 1 ? &red : &blue, (uint64_t)i);
    for (int i = 0; i < 6; i++)
        canvas_picture(&canvas, (Rect){1 + 6 * i, 6, 5, 3}, i & 1 ? &red : &blue, (uint64_t)i);
    frame();
    for (int i = 0; i < 2; i++) sem_wait(&woken);
    frame();
    assert_int_equal(model.sixels + model.kitty.shown, mode >= PIXELS_SIXEL ? 2 : 0);
    assert_int_equal(model.kitty.wrong, 0);
    assert_int_equal(at(3, 2), 0x0000ff);
    assert_int_equal(at(9, 7), 0xff0000);
    assert_int_equal(at(6, 2), -1); /* between them */
}

/* --- no ghosts ------------------------------------------------------------------------------------------ */

static uint32_t dice = 1;

static int roll(int n)
{
    dice = dice * 1664525u + 1013904223u;
    return (int)((dice >> 8) % (uint32_t)n);
}

/* A screen of two panes with pictures, sometimes with a popup over them, and what should then be seen. */
static void random_canvas(int32_t want[ROWS][COLS])
{
    memset(want, 255, sizeof(int32_t) * ROWS * COLS);
    canvas_clear(&canvas);
    for (int pane = 0; pane < 2; pane++) {
        canvas_box(&canvas, (Rect){20 * pane, 0, 20, ROWS}, false, NULL, NULL);
        for (int i = roll(3); i > 0; i--) {
            int w = 2 * (1 + roll(4)), h = w / 2, x = 1 + 20 * pane + 9 * (i - 1), y = 1 + roll(ROWS - 2 - h);
            bool is_red = roll(2);
            canvas_picture(&canvas, (Rect){x, y, w, h}, is_red ? &red : &blue, (uint64_t)is_red);
            for (int k = 0; k < h && y + k < ROWS - 1; k++)
                for (int j = 0; j < w; j++) want[y + k][x + j] = is_red ? 0xff0000 : 0x0000ff;
        }
    }
    if (roll(3)) return;
    Rect popup = {roll(20), roll(6), 6 + roll(14), 3 + roll(4)};
    canvas_cover(&canvas, popup);
    for (int y = popup.y; y < popup.y + popup.h && y < ROWS; y++)
        for (int x = popup.x; x < popup.x + popup.w; x++) want[y][x] = -1;
}

static void expect_seen(int32_t want[ROWS][COLS], int round)
{
    for (int y = 0; y < ROWS - 1; y++)
        for (int x = 0; x < COLS; x++)
            if (at(x, y) != want[y][x])
                fail_msg("round %d, cell %d %d: %06x instead of %06x", round, x, y, (unsigned)at(x, y),
                         (unsigned)want[y][x]);
}

/* Whatever comes and goes, also while frames are under way: once all is still the screen is the last canvas.
 */
static void no_ghosts(void **state)
{
    static int32_t want[ROWS][COLS];
    (void)state;
    dice = 1;
    for (int round = 0; round < 24; round++) {
        for (int hasty = roll(4); hasty > 0; hasty--) {
            random_canvas(want);
            frame();
            clock_fake(clock_seconds() + 0.01);
            if (roll(2)) overlay_acked(overlay);
        }
        random_canvas(want);
        clock_fake(clock_seconds() + 2);
        settle(0.1);
        expect_seen(want, round);
        assert_int_equal(model.kitty.wrong + model.unknown, 0);
    }
}

/* Between a change and the moment its picture is encoded nothing of the old one stands where text now is. */
static void popups_are_clean_at_once(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){0, 0, 20, 10}, &red, 1);
    settle(0);
    canvas_cover(&canvas, (Rect){5, 3, 6, 3});
    frame();
    assert_int_equal(at(6, 4), -1);
}

static void another_mode_leaves_nothing(void **state)
{
    PixelSpec none = {PIXELS_NONE, 8, 16, 1000, 1000};
    Buf out = {0};
    (void)state;
    canvas_picture(&canvas, (Rect){0, 0, 20, 10}, &red, 1);
    settle(0);
    assert_true(overlay_setup(overlay, COLS, ROWS, &none, NULL));
    buf_str(&out, "\033[2J"); /* the text layer draws all anew */
    overlay_plan(overlay, &canvas, &out);
    model_take(&model, out.p, out.n);
    buf_free(&out);
    assert_int_equal(at(3, 3), -1);
}

/* --- a slow line ---------------------------------------------------------------------------------------- */

/* Acknowledges the frame under way as a line of `rate` bytes a second and `trip` seconds would. */
static double deliver(size_t bytes, double rate, double trip)
{
    double seconds = trip + (double)bytes / rate;
    clock_fake(clock_seconds() + seconds);
    overlay_acked(overlay);
    return seconds;
}

static size_t next_bytes(void)
{
    size_t n = frame();
    while (!n) {
        wait_for_encoder();
        n = frame();
    }
    return n;
}

/* One change of a noisy picture; returns the bytes of the frame that showed it first. */
static size_t change(Image *im, uint64_t id)
{
    for (int i = 0; i < im->w * im->h * im->c; i++) im->px[i] = (uint8_t)roll(256);
    canvas_clear(&canvas);
    canvas_picture(&canvas, (Rect){0, 0, 20, 10}, im, id);
    return next_bytes();
}

/* At 125,000 bytes a second moving pictures get small enough to be in time, and when all is still the fine
 * one comes. */
static void slow_lines_get_less(void **state)
{
    Image im;
    size_t n = 0;
    (void)state;
    assert_true(image_make(&im, 48, 48, 3, NULL));
    for (uint64_t id = 1; id <= 8; id++) {
        n = change(&im, id);
        deliver(n, 125e3, 0.05);
    }
    assert_true((double)n / 125e3 < 0.2);
    assert_true(overlay_times(overlay).rate > 60e3 && overlay_times(overlay).rate < 250e3);
    size_t coarse = n;
    assert_true(overlay_due(overlay) > clock_seconds());
    clock_fake(clock_seconds() + 0.7);
    n = next_bytes();
    assert_true(n > 2 * coarse);
    deliver(n, 125e3, 0.05);
    clock_fake(100);
    image_free(&im);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(painted_once),
                                       TEST(written_over_is_painted_again),
                                       TEST(moved_and_gone),
                                       TEST(popup_cuts),
                                       TEST(last_row_stays_free),
                                       TEST(waits_for_the_acknowledgement),
                                       TEST(one_strip_per_row),
                                       TEST(no_ghosts),
                                       TEST(popups_are_clean_at_once),
                                       TEST(another_mode_leaves_nothing)};
    const struct CMUnitTest sharp[] = {TEST(coarse_while_waiting), TEST(slow_lines_get_less)};
    int failed = 0;
    for (mode = PIXELS_HALF; mode <= PIXELS_KITTY; mode++) {
        failed += cmocka_run_group_tests_name(probe_mode_name(mode), tests, NULL, NULL);
        if (mode == PIXELS_SIXEL) failed += cmocka_run_group_tests_name("sharp", sharp, NULL, NULL);
    }
    return failed;
}
