/* The log: every notice and failure of this session, newest last. */
#include "base/clock.h"
#include "base/text.h"
#include "tui/app_state.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void applog_add(App *app, bool bad, const char *text)
{
    Log *l = &app->log;
    LogLine *to = &l->line[l->next];
    bool at_end = l->list.selected >= l->lines - 1;
    to->at = clock_wall();
    to->bad = bad;
    text_safe(to->text, sizeof to->text, text);
    l->next = (l->next + 1) % APP_LOG;
    if (l->lines < APP_LOG) l->lines++;
    if (at_end) l->list.selected = l->lines - 1;
}

void app_log(App *app, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    applog_add(app, false, text);
}

static Rect place(const App *app)
{
    return sheet_place(app_body(app), app->log.lines > 12 ? app->log.lines : 12);
}

static Rect rows_place(const App *app)
{
    return rect_inset(place(app), 2, 1);
}

static void key(App *app, int pressed)
{
    Log *l = &app->log;
    if (!list_key(&l->list, pressed, l->lines, rows_place(app).h)) app->sheet = NULL;
}

static void mouse(App *app, const Event *ev)
{
    Log *l = &app->log;
    Rect r = rows_place(app);
    int at = list_mouse(&l->list, r, l->lines, ev);
    if (at >= 0) l->list.selected = at;
    if (ev->mouse == MOUSE_PRESS && !rect_has(place(app), ev->x, ev->y)) app->sheet = NULL;
}

static void draw(const App *app, Canvas *c, Rect area)
{
    (void)area;
    const Log *l = &app->log;
    char count[32], clock[16];
    snprintf(count, sizeof count, "%d lines", l->lines);
    canvas_popup(c, place(app), "Log", count);
    Rect r = rows_place(app);
    if (!l->lines) canvas_text(c, r.x, r.y, r.w, INK_DIM, "Nothing has been said yet; any key closes");
    for (int i = 0; i < r.h && l->list.top + i < l->lines; i++) {
        int row = l->list.top + i;
        const LogLine *line = &l->line[(l->next - l->lines + row + 2 * APP_LOG) % APP_LOG];
        time_t at = (time_t)line->at;
        struct tm tm;
        strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&at, &tm));
        canvas_text(c, r.x, r.y + i, 8, INK_DIM, app->opt.fake_clock ? "--:--:--" : clock);
        canvas_text(c, r.x + 10, r.y + i, r.w - 10, line->bad ? INK_BAD : INK_TEXT, line->text);
        if (row == l->list.selected) canvas_tint(c, (Rect){r.x, r.y + i, r.w, 1}, STYLE_BAR);
    }
}

void applog_open(App *app)
{
    static const Sheet sheet = {key, mouse, draw};
    app->sheet = &sheet;
    list_select(&app->log.list, app->log.lines - 1, app->log.lines, rows_place(app).h);
}
