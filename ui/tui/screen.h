/* What a screen is: a table of functions over private state. The app owns the loop; a screen only changes its
 * state in update and tick, and view turns state into cells without changing anything.
 *
 *     static const Screen steer = {"Steer", CONTEXT_STEER, sizeof(Steer), steer_open, steer_update,
 * steer_tick, steer_view, steer_hints, steer_busy, steer_close};
 */
#pragma once
#include "base/json.h"
#include "tui/app.h"

/* A border between two panes that a person may drag. The screen lays itself out by app_split(app, name, ..),
 * the frame moves it and keeps it with the session. */
typedef struct {
    const char *name;  /* "steer.side" */
    Rect bar;          /* the cells to grab: two columns of a vertical border, two rows of another */
    bool vertical;     /* dragged left and right */
    bool after;        /* the size is that of the pane right of (below) the bar, else left of (above) it */
    int low, high, at; /* columns or rows of that pane */
} Border;

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
    /* What brings the screen back in another process: save writes it into an object (seldom more than 16 KiB;
     * called at most once a second after changes), load takes it over right after open. The object may be of
     * an older program or broken by hand: then load says so in one sentence and leaves the screen as open
     * made it. Absent members mean the defaults. Both may be NULL. */
    void (*save)(const void *self, Json *out);
    bool (*load)(void *self, App *app, const Json *in, Err *err);
    /* The borders that can be dragged, at most max; NULL: none. */
    int (*borders)(const void *self, const App *app, Rect area, Border *out, int max);
    /* Completes the argument of one of the screen's actions: the i-th thing it could be, into out, behind a tab
     * what it is (may be left out); false: no more. NULL: the frame completes classes, directions, runs and files by the argument's name. */
    bool (*offer)(const void *self, const App *app, Action action, int i, char *out, size_t cap);
} Screen;
