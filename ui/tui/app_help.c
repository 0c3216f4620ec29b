/* Every key on one page, out of the action table: typing searches, Enter runs. */
#include "tui/app_state.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct {
    Action action; /* ACT_NONE: a heading for `context` */
    Context context;
} HelpRow;

static bool matches(const char *filter, const ActionInfo *info)
{
    return !*filter || strcasestr(info->help, filter) || strcasestr(info->name, filter) ||
           (strlen(filter) <= 2 && strstr(info->keys, filter));
}

/* The rows shown for a filter: this screen's actions, then those that work everywhere. */
static int rows(const App *app, HelpRow *out)
{
    Context order[2] = {app_context(app), CONTEXT_GLOBAL};
    int n = 0;
    for (int k = order[0] == CONTEXT_GLOBAL; k < 2; k++) {
        int head = n++;
        out[head] = (HelpRow){ACT_NONE, order[k]};
        for (int a = 1; a < ACT_COUNT; a++)
            if (action_info((Action)a)->context == order[k] &&
                matches(app->help.filter.text, action_info((Action)a)))
                out[n++] = (HelpRow){(Action)a, order[k]};
        if (n == head + 1) n = head; /* a heading over nothing */
    }
    return n;
}

static void select_row(App *app, int at, int way)
{
    HelpRow list[ACT_COUNT + CONTEXT_COUNT];
    int n = rows(app, list);
    at = at < 0 ? 0 : at >= n ? n - 1 : at;
    while (at >= 0 && at < n && !list[at].action) at += way;
    if (at >= 0 && at < n)
        app->help.selected = at;
    else if (way < 0 && n > 1)
        app->help.selected = 1; /* above the first heading */
}

void help_open(App *app)
{
    app->help = (Help){.open = true};
    select_row(app, 0, 1);
}

static bool run(App *app)
{
    HelpRow list[ACT_COUNT + CONTEXT_COUNT];
    int n = rows(app, list);
    app->help.open = false;
    if (app->help.selected < n && list[app->help.selected].action)
        app_do(app, list[app->help.selected].action, NULL);
    return true;
}

void help_scroll(App *app, int by)
{
    select_row(app, app->help.selected + by, by < 0 ? -1 : 1);
}

bool help_key(App *app, int key)
{
    Help *h = &app->help;
    bool searching = *h->filter.text;
    if (key == KEYCODE_ENTER) return run(app);
    if (key == KEYCODE_UP || key == KEYCODE_DOWN)
        help_scroll(app, key == KEYCODE_UP ? -1 : 1);
    else if (key == KEYCODE_PAGE_UP || key == KEYCODE_PAGE_DOWN)
        help_scroll(app, key == KEYCODE_PAGE_UP ? -10 : 10);
    else if (key == KEYCODE_ESCAPE && searching)
        help_open(app);
    else if (key == KEYCODE_ESCAPE || key == ('C' & 31) || (!searching && (key == '?' || key == 'q')))
        h->open = false;
    else if (!searching && key == '/')
        return true; /* typing searches anyway */
    else if (textbox_key(&h->filter, key)) {
        h->top = 0;
        select_row(app, 0, 1);
    }
    return true;
}

static void draw_row(Canvas *c, Rect line, const HelpRow *row, bool on)
{
    const ActionInfo *info = action_info(row->action);
    if (!row->action) {
        canvas_print(c, line.x, line.y, line.w, INK_DIM, "%s", context_name(row->context));
        return;
    }
    int keys = 18, name = line.w >= 84 ? 18 : 0;
    canvas_text(c, line.x + 2, line.y, keys - 1, INK_ACCENT, info->keys);
    if (name) canvas_print(c, line.x + 2 + keys, line.y, name - 1, INK_DIM, ":%s", info->name);
    canvas_text(c, line.x + 2 + keys + name, line.y, line.w - 3 - keys - name, INK_TEXT, info->help);
    if (on) canvas_tint(c, line, STYLE_BAR);
}

void help_draw(const App *app, Canvas *c, Rect area)
{
    HelpRow list[ACT_COUNT + CONTEXT_COUNT];
    const Help *h = &app->help;
    char advice[256], count[32];
    int n = rows(app, list), w = area.w > 110 ? 104 : area.w - 4;
    snprintf(count, sizeof count, "%d of %d", h->selected < n ? h->selected + 1 : n, n);
    Rect in = rect_inset(
        canvas_popup(c, rect_centre(area, w, n + 6 < area.h ? n + 6 : area.h), "Keys", count), 1, 0);
    Rect search = rect_cut_top(&in, 2), foot = rect_cut_bottom(&in, 1);
    canvas_put(c, search.x, search.y, INK_ACCENT | STYLE_BOLD, U'▸');
    textbox_draw(&h->filter, c, search.x + 2, search.y, search.w - 2, INK_TEXT);
    if (!*h->filter.text)
        canvas_text(c, search.x + 4, search.y, search.w - 4, INK_DIM,
                    "type to search, Enter runs, Escape closes");
    int top = h->selected >= in.h ? h->selected - in.h + 1 : 0;
    for (int i = 0; i < in.h && top + i < n; i++)
        draw_row(c, (Rect){in.x, in.y + i, in.w, 1}, &list[top + i], top + i == h->selected);
    probe_advice(advice, sizeof advice, app->front->info, app->front->mode);
    if (*advice && !app->front->headless) canvas_text(c, foot.x, foot.y, foot.w, INK_WARN, advice);
}
