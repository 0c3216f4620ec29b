/* The settings page: every setting with its value and where that comes from, changed at once and kept on
 * demand. */
#include "base/file.h"
#include "tui/app_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *settings_text(const App *app, SettingId id)
{
    return app->opt.config ? config_text(app->opt.config, id) : setting_info(id)->initial;
}

/* --- what a change does -----------------------------------------------------------------------------------
 */

static void apply_theme(App *app)
{
    Theme theme = {0}; /* compared with memcmp: no bytes left as they were */
    Err err = {0};
    if (!theme_named(&theme, settings_text(app, SETTING_THEME), app->front->info->light, &err)) {
        app_fail(app, &err);
        return;
    }
    if (!memcmp(&theme, &app->theme, sizeof theme)) return;
    app->theme = theme;
    app->front->ops->theme(app->front, &theme);
}

static void apply_graphics(App *app)
{
    const char *wanted = settings_text(app, SETTING_GRAPHICS);
    app->front->mode = (PixelMode)probe_mode(app->front->info, wanted);
    app->front->chosen = strcmp(wanted, "auto") != 0;
    app->hand_picked = false;
}

/* False: it matters from the next start on. */
static bool at_once(SettingId id)
{
    return id == SETTING_THEME || id == SETTING_GRAPHICS || id == SETTING_FIGURES || id == SETTING_NOTIFY ||
           id == SETTING_SESSION;
}

void settings_apply(App *app, SettingId id)
{
    if (id == SETTING_THEME) apply_theme(app);
    if (id == SETTING_GRAPHICS) apply_graphics(app);
    if (id == SETTING_FIGURES) app->figures = !strcmp(settings_text(app, id), "on");
    app->dirty = true;
}

static bool change(App *app, SettingId id, const char *value)
{
    Theme theme;
    Err err = {0};
    bool ok = id != SETTING_THEME || theme_named(&theme, value, false, &err);
    if (!ok || !config_set(app->opt.config, id, value, FROM_HAND, &err)) return app_fail(app, &err), false;
    settings_apply(app, id);
    return true;
}

bool settings_change(App *app, const char *text)
{
    char name[32];
    size_t n = strcspn(text, " =");
    const char *value = text + n + strspn(text + n, " =");
    snprintf(name, sizeof name, "%.*s", (int)n, text);
    SettingId id = setting_find(name);
    if (!app->opt.config || id == SETTING_COUNT || !*value) {
        app_notice(app, !app->opt.config      ? "no settings are open"
                        : id == SETTING_COUNT ? "there is no such setting; , lists them"
                                              : "a setting wants a value: theme light");
        return true;
    }
    if (change(app, id, value))
        app_notice(app, "%s is %s%s", name, value,
                   at_once(id) ? "" : "; kept with w in the settings (,) it counts from the next start");
    return true;
}

/* --- the page ---------------------------------------------------------------------------------------------
 */

static SettingId selected(const App *app)
{
    return (SettingId)app->settings.list.selected;
}

/* The next of the choices; texts are edited instead. */
static void step(App *app, int by)
{
    SettingId id = selected(app);
    char word[64];
    int n = 0, at = 0;
    if (setting_info(id)->kind == SETTING_KIND_TEXT && id != SETTING_THEME) return;
    for (; setting_choice(id, n, word, sizeof word); n++)
        if (!strcmp(word, settings_text(app, id))) at = n;
    if (id == SETTING_THEME) n--; /* the last one stands for a file */
    if (setting_info(id)->kind == SETTING_KIND_INTEGER) return;
    if (setting_choice(id, (at + by + n) % n, word, sizeof word)) change(app, id, word);
}

static void edit(App *app)
{
    SettingKind kind = setting_info(selected(app))->kind;
    if (kind == SETTING_KIND_CHOICE || kind == SETTING_KIND_BOOL) {
        step(app, 1);
        return;
    }
    app->settings.editing = true;
    textbox_set(&app->settings.box, settings_text(app, selected(app)));
}

/* In the file: as it is now, or, with keep false, taken out of it. */
static void keep(App *app, bool keep)
{
    Err err = {0};
    SettingId id = selected(app);
    const char *name = setting_info(id)->name;
    if (!config_keep(app->opt.config, id, keep ? settings_text(app, id) : NULL, &err)) {
        app_fail(app, &err);
        return;
    }
    settings_apply(app, id);
    app_notice(app, keep ? "%s is kept in %s" : "%s is no longer in %s", name, config_path(app->opt.config));
}

static void edit_key(App *app, int key)
{
    Settings *s = &app->settings;
    if (key == KEYCODE_ENTER && !change(app, selected(app), s->box.text)) return;
    if (key == KEYCODE_ENTER || key == KEYCODE_ESCAPE)
        s->editing = false;
    else
        textbox_key(&s->box, key);
}

static void settings_key(App *app, int key)
{
    Settings *s = &app->settings;
    if (s->editing)
        edit_key(app, key);
    else if (list_key(&s->list, key, SETTING_COUNT, SETTING_COUNT))
        return;
    else if (key == 'h' || key == KEYCODE_LEFT || key == 'l' || key == KEYCODE_RIGHT)
        step(app, key == 'h' || key == KEYCODE_LEFT ? -1 : 1);
    else if (key == KEYCODE_ENTER || key == ' ')
        edit(app);
    else if (key == 'w' || key == 'd')
        keep(app, key == 'w');
    else if (key == KEYCODE_ESCAPE || key == 'q' || key == ',' || key == ('C' & 31))
        app->sheet = NULL;
}

static Rect place(Rect area)
{
    return sheet_place(area, SETTING_COUNT + 5);
}

static void settings_mouse(App *app, const Event *ev)
{
    Rect box = place(app_body(app)), r = rect_inset(box, 2, 1);
    r.h = SETTING_COUNT;
    int at = list_mouse(&app->settings.list, r, SETTING_COUNT, ev);
    if (at >= 0 && at == app->settings.list.selected)
        edit(app);
    else if (at >= 0)
        app->settings.list.selected = at;
    else if (ev->mouse == MOUSE_PRESS && !rect_has(box, ev->x, ev->y))
        app->sheet = NULL;
}

static void draw_row(const App *app, Canvas *c, Rect r, SettingId id)
{
    char from[64];
    const char *value = settings_text(app, id);
    bool on = id == selected(app);
    int name = 12, origin = r.w > 70 ? 22 : 14, w = r.w - name - origin - 2;
    config_origin(app->opt.config, id, from, sizeof from);
    canvas_text(c, r.x, r.y, name, on ? INK_TEXT | STYLE_BOLD : INK_TEXT, setting_info(id)->name);
    if (on) canvas_tint(c, r, STYLE_BAR);
    if (on && app->settings.editing)
        textbox_draw(&app->settings.box, c, r.x + name, r.y, w, INK_TEXT);
    else
        canvas_text(c, r.x + name, r.y, w, *value ? INK_ACCENT : INK_FAINT, *value ? value : "not set");
    canvas_right(c, r.x + r.w, r.y, origin, INK_DIM, from);
}

static void settings_draw(const App *app, Canvas *c, Rect area)
{
    const SettingInfo *info = setting_info(selected(app));
    char title[80];
    snprintf(title, sizeof title, "%.70s", config_path(app->opt.config));
    Rect in = rect_inset(canvas_popup(c, place(area), "Settings", title), 1, 0);
    for (int i = 0; i < SETTING_COUNT && i < in.h; i++)
        draw_row(app, c, (Rect){in.x, in.y + i, in.w, 1}, (SettingId)i);
    Rect foot = {in.x, in.y + SETTING_COUNT + 1, in.w, in.h - SETTING_COUNT - 1};
    Rect keys = rect_cut_bottom(&foot, 1);
    char help[256];
    snprintf(help, sizeof help, "%s: %s", info->choices, info->help);
    canvas_wrap(c, foot, INK_TEXT, help);
    canvas_text(c, keys.x, keys.y, keys.w, INK_DIM,
                app->settings.editing
                    ? "Enter takes it   Escape leaves it"
                    : "h l change   Enter edit   w keep in the file   d take out   Escape close");
}

void settings_open(App *app)
{
    static const Sheet sheet = {settings_key, settings_mouse, settings_draw};
    if (!app->opt.config) return;
    app->settings = (Settings){0};
    app->sheet = &sheet;
}
