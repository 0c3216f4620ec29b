/* The state of the Train screen, shared by train.c (what keys do), train_follow.c (starting and following
 * runs), train_page.c (the page before a run) and train_view.c (a run in pictures). */
#pragma once
#include "engine/run_curve.h"
#include "latent/stream.h"
#include "tui/screen.h"
#include "tui/world.h"

#define PREVIEW 16 /* pairs on the page before a run */

typedef enum { PAIRS_BATCH, PAIRS_POSITIVE, PAIRS_NEGATIVE, PAIR_GROUPS } PairGroup;
typedef enum {
    SETTING_SOURCE,
    SETTING_SIGMA,
    SETTING_TEMPERATURE,
    SETTING_RATE,
    SETTING_PAIRS,
    SETTING_ENCODER,
    SETTING_PRECISION,
    SETTING_PSI,
    SETTING_STEPS,
    SETTING_SEED,
    SETTINGS
} Setting;

typedef struct {
    bool page;        /* the page before a run is shown */
    TrainConfig next; /* what the next run is started with */
    Setting setting;  /* the row under the cursor */
    bool in_runs;     /* the list of runs has the focus */
    Painting
        *preview; /* anchors, then their positives: the first pairs of the next run before they are cropped */
    uint64_t preview_wish;
    Stream preview_of;
    RunInfo *run; /* those of the workspace, newest first */
    long runs, at;

    TrainNews *news; /* of this program's run; NULL: there is none */
    RunInfo shown;   /* the run whose curves are drawn; id "" for none */
    bool live;       /* it is this program's run */
    bool going;      /* it runs, here or in another process */
    bool told_end, stopping, recorded; /* recorded: the journal has its beginning */
    bool want_pause; /* what the run was last told; awaited: it has not answered yet (this program's run only)
                      */
    bool awaited;
    RunCurve curve;  /* as drawn */
    RunCurve before; /* of this program's run: what it did before it was taken up again */
    RunInfo other;   /* to compare with; id "" for none */
    RunCurve other_curve;
    TrainControl want; /* figures asked for, shown before the run has taken them */
    double want_until, read_at;
    bool log_loss;
    PairGroup group;
    int item;
} TrainScreen;

/* --- train_page.c --- */
void page_open(TrainScreen *s, const World *w); /* reads the list of runs again */
void page_close(TrainScreen *s);
void page_view(const TrainScreen *s, const App *app, Canvas *c, Rect area);
/* Asks for the preview where the settings have changed, and takes it when it is there; true: draw. */
bool page_preview(TrainScreen *s, App *app);
/* Moves the setting under the cursor by one step. */
void page_change(TrainScreen *s, const World *w, int by);
void page_move(TrainScreen *s, int by);
/* The row under a click: a setting or a run; both are then selected. */
bool page_click(TrainScreen *s, Rect area, int x, int y);

/* --- train_view.c --- */
void run_view(const TrainScreen *s, const App *app, Canvas *c, Rect area);
/* The pairs of a group in the news; returns how many. */
int run_pairs(const TrainNews *n, PairGroup group, const TrainPair **out);
/* The pair at a cell, false where there is none. */
bool run_pair_at(const TrainScreen *s, const App *app, Rect area, int x, int y, PairGroup *group, int *item);

/* --- train_follow.c --- */
/* Starts a run with s->next, or goes on with the run `id`. */
void follow_start(TrainScreen *s, App *app, const char *id);
/* Shows the curves of a stored run. */
bool follow_stored(TrainScreen *s, App *app, const char *text);
/* Takes what is new; true: draw. */
bool follow_news(TrainScreen *s, App *app);
/* Says a word to the run that is shown: "pause", "rate 0.1" ... */
bool follow_tell(TrainScreen *s, App *app, const char *command);
void follow_close(TrainScreen *s);
