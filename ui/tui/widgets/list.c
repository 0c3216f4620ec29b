/* Selecting in a list. */
#include "tui/widgets/list.h"
#include "tui/key.h"

void list_select(List *l, int to, int n, int rows)
{
    l->selected = to >= n ? n - 1 : to;
    if (l->selected < 0) l->selected = 0;
    if (l->selected < l->top) l->top = l->selected;
    if (rows > 0 && l->selected >= l->top + rows) l->top = l->selected - rows + 1;
    if (rows > 0 && l->top > n - rows) l->top = n > rows ? n - rows : 0;
}

bool list_key(List *l, int key, int n, int rows)
{
    int page = rows > 1 ? rows - 1 : 1, to = l->selected;
    switch (key) {
    case 'k':
    case KEYCODE_UP:
        to--;
        break;
    case 'j':
    case KEYCODE_DOWN:
        to++;
        break;
    case KEYCODE_PAGE_UP:
        to -= page;
        break;
    case KEYCODE_PAGE_DOWN:
        to += page;
        break;
    case KEYCODE_HOME:
        to = 0;
        break;
    case KEYCODE_END:
        to = n - 1;
        break;
    default:
        return false;
    }
    list_select(l, to, n, rows);
    return true;
}

int list_mouse(List *l, Rect r, int n, const Event *ev)
{
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)
        list_select(l, l->selected + (ev->mouse == MOUSE_WHEEL_UP ? -3 : 3), n, r.h);
    int row = l->top + ev->y - r.y;
    return ev->mouse == MOUSE_PRESS && rect_has(r, ev->x, ev->y) && row < n ? row : -1;
}
