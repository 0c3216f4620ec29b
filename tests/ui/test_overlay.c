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
#include <time.h>
#include <cmocka.h>

#define COLS 40
#define ROWS 12

static sem_t woken;
static Model model;
static Overlay *overlay;
static Canvas canvas;
static Span spans[ROWS];
static Image red, blue;

static void wake(void *arg)
{
    sem_post(arg);
}

static int setup(void **state)
{
    static uint8_t px[2][3] = {{255, 0, 0}, {0, 0, 255}};
    PixelSpec spec = {PIXELS_SIXEL, 8, 16, 1000, 1000};
    (void)state;
    red = (Image){1, 1, 3, px[0]};
    blue = (Image){1, 1, 3, px[1]};
    sem_init(&woken, 0, 0);
    model_open(&model, COLS, ROWS, 8, 16);
    overlay = overlay_new(wake, &woken, NULL);
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
    return model.pixel[(cy * 16 + 8) * COLS * 8 + cx * 8 + 4];
}

/* Draws until everything that the canvas holds is on the screen and the encoder is quiet. */
static void settle(void)
{
    struct timespec ts;
    do {
        frame();
        overlay_acked(overlay);
        clock_gettime(CLOCK_REALTIME, &ts);
        ts.tv_nsec += 200 * 1000000;
        if (ts.tv_nsec >= 1000000000) ts.tv_sec++, ts.tv_nsec -= 1000000000;
    } while (sem_timedwait(&woken, &ts) == 0 || overlay_due(overlay) < INFINITY);
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
    settle();
    spans[2] = (Span){0, 2};
    assert_int_equal(frame(), 0); /* beside it */
    spans[2] = (Span){0, 3};
    assert_true(frame() > 0); /* over it: from the cache, at once */
}

static void moved_and_gone(void **state)
{
    (void)state;
    canvas_picture(&canvas, (Rect){2, 1, 8, 4}, &red, 1);
    settle();
    canvas_clear(&canvas);
    canvas_picture(&canvas, (Rect){20, 6, 8, 4}, &red, 1);
    settle();
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
    settle();
    canvas_cover(&canvas, (Rect){5, 3, 6, 3});
    settle();
    assert_int_equal(at(6, 4), -1);
    assert_int_equal(at(4, 4), 0xff0000);
    assert_int_equal(at(11, 4), 0xff0000);
    canvas_clear(&canvas);
    canvas_picture(&canvas, (Rect){0, 0, 20, 10}, &red, 1);
    settle();
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
        settle();
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
    struct timespec pause = {0, 200000000};
    nanosleep(&pause, NULL); /* both results are in */
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
    settle();
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
    assert_int_equal(model.sixels, 2);
    assert_int_equal(at(3, 2), 0x0000ff);
    assert_int_equal(at(9, 7), 0xff0000);
    assert_int_equal(at(6, 2), -1); /* between them */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(painted_once),        TEST(written_over_is_painted_again),
                                       TEST(moved_and_gone),      TEST(popup_cuts),
                                       TEST(last_row_stays_free), TEST(waits_for_the_acknowledgement),
                                       TEST(one_strip_per_row),   TEST(coarse_while_waiting)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
