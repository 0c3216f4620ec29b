/* The state of the Neighbours screen, shared by its files:
 *   neighbours.c        the screen: opening, actions, ticks
 *   neighbours_query.c  what is asked about, in whose space, among what
 *   neighbours_map.c    the map: its points, what is in sight, the box; neighbours_map_view.c draws it
 *   neighbours_way.c    the way from the view to a picture
 *   neighbours_slice.c  confusions of the probe, and their pictures
 *   neighbours_keep.c   the session
 *   neighbours_view.c   how the query, rows and wall look */
#pragma once
#include "engine/confusion_job.h"
#include "engine/invert_job.h"
#include "engine/map_job.h"
#include "tui/screen.h"
#include "tui/widgets/grid.h"
#include "tui/widgets/scatter.h"
#include "tui/world.h"

#define WAY_FRAMES   9
#define SLICE_MOST   200 /* pictures of a cell that are shown */
#define NEAR_CLASSES 64
#define NEAR_SIZES   6

typedef enum { QUERY_VIEW, QUERY_FILE, QUERY_REAL } QueryKind;
typedef enum { PAGE_ROWS, PAGE_WALL, PAGE_MAP, PAGE_SLICES, NEAR_PAGES } NearPage;

/* The map of the encoder's space. Places are in 0..1 of the whole. */
typedef struct {
    bool pca;
    Job *job;         /* that lays out atlas, or NULL */
    MapNews *news;    /* its newest */
    Atlas *tried;     /* kept: what it laid out last */
    const Atlas *of;  /* what unit is of: the finder's atlas, or NULL */
    float (*unit)[2]; /* (of->n) */
    bool placed;
    float query[2];
    ScatterView view;
    float at[2]; /* the cursor */
    bool boxing, boxed;
    float box[2][2]; /* two corners */
    bool hidden[NEAR_CLASSES];
    bool dragging;
} NearMap;

typedef struct {
    Job *job;
    InvertNews *news;
    char name[48]; /* of what it goes to */
    Address frame[WAY_FRAMES];
    int frames, at; /* 0: there is no way yet */
    uint64_t wish;
    Painting *painted;
    bool focus;
} NearWay;

typedef struct {
    Job *job;
    ConfusionNews *news;
    const Encoder *of; /* asked about; not kept */
    int label, guess;  /* the cell */
    int n, place[SLICE_MOST];
    Image picture[SLICE_MOST];
    Grid grid;
    bool focus; /* its pictures have it */
} NearSlices;

typedef struct {
    QueryKind kind;
    Address view;               /* QUERY_VIEW */
    Image picture;              /* QUERY_FILE: owned; of a view it is in `painted`, of a real one in news */
    int origin;                 /* QUERY_REAL */
    char name[128], path[3072]; /* QUERY_FILE: what it is called; "": it was no file */
    Painting *painted;
    uint64_t wish;   /* the painter's ticket; 0: nothing is being made */
    uint64_t ticket; /* the finder's; 0: not asked yet */
    uint64_t seen;   /* world changes */
    int class;       /* of new views; -1: in turn */
    FinderNews *news;
    NearPage page;
    Metric metric;
    Among among;
    int space, item;     /* the neighbour under the cursor */
    Grid wall;           /* places are items */
    int size;            /* of the wall's pictures; 0: as fits */
    Encoder *encoder;    /* the one handed to the finder, kept; NULL: none yet */
    char encoder_of[32]; /* "run 0007", "a file", "the judge" */
    char sought[3072];   /* the world's word for the encoder that was followed last */
    bool sought_once, waiting;
    NearMap map;
    NearWay way;
    NearSlices slices;
} NeighboursScreen;

/* Where everything lies; what has no room is empty. */
typedef struct {
    Rect query, main, map, way;
    Rect rows;                  /* PAGE_ROWS: inside of main */
    int tile_w, tile_h, labels; /* of the pictures: 1 or 2 lines of words under each */
    int spaces;                 /* that have a row: without a twin the last has none */
    int lines, columns, shown;  /* of each space: shown pictures in so many lines */
    Wall wall;                  /* PAGE_WALL */
} NeighboursLayout;

NeighboursLayout neighbours_layout(const NeighboursScreen *s, const App *app, Rect area);
int neighbours_borders(const void *self, const App *app, Rect area, Border *out, int max);
/* The neighbour at a cell of the rows, or false. */
bool neighbours_at(const NeighboursLayout *l, int x, int y, int *space, int *item);
void neighbours_view(const void *self, const App *app, Canvas *c, Rect area);
/* "cosine .931", "distance 4.21", "inner product 12.3" without its name. */
void near_score(char *out, size_t cap, Metric m, float score, int width);
int neighbours_hints(const void *self, Action *out, int max);

/* --- what is selected ----------------------------------------------------------------------------------- */

typedef struct {
    char name[64];        /* "real:17", "seed 12", "#3", "frame 4" */
    const Image *picture; /* NULL: not there yet */
    int label;            /* -1: none */
    float score;          /* NAN: none */
    int real;             /* a training picture's origin, -1: it is none */
    bool made;            /* it can be made again: */
    Address address;
} NearPick;
/* The picture under the cursor of what has the focus; false: none. */
bool near_pick(NearPick *out, const NeighboursScreen *s, const World *w);

/* --- the query ------------------------------------------------------------------------------------------ */

/* Its picture; NULL while it is being made. */
const Image *near_query(const NeighboursScreen *s);
void near_ask_view(NeighboursScreen *s, App *app, const Address *a);
void near_ask_real(NeighboursScreen *s, App *app, int origin);
/* picture is taken over; path "": it cannot be opened again. */
void near_ask_picture(NeighboursScreen *s, App *app, Image *picture, const char *name, const char *path);
/* The finder is asked as soon as the picture is there. */
void near_ask_finder(NeighboursScreen *s, App *app);
/* A picture file, an address, "#12", "real:17". Always true: draw. */
bool near_take_text(NeighboursScreen *s, App *app, const char *text);
void near_seek_encoder(NeighboursScreen *s, App *app);
/* The judge has no untrained twin. */
bool near_lacks_twin(const NeighboursScreen *s);
void near_follow_run(NeighboursScreen *s, App *app);
/* Each: what `text` names, or the next one without. */
bool near_set_space(NeighboursScreen *s, App *app, const char *text);
bool near_set_metric(NeighboursScreen *s, App *app, const char *text);
bool near_set_among(NeighboursScreen *s, App *app, const char *text);

/* --- the map -------------------------------------------------------------------------------------------- */

/* Takes over new points or places; begins to lay out what is not. True: draw. */
bool map_tick(NeighboursScreen *s, App *app);
void map_close(NeighboursScreen *s);
bool map_act(NeighboursScreen *s, App *app, const Event *ev);
/* On the small map too; false: it is none of the map's. */
bool map_mouse(NeighboursScreen *s, App *app, const Event *ev);
/* The point nearest to the cursor, -1: none is in sight. */
int map_point(const NeighboursScreen *s);
/* The points that are shown, as the widget takes them; ink and ring (n each) are filled. */
Scatter map_scatter(const NeighboursScreen *s, const World *w, Ink *ink, bool *ring);
bool map_in_box(const NearMap *m, int point);
/* Keeps the generated views in the box; false: there is no box. */
bool map_keep(NeighboursScreen *s, App *app, const char *tags);
/* The part of the map's pane that has the points. */
Rect map_inside(const NeighboursScreen *s, const World *w, Rect pane);
/* The class whose name in the legend is at (x, y), -1: none. */
int map_legend_at(const World *w, Rect pane, int x, int y);
void map_draw(const NeighboursScreen *s, const App *app, Canvas *c, Rect r);
/* The picture under the cursor and what it is; of a box what is in it. */
void map_draw_point(const NeighboursScreen *s, const App *app, Canvas *c, Rect r);

/* --- the way -------------------------------------------------------------------------------------------- */

void way_begin(NeighboursScreen *s, App *app);
bool way_tick(NeighboursScreen *s, App *app);
void way_close(NeighboursScreen *s, App *app);
bool way_shown(const NeighboursScreen *s);
/* Frames that are there are asked for. */
void way_paint(NeighboursScreen *s, App *app);
void way_draw(const NeighboursScreen *s, const App *app, Canvas *c, Rect r);
/* The frame at (x, y), -1: none. */
int way_at(const NeighboursScreen *s, const App *app, Rect r, int x, int y);

/* --- confusions ----------------------------------------------------------------------------------------- */

void slices_open(NeighboursScreen *s, App *app);
bool slices_tick(NeighboursScreen *s, App *app);
void slices_close(NeighboursScreen *s, App *app);
bool slices_act(NeighboursScreen *s, App *app, const Event *ev);
bool slices_mouse(NeighboursScreen *s, App *app, const Event *ev);
void slices_draw(const NeighboursScreen *s, const App *app, Canvas *c, Rect r);

/* --- session -------------------------------------------------------------------------------------------- */

void neighbours_save(const void *self, Json *out);
bool neighbours_load(void *self, App *app, const Json *in, Err *err);
