/* Inside the Corners screen: the tray as it is shown, what is picked, and what can be taken back. */
#pragma once
#include "engine/corner_job.h"
#include "engine/slice_job.h"
#include "engine/tray_job.h"
#include "tui/widgets/grid.h"
#include "tui/world.h"

#define CORNERS_SIZES 5
#define CORNERS_UNDO  100
#define CORNERS_WORDS 256

enum { PANE_KEPT, PANE_FOUND, CORNERS_PANES };

/* One thing that was done to items: their states, tags or notes, before and after. */
typedef enum { CHANGE_STATE, CHANGE_TAGS, CHANGE_NOTE } ChangeKind;
typedef struct {
    int64_t id;
    char *before, *after; /* a state as its name, all tags, or a note */
} ItemChange;
typedef struct {
    ChangeKind kind;
    ItemChange *item;
    int n;
} Change;

typedef struct {
    TrayList list;
    Grid grid;
    Wall wall;
} CornersPane;

typedef struct {
    const World *world;
    CornersPane pane[CORNERS_PANES];
    int focus;
    TrayTag *tag;
    int tags;
    char words[CORNERS_WORDS]; /* the filter */
    int all;                   /* kept items without the filter */
    int64_t *pick;             /* ids */
    int picks;
    int size;
    uint64_t seen;             /* tray_changes of the lists */
    Change undo[CORNERS_UNDO]; /* done ones first, then those taken back */
    int done, changes;
    Job *job; /* an export or import under way */
    char job_path[256];
    Job *search; /* for candidates, or NULL */
    CornerWish wish;
    bool follow;       /* nothing was done since the search began: its first candidate takes the focus */
    Job *slice;        /* a comparison of two runs under way, or NULL */
    SliceNews *sliced; /* what the last one found, or NULL */
    MeterNews *meters; /* of the selected view */
    uint64_t asked;
    int64_t asked_id;
} CornersScreen;

/* Where everything lies; pane and wall of the candidates are empty when there are none. */
typedef struct {
    Rect box[CORNERS_PANES], side;
} CornersLayout;
CornersLayout corners_layout(const CornersScreen *s, Rect area);
Wall corners_wall(const CornersScreen *s, const App *app, Rect box);
/* The item under the selection, NULL: none. */
const TrayItem *corners_selected(const CornersScreen *s);
bool corners_picked(const CornersScreen *s, int64_t id);
void corners_view(const void *self, const App *app, Canvas *c, Rect area);
/* The tag whose bar is at (x, y) of the side pane, or NULL. */
const char *corners_tag_at(const CornersScreen *s, Rect side, int x, int y);

/* corners_edit.c: changes that can be taken back. Each applies to the picked items, else to the selected one.
 */
bool corners_set_state(CornersScreen *s, App *app, TrayState state);
bool corners_set_tags(CornersScreen *s, App *app, const char *words);
bool corners_set_note(CornersScreen *s, App *app, const char *text);
bool corners_undo(CornersScreen *s, App *app);
bool corners_redo(CornersScreen *s, App *app);
void corners_forget(CornersScreen *s); /* all changes */
/* corners_job.c: exports, imports and searches. */
bool corners_export(CornersScreen *s, App *app, ExportKind kind, const char *path);
bool corners_import(CornersScreen *s, App *app, const char *path);
bool corners_ask_export(const CornersScreen *s, App *app);
bool corners_search(CornersScreen *s, App *app, CornerWish wish);
bool corners_stop_search(CornersScreen *s, App *app); /* false: none runs */
bool corners_jobs(CornersScreen *s, App *app);        /* tells how they ended; true: draw */
void corners_end_jobs(CornersScreen *s, App *app);
/* corners_slice.c: what two runs know of the filter's tag; text: "RUN RUN", NULL: proposes two. */
bool corners_compare(CornersScreen *s, App *app, const char *text);
bool corners_stop_compare(CornersScreen *s, App *app); /* false: none runs */
bool corners_slice_tick(CornersScreen *s, App *app);   /* true: draw */
void corners_end_slice(CornersScreen *s, App *app);
int corners_slice_rows(const CornersScreen *s); /* that corners_slice_draw wants; 0: nothing to show */
void corners_slice_draw(const CornersScreen *s, Canvas *c, Rect box);
/* The tag that the filter is, "" where it is none. */
const char *corners_tag(const CornersScreen *s);
/* The ids meant, malloc'ed (caller frees); 0: none. */
int corners_meant(const CornersScreen *s, int64_t **id);
