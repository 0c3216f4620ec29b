/* The state of the Views screen, shared by its files:
 *   views.c        the screen: opening, actions, ticks
 *   views_wall.c   the wall: which view is where, asking for pictures
 *   views_sort.c   the wall in order of a meter
 *   views_plane.c  the plane between four seeds
 *   views_pick.c   several views at once: picking, keeping, writing
 *   views_mouse.c  the mouse
 *   views_kept.c   what is in the tray already
 *   views_keep.c   the session
 *   views_view.c   how the wall looks; views_side.c: the right column */
#pragma once
#include "tui/album.h"
#include "tui/screen.h"
#include "tui/widgets/grid.h"
#include "tui/world.h"

#define SORTED_VIEWS 512
#define PICKS_MAX    1024 /* with a wall in sight all fit into the album */
#define SIZES        10

/* The wall in order of a meter. by ORDER_SEED: it is not; order NULL: still being measured. */
typedef struct {
    MeterOrder by;
    uint64_t first; /* seed of list[0] */
    Address *list, from;
    int n, *order;
    uint64_t ticket;
    MeterNews *news;
} Sorted;

/* Four seeds, top left, top right, bottom left, bottom right, and the part of the plane in sight. */
typedef struct {
    bool on;
    uint64_t seed[4];
    int class;
    float x, y, span;
    int cols, rows, cx, cy; /* cells, as the wall has room; the selected one */
    uint64_t ticket;
    MeterNews *news;
} SeedPlane;

typedef struct {
    Address address;
    uint64_t key;
} Pick;

/* A view that is in the tray. */
typedef struct {
    uint64_t key; /* album_key */
    int64_t id, near;
    float nearness;
    char tags[64], note[64];
} KeptView;

typedef struct {
    uint64_t base; /* the seed whose class is the first one when all take turns */
    int class;     /* -1: all in turn */
    float psi;
    int size;   /* index of picture_rows */
    bool sized; /* a person chose it */
    Grid grid;  /* places are seeds, or places in the order */
    Sorted sorted;
    SeedPlane plane;
    Album *album;
    Painting *painting;
    int taken;
    uint64_t asked;
    bool upward;  /* the way the wall moved last: what is prefetched */
    bool waiting; /* something in sight is not painted yet */
    Pick *pick;
    int picks, picks_before; /* before: those a drag of the mouse leaves alone */
    KeptView *kept;          /* by key */
    int kepts;
    uint64_t tray_seen; /* tray_changes of it; 0: not read */
    bool tray_tried;
    uint64_t drag_from, pressed;
    bool dragging;
    double pressed_at;
    char saving[3072]; /* a wall to be written once its pictures are there; "": none */
    char flip;         /* 'A', 'B': shown large instead of the selected view; 0: no */
    MeterNews *meter;  /* of the selected view */
    uint64_t asked_meter, meter_key;
    bool measuring;
    char space[512]; /* what it is measured in: a run or an encoder's file; "": the judge */
} ViewsScreen;

/* --- the wall ------------------------------------------------------------------------------------------- */

int views_side_width(const App *app, Rect body); /* 0: no room */
int views_borders(const void *self, const App *app, Rect area, Border *out, int max);
Wall views_wall(const ViewsScreen *v, const App *app, Rect body);
bool views_is_sorted(const ViewsScreen *v);
uint64_t views_last(const ViewsScreen *v);
/* The view at a place of the wall. */
Address views_at(const ViewsScreen *v, const World *w, uint64_t place);
/* What is selected: on the wall, or in the plane. */
Address views_selected(const ViewsScreen *v, const World *w);
/* Asks the painter for what is missing in sight, then a page further on; and the meters for the selected
 * view. */
void views_ask(ViewsScreen *v, App *app);
void views_move(ViewsScreen *v, App *app, int64_t columns, int64_t rows);
/* Rows begin at the base, whatever the number of columns is now. */
void views_align(ViewsScreen *v, App *app);
/* Puts the selection on a seed. */
void views_go(ViewsScreen *v, App *app, uint64_t seed);
/* The size that fills the wall best with enough pictures, unless a person chose one. */
void views_choose_size(ViewsScreen *v, const App *app);
bool views_resize(ViewsScreen *v, App *app, int by);

/* --- order ---------------------------------------------------------------------------------------------- */

void views_sort(ViewsScreen *v, App *app, MeterOrder by);
/* Sorts again what is another list now: another class, psi or place. */
void views_sort_again(ViewsScreen *v, App *app);
void views_unsort(ViewsScreen *v);
bool views_sort_tick(ViewsScreen *v, App *app);
/* The meter of a place of the sorted wall; NULL: none. */
const Meter *views_sort_meter(const ViewsScreen *v, uint64_t place);

/* --- plane ---------------------------------------------------------------------------------------------- */

/* seeds: four numbers; NULL: those of the four views picked, or the selected one's and the three after it. */
void seeds_show(ViewsScreen *v, App *app, const char *seeds);
void seeds_leave(ViewsScreen *v, App *app);
/* Takes over how many cells the wall has room for. */
void seeds_fit(SeedPlane *p, const Wall *wall);
Address seeds_cell(const ViewsScreen *v, const World *w, int i);
void seeds_move(ViewsScreen *v, App *app, int columns, int rows);
void seeds_zoom(ViewsScreen *v, App *app, bool in);
/* Asks the meters for the cells. */
void seeds_ask(ViewsScreen *v, App *app);
bool seeds_tick(ViewsScreen *v, App *app);
/* NULL: not known yet. */
const Meter *seeds_meter(const ViewsScreen *v, int i);

/* --- several views -------------------------------------------------------------------------------------- */

bool views_picked(const ViewsScreen *v, const Address *a);
void pick_toggle(ViewsScreen *v, App *app);
void pick_step(ViewsScreen *v, App *app, int columns, int rows); /* picks here, moves, picks there */
void pick_sight(ViewsScreen *v, App *app);                       /* all in sight; none where all are */
void pick_rectangle(ViewsScreen *v, App *app, uint64_t from, uint64_t to);
void pick_none(ViewsScreen *v);
void pick_keep(ViewsScreen *v, App *app, const char *tags);
/* Writes the picked views, or all in sight, as one PNG, as soon as their pictures are there. */
void pick_save(ViewsScreen *v, App *app, const char *path);
/* Adds what is still to be painted for that; returns the new count. */
int pick_wanted(const ViewsScreen *v, Address *list, int n, int max);
bool pick_tick(ViewsScreen *v, App *app);

bool kept_tick(ViewsScreen *v, App *app);
/* NULL: not in the tray. */
const KeptView *views_kept(const ViewsScreen *v, const Address *a);

/* Measures in the features of a run's encoder or a file's, or of the judge again: "judge". */
bool views_measure_in(ViewsScreen *v, App *app, const char *what, Err *err);

/* The selected view becomes that of all screens, and that screen is shown. */
bool views_show(ViewsScreen *v, App *app, Context where);
bool views_mouse(ViewsScreen *v, App *app, const Event *ev);

/* --- session and looks ---------------------------------------------------------------------------------- */

void views_save(const void *self, Json *out);
bool views_load(void *self, App *app, const Json *in, Err *err);
int views_hints(const void *self, Action *out, int max);
void views_view(const void *self, const App *app, Canvas *c, Rect area);
void views_column(const ViewsScreen *v, const App *app, Canvas *c, Rect side);
