/* The app's own state, shared by the files of the app only: loop, commands, chrome, help and prompt. */
#pragma once
#include "tui/front.h"
#include "tui/keymap.h"
#include "tui/screen.h"
#include "tui/widgets/dialog.h"
#include "tui/widgets/textbox.h"

#define APP_SCREENS 8
#define APP_HISTORY 32
#define APP_SPLITS  24

typedef struct {
    const Screen *ops;
    void *self; /* NULL until opened */
} AppSlot;

typedef struct {
    bool open;
    Textbox filter;
    int selected, top;
} Help;

typedef struct {
    bool open;
    Textbox line;
    char *history[APP_HISTORY]; /* newest last */
    int lines, at;              /* at == lines: the line being typed */
} Prompt;

typedef struct {
    char name[32];
    int size;
} SplitSize;

/* What the session file holds of what is open, and when it was last looked at. */
typedef struct {
    Json *before; /* the session taken up: states of screens that have not been opened yet; NULL: none */
    char *last;   /* what was handed over for writing */
    bool changed;
    double looked_at;
} Keep;

struct App {
    AppOptions opt;
    Keep keep;
    SplitSize split[APP_SPLITS];
    int splits;
    AppHooks hooks;
    Front *front;
    Canvas canvas;
    AppSlot slot[APP_SCREENS];
    int slots, current;
    Help help;
    Prompt prompt;
    Dialog dialog;
    bool asking;
    Action letter; /* waits for a letter, the next key; ACT_NONE: nothing does */
    Action answer[DIALOG_CHOICES];
    char notice[256];
    bool notice_bad, advised, figures, hand_picked; /* hand_picked: the way of showing pictures */
    double notice_until, tick_at, drawn_at, started;
    bool dirty, news; /* draw now; draw soon (news from jobs, at most 30 times a second) */
    bool leaving;
    AppLeave leave;
    Err err;
};

/* commands: what actions do (app_act.c) */
bool app_do(App *app, Action action, const char *text); /* true: draw */
void app_event(App *app, const Event *ev);
bool app_show_screen(App *app, int index);
Context app_context(const App *app);
bool app_running(const App *app); /* something would be lost by leaving */

/* the session (app_keep.c) */
void app_set_split(App *app, const char *name, int size);
void keep_open(App *app); /* takes the session up: world, borders, history; tells of failures */
int keep_first(const App *app, int first); /* the screen to begin with */
void keep_screen(App *app, int slot);      /* a screen has just been opened */
void keep_look(App *app);                  /* hands a changed session over, at most once a second */
double keep_due(const App *app);
void keep_close(App *app); /* the last state, before screens are closed */

/* chrome: what surrounds a screen (app_view.c) */
void app_view(App *app);
int app_tab_at(const App *app, int x); /* the tab under a click in the top line, or -1 */

/* help and prompt (app_help.c, app_prompt.c) */
void help_open(App *app);
bool help_key(App *app, int key);
void help_scroll(App *app, int by);
void help_draw(const App *app, Canvas *c, Rect area);
void prompt_open(App *app, const char *text);
bool prompt_key(App *app, int key);
void prompt_paste(App *app, const char *text);
void prompt_draw(const App *app, Canvas *c, Rect line);
void prompt_remember(App *app, const char *line); /* as the newest of the history */
void prompt_close(App *app);                      /* and forgets the history */
