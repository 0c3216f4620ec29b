/* What events and actions do: to the app itself, or handed on to the screen. */
#include "base/clock.h"
#include "base/file.h"
#include "tui/app_state.h"
#include "tui/pixels.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Context app_context(const App *app)
{
    return app->slots ? app->slot[app->current].ops->context : CONTEXT_GLOBAL;
}

bool app_running(const App *app)
{
    return app->hooks.running && app->hooks.running(app->hooks.world);
}

bool app_to_screen(App *app, const Event *ev)
{
    AppSlot *slot = &app->slot[app->current];
    return slot->self && slot->ops->update(slot->self, app, ev);
}

bool app_show_screen(App *app, int index)
{
    AppSlot *slot = &app->slot[index];
    Err err = {0};
    if (!slot->self) {
        slot->self = calloc(1, slot->ops->size ? slot->ops->size : 1);
        bool ok = slot->self ? slot->ops->open(slot->self, app, &err) : err_nomem(&err, "a screen");
        if (!ok) {
            free(slot->self);
            slot->self = NULL;
            app_fail(app, &err);
            return false;
        }
        keep_screen(app, index);
    }
    app->current = index;
    app->dirty = true;
    app->tick_at =
        fmin(app->tick_at, clock_seconds()); /* news may have waited while another screen was shown */
    return true;
}

bool app_go(App *app, Context context, const Event *ev)
{
    for (int i = 0; i < app->slots; i++) {
        if (app->slot[i].ops->context != context) continue;
        if (!app_show_screen(app, i)) return false;
        if (ev) app_to_screen(app, ev);
        return true;
    }
    app_notice(app, "%s is not here", context_name(context));
    return false;
}

/* --- leaving -------------------------------------------------------------------------------------------- */

static bool leave(App *app, AppLeave how)
{
    app->leaving = true;
    app->leave = how;
    return true;
}

static bool quit(App *app)
{
    static const AppChoice choices[] = {
        {'s', "stop and save", ACT_QUIT_STOP}, {'d', "detach", ACT_QUIT_DETACH}, {'c', "cancel", ACT_NONE}};
    const char *text = app->hooks.running ? app->hooks.running(app->hooks.world) : NULL;
    if (!text) return leave(app, LEAVE_IDLE);
    AppChoice offered[3] = {choices[0], choices[2]};
    if (app->hooks.can_detach) memcpy(offered, choices, sizeof offered);
    app_ask(app, "Leave Viewsmith?", text, offered, app->hooks.can_detach ? 3 : 2);
    return true;
}

/* --- actions -------------------------------------------------------------------------------------------- */

static bool next_graphics(App *app)
{
    app->front->mode = pixels_next_mode(app->front->mode, app->front->info);
    app->front->chosen = app->hand_picked = true;
    app_notice(app, "Pictures: %s", probe_mode_name(app->front->mode));
    return true;
}

static bool redraw(App *app)
{
    app->front->ops->redraw(app->front);
    return true;
}

static bool suspend(App *app)
{
    app->front->ops->suspend(app->front);
    return true;
}

/* Actions that show a screen, and those that open a page over it. */
static bool go_or_open(App *app, Action action)
{
    static const struct {
        Action action;
        Context context;
    } screens[] = {{ACT_VIEWS, CONTEXT_VIEWS},
                   {ACT_STEER, CONTEXT_STEER},
                   {ACT_TRAIN, CONTEXT_TRAIN},
                   {ACT_NEIGHBOURS, CONTEXT_NEIGHBOURS},
                   {ACT_CORNERS, CONTEXT_CORNERS}};
    static const struct {
        Action action;
        void (*open)(App *app);
    } pages[] = {{ACT_HELP, help_open},
                 {ACT_SETTINGS, settings_open},
                 {ACT_JOBS, jobs_open},
                 {ACT_LOG, applog_open},
                 {ACT_DOCTOR, doctor_open}};
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++)
        if (screens[i].action == action) return app_go(app, screens[i].context, NULL) || true;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pages[i].action == action) return pages[i].open(app), true;
    return false;
}

static bool set(App *app, Action action, const char *text)
{
    char line[256];
    if (!text) return app_prompt(app, action, ""), true;
    snprintf(line, sizeof line, "%s%s", action == ACT_THEME ? "theme " : "", text);
    return settings_change(app, line);
}

/* The app's own actions; *mine is false for those of screens. */
static bool do_own(App *app, Action action, const char *text, bool *mine)
{
    *mine = true;
    if (go_or_open(app, action)) return true;
    switch (action) {
    case ACT_SETTING:
    case ACT_THEME:
        return set(app, action, text);
    case ACT_TOUR:
        return tour_begin(app);
    case ACT_COMMAND:
        prompt_open(app, "");
        return true;
    case ACT_QUIT:
        return quit(app);
    case ACT_QUIT_STOP:
        return leave(app, LEAVE_STOP);
    case ACT_QUIT_DETACH:
        return leave(app, app->hooks.can_detach ? LEAVE_DETACH : LEAVE_STOP);
    case ACT_GRAPHICS:
        return next_graphics(app);
    case ACT_FIGURES:
        app->figures = !app->figures;
        return true;
    case ACT_REDRAW:
        return redraw(app);
    case ACT_SUSPEND:
        return suspend(app);
    default:
        *mine = false;
        return false;
    }
}

/* --- an argument of one letter ----------------------------------------------------------------------------
 */

static void ask_letter(App *app, Action action)
{
    app->letter = action;
    app_notice(app, "%s: press a letter", action_info(action)->name);
}

/* Anything but a letter only ends the question. */
static bool take_letter(App *app, int key)
{
    Action action = app->letter;
    char text[2] = {(char)key, 0};
    app->letter = ACT_NONE;
    *app->notice = 0;
    return key < 128 && isalpha(key) ? app_do(app, action, text) : true;
}

/* What a command that writes a file may call it: a name that nothing here has yet; "" for other commands. */
static void propose_file(char *out, size_t cap, Action action)
{
    static const struct {
        Action action;
        const char *name;
    } files[] = {{ACT_SAVE, "view"}, {ACT_VIEWS_WALL, "wall"}, {ACT_STEER_ANIMATE, "way"}};
    *out = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i].action == action) file_free_name(out, cap, files[i].name, ".png");
}

bool app_do(App *app, Action action, const char *text)
{
    char file[64];
    bool mine;
    if (!action) return false;
    bool drawn = do_own(app, action, text, &mine);
    if (mine) return drawn;
    Event ev = {.kind = EV_ACTION, .action = action, .text = text};
    if (app_to_screen(app, &ev)) return true;
    if (!action_info(action)->arg || text) return true;
    propose_file(file, sizeof file, action);
    if (strcmp(action_info(action)->arg, "LETTER"))
        app_prompt(app, action, file);
    else
        ask_letter(app, action);
    return true;
}

void app_prompt(App *app, Action action, const char *initial)
{
    prompt_propose(app, action, initial);
}

void app_ask(App *app, const char *title, const char *text, const AppChoice *choice, int n)
{
    Dialog *d = &app->dialog;
    *d = (Dialog){0};
    snprintf(d->title, sizeof d->title, "%s", title);
    snprintf(d->text, sizeof d->text, "%s", text);
    for (int i = 0; i < n && i < DIALOG_CHOICES; i++, d->choices++) {
        d->choice[i].key = choice[i].key;
        snprintf(d->choice[i].label, sizeof d->choice[i].label, "%s", choice[i].label);
        app->answer[i] = choice[i].action;
    }
    app->asking = true;
    app->dirty = true;
}

bool app_answer(App *app, int choice)
{
    if (choice == -1) return true;
    app->asking = false;
    if (choice >= 0) app_do(app, app->answer[choice], NULL);
    return true;
}

/* --- events --------------------------------------------------------------------------------------------- */

/* A key goes to what is open: dialog, prompt, help, else by its binding or raw to the screen. */
bool app_press(App *app, int key)
{
    if (app->letter) return take_letter(app, key);
    if (app->asking) return app_answer(app, dialog_key(&app->dialog, key));
    if (app->prompt.open) return prompt_key(app, key);
    if (app->sheet) return app->sheet->key(app, key), true;
    *app->notice = 0;
    Action action = keymap_find(app_context(app), key);
    if (action) return app_do(app, action, NULL);
    return app_to_screen(app, &(Event){.kind = EV_KEY, .key = key}) || true; /* the notice went */
}

static bool paste(App *app, const Event *ev)
{
    if (app->prompt.open) {
        prompt_paste(app, ev->text);
        return true;
    }
    return !app->asking && !app->sheet && app_to_screen(app, ev);
}

void app_event(App *app, const Event *ev)
{
    app->keep.changed |= ev->kind == EV_KEY || ev->kind == EV_MOUSE || ev->kind == EV_PASTE;
    switch (ev->kind) {
    case EV_KEY:
        app->dirty |= app->tour.text ? (tour_end(app), true) : app_press(app, ev->key);
        break;
    case EV_MOUSE:
        app->dirty |= app_mouse(app, ev);
        break;
    case EV_PASTE:
        app->dirty |= paste(app, ev);
        break;
    case EV_REPLY:
        settings_apply(app, SETTING_THEME);              /* the ground may be known now */
        app_to_screen(app, &(Event){.kind = EV_RESIZE}); /* and cells, and how pictures are shown */
        app->dirty = true;
        break;
    case EV_RESIZE:
        app_to_screen(app, ev);
        app->dirty = true;
        break;
    case EV_WAKE:
        app->tick_at = fmin(app->tick_at, clock_seconds());
        break;
    case EV_END:
        leave(app, LEAVE_STOP);
        break;
    default:
        break;
    }
}
