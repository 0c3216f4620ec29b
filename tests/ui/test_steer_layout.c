/* How the Steer screen divides any window: pieces lie inside, never over each other, and what matters always
 * has room. */
#include "check.h"
#include "tui/screens/steer_state.h"
#include <stdlib.h>

static bool inside(Rect r, Rect area)
{
    return rect_empty(r) ||
           (r.x >= area.x && r.y >= area.y && r.x + r.w <= area.x + area.w && r.y + r.h <= area.y + area.h);
}

static void check_size(SteerScreen *s, int cols, int rows)
{
    Rect area = layout_page(cols, rows).body;
    SteerLayout l = steer_layout(s, NULL, area);
    const Rect piece[] = {l.picture, l.sliders, l.strip, l.side, l.tree, l.line};
    enum { N = sizeof piece / sizeof *piece };
    bool fine = true;
    for (int i = 0; i < N; i++) {
        fine = fine && piece[i].w >= 0 && piece[i].h >= 0 && inside(piece[i], area);
        for (int k = 0; k < i; k++) fine = fine && rect_empty(rect_intersect(piece[i], piece[k]));
    }
    if (!fine) fail_msg("pieces overlap or leave the page at %dx%d", cols, rows);
    if (cols < LAYOUT_MIN_COLS || rows < LAYOUT_MIN_ROWS) return;
    if (l.picture.w < 12 || l.picture.h < 6 || l.sliders.w < 30 || steer_slider_list(&l).h < 4)
        fail_msg("too little room for the picture or the sliders at %dx%d", cols, rows);
    if (rect_empty(l.strip) && rect_empty(l.side) && rect_empty(l.tree))
        fail_msg("nothing below at %dx%d", cols, rows);
}

static void all_sizes(void **state)
{
    (void)state;
    SteerScreen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (int pane = 0; pane < PANES; pane++) {
        s->pane = (SteerPane)pane;
        for (int rows = 1; rows <= 100; rows++)
            for (int cols = 1; cols <= 300; cols++) check_size(s, cols, rows);
    }
    free(s);
}

/* A click finds the picture of the strip it falls on. */
static void strip_clicks(void **state)
{
    (void)state;
    SteerScreen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    SteerLayout l = steer_layout(s, NULL, layout_page(132, 43).body);
    int seen = -1;
    for (int x = l.strip.x; x < l.strip.x + l.strip.w; x++) {
        int at = steer_strip_at(l.strip, x, l.strip.y + 2);
        assert_true(at == -1 || at == seen || at == seen + 1);
        if (at >= 0) seen = at;
    }
    assert_int_equal(seen, STRIP - 1);
    assert_int_equal(steer_strip_at(l.strip, l.strip.x + 20, l.strip.y - 1), -1);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_sizes), cmocka_unit_test(strip_clicks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
