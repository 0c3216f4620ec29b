/* Cutting rectangles: no piece leaves its rectangle or meets another, at any size of terminal. */
#include "tui/layout.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool within(Rect r, Rect outer)
{
    return r.w >= 0 && r.h >= 0 &&
           (rect_empty(r) || (r.x >= outer.x && r.y >= outer.y && r.x + r.w <= outer.x + outer.w &&
                              r.y + r.h <= outer.y + outer.h));
}

static void apart(const Rect *r, int n, Rect outer)
{
    for (int i = 0; i < n; i++) {
        assert_true(within(r[i], outer));
        for (int k = 0; k < i; k++) assert_true(rect_empty(rect_intersect(r[i], r[k])));
    }
}

static void every_size(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 100; rows++)
        for (int cols = 1; cols <= 300; cols++) {
            Rect all = {0, 0, cols, rows}, part[7];
            Page p = layout_page(cols, rows);
            apart((Rect[]){p.top, p.bottom, p.body}, 3, all);
            assert_int_equal(p.too_small, cols < LAYOUT_MIN_COLS || rows < LAYOUT_MIN_ROWS);
            Rect rest = p.body, side = rect_cut_right(&rest, 26), strip = rect_cut_bottom(&rest, 9),
                 left = rect_cut_left(&rest, 40);
            apart((Rect[]){side, strip, left, rest}, 4, p.body);
            rect_columns(part, rest, (const int[]){5, 6, 3}, 3, 1);
            apart(part, 3, rest);
            rect_rows(part, rest, (const int[]){1, 1, 1, 1, 1, 1, 2}, 7, 1);
            apart(part, 7, rest);
            assert_true(within(rect_centre(all, 46, 12), all) && within(rect_inset(all, 3, 2), all));
        }
}

static void columns_fill(void **state)
{
    (void)state;
    for (int w = 10; w < 300; w++) {
        Rect part[3];
        rect_columns(part, (Rect){4, 2, w, 5}, (const int[]){5, 6, 3}, 3, 1);
        assert_int_equal(part[0].w + part[1].w + part[2].w + 2, w);
        assert_int_equal(part[2].x + part[2].w, 4 + w);
    }
}

static void subtract_covers_the_rest(void **state)
{
    (void)state;
    Rect a = {3, 3, 6, 5}, piece[4];
    for (int x = 0; x < 12; x++)
        for (int y = 0; y < 12; y++)
            for (int s = 0; s < 8; s++) {
                Rect b = {x, y, s, (s * 5) % 7};
                int n = rect_subtract(piece, a, b), cells = 0;
                apart(piece, n, a);
                for (int i = 0; i < n; i++) cells += piece[i].w * piece[i].h;
                Rect cut = rect_intersect(a, b);
                assert_int_equal(cells, 30 - cut.w * cut.h);
            }
}

static void walls(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 100; rows += 3)
        for (int cols = 1; cols <= 300; cols += 7)
            for (int size = 1; size < 12; size += 2) {
                Rect area = {5, 3, cols, rows};
                Wall wall = layout_wall(area, size, 2, 8, 17);
                int n = wall.cols * wall.rows;
                for (int i = 0; i < n; i++) {
                    Rect t = layout_tile(&wall, i), frame = {t.x - 1, t.y - 1, t.w + 2, t.h + 3};
                    assert_true(within(frame, area));
                    assert_int_equal(layout_tile_at(&wall, t.x, t.y), i);
                    if (i) assert_true(rect_empty(rect_intersect(t, layout_tile(&wall, i - 1))));
                }
                assert_int_equal(layout_tile_at(&wall, 0, 0), -1);
            }
    Wall wall = layout_wall((Rect){0, 0, 80, 24}, 4, 1, 8, 17);
    assert_int_equal(wall.tile_w, 9); /* 4 rows of 17 pixels are 68, as wide as 8.5 columns */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_size), cmocka_unit_test(columns_fill),
                                       cmocka_unit_test(subtract_covers_the_rest), cmocka_unit_test(walls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
