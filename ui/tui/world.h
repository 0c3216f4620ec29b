/* What the screens share: what is open, the view they all speak of, and the threads that work beside the
 * terminal.
 *
 * Owned by the terminal's thread; whatever works beside it hands its news over through painter, finder and
 * job. */
#pragma once
#include "engine/curator.h"
#include "engine/finder.h"
#include "engine/journal.h"
#include "engine/meter.h"
#include "engine/painter.h"
#include "engine/train_job.h"
#include "engine/workspace.h"
#include "latent/latent.h"
#include "tui/app.h"
#include "tui/marks.h"

/* The painter's channels, most urgent first. */
enum { PAINT_VIEW, PAINT_QUERY, PAINT_FLIP, PAINT_STRIP, PAINT_PLANE, PAINT_WALL, PAINT_PAIRS, PAINT_TREE, PAINT_EFFECT, PAINT_WAY };

typedef struct World {
    Workspace *workspace;
    Generator *g;       /* the workspace's */
    char model[64];     /* "fashion 2.1 MB" */
    Painter *painter;   /* NULL until the loop runs */
    Finder *finder;     /* NULL until world_finder was called */
    Meters *meters;     /* NULL until world_meters was called */
    Tray *tray;         /* NULL until world_tray was called */
    Curator *curator;   /* ... looks at what is put in */
    int64_t kept;       /* the item put in last, until it is known what it looks like; 0: none */
    Address start;      /* what steering began with: the parent of what is kept */
    Job *train;         /* the run of this program, or NULL */
    char told[256]; /* the run's last trouble that was told */
    char run[16];       /* id of a run to show, from the command line; "" for none */
    char query[3072];   /* a picture file to ask about, "" for none */
    char encoder[3072]; /* what Neighbours looks through: an encoder file or a run; "": what is trained, else the newest run */
    Address view;       /* the view all screens speak of */
    Marks marks;
    uint64_t changes;   /* counts changes of `view`: a screen that has seen fewer takes the new one over */
    RunInfo *offered;   /* runs as a command's argument offers them */
    long offers;
    Bell bell;          /* wakes the loop */
    bool unsaid;        /* the view has moved by itself (it plays) and the journal does not know yet */
    Journal *journal;   /* what was done, in words; NULL: not written down (scripts, a home that cannot be written) */
} World;

/* Takes the workspace over, also on failure. */
bool world_open(World *w, Workspace *workspace, uint64_t seed, Err *err);
void world_close(World *w);
/* A session's part of the world: model, view, marks, what is looked at. */
void world_put(void *world, Json *o);
bool world_take_back(void *world, const Json *o, Err *err);
/* AppHooks for app_run; hooks.world is w. */
AppHooks world_hooks(World *w);

/* Makes a the view of all screens; refuses what the generator cannot make. */
bool world_show(World *w, const Address *a, Err *err);
/* What a person typed or pasted: an address, or the path of a PNG that holds one. */
bool world_read(const World *w, const char *text, Address *out, Err *err);
/* Writes a command of latent/steer.h into the journal; NULL: the view as it is now, whatever led there. */
void world_record(World *w, const char *command);
/* Takes the program's run over and lists it in the jobs pane; and lets it go, ended or not. */
void world_train_begins(App *app, Job *job);
void world_train_trouble(App *app); /* tells of what its guard has done, once */
void world_train_drop(App *app);
/* For AppHooks: what an argument of a command could be. */
bool world_offer(void *world, const char *argument, int i, char *out, size_t cap);
/* A job that was begun ("train 0007"), and its result in place ("train 0007 412": so many steps) with the
 * result's digest; src/engine/replay.h does them again. */
void world_started(World *w, const char *job);
void world_applied(World *w, const char *job, const char *digest);
/* "sneaker", or "" when unconditional. */
const char *world_class(const World *w, int class);
/* A number in [low, high], or one sentence. */
bool world_number(const char *text, double low, double high, double *out, Err *err);
bool world_seed(const char *text, uint64_t *out, Err *err);
/* Writes the picture with its address inside, enlarged to at least 224 pixels a side without smoothing, and
 * says so. */
void world_save(App *app, const Address *a, const Image *image, const char *path);
/* Copies the address to the clipboard and says so. */
void world_copy(App *app, const Address *a);
/* Opens the tray unless it is open. */
bool world_tray_open(World *w, Err *err);
/* The tray, opened at the first call; NULL (and a notice) when it cannot be. */
Tray *world_tray(App *app);
/* Puts a view into the tray, with tags (may be NULL), and says so; always true: draw. */
bool world_keep(App *app, const Address *a, const char *tags);
/* Something was put into the tray or changed there: it is looked at. */
void world_tray_changed(App *app);
/* News of what works beside all screens (the hook of that name). */
void world_tick(void *world, App *app);
/* The newest painting of a channel when it is newer than *at (or more complete): replaces *at. True when it
 * did. */
bool world_take(App *app, int channel, Painting **at);
/* The finder over real training pictures, started at the first call; NULL (and a notice) when it cannot
 * start. */
Finder *world_finder(App *app);
/* The meters of views, started at the first call; NULL (and a notice) when they cannot start. */
Meters *world_meters(App *app);
/* The newest answer of a channel when it is newer than *at, or knows more: replaces *at. True when it did. */
bool world_take_meters(App *app, int channel, MeterNews **at);
