/* The mouse on the wall: click, double click, drag and wheel. */
#include "tui/screens/views_state.h"
#include "base/clock.h"

#define DOUBLE_CLICK 0.5
#define WHEEL_ROWS   1

static bool press(ViewsScreen *v, App *app, uint64_t hit)
{
    double now = clock_seconds();
    bool twice = v->grid.at == hit && v->pressed == hit + 1 && now - v->pressed_at < DOUBLE_CLICK;
    v->pressed = hit + 1;
    v->pressed_at = now;
    v->drag_from = hit;
    v->picks_before = v->picks;
    v->dragging = true;
    v->flip = 0;
    if (twice) return views_show(v, app, CONTEXT_STEER);
    v->grid.at = hit;
    views_ask(v, app);
    return true;
}

static bool press_cell(ViewsScreen *v, App *app, const Wall *wall, const Event *ev)
{
    int i = layout_tile_at(wall, ev->x, ev->y);
    bool same = i == v->plane.cy * v->plane.cols + v->plane.cx;
    if (ev->mouse != MOUSE_PRESS || i < 0) return false;
    if (same) return views_show(v, app, CONTEXT_STEER);
    v->plane.cx = i % wall->cols;
    v->plane.cy = i / wall->cols;
    views_ask(v, app);
    return true;
}

static bool wheel(ViewsScreen *v, App *app, const Wall *wall, int rows)
{
    if (v->plane.on) return seeds_zoom(v, app, rows < 0), true;
    grid_scroll(&v->grid, wall, views_last(v), rows);
    v->upward = rows < 0;
    views_ask(v, app);
    return true;
}

bool views_mouse(ViewsScreen *v, App *app, const Event *ev)
{
    Wall wall = views_wall(v, app, app_body(app));
    uint64_t hit;
    if (ev->mouse == MOUSE_WHEEL_UP) return wheel(v, app, &wall, -WHEEL_ROWS);
    if (ev->mouse == MOUSE_WHEEL_DOWN) return wheel(v, app, &wall, WHEEL_ROWS);
    if (v->plane.on) return press_cell(v, app, &wall, ev);
    if (ev->mouse == MOUSE_RELEASE) v->dragging = false;
    if (!grid_hit(&hit, &v->grid, &wall, views_last(v), ev->x, ev->y)) return false;
    if (ev->mouse == MOUSE_PRESS) return press(v, app, hit);
    if (ev->mouse != MOUSE_DRAG || !v->dragging || (hit == v->drag_from && v->picks == v->picks_before))
        return false;
    pick_rectangle(v, app, v->drag_from, hit);
    v->grid.at = hit;
    views_ask(v, app);
    return true;
}
