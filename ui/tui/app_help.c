/* Every key on one page, out of the action table: typing searches, Enter runs. */
#include "tui/app_state.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct {
    Action action; /* ACT_NONE: a heading for `context` */
    Context context;
} HelpRow;

enum { FOOT = 3, RANKS = 4 };

/* How well an action fits the filter, 0 best: its name begins so, its name holds it, a key is it, its help
 * holds it; RANKS: not at all. */
static int rank(const App *app, Action action)
{
    const char *filter = app->help.filter.text, *name = action_info(action)->name;
    char keys[64];
    if (!strncasecmp(name, filter, strlen(filter))) return 0;
    if (strcasestr(name, filter)) return 1;
    keymap_keys(keys, sizeof keys, app_context(app), action);
    if (strlen(filter) <= 2 && strstr(keys, filter)) return 2;
    return strcasestr(action_info(action)->help, filter) ? 3 : RANKS;
}

/* All of them: this screen's actions, then those that work everywhere, each under its heading. */
static int all_rows(const App *app, HelpRow *out)
{
    Context order[2] = {app_context(app), CONTEXT_GLOBAL};
    int n = 0;
    for (int k = order[0] == CONTEXT_GLOBAL; k < 2; k++) {
        out[n++] = (HelpRow){ACT_NONE, order[k]};
        for (int a = 1; a < ACT_COUNT; a++)
            if (action_info((Action)a)->context == order[k]) out[n++] = (HelpRow){(Action)a, order[k]};
    }
    return n;
}

/* The rows shown for a filter: what fits best first, without headings. */
static int rows(const App *app, HelpRow *out)
{
    HelpRow all[ACT_COUNT + CONTEXT_COUNT];
    if (!*app->help.filter.text) return all_rows(app, out);
    int n = all_rows(app, all), found = 0;
    for (int r = 0; r < RANKS; r++)
        for (int i = 0; i < n; i++)
            if (all[i].action && rank(app, all[i].action) == r) out[found++] = all[i];
    return found;
}

/* Actions in the first n rows: headings do not count. */
static int actions_in(const HelpRow *row, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) count += row[i].action != ACT_NONE;
    return count;
}

static Rect page_place(Rect area, int n)
{
    return sheet_place(area, n + 2 + FOOT);
}

static Rect rows_place(Rect area, int n)
{
    Rect in = rect_inset(page_place(area, n), 2, 1);
    rect_cut_top(&in, 2);
    rect_cut_bottom(&in, FOOT);
    return in;
}

/* Rows in sight as the page is now. */
static int page_rows(const App *app, int n)
{
    return rows_place(app_body(app), n).h;
}

/* The row at `at`, or the next one in the direction `way` that is no heading. */
static void select_row(App *app, int at, int way)
{
    HelpRow list[ACT_COUNT + CONTEXT_COUNT];
    int n = rows(app, list);
    at = at < 0 ? 0 : at >= n ? n - 1 : at;
    while (at >= 0 && at < n && !list[at].action) at += way;
    if (at < 0) at = n > 1; /* above the first heading */
    list_select(&app->help.list, at, n, page_rows(app, n));
    if (app->help.list.selected == 1) app->help.list.top = 0;
}

static void run(App *app)
{
    HelpRow list[ACT_COUNT + CONTEXT_COUNT];
    int n = rows(app, list), at = app->help.list.selected;
    app->sheet = NULL;
    if (at < n && list[at].action) app_do(app, list[at].action, NULL);
}

static void scroll(App *app, int by)
{
    select_row(app, app->help.list.selected + by, by < 0 ? -1 : 1);
}

static void help_key(App *app, int key)
{
    Help *h = &app->help;
    bool searching = *h->filter.text;
    if (key == KEYCODE_ENTER)
        run(app);
    else if (key == KEYCODE_UP || key == KEYCODE_DOWN)
        scroll(app, key == KEYCODE_UP ? -1 : 1);
    else if (key == KEYCODE_PAGE_UP || key == KEYCODE_PAGE_DOWN)
        scroll(app, key == KEYCODE_PAGE_UP ? -10 : 10);
    else if (key == KEYCODE_ESCAPE && searching)
        help_open(app);
    else if (key == KEYCODE_ESCAPE || key == ('C' & 31) || (!searching && (key == '?' || key == 'q')))
        app->sheet = NULL;
    else if (!searching && key == '/')
        return; /* typing searches anyway */
    else if (textbox_key(&h->filter, key))
        select_row(app, 0, 1);
}

/* A click selects, a second one on the same row runs it. */
static void help_mouse(App *app, const Event *ev)
{
    HelpRow list[ACT_COUNT + CONTEXT_COUNT];
    int n = rows(app, list), at = list_mouse(&app->help.list, rows_place(app_body(app), n), n, ev);
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)
        select_row(app, app->help.list.selected, ev->mouse == MOUSE_WHEEL_UP ? -1 : 1);
    else if (at >= 0 && at == app->help.list.selected)
        run(app);
    else if (at >= 0 && list[at].action)
        app->help.list.selected = at;
    else if (ev->mouse == MOUSE_PRESS && !rect_has(page_place(app_body(app), n), ev->x, ev->y))
        app->sheet = NULL;
}

static void draw_row(const App *app, Canvas *c, Rect line, const HelpRow *row, bool on)
{
    const ActionInfo *info = action_info(row->action);
    char text[64];
    if (!row->action) {
        canvas_print(c, line.x, line.y, line.w, INK_DIM, "%s", context_name(row->context));
        return;
    }
    int keys = 18, name = line.w >= 84 ? 18 : 0;
    keymap_keys(text, sizeof text, app_context(app), row->action);
    canvas_text(c, line.x + 2, line.y, keys - 1, INK_ACCENT, text);
    if (name) canvas_print(c, line.x + 2 + keys, line.y, name - 1, INK_DIM, ":%s", info->name);
    canvas_text(c, line.x + 2 + keys + name, line.y, line.w - 3 - keys - name, INK_TEXT, info->help);
    if (on) canvas_tint(c, line, STYLE_BAR);
}

/* The selected row in full, and what the terminal could do better. */
static void draw_foot(const App *app, Canvas *c, Rect foot, const HelpRow *row)
{
    char text[512], advice[256];
    probe_advice(advice, sizeof advice, app->front->info, app->front->mode);
    if (*advice && !app->front->headless) {
        Rect last = rect_cut_bottom(&foot, 1);
        canvas_text(c, last.x, last.y, last.w, INK_WARN, advice);
    }
    if (!row || !row->action) return;
    const ActionInfo *info = action_info(row->action);
    snprintf(text, sizeof text, ":%s%s%s   %s", info->name, info->arg ? " " : "", info->arg ? info->arg : "",
             info->help);
    canvas_wrap(c, foot, INK_DIM, text);
}

static void help_draw(const App *app, Canvas *c, Rect area)
{
    HelpRow list[ACT_COUNT + CONTEXT_COUNT];
    const Help *h = &app->help;
    char count[32];
    int n = rows(app, list), at = h->list.selected;
    snprintf(count, sizeof count, "%d of %d", actions_in(list, at < n ? at + 1 : n), actions_in(list, n));
    Rect in = rect_inset(canvas_popup(c, page_place(area, n), "Keys", count), 1, 0);
    Rect foot = rect_cut_bottom(&in, FOOT), page = rows_place(area, n);
    canvas_put(c, in.x, in.y, INK_ACCENT | STYLE_BOLD, U'▸');
    textbox_draw(&h->filter, c, in.x + 2, in.y, in.w - 2, INK_TEXT);
    if (!*h->filter.text)
        canvas_text(c, in.x + 4, in.y, in.w - 4, INK_DIM, "type to search, Enter runs, Escape closes");
    for (int i = 0; i < page.h && h->list.top + i < n; i++)
        draw_row(app, c, (Rect){page.x, page.y + i, page.w, 1}, &list[h->list.top + i],
                 h->list.top + i == at);
    rect_cut_top(&foot, 1);
    draw_foot(app, c, foot, at < n ? &list[at] : NULL);
}

void help_open(App *app)
{
    static const Sheet sheet = {help_key, help_mouse, help_draw};
    app->help = (Help){0};
    app->sheet = &sheet;
    select_row(app, 0, 1);
}
