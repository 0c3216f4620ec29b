/* What a screen is: a table of functions over private state. The app owns the loop; a screen only changes its
 * state in update and tick, and view turns state into cells without changing anything.
 *
 *     static const Screen steer = {"Steer", CONTEXT_STEER, sizeof(Steer), steer_open, steer_update,
 * steer_tick, steer_view, steer_hints, steer_busy, steer_close};
 */
#pragma once
#include "tui/app.h"

typedef struct Screen {
    const char *name; /* the tab's title */
    Context context;
    size_t size; /* bytes of private state, zeroed before open */
    /* Once, when the screen is first shown; may start jobs. On failure the sentence is shown and the screen
     * stays where it was. */
    bool (*open)(void *self, App *app, Err *err);
    /* An action, a paste, the mouse (in the canvas' cells), or a key nothing is bound to. True: something
     * changed, draw. */
    bool (*update)(void *self, App *app, const Event *ev);
    /* After a wake-up and at the times asked for with app_tick_at: takes news from jobs. True: draw. May be
     * NULL. */
    bool (*tick)(void *self, App *app);
    void (*view)(const void *self, const App *app, Canvas *c, Rect area);
    /* The actions for the hint line given what has the focus, most useful first; returns how many. NULL: the
     * table's order for the context. */
    int (*hints)(const void *self, Action *out, int max);
    bool (*busy)(
        const void *self); /* something asked for has not come yet: a script's `wait` waits. May be NULL */
    void (*close)(void *self, App *app); /* NULL: nothing to do */
} Screen;
