/* The state of the Train screen, shared by train.c (what keys do), train_follow.c (starting and following
 * runs), train_page.c (the page before a run), train_view.c (a run in pictures), train_curves.c (its curves)
 * and train_step.c (the pairs of any of its steps), train_through.c (neighbours through its checkpoints). */
#pragma once
#include "engine/run_curve.h"
#include "engine/run_diff.h"
#include "engine/through.h"
#include "engine/train_command.h"
#include "engine/train_history.h"
#include "latent/stream.h"
#include "tui/screen.h"
#include "tui/widgets/plot.h"
#include "tui/world.h"

#define CURVE_SMOOTHINGS 3
#define PREVIEW          16 /* pairs on the page before a run */

typedef enum { PAIRS_BATCH, PAIRS_POSITIVE, PAIRS_NEGATIVE, PAIR_GROUPS } PairGroup;
typedef enum {
    SETTING_SOURCE,
    SETTING_OBJECTIVE,
    SETTING_VIEW,
    SETTING_SIGMA,
    SETTING_TEMPERATURE,
    SETTING_RATE,
    SETTING_PAIRS,
    SETTING_ENCODER,
    SETTING_PRECISION,
    SETTING_PSI,
    SETTING_ANCHORS,
    SETTING_TRAY,
    SETTING_MIX,
    SETTING_STEPS,
    SETTING_SEED,
    SETTINGS
} Setting;

typedef struct {
    bool page;        /* the page before a run is shown */
    TrainConfig next; /* what the next run is started with */
    char
        tray[TRAY_TAG_MAX + 1]; /* the tag of the views that a share of it begins at; "": all that are kept */
    char needs[160]; /* what it will take of memory and disk, in words; "" where nothing is known */
    bool too_much;   /* ... which is more than there is */
    Setting setting; /* the row under the cursor */
    bool in_runs;    /* the list of runs has the focus */
    Painting
        *preview; /* anchors, then their positives: the first pairs of the next run before they are cropped */
    uint64_t preview_wish;
    Stream preview_of;
    RunInfo *run; /* those of the workspace, newest first */
    long runs, at;

    TrainNews *news;                   /* of this program's run; NULL: there is none */
    RunInfo shown;                     /* the run whose curves are drawn; id "" for none */
    bool live;                         /* it is this program's run */
    bool going;                        /* it runs, here or in another process */
    bool told_end, stopping, recorded; /* recorded: the journal has its beginning */
    bool want_pause; /* what the run was last told; awaited: it has not answered yet (this program's run only)
                      */
    bool awaited;
    RunCurve curve;  /* as drawn */
    RunCurve before; /* of this program's run: what it did before it was taken up again */
    RunInfo other;   /* to compare with; id "" for none */
    RunCurve other_curve;
    RunDiff diff;      /* of the run in sight and that one */
    TrainForce *force; /* what it was told to weigh; NULL: nothing is known */
    TrainControl want; /* figures asked for, shown before the run has taken them */
    double want_until, read_at;
    bool log_loss;
    PlotPicture *painted; /* [2]: loss and figures, where the terminal shows pictures */
    bool on_curves;       /* the curves have the focus, else the pairs */
    int smoothing;        /* of the loss: index into a table of train_curves.c */
    float cursor;         /* the step under the crosshair; NaN: none */
    float from, to;       /* steps in sight; NaN: all */
    bool health;          /* the health of the representation where there is room for one of two panes */
    uint64_t proposed;    /* the step that the prompt for going back proposed */
    History kept;         /* steps that the run can go back to */
    bool back_awaited;    /* it was told to go back and has not yet */
    int backs_seen, marks_seen; /* how often the news have told of going back, and of changes */
    double kept_at;             /* when they were read */
    uint64_t step_shown;        /* the step whose pairs are made again ... */
    uint64_t step_wish;         /* ... by this ticket; 0: those of the running batch are shown */
    Painting *step_made;
    TrainPair step_pair[TRAIN_PAIRS];
    int step_pairs_n;
    Job *through; /* neighbours of a view through the run in sight; NULL: not asked for */
    ThroughNews *through_news;
    bool through_told;
    PairGroup group;
    int item;
} TrainScreen;

/* --- train_page.c --- */
void page_open(TrainScreen *s, const World *w); /* reads the list of runs again */
void page_close(TrainScreen *s);
void page_view(const TrainScreen *s, const App *app, Canvas *c, Rect area);
/* Asks for the preview where the settings have changed, and takes it when it is there; true: draw. */
bool page_preview(TrainScreen *s, App *app);
/* Fills `needs` for the settings as they are. */
void page_estimate(TrainScreen *s, const World *w);
/* Moves the setting under the cursor by one step. */
void page_change(TrainScreen *s, const World *w, int by);
void page_move(TrainScreen *s, int by);
/* The row under a click: a setting or a run; both are then selected. */
bool page_click(TrainScreen *s, Rect area, int x, int y);

/* --- train_keep.c --- */
void train_save(const void *self, Json *out);
bool train_load(void *self, App *app, const Json *in, Err *err);

/* --- train_view.c --- */
void run_view(const TrainScreen *s, const App *app, Canvas *c, Rect area);
/* The pairs of a group in the news; returns how many. */
int run_pairs(const TrainNews *n, PairGroup group, const TrainPair **out);
/* The pair at a cell, false where there is none. */
bool run_pair_at(const TrainScreen *s, const App *app, Rect area, int x, int y, PairGroup *group, int *item);

/* --- train_pairs.c --- */
const TrainPair *pairs_selected(const TrainScreen *s); /* NULL: none */
bool pairs_move(TrainScreen *s, int by, int groups);
bool pairs_steer(TrainScreen *s, App *app);
bool pairs_keep(TrainScreen *s, App *app, const char *path); /* NULL: to the clipboard */
bool pairs_tray(TrainScreen *s, App *app, const char *tags);
/* Views like the selected one come never again, or again; twice as often; FACTOR times. */
bool pairs_exclude(TrainScreen *s, App *app);
bool pairs_favour(TrainScreen *s, App *app);
bool pairs_weigh(TrainScreen *s, App *app, const char *factor);

/* Where the loss is drawn. */
Rect run_loss(const App *app, Rect area);

/* --- train_curves.c --- */
void curves_draw(const TrainScreen *s, const App *app, Canvas *c, Rect loss, Rect real);
void curves_close(TrainScreen *s);
/* Moves the crosshair by columns of the plot; it appears at the newest step. */
void curves_move(TrainScreen *s, const App *app, int columns);
void curves_zoom(TrainScreen *s, float factor); /* above 1: nearer, about the crosshair */
void curves_whole(TrainScreen *s);              /* the whole run, no crosshair */
bool curves_click(TrainScreen *s, const App *app, int x, int y);
void curves_go(TrainScreen *s, float step); /* the crosshair on a step */

/* --- train_step.c --- */
/* Asks for the pairs of the step under the crosshair; says why where that cannot be. */
void step_open(TrainScreen *s, App *app);
bool step_take(TrainScreen *s, App *app); /* true: draw */
void step_close(TrainScreen *s);

/* --- train_through.c: the time machine --- */
/* Asks for the neighbours of the world's view at every kept checkpoint; again: closes it. */
void through_open(TrainScreen *s, App *app);
bool through_take(TrainScreen *s, App *app); /* true: draw */
void through_drop(TrainScreen *s);
/* Puts the crosshair on the next kept checkpoint in a direction. */
void through_move(TrainScreen *s, int by);
void through_draw(const TrainScreen *s, const App *app, Canvas *c, Rect r);

/* --- train_follow.c --- */
/* Starts a run with s->next, or goes on with the run `id`, from the kept checkpoint of step *back where back
 * is given. */
void follow_start(TrainScreen *s, App *app, const char *id, const uint64_t *back);
/* Reads again which checkpoints are kept and what the run was told, now and then. */
void follow_kept(TrainScreen *s);
/* Compares the run in sight with the other one. */
void follow_diff(TrainScreen *s);
/* Shows the curves of a stored run. */
bool follow_stored(TrainScreen *s, App *app, const char *text);
/* Takes what is new; true: draw. */
bool follow_news(TrainScreen *s, App *app);
/* Says a word to the run that is shown: "pause", "rate 0.1" ... */
bool follow_tell(TrainScreen *s, App *app, const char *command);
void follow_close(TrainScreen *s);
