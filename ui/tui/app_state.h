/* The app's own state, shared by the files of the app only: loop, commands, chrome, help and prompt. */
#pragma once
#include "tui/front.h"
#include "tui/keymap.h"
#include "tui/screen.h"
#include "tui/widgets/dialog.h"
#include "tui/widgets/list.h"
#include "tui/widgets/textbox.h"

#define APP_SCREENS 8
#define APP_HISTORY 32
#define APP_SPLITS  24
#define APP_OFFERS  64
#define APP_LOG     200
#define APP_JOBS    32
#define APP_ZONES   64

typedef struct {
    const Screen *ops;
    void *self; /* NULL until opened */
} AppSlot;

/* A page over the screens that takes all keys while it is open: help, settings, jobs, log. */
typedef struct {
    void (*key)(App *app, int key);
    void (*mouse)(App *app, const Event *ev);
    void (*draw)(const App *app, Canvas *c, Rect area);
} Sheet;

typedef struct {
    Textbox filter;
    List list;
} Help;

/* What could stand in the line at the cursor's word. */
typedef struct {
    char text[256];
    const char *help; /* may be NULL */
    char note[96];    /* room for it, where it is no text of a table */
} Offer;

typedef struct {
    bool open;
    Textbox line;
    char *history[APP_HISTORY]; /* newest last */
    int lines, at;              /* at == lines: the line being typed */
    Offer offer[APP_OFFERS];
    int offers, chosen; /* chosen: the one put into the line, -1: none yet */
    int rows;           /* of the list: while a command is named, as many as it has had since the line was opened */
    int from;           /* where in the line an offer goes */
    int proposed;       /* the argument from here on was put there for the person: typing replaces it; 0: none */
    bool wanting;       /* Enter was pressed without the argument that the command needs */
} Prompt;

typedef struct {
    double at; /* wall clock */
    bool bad;
    char text[256];
} LogLine;

typedef struct {
    LogLine line[APP_LOG]; /* a ring */
    int lines, next;
    List list;
} Log;

typedef struct {
    AppJob job[APP_JOBS];
    double since[APP_JOBS]; /* clock_seconds of its beginning */
    bool told[APP_JOBS];    /* its end */
    bool stopping;          /* one was cancelled here and has not ended yet */
    int n;
    List list;
} Jobs;

typedef struct {
    List list;
    bool editing;
    Textbox box;
} Settings;

/* The tour: a script of keys and captions that drives the program itself. */
typedef struct {
    char *text, *at; /* NULL: no tour */
    char caption[240];
    char keys[200];
    const char *rest; /* of keys, still to be pressed */
    double next;      /* when the next key is due */
    bool waiting;     /* until nothing is computed any more */
    bool typing;      /* the line is a command: its letters are the keys */
    Json *world;      /* as it was before */
    int screen;
} Tour;

/* A place on the screen that means an action when it is clicked. */
typedef struct {
    Rect rect;
    Action action;
} Zone;

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
    const Sheet *sheet; /* NULL: the screen has the keys */
    Help help;
    Log log;
    Jobs jobs;
    Settings settings;
    Image card; /* the doctor's, once shown */
    Tour tour;
    Theme theme; /* as last handed to the front */
    Zone zone[APP_ZONES];
    int zones;
    Border drag; /* the border under the button; name NULL: none */
    int drag_from;
    Prompt prompt;
    Dialog dialog;
    bool asking;
    Action letter; /* waits for a letter, the next key; ACT_NONE: nothing does */
    Action answer[DIALOG_CHOICES];
    char notice[256];
    bool notice_bad, advised, figures, hand_picked; /* hand_picked: the way of showing pictures */
    double notice_until, tick_at, drawn_at, started;
    bool dirty, news; /* draw now; draw soon (news from jobs, at most 30 times a second) */
    bool was_busy;    /* something asked for had not come when events were last taken */
    bool leaving;
    AppLeave leave;
    Err err;
};

/* commands: what actions do (app_act.c) */
bool app_do(App *app, Action action, const char *text); /* true: draw */
void app_event(App *app, const Event *ev);
bool app_show_screen(App *app, int index);
Context app_context(const App *app);
void app_say(App *app, bool bad, const char *text); /* a notice, logged */
bool app_to_screen(App *app, const Event *ev);
bool app_press(App *app, int key); /* as if a person had pressed it */
bool app_running(const App *app);  /* something would be lost by leaving */

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

void app_zone(App *app, Rect r, Action action);
/* A sheet's box in the middle of area for n rows of content; *in is its inside. */
Rect sheet_place(Rect area, int rows);

/* the mouse (app_mouse.c) */
bool app_mouse(App *app, const Event *ev);
bool app_answer(App *app, int choice); /* of the dialog: -1 goes on asking, -2 closes */

/* sheets (app_help.c, app_log.c, app_jobs.c, app_settings.c) */
void help_open(App *app);
void applog_add(App *app, bool bad, const char *text);
void applog_open(App *app);
void doctor_open(App *app); /* app_doctor.c */
void jobs_open(App *app);
void jobs_tick(App *app);       /* tells of ends */
bool jobs_busy(const App *app); /* what was cancelled in the pane has not ended yet */
void settings_open(App *app);
bool settings_change(App *app, const char *text); /* "theme light" */
void settings_apply(App *app, SettingId id);      /* what a setting changes at once */
const char *settings_text(const App *app, SettingId id);

/* the tour (app_tour.c) */
bool tour_begin(App *app);
void tour_end(App *app);
double tour_due(const App *app);
void tour_step(App *app);
void tour_draw(const App *app, Canvas *c, Rect area);

/* the prompt (app_prompt.c) and what it offers (app_offer.c) */
void prompt_open(App *app, const char *text);
void prompt_propose(App *app, Action action, const char *argument); /* opened with an argument that typing replaces */
bool prompt_key(App *app, int key);
bool prompt_mouse(App *app, const Event *ev);
void prompt_paste(App *app, const char *text);
void prompt_draw(const App *app, Canvas *c, Rect line);
void prompt_remember(App *app, const char *line); /* as the newest of the history */
void prompt_close(App *app);                      /* and forgets the history */
void offer_fill(App *app);                        /* the prompt's offers for its line */
