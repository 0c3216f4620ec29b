/* The mouse: whatever can be clicked of the frame, borders that are dragged, and the rest for the screen. */
#include "tui/app_state.h"
#include <string.h>

void app_zone(App *app, Rect r, Action action)
{
    if (app->zones < APP_ZONES) app->zone[app->zones++] = (Zone){r, action};
}

static Action zone_at(const App *app, int x, int y)
{
    for (int i = 0; i < app->zones; i++)
        if (rect_has(app->zone[i].rect, x, y)) return app->zone[i].action;
    return ACT_NONE;
}

/* --- borders ----------------------------------------------------------------------------------------------
 */

static bool grab(App *app, const Event *ev)
{
    const AppSlot *slot = &app->slot[app->current];
    Border list[16];
    int n =
        slot->self && slot->ops->borders ? slot->ops->borders(slot->self, app, app_body(app), list, 16) : 0;
    for (int i = 0; i < n; i++) {
        if (!rect_has(list[i].bar, ev->x, ev->y)) continue;
        app->drag = list[i];
        app->drag_from = list[i].vertical ? ev->x : ev->y;
        return true;
    }
    return false;
}

/* The screen hears of a new size as of a resize. */
static bool drag(App *app, const Event *ev)
{
    const Border *b = &app->drag;
    int by = (b->vertical ? ev->x : ev->y) - app->drag_from, size = b->at + (b->after ? -by : by);
    size = size < b->low ? b->low : size > b->high ? b->high : size;
    if (size == app_split(app, b->name, b->at)) return false;
    app_set_split(app, b->name, size);
    app_to_screen(app, &(Event){.kind = EV_RESIZE});
    return true;
}

/* --- who gets it ------------------------------------------------------------------------------------------
 */

static bool press_frame(App *app, const Event *ev, bool *taken)
{
    int tab = ev->y == 0 ? app_tab_at(app, ev->x) : -1;
    Action action = zone_at(app, ev->x, ev->y);
    *taken = true;
    if (tab >= 0) return app_show_screen(app, tab) || true;
    if (action) return app_do(app, action, NULL);
    if (grab(app, ev)) return false;
    *taken = false;
    return false;
}

static bool ask_mouse(App *app, const Event *ev)
{
    int choice = ev->mouse == MOUSE_PRESS ? dialog_hit(&app->dialog, &app->canvas, ev->x, ev->y) : -1;
    return choice < 0 ? false : app_answer(app, choice);
}

bool app_mouse(App *app, const Event *ev)
{
    bool taken = false, dragging = app->drag.name != NULL;
    if (app->asking) return ask_mouse(app, ev);
    if (app->prompt.open) return prompt_mouse(app, ev);
    if (app->sheet) return app->sheet->mouse(app, ev), true;
    if (dragging && ev->mouse == MOUSE_DRAG) return drag(app, ev);
    if (dragging && ev->mouse == MOUSE_RELEASE) return app->drag = (Border){0}, false;
    bool drawn = ev->mouse == MOUSE_PRESS && press_frame(app, ev, &taken);
    return taken ? drawn : app_to_screen(app, ev);
}
