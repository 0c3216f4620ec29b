/* The picture wall: its look as exact text, moving and scrolling with and without an end. */
#include "tui/widgets/grid.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static void grid(void **state)
{
    uint8_t px[4] = {0};
    Image im = {2, 2, 1, px};
    Tile tile[5] = {{&im, 1, {"bag", "1"}, 0, false},
                    {&im, 2, {"coat", "2"}, 0, false},
                    {NULL, 0, {"dress", NULL}, 0, false},
                    {&im, 4, {"x", "4"}, 0, false},
                    {&im, 5, {"y", "5"}, 0, false}};
    Wall wall = layout_wall((Rect){0, 0, 16, 12}, 3, 2, 8, 17);
    Grid g = {0};
    (void)state;
    uint64_t at = 9;
    grid_move(&g, &wall, 4, 1, 0);
    start(16, 12, false);
    grid_draw(&g, &c, &wall, tile, 4, true);
    assert_true(grid_hit(&at, &g, &wall, 4, 9, 2) && at == 1);
    assert_false(grid_hit(&at, &g, &wall, 0, 9, 2));
    shows("       ┏━━━━━━┓\n ▒▒▒▒▒▒┃▒▒▒▒▒▒┃\n ▒▒▒▒▒▒┃▒▒▒▒▒▒┃\n ▒▒▒▒▒▒┃▒▒▒▒▒▒┃\n bag   ┗coat━━┛\n 1      2\n\n"
          " ······ ▒▒▒▒▒▒\n ······ ▒▒▒▒▒▒\n ······ ▒▒▒▒▒▒\n dress  x\n        4\n");
    grid_move(&g, &wall, 4, 0, 1);
    assert_true(g.at == 3);
    grid_move(&g, &wall, 4, 0, 1);
    assert_true(g.at == 3); /* no row below holds this column */
    grid_move(&g, &wall, 4, 1, 0);
    assert_true(g.at == 4 && g.top == 2 && grid_sight(&g, &wall, 4) == 3);
    grid_move(&g, &wall, 4, -99, 0);
    assert_true(g.at == 0 && g.top == 0);
    grid_move(&g, &(Wall){0}, 5, 1, 1);
}

static void grid_without_end(void **state)
{
    Wall wall = layout_wall((Rect){0, 0, 16, 12}, 3, 2, 8, 17); /* 2 x 2 */
    Grid g = {.top = 4711, .at = 4711};
    (void)state;
    grid_move(&g, &wall, UINT64_MAX, 0, -1);
    assert_true(g.at == 4709 && g.top == 4709);
    grid_scroll(&g, &wall, UINT64_MAX, 3);
    assert_true(g.top == 4715 && g.at == 4715); /* taken along */
    grid_scroll(&g, &wall, UINT64_MAX, -1);
    assert_true(g.top == 4713 && g.at == 4715);
    grid_move(&g, &wall, UINT64_MAX, INT64_MIN, 0);
    assert_true(g.at == 0 && g.top == 0);
    g = (Grid){UINT64_MAX, UINT64_MAX};
    grid_move(&g, &wall, UINT64_MAX, 1, 1);
    assert_true(g.at == UINT64_MAX && UINT64_MAX - g.top < 4 && grid_sight(&g, &wall, UINT64_MAX) >= 3);
    for (int i = 0; i < 1000; i++) { /* selection and sight stay together whatever is done */
        grid_scroll(&g, &wall, UINT64_MAX, (i * 7919) % 23 - 11);
        grid_move(&g, &wall, UINT64_MAX, (i * 31) % 5 - 2, (i * 17) % 7 - 3);
        assert_true(g.at >= g.top && g.at - g.top < 4);
    }
}

static void picked_tiles(void **state)
{
    uint8_t px[4] = {0};
    Image im = {2, 2, 1, px};
    Tile tile[2] = {{&im, 1, {"bag", NULL}, 0, true}, {&im, 2, {"coat", NULL}, 0, false}};
    Wall wall = layout_wall((Rect){0, 0, 16, 5}, 3, 1, 8, 17);
    Grid g = {.at = 1};
    (void)state;
    start(16, 5, false);
    grid_draw(&g, &c, &wall, tile, 2, true);
    shows("┌──────┏━━━━━━┓\n│▒▒▒▒▒▒┃▒▒▒▒▒▒┃\n│▒▒▒▒▒▒┃▒▒▒▒▒▒┃\n│▒▒▒▒▒▒┃▒▒▒▒▒▒┃\n└bag───┗coat━━┛\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grid),
        cmocka_unit_test(grid_without_end),
        cmocka_unit_test(picked_tiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
