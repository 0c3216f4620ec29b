/* The session as the frame sees it: everything open as one JSON object, looked at after events, and taken up
 * again. */
#include "base/clock.h"
#include "tui/app_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD 1.0

int app_split(const App *app, const char *name, int initial)
{
    for (int i = 0; i < app->splits; i++)
        if (!strcmp(app->split[i].name, name)) return app->split[i].size;
    return initial;
}

void app_set_split(App *app, const char *name, int size)
{
    int at = 0;
    while (at < app->splits && strcmp(app->split[at].name, name)) at++;
    if (at == APP_SPLITS) return;
    if (at == app->splits) {
        SplitSize *s = &app->split[app->splits++];
        snprintf(s->name, sizeof s->name, "%s", name);
    }
    app->split[at].size = size;
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

static Json *copy(const Json *from)
{
    char *text = from ? json_text(from) : NULL;
    Json *to = text ? json_parse(text, strlen(text), "the session", NULL) : NULL;
    free(text);
    return to;
}

static const Json *before_of(const App *app, const char *screen)
{
    const Json *all = app->keep.before ? json_get(app->keep.before, "screens") : NULL;
    return all ? json_get(all, screen) : NULL;
}

/* A screen that has not been opened keeps what it had. */
static void put_screen(const App *app, const AppSlot *slot, Json *to)
{
    const char *name = slot->ops->name;
    const Json *before = before_of(app, name);
    if (slot->self && slot->ops->save) {
        Json *o = json_make();
        slot->ops->save(slot->self, o);
        json_put(to, name, o);
    } else if (!slot->self && before) {
        json_put(to, name, copy(before));
    }
}

static void put_frame(const App *app, Json *o)
{
    Json *splits = json_make(), *history = json_make_array();
    json_put_str(o, "screen", app->slot[app->current].ops->name);
    json_put_bool(o, "figures", app->figures);
    if (app->hand_picked) json_put_str(o, "graphics", probe_mode_name(app->front->mode));
    for (int i = 0; i < app->splits; i++) json_put_int(splits, app->split[i].name, app->split[i].size);
    json_put(o, "splits", splits);
    for (int i = 0; i < app->prompt.lines; i++) json_add_str(history, app->prompt.history[i]);
    json_put(o, "history", history);
}

static char *session_text(const App *app)
{
    Json *o = json_make(), *screens = json_make(), *world = json_make();
    json_put_str(o, "format", "viewsmith-session 1");
    put_frame(app, o);
    if (app->hooks.save) app->hooks.save(app->hooks.world, world);
    json_put(o, "world", world);
    for (int i = 0; i < app->slots; i++) put_screen(app, &app->slot[i], screens);
    json_put(o, "screens", screens);
    char *text = json_text(o);
    json_drop(o);
    return text;
}

static void hand_over(App *app)
{
    Keep *k = &app->keep;
    char *text = session_text(app);
    k->changed = false;
    k->looked_at = clock_seconds();
    if (!text || (k->last && !strcmp(text, k->last))) {
        free(text);
        return;
    }
    free(k->last);
    k->last = strdup(text);
    session_put(app->opt.session, text);
}

double keep_due(const App *app)
{
    bool wanted = app->opt.session && !strcmp(settings_text(app, SETTING_SESSION), "on") && !app->tour.text;
    return wanted && app->keep.changed ? app->keep.looked_at + PERIOD : INFINITY;
}

void keep_look(App *app)
{
    if (keep_due(app) <= clock_seconds()) hand_over(app);
}

void keep_close(App *app)
{
    if (app->opt.session && app->slot[app->current].self) hand_over(app);
    free(app->keep.last);
    app->keep.last = NULL;
}

/* --- taking up --------------------------------------------------------------------------------------------
 */

static void take_frame(App *app, const Json *o)
{
    const Json *splits = json_get(o, "splits"), *history = json_get(o, "history");
    const char *graphics = json_str(o, "graphics", NULL), *line;
    int mode = graphics && !app->opt.graphics ? probe_mode(app->front->info, graphics) : -1;
    app->figures = json_bool(o, "figures", app->figures);
    if (mode >= 0) {
        app->front->mode = (PixelMode)mode;
        app->front->chosen = app->hand_picked = true;
    }
    for (JsonIter it = json_first(splits); splits && it.key; it = json_next(splits, it))
        app_set_split(app, it.key, (int)json_int(splits, it.key, 0));
    for (size_t i = 0; history && i < json_count(history); i++)
        if (json_value_str(json_at(history, i), &line)) prompt_remember(app, line);
}

void keep_open(App *app)
{
    const Json *o = app->opt.resume, *world = o ? json_get(o, "world") : NULL;
    Err err = {0};
    app->keep.looked_at = clock_seconds();
    if (!o) return;
    app->keep.before = copy(o);
    take_frame(app, o);
    if (world && app->hooks.load && !app->hooks.load(app->hooks.world, world, &err)) app_fail(app, &err);
}

int keep_first(const App *app, int first)
{
    const char *screen = app->opt.resume ? json_str(app->opt.resume, "screen", "") : "";
    for (int i = 0; i < app->slots; i++)
        if (!strcmp(app->slot[i].ops->name, screen)) return i;
    return first;
}

void keep_screen(App *app, int index)
{
    AppSlot *slot = &app->slot[index];
    const Json *before = before_of(app, slot->ops->name);
    Err err = {0};
    if (before && slot->ops->load && !slot->ops->load(slot->self, app, before, &err)) app_fail(app, &err);
}
