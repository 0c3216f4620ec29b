/* The program's loop over a set of screens, on a terminal or headless; and what screens may ask of it.
 *
 *     AppOptions opt = app_options_default();
 *     AppHooks hooks = {.world = session, .status = session_status, .running = session_running, .leave =
 * ...}; bool ok = app_run(&opt, screens, 4, &hooks, err);
 */
#pragma once
#include "base/err.h"
#include "base/json.h"
#include "engine/config.h"
#include "engine/job.h"
#include "engine/session.h"
#include "tui/canvas.h"
#include "tui/event.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct App App;
struct Screen;

typedef struct {
    const char *script;      /* keys from a file; no terminal is used: a headless run */
    const char *dump_screen; /* written at the end of a headless run, as text */
    const char *dump_image;  /* ... and as PNG */
    const char *graphics; /* auto, sixel, half, half256, ascii, none; NULL: VIEWSMITH_GRAPHICS, else auto */
    int cols, rows;       /* headless size */
    int cell_w,
        cell_h;      /* headless cell; on a terminal: 0, or the pixels of a cell when probing gets it wrong */
    uint64_t seed;   /* for screens: where random choices start */
    bool fake_clock; /* clock_seconds moves only by the script */
    bool ascii;      /* no characters beyond ASCII */
    bool tour;       /* begin with the tour */
    Config *config; /* the settings, changed by the settings page; NULL: all as by default */
    Session *session;   /* where the session is kept, or NULL */
    const Json *resume; /* a session to take up, or NULL; lives as long as the app */
} AppOptions;

AppOptions app_options_default(void); /* 100x34, 8x17, seed 0 */
/* Takes the flag argv[*i] (and its value) when it is one of ours: --script --seed --fake-clock --size --cell
 * --graphics
 * --dump-screen --dump-image --ascii; *i then stands on the last word taken. 1 taken, 0 not ours, -1 wrong
 * (err says). */
int app_option(AppOptions *opt, int argc, char **argv, int *i, Err *err);

typedef struct {
    char model[64]; /* what is open: "fashion 2.1 MB" */
    char job[64];   /* what runs: "train 412 v/s 1.83"; "" when nothing does */
    bool paused;
} AppStatus;

typedef enum { LEAVE_IDLE, LEAVE_STOP, LEAVE_DETACH } AppLeave;

/* What the app asks of whoever owns the work; every function may be NULL. */
typedef struct {
    void *world;
    void (*status)(void *world, AppStatus *out); /* for the top line, each frame: cheap, no locks held long */
    /* After a wake-up, on every screen: news of what works beside them. */
    void (*tick)(void *world, App *app);
    /* A sentence on what would be lost by leaving, for the quit dialog; NULL: nothing runs. */
    const char *(*running)(void *world);
    /* The program is about to end; detaching is offered only where can_detach is set. */
    void (*leave)(void *world, AppLeave how);
    bool can_detach;
    /* What the world adds to a session, and takes back; NULL: nothing. load runs before a screen opens. */
    void (*save)(void *world, Json *out);
    bool (*load)(void *world, const Json *in, Err *err);
    /* What an argument of a command could be, by its name in the action table ("CLASS", "RUN", "DIRECTION",
     * "ADDRESS" ...): the i-th into out; false: no more. NULL: none. */
    bool (*offer)(void *world, const char *argument, int i, char *out, size_t cap);
    /* Called with how any thread may wake the loop (wake(arg) is async-signal-safe and never blocks), and
     * with NULL before the app goes away. */
    void (*wake_by)(void *world, void (*wake)(void *arg), void *arg);
} AppHooks;

/* Runs until the person leaves, the script ends or a signal comes. Opens screen `first`. A failed `expect` in
 * a script is an error. When a signal ended it, the terminal is given back first and the signal then ends the
 * program. */
bool app_run(const AppOptions *opt, const struct Screen *const *screens, int n, int first,
             const AppHooks *hooks, Err *err);

/* --- for screens ---------------------------------------------------------------------------------------- */
void *app_world(const App *app);
uint64_t app_seed(const App *app);
/* A line at the bottom for some seconds: plain, or as a failure. */
void app_notice(App *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void app_fail(App *app, const Err *err);
/* Shows the screen of a context; `ev` (may be NULL) is then given to its update: this is how a view goes from
 * one to the next. False: there is no such screen, or it could not be opened (a notice says why). */
bool app_go(App *app, Context context, const Event *ev);
/* Opens the prompt for an action with `initial` already typed; Enter delivers EV_ACTION with the text. */
void app_prompt(App *app, Action action, const char *initial);
/* A question with up to 4 answers; the chosen one arrives as EV_ACTION (ACT_NONE: just close). */
typedef struct {
    char key; /* a letter */
    const char *label;
    Action action;
} AppChoice;
void app_ask(App *app, const char *title, const char *text, const AppChoice *choice, int n);
/* For a tick that brought what the person's own hand asked for: drawn at once. Other news are drawn 30 times a second. */
void app_draw_now(App *app);
/* tick is wanted at this clock_seconds() at the latest. */
void app_tick_at(App *app, double when);
/* Puts text on the person's clipboard (OSC 52); at most 4 KiB. */
void app_copy(App *app, const char *text);
/* Pixels of one cell, for layouts that keep pictures square. */
void app_cell(const App *app, int *w, int *h);
/* True where pictures are made of half blocks or letters: two dots a row at most. */
bool app_blocks(const App *app);
/* True where pictures have pixels of their own (sixel, kitty) and the line carries them: plots can be painted. */
bool app_paints(const App *app);
/* The terminal's ground, and an ink as it is shown there. */
void app_colors(const App *app, uint8_t ground[3], uint8_t ink[INK_COUNT][3]);
/* What the screen is given to draw in, for updates that depend on how much is in sight. */
Rect app_body(const App *app);
/* The wake function as given to hooks, for screens with threads of their own. */
void app_wake(void *app);

/* The columns or rows a person gave to a pane by dragging its border (screen.h), else `initial`. */
int app_split(const App *app, const char *name, int initial);
/* A line for the log pane (Ctrl-G), without a notice; notices and failures are logged by themselves. */
void app_log(App *app, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Something long has ended: a notice, and by the setting `notify` a bell, OSC 9 or the title. */
void app_notify(App *app, bool bad, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* --- the jobs pane (J) ---------------------------------------------------------------------------------- */

/* What a job has to say of itself; fields that are not known stay as they are set here before the call. */
typedef struct {
    char title[64]; /* "train 0007", "invert shoe.png" */
    char line[96];  /* "loss 1.83 · 412 views/s" */
    double share;   /* done, 0 .. 1; NaN: not known */
    double left;    /* seconds; NaN: not known */
} AppJobLine;

/* A job that some screen owns: listed until app_job_drop, which must come before job_free. say may be NULL
 * (then only title and state are shown); it is called on the terminal's thread and reads job_news. The pane
 * pauses by job_pause and cancels by job_stop, unless `tell` is given ("pause", "continue", "stop"). An end is
 * told by app_notify once. At most 32 at a time; further ones are not listed. */
typedef struct {
    Job *job;
    char title[64];
    void (*say)(void *ctx, Job *job, AppJobLine *out);
    void (*tell)(void *ctx, Job *job, const char *what);
    void *ctx;
} AppJob;
void app_job_add(App *app, const AppJob *job);
void app_job_drop(App *app, const Job *job);

typedef struct {
    double encode_ms, tty_ms; /* the last picture frame: encoding, and until the terminal had drawn it */
    size_t bytes;
    double rate; /* bytes a second of the line to the terminal, INFINITY: no limit felt */
    int quality; /* of pictures in motion, 4 the best */
} AppTimes;
AppTimes app_times(const App *app);
