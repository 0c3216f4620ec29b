/* The tree of everything done: a pane of words beside the strip, and a page with pictures. */
#include "engine/painter.h"
#include "tui/screens/steer_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_H = 3, THUMB_W = 6, RAILS_MOST = 8 };

/* --- the rows ------------------------------------------------------------------------------------------- */

/* Called after every change, so that drawing needs no more than what is in sight. */
void tree_update(SteerScreen *s)
{
    int n = steer_count(s->history);
    SteerNode *node = realloc(s->tree.node, (size_t)n * sizeof *node);
    if (!node) return; /* the old rows point into a history that has changed: show none */
    s->tree.node = node;
    s->tree.nodes = steer_nodes(s->history, node, n);
}

static int now_row(const Tree *t)
{
    for (int i = 0; i < t->nodes; i++)
        if (t->node[i].now) return i;
    return 0;
}

/* Lines of the tree up to the node's own place; returns the columns used. */
static int rails(Canvas *c, int x, int y, const SteerNode *node, bool first)
{
    int column = node->column < RAILS_MOST ? node->column : RAILS_MOST - 1;
    for (int k = 0; k < column; k++)
        if (node->rails >> k & 1) canvas_put(c, x + k, y, INK_FAINT, U'│');
    bool on = node->rails >> (node->column < 63 ? node->column : 63) & 1;
    canvas_put(c, x + column, y, node->now ? INK_ACCENT | STYLE_BOLD : INK_FAINT,
               node->now ? U'●'
               : first   ? U'○'
               : on      ? U'├'
                         : U'╰');
    return column + 2;
}

static void words(const SteerScreen *s, const World *w, Canvas *c, Rect line, int i, bool selected)
{
    const SteerNode *node = &s->tree.node[i];
    char text[96];
    steer_describe(text, sizeof text, w->g, node->before, node->address);
    Style style = node->now ? INK_TEXT | STYLE_BOLD : selected ? INK_TEXT : INK_DIM;
    int used = canvas_text(c, line.x, line.y, line.w, style, text);
    if (node->now && used + 6 <= line.w) canvas_text(c, line.x + used + 1, line.y, 5, INK_ACCENT, "◂ now");
}

/* --- the pane ------------------------------------------------------------------------------------------- */

static int pane_top(const Tree *t, int rows)
{
    int top = now_row(t) - rows * 2 / 3;
    if (top > t->nodes - rows) top = t->nodes - rows;
    return top < 0 ? 0 : top;
}

void tree_pane(const SteerScreen *s, const World *w, Canvas *c, Rect r)
{
    char right[32];
    snprintf(right, sizeof right, "%d", s->tree.nodes);
    Rect in = canvas_box(c, r, false, "History", right);
    for (int i = pane_top(&s->tree, in.h), y = in.y; i < s->tree.nodes && y < in.y + in.h; i++, y++) {
        int used = rails(c, in.x + 1, y, &s->tree.node[i], i == 0);
        words(s, w, c, (Rect){in.x + 1 + used, y, in.w - used - 2, 1}, i, false);
    }
}

int tree_pane_hit(const SteerScreen *s, Rect r, int x, int y)
{
    Rect in = rect_inset(r, 1, 1);
    int i = pane_top(&s->tree, in.h) + y - in.y;
    return rect_has(in, x, y) && i < s->tree.nodes ? s->tree.node[i].id : 0;
}

/* --- the page ------------------------------------------------------------------------------------------- */

static Rect list_of(Rect area)
{
    rect_cut_right(&area, area.w >= 90 ? area.w / 3 : 0);
    return area;
}

static int page_rows(Rect area)
{
    int n = (list_of(area).h - 2) / ROW_H;
    return n > TREE_SEEN - 1 ? TREE_SEEN - 1 : n;
}

/* Pictures of the rows in sight, and of the selected one first. */
static void ask(SteerScreen *s, App *app)
{
    World *w = app_world(app);
    Tree *t = &s->tree;
    Address *list = malloc(TREE_SEEN * sizeof *list);
    int n = 0, rows = page_rows(app_body(app));
    if (t->selected < t->top) t->top = t->selected;
    if (t->selected >= t->top + rows) t->top = t->selected - rows + 1;
    for (int i = t->top; list && i < t->nodes && n < rows; i++) list[n++] = *t->node[i].address;
    if (n && w->painter) s->asked_thumbs = painter_ask(w->painter, PAINT_TREE, list, n);
    t->asked_top = t->top;
    s->waiting = true;
    free(list);
}

bool tree_open(SteerScreen *s, App *app)
{
    tree_update(s);
    s->tree.selected = now_row(&s->tree);
    int rows = page_rows(app_body(app)), top = s->tree.selected - rows / 2;
    if (top > s->tree.nodes - rows) top = s->tree.nodes - rows;
    s->tree.top = top < 0 ? 0 : top;
    s->page = PAGE_TREE;
    ask(s, app);
    return true;
}

static bool select_row(SteerScreen *s, App *app, int at)
{
    s->tree.selected = at < 0 ? 0 : at >= s->tree.nodes ? s->tree.nodes - 1 : at;
    ask(s, app);
    return true;
}

static int parent_row(const Tree *t)
{
    const Address *before = t->node[t->selected].before;
    for (int i = 0; before && i < t->nodes; i++)
        if (t->node[i].address == before) return i;
    return t->selected;
}

static int child_row(const Tree *t)
{
    int at = t->selected;
    for (int i = t->nodes - 1; i >= 0; i--) /* the line that goes on stands last */
        if (t->node[i].before == t->node[t->selected].address) return i;
    return at;
}

static bool go(SteerScreen *s, App *app)
{
    s->page = PAGE_SLIDERS;
    if (s->tree.selected >= s->tree.nodes || !steer_go(s->history, s->tree.node[s->tree.selected].id))
        return true;
    compare_forget(s, app);
    steer_changed(s, app, NULL);
    return true;
}

bool tree_act(SteerScreen *s, App *app, const Event *ev)
{
    const Tree *t = &s->tree;
    int page = page_rows(app_body(app));
    switch (ev->action) {
    case ACT_UP:
        return select_row(s, app, t->selected - 1);
    case ACT_DOWN:
        return select_row(s, app, t->selected + 1);
    case ACT_PAGE_UP:
        return select_row(s, app, t->selected - page);
    case ACT_PAGE_DOWN:
        return select_row(s, app, t->selected + page);
    case ACT_FIRST:
        return select_row(s, app, 0);
    case ACT_LAST:
        return select_row(s, app, t->nodes - 1);
    case ACT_STEER_LESS:
        return select_row(s, app, parent_row(t));
    case ACT_STEER_MORE:
        return select_row(s, app, child_row(t));
    case ACT_STEER_TAKE:
        return go(s, app);
    case ACT_STEER_TREE:
    case ACT_CANCEL:
        s->page = PAGE_SLIDERS;
        return true;
    default:
        return false;
    }
}

bool tree_click(SteerScreen *s, App *app, Rect area, int x, int y)
{
    Rect in = rect_inset(list_of(area), 1, 1);
    int at = s->tree.top + (y - in.y) / ROW_H;
    if (!rect_has(in, x, y) || at >= s->tree.nodes) return false;
    if (at == s->tree.selected) return go(s, app);
    return select_row(s, app, at);
}

/* What the pictures that are there belong to: row top + i while nothing has scrolled since. */
static void thumb(const SteerScreen *s, Canvas *c, Rect r, int row)
{
    if (s->thumbs && s->thumbs->ticket == s->asked_thumbs)
        steer_picture(c, r, s->thumbs, row - s->tree.asked_top);
}

static void row(const SteerScreen *s, const World *w, Canvas *c, Rect r, int i)
{
    const SteerNode *node = &s->tree.node[i];
    bool on = i == s->tree.selected;
    char text[ADDRESS_BYTES_MAX + 1];
    int used = rails(c, r.x + 2, r.y + 1, node, i == 0),
        column = node->column < RAILS_MOST ? node->column : RAILS_MOST - 1;
    for (int k = 0; k <= column; k++) {
        bool above = i > 0 && s->tree.node[i - 1].rails >> k & 1;
        if (above && (k < column || i)) canvas_put(c, r.x + 2 + k, r.y, INK_FAINT, U'│');
        if (node->rails >> k & 1) canvas_put(c, r.x + 2 + k, r.y + 2, INK_FAINT, U'│');
    }
    if (on) canvas_put(c, r.x, r.y + 1, INK_ACCENT | STYLE_BOLD, U'▸');
    rect_cut_left(&r, 2 + used);
    thumb(s, c, rect_cut_left(&r, THUMB_W), i);
    rect_cut_left(&r, 2);
    words(s, w, c, (Rect){r.x, r.y, r.w, 1}, i, on);
    if (address_print(text, node->address, NULL))
        canvas_text(c, r.x, r.y + 1, r.w, INK_FAINT, strchr(text, '/') + 1);
}

void tree_draw(const SteerScreen *s, const App *app, Canvas *c, Rect area)
{
    const World *w = app_world(app);
    char right[64], title[96];
    Rect list = list_of(area), side = area;
    rect_cut_left(&side, list.w);
    snprintf(right, sizeof right, "%d states · Enter goes there", s->tree.nodes);
    Rect in = canvas_box(c, list, true, "History", right);
    for (int i = 0; i < in.h / ROW_H && s->tree.top + i < s->tree.nodes; i++)
        row(s, w, c, (Rect){in.x, in.y + i * ROW_H, in.w, ROW_H}, s->tree.top + i);
    if (rect_empty(side) || s->tree.selected >= s->tree.nodes) return;
    const SteerNode *node = &s->tree.node[s->tree.selected];
    steer_describe(title, sizeof title, w->g, node->before, node->address);
    in = canvas_box(c, side, false, title, NULL);
    Rect big = rect_cut_top(&in, in.w / 2);
    thumb(s, c, big, s->tree.selected);
    char text[ADDRESS_BYTES_MAX + 1];
    if (address_print(text, node->address, NULL)) canvas_wrap(c, rect_inset(in, 1, 1), INK_FAINT, text);
}
