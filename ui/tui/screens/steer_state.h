/* The state of the Steer screen, shared by its files:
 *   steer.c         the screen: opening, events, ticks
 *   steer_knobs.c   what can be moved: sliders in groups, their values and commands
 *   steer_change.c  every change of the view
 *   steer_compare.c A and B, marks, the way between them
 *   steer_plane.c   the page of two directions at once
 *   steer_tree.c    the history, as a pane and as a page
 *   steer_side.c    meters and real neighbours
 *   steer_jobs.c    inversion, animation
 *   steer_learn.c   a direction of one's own
 *   steer_keep.c    the session
 *   steer_view.c    layout, picture, sliders, strip */
#pragma once
#include "base/text.h"
#include "engine/invert_job.h"
#include "latent/direction.h"
#include "latent/steer.h"
#include "tui/screen.h"
#include "tui/widgets/sliders.h"
#include "tui/world.h"

#define KNOBS_MAX  320
#define STRIP      9   /* pictures that show what the focused slider would do */
#define WAY        101 /* views from A to B: t in steps of 0.01 */
#define NOTE       80
#define PLANE_SIDE 9  /* most columns and rows of the plane */
#define TREE_SEEN  48 /* states whose pictures are asked for at once */

/* --- what can be moved ---------------------------------------------------------------------------------- */

typedef enum {
    GROUP_VIEW,
    GROUP_WALK,
    GROUP_OWN,
    GROUP_PCA,
    GROUP_SEFA,
    GROUP_MORE,
    GROUP_PIXEL,
    GROUPS
} Group;
typedef enum { KNOB_WAY, KNOB_PSI, KNOB_DIRECTION, KNOB_PIXEL } KnobKind;

typedef struct {
    KnobKind kind;
    Group group;
    char dir[ADDRESS_DIR_MAX + 1]; /* as commands name it */
    char name[ADDRESS_DIR_MAX + 1];
    char more[64];       /* of one's own: how it was learnt */
    const Direction *is; /* KNOB_DIRECTION: the generator's, or one of one's own */
    PixelOpKind op;      /* KNOB_PIXEL: value number `part` of it */
    int part;
    double low, high, rest; /* rest: where it does nothing */
    double scale;           /* of the step */
    int decimals;
    const char *unit;
    double effect; /* mean change of a pixel, 0..255; 0: not known */
} Knob;

/* A row of the list: a knob, or the heading of a group. */
typedef struct {
    bool heading;
    int at; /* index of the knob, or the Group */
} Row;

/* What is in the large picture instead of the view. */
typedef enum { FLIP_NO, FLIP_A, FLIP_B } Flip;
typedef enum { PAGE_SLIDERS, PAGE_PLANE, PAGE_TREE } SteerPage;
typedef enum {
    PANE_STRIP,
    PANE_SIDE,
    PANE_TREE,
    PANES
} SteerPane; /* what a narrow window shows at the bottom */

typedef struct {
    int across, up; /* knobs */
    int cols, rows, x, y;
    double step;
} Plane;

typedef struct {
    SteerNode *node;                     /* rows of the tree, as of the last change */
    int nodes, selected, top, asked_top; /* asked_top: the first row whose picture was asked for */
} Tree;

typedef struct {
    Steer *history;
    OwnDirections own;
    Knob knob[KNOBS_MAX];
    Row row[KNOBS_MAX + GROUPS];
    Slider slider[KNOBS_MAX + GROUPS];
    char note[KNOBS_MAX + GROUPS][NOTE], unit[KNOBS_MAX + GROUPS][NOTE];
    int knobs, rows;
    bool folded[GROUPS], by_effect;
    char filter[64];
    Sliders list;
    LayerRange range;
    double step;
    SteerPage page;
    SteerPane pane;
    Flip flip;
    Plane plane;
    Tree tree;
    Address *way; /* (WAY) from A to B; NULL: none */
    int way_at;
    bool playing, back;
    double play_at, meters_at; /* clock_seconds of the next step; when meters are asked; 0: not */
    Latent *latent;            /* for what needs styles at once: a way, a mix; made when first needed */
    Pool *pool;
    Painting *view, *strip, *effect, *flipped, *planes, *thumbs;
    MeterNews *meter;
    uint64_t asked_view, asked_strip, asked_effect, asked_flip, asked_plane, asked_thumbs,
        asked_meter;               /* tickets */
    Job *invert, *animate, *learn; /* NULL: none under way */
    InvertNews *invert_news;
    char kept[TRAY_TAGS_MAX +
              32];      /* what the tray knows of the view: "#12 heel worn"; "" when it is not in it */
    uint64_t kept_seen; /* changes of the tray looked at */
    bool kept_asked;
    char invert_name[64], animate_name[1024];
    uint64_t seen;        /* world changes */
    bool waiting, narrow; /* narrow: panes share the place below */
} SteerScreen;

/* --- knobs ---------------------------------------------------------------------------------------------- */

/* Finds all there is to move, then the rows in sight. The focus stays where it was. */
void steer_knobs(SteerScreen *s, App *app);
void steer_rows(SteerScreen *s, const World *w);
/* Values of the sliders from the address as it is now. */
void steer_fill(SteerScreen *s, const World *w);
/* The focused knob, or NULL on a heading. */
Knob *steer_focus(SteerScreen *s);
const Knob *steer_focused(const SteerScreen *s);
/* The group of the focused row. */
Group steer_group(const SteerScreen *s);
const char *steer_group_name(Group g);
/* The first knobs of a group in the order shown, folded or not; returns how many, at most max. */
int steer_group_knobs(const SteerScreen *s, Group g, int *out, int max);
/* The filter lets it through. */
bool steer_passes(const SteerScreen *s, const Knob *k);
/* Puts the focus on knob i, unfolding its group. */
void steer_focus_on(SteerScreen *s, App *app, int i);
int steer_find_knob(const SteerScreen *s, const char *name); /* by name or dir, or -1 */
double steer_value(const SteerScreen *s, const Knob *k, const Address *a);
/* a with the knob at value, cut to its range; false where the address cannot hold it. */
bool steer_put(const SteerScreen *s, const World *w, Address *a, const Knob *k, double value, Err *err);
/* The same as a command into out. */
void steer_knob_command(const SteerScreen *s, const Knob *k, double value, char *out, size_t cap);
/* A pixel operator as a command that leaves it as it is, or begins it; behind a tab the ranges of its values. */
bool steer_pixel_form(const SteerScreen *s, PixelOpKind kind, char *out, size_t cap);
/* "+14°", "×1.20", "-3.0 px": what a walk reaches at this amount; false where that is not known. */
bool steer_reach(const Knob *k, double value, char *out, size_t cap);
/* What is known of the knob at its value, in one line; *limit: it stands where it reaches no further. */
void steer_caption(const SteerScreen *s, const Knob *k, char *out, size_t cap, bool *limit);
void steer_take_effects(SteerScreen *s, const World *w);

/* --- changes -------------------------------------------------------------------------------------------- */

/* Tells the world where the history stands, and asks for its pictures. */
void steer_show(SteerScreen *s, App *app);
/* The same, written down. Tells the world, fills the sliders, asks for pictures. done: the command that led
 * here, for the journal; NULL where there was none. */
void steer_changed(SteerScreen *s, App *app, const char *done);
bool steer_command(SteerScreen *s, App *app, const char *text, const char *merge);
bool steer_set(SteerScreen *s, App *app, const Knob *k, double value);
bool steer_nudge(SteerScreen *s, App *app, double steps);
/* The view becomes a. */
bool steer_take(SteerScreen *s, App *app, const Address *a);
/* Asks for what is in sight. */
void steer_ask(SteerScreen *s, App *app);
double steer_strip_value(const SteerScreen *s, int i);
/* An action on the view or the sliders; false: not one. */
bool steer_act(SteerScreen *s, App *app, const Event *ev);
/* What a person names a view by: A, B, 'm (a mark), #12 (the tray), a seed, an address, a PNG. */
bool steer_named(App *app, const char *word, Address *out, Err *err);
Latent *steer_latent(SteerScreen *s, World *w, Err *err);

/* --- pages and panes ------------------------------------------------------------------------------------ */

bool compare_act(SteerScreen *s, App *app, const Event *ev);
void compare_put(SteerScreen *s, App *app, double t); /* stands at t of the way */
bool compare_tick(SteerScreen *s, App *app);          /* the next step of play */
void compare_stop(SteerScreen *s, App *app);
void compare_forget(SteerScreen *s, App *app); /* the way is left */

bool plane_open(SteerScreen *s, App *app, const char *axes);
bool plane_act(SteerScreen *s, App *app, const Event *ev);
void plane_draw(const SteerScreen *s, const App *app, Canvas *c, Rect area);
int plane_hit(const SteerScreen *s, Rect area, int x, int y);

void tree_update(SteerScreen *s);
bool tree_open(SteerScreen *s, App *app);
bool tree_act(SteerScreen *s, App *app, const Event *ev);
bool tree_click(SteerScreen *s, App *app, Rect area, int x, int y);
void tree_draw(const SteerScreen *s, const App *app, Canvas *c, Rect area);
void tree_pane(const SteerScreen *s, const World *w, Canvas *c, Rect r);
int tree_pane_hit(const SteerScreen *s, Rect r, int x, int y); /* the id of the state under a click, or 0 */

void side_ask(SteerScreen *s, App *app); /* when the hand rests */
bool side_tick(SteerScreen *s, App *app);
void side_draw(const SteerScreen *s, const App *app, Canvas *c, Rect r);
/* The same in one line, for windows without room. */
void side_line(const SteerScreen *s, const App *app, char *out, size_t cap);

Job *steer_job_end(App *app, Job *job); /* takes it off the list, ends it; NULL */
bool learn_begin(SteerScreen *s, App *app, const char *text);
bool learn_tick(SteerScreen *s, App *app);
/* What the card of one's own direction says, in some words. */
void learn_words(const OwnDirection *own, char *out, size_t cap);
bool work_act(SteerScreen *s, App *app, const Event *ev);
bool work_tick(SteerScreen *s, App *app);
bool work_busy(const SteerScreen *s);
void work_close(SteerScreen *s, App *app);
void work_draw(const SteerScreen *s, Canvas *c, Rect r); /* an inversion, in the strip's place */

/* The session's part (screen.h). */
void steer_save(const void *self, Json *o);
bool steer_load(void *self, App *app, const Json *in, Err *err);

/* --- looks ---------------------------------------------------------------------------------------------- */

typedef struct {
    Rect picture, sliders, strip, side, tree, line; /* empty where there is no room */
} SteerLayout;

/* app NULL: as if no border had been dragged. */
SteerLayout steer_layout(const SteerScreen *s, const App *app, Rect area);
bool steer_narrow(const App *app);
int steer_borders(const void *self, const App *app, Rect area, Border *out, int max);
int steer_slider_rows(const SteerScreen *s, const App *app);
Rect steer_slider_list(const SteerLayout *l); /* inside of the box */
/* The picture of the strip at a cell, or -1. */
int steer_strip_at(Rect strip, int x, int y);
void steer_view(const void *self, const App *app, Canvas *c, Rect area);
void steer_picture(Canvas *c, Rect r, const Painting *p, int i); /* nothing where it is not there yet */
