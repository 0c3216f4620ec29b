/* Clouds of points: which cell a point falls into, whose ink a shared cell takes, and what ASCII shows. */
#include "check.h"
#include "tui/widgets/scatter.h"
#include <math.h>

static const Rect area = {2, 1, 10, 5};

static void corners_fall_into_corner_cells(void **state)
{
    (void)state;
    int x, y;
    const float low[2] = {0, 0}, high[2] = {1, 1}, wild[2] = {-7, 3e9f};
    const ScatterView whole = {0, 0, 1};
    assert_true(scatter_cell(area, &whole, low, &x, &y));
    assert_true(x == 2 && y == 5); /* y upwards */
    assert_true(scatter_cell(area, &whole, high, &x, &y));
    assert_true(x == 11 && y == 1);
    assert_false(scatter_cell(area, &whole, wild, &x, &y));
    assert_true(rect_has(area, x, y));
}

static void colours_win_over_the_background(void **state)
{
    (void)state;
    Canvas c;
    Err err = {0};
    const float xy[6][2] = {{0, 0}, {0, 0}, {0, 0}, {0.01f, 0}, {1, 1}, {1, 1}};
    const Ink ink[6] = {INK_FAINT, INK_FAINT, INK_FAINT, INK_SERIES_2, INK_FAINT, INK_FAINT};
    assert_ok(canvas_open(&c, 20, 10, false, &err), err);
    scatter_draw(&c, area, &(Scatter){xy, ink, NULL, 6, {0, 0, 1}});
    assert_int_equal(STYLE_INK(canvas_at(&c, 2, 5)->style), INK_SERIES_2);
    assert_int_equal(STYLE_INK(canvas_at(&c, 11, 1)->style), INK_FAINT);
    assert_int_equal(canvas_at(&c, 2, 5)->ch, 0x2840);  /* the dot at the lower left */
    assert_int_equal(canvas_at(&c, 11, 1)->ch, 0x2808); /* ... at the upper right */
    assert_int_equal(canvas_at(&c, 5, 3)->ch, ' ');
    canvas_close(&c);
}

/* A zoom keeps the place under the cell, the view stays inside, and what is hidden or out of sight is not
 * found. */
static void a_part_can_be_looked_at(void **state)
{
    (void)state;
    Canvas c;
    Err err = {0};
    int x, y;
    float before[2], after[2];
    const float xy[3][2] = {{0.86f, 0.9f}, {0.84f, 0.9f}, {0.1f, 0.1f}};
    const Ink ink[3] = {INK_SERIES_1, INK_COUNT, INK_SERIES_2};
    const bool ring[3] = {true, false, false};
    ScatterView v = {0, 0, 1};
    scatter_place(before, area, &v, 10, 1);
    scatter_zoom(&v, area, 10, 1, 4);
    scatter_place(after, area, &v, 10, 1);
    assert_true(v.span == 0.25f && fabsf(before[0] - after[0]) < 1e-5f &&
                fabsf(before[1] - after[1]) < 1e-5f);
    assert_ok(canvas_open(&c, 20, 10, false, &err), err);
    Scatter s = {xy, ink, ring, 3, v};
    scatter_draw(&c, area, &s);
    assert_true(scatter_cell(area, &v, xy[0], &x, &y));
    assert_int_equal(canvas_at(&c, x, y)->ch, U'○');
    assert_false(scatter_cell(area, &v, xy[2], &x, &y));
    scatter_pan(&v, -9, 5);
    assert_true(v.x == 0 && v.y == 0.75f);
    scatter_zoom(&v, area, 3, 3, 0.01f);
    assert_true(v.x == 0 && v.y == 0 && v.span == 1);
    canvas_close(&c);
}

static void ascii_has_a_mark_per_ink(void **state)
{
    (void)state;
    Canvas c;
    Err err = {0};
    const float xy[2][2] = {{0, 0}, {1, 1}};
    const Ink ink[2] = {INK_SERIES_1, INK_FAINT};
    assert_ok(canvas_open(&c, 20, 10, true, &err), err);
    scatter_draw(&c, area, &(Scatter){xy, ink, NULL, 2, {0, 0, 1}});
    assert_int_equal(canvas_at(&c, 2, 5)->ch, scatter_mark(INK_SERIES_1));
    assert_int_equal(canvas_at(&c, 11, 1)->ch, '.');
    assert_true(scatter_mark(INK_SERIES_1) != scatter_mark(INK_SERIES_2));
    scatter_draw(&c, (Rect){0, 0, 0, 3}, &(Scatter){xy, ink, NULL, 2, {0, 0, 1}}); /* nothing to draw in */
    canvas_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corners_fall_into_corner_cells), cmocka_unit_test(colours_win_over_the_background),
        cmocka_unit_test(a_part_can_be_looked_at), cmocka_unit_test(ascii_has_a_mark_per_ink)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
