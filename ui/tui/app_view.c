/* What surrounds a screen: the top line, the hint line, notices, overlays, and the page for windows that are
 * too small. */
#include "base/clock.h"
#include "base/text.h"
#include "tui/app_state.h"
#include "tui/pixels.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TITLE " Viewsmith "

static int tab_width(const App *app, int i)
{
    return text_width(app->slot[i].ops->name) + 4;
}

int app_tab_at(const App *app, int x)
{
    int at = (int)sizeof TITLE;
    for (int i = 0; i < app->slots; i++) {
        if (x >= at && x < at + tab_width(app, i)) return i;
        at += tab_width(app, i) + 1;
    }
    return -1;
}

static void tabs(const App *app, Canvas *c, Rect line)
{
    int x = line.x + canvas_text(c, line.x, line.y, line.w, INK_ACCENT | STYLE_BOLD, TITLE) + 1;
    for (int i = 0; i < app->slots; i++) {
        int w = tab_width(app, i);
        bool on = i == app->current;
        canvas_print(c, x + 1, line.y, 1, INK_ACCENT, "%d", i + 1);
        canvas_text(c, x + 3, line.y, w - 4, on ? INK_TEXT | STYLE_BOLD : INK_DIM, app->slot[i].ops->name);
        if (on) canvas_tint(c, (Rect){x, line.y, w, 1}, STYLE_BAR);
        if (on && app->front->info->colors < 256 && !app->front->headless) {
            canvas_put(c, x, line.y, INK_ACCENT, '[');
            canvas_put(c, x + w - 1, line.y, INK_ACCENT, ']');
        }
        x += w + 1;
    }
}

/* What is open and what runs, at the right end; the model gives way first. */
static void status(App *app, Canvas *c, Rect line, int left)
{
    AppStatus s = {0};
    if (!app->hooks.status) return;
    app->hooks.status(app->hooks.world, &s);
    int right = line.x + line.w - 1;
    if (*s.job && right - left > 8) {
        int w = canvas_right(c, right, line.y, right - left - 4, s.paused ? INK_DIM : INK_TEXT, s.job);
        canvas_put(c, right - w - 2, line.y, s.paused ? INK_WARN : INK_GOOD, s.paused ? U'‖' : U'●');
        app_zone(app, (Rect){right - w - 2, line.y, w + 2, 1}, ACT_JOBS);
        right -= w + 5;
    }
    if (*s.model && right - left > text_width(s.model))
        canvas_right(c, right, line.y, right - left, INK_DIM, s.model);
}

/* --- the bottom line ------------------------------------------------------------------------------------ */

/* One hint. A word whose first part is a single character names the partner's key: "h change" on l shows "h l
 * change". */
static int hint(App *app, int x, int right, int y, Action action)
{
    char key[24];
    Canvas *c = &app->canvas;
    const char *words = action_info(action)->hint;
    keymap_key(key, sizeof key, app_context(app), action);
    bool pair = words[0] && words[1] == ' ';
    const char *label = pair ? words + 2 : words;
    int need = text_width(key) + 1 + text_width(label) + (pair ? 2 : 0);
    if (x + need > right) return 0;
    int at = x;
    if (pair) {
        canvas_print(c, at, y, 1, INK_ACCENT, "%c", words[0]);
        app_zone(app, (Rect){at, y, 1, 1}, keymap_find(app_context(app), words[0]));
        at += 2;
    }
    app_zone(app, (Rect){at, y, x + need - at, 1}, action);
    at += canvas_text(c, at, y, right - at, INK_ACCENT, key) + 1;
    canvas_text(c, at, y, right - at, INK_DIM, label);
    return need;
}

static int list_hints(const App *app, Action *out, int max)
{
    const AppSlot *slot = &app->slot[app->current];
    if (slot->self && slot->ops->hints) return slot->ops->hints(slot->self, out, max);
    int n = 0;
    for (int a = 1; a < ACT_COUNT && n < max; a++)
        if (action_info((Action)a)->context == slot->ops->context && action_info((Action)a)->hint)
            out[n++] = (Action)a;
    return n;
}

/* Frame costs, then help and quit, which always stay. Returns the column where the rest must end. */
/* The speed of the line where it is felt; "" elsewhere. */
static void link_text(char *out, size_t cap, const AppTimes *t)
{
    if (t->rate > 1e9)
        *out = 0;
    else if (t->rate >= 1e6)
        snprintf(out, cap, "link %.1f MB/s q%d", t->rate / 1e6, t->quality);
    else
        snprintf(out, cap, "link %.0f KB/s q%d", t->rate / 1e3, t->quality);
}

static int fixed_hints(App *app, Canvas *c, Rect line)
{
    int x = line.x + line.w - 20;
    hint(app, x, line.x + line.w, line.y, ACT_HELP);
    hint(app, x + 12, line.x + line.w, line.y, ACT_QUIT);
    char text[128], speed[32];
    AppTimes t = app->front->ops->times(app->front);
    link_text(speed, sizeof speed, &t);
    if (!app->figures && (!*speed || t.quality >= PIXELS_COARSE)) return x - 2;
    if (app->figures)
        snprintf(text, sizeof text, "enc %.0f · tty %.0f ms · %.0f KB · %s%s%s", t.encode_ms, t.tty_ms,
                 (double)t.bytes / 1024, probe_mode_name(app->front->mode), *speed ? " · " : "", speed);
    else
        snprintf(text, sizeof text, "%s", speed); /* pictures are poorer than they could be: why */
    return x - 4 - canvas_right(c, x - 2, line.y, 60, INK_DIM, text);
}

static void bottom(App *app, Canvas *c, Rect line)
{
    Action list[32];
    if (app->prompt.open) return;
    int x = line.x + 1;
    if (*app->notice) {
        if (text_width(app->notice) < line.w - 24) fixed_hints(app, c, line);
        app_zone(app, (Rect){x, line.y, line.w - 24, 1}, ACT_LOG);
        canvas_text(c, x, line.y, line.w - 2, app->notice_bad ? INK_BAD : INK_TEXT, app->notice);
        return;
    }
    int right = fixed_hints(app, c, line);
    int n = list_hints(app, list, 32);
    for (int i = 0; i < n; i++) {
        if (!action_info(list[i])->hint) continue;
        int used = hint(app, x, right, line.y, list[i]);
        x += used ? used + 3 : 0;
    }
}

Rect sheet_place(Rect area, int rows)
{
    int w = area.w > 110 ? 104 : area.w - 4, h = rows + 2, most = area.h - (area.h > 24 ? 2 : 0);
    return rect_centre(area, w, h < most ? h : most);
}

/* --- the page ------------------------------------------------------------------------------------------- */

static void too_small(const App *app, Canvas *c)
{
    char text[160];
    snprintf(text, sizeof text, "Viewsmith needs a window of %d x %d characters; this one has %d x %d.%s",
             LAYOUT_MIN_COLS, LAYOUT_MIN_ROWS, c->w, c->h, app_running(app) ? " What runs goes on." : "");
    int w = c->w > 44 ? 40 : c->w - 2, lines = canvas_wrap_lines(w, text);
    canvas_wrap(c, rect_centre((Rect){0, 0, c->w, c->h}, w, lines), INK_TEXT, text);
}

void app_view(App *app)
{
    Canvas *c = &app->canvas;
    Page page = layout_page(c->w, c->h);
    canvas_clear(c);
    app->zones = 0;
    if (page.too_small) {
        too_small(app, c);
        return;
    }
    const AppSlot *slot = &app->slot[app->current];
    if (slot->self) slot->ops->view(slot->self, app, c, page.body);
    tabs(app, c, page.top);
    int left = (int)sizeof TITLE;
    for (int i = 0; i < app->slots; i++) left += tab_width(app, i) + 1;
    status(app, c, page.top, left);
    bottom(app, c, page.bottom);
    if (app->sheet) app->sheet->draw(app, c, page.body);
    if (app->prompt.open) prompt_draw(app, c, page.bottom);
    if (app->tour.text) tour_draw(app, c, page.body);
    if (app->asking) dialog_draw(&app->dialog, c);
}
