/* How the tray's items look: pictures and the judge's features, made once for each and kept in the tray, so
 * that walls are drawn at once and near-duplicates are known. By a thread beside the screens, or in the
 * foreground.
 *
 *     Curator *c = curator_new(workspace, NULL, bell, err);
 *     curator_poke(c);                                          something was put in
 *     CuratorNews *n = (CuratorNews *)curator_look(c);          what was found out; NULL before the first */
#pragma once
#include "engine/job.h"
#include "engine/measure.h"
#include "engine/tray.h"

/* --- in the foreground
 * ---------------------------------------------------------------------------------------- */

typedef struct Looker Looker;

/* w and pool must outlive it. Without a judge there are pictures, but no features. */
bool looker_open(Looker **out, const Workspace *w, Pool *pool, Err *err);
void looker_close(Looker *l);
/* Looks at the next few items after *after (0: from the first) that nobody has looked at, and moves it past
 * them; *looked: how many (0: none is left). An item that cannot be made is passed over; failed (may be NULL)
 * says why. */
bool looker_round(int *looked, int64_t *after, Looker *l, Tray *t, Err *failed, Err *err);
/* All of them. */
bool looker_all(Looker *l, Tray *t, Err *failed, Err *err);
/* The space its features are of: the judge's digest, "" without one. */
const char *looker_space(const Looker *l);

/* --- on a thread
 * ---------------------------------------------------------------------------------------------- */

typedef struct {
    News news;
    long looked;    /* items since the start */
    int64_t id;     /* the last one that looks like an earlier one, 0: none yet */
    int64_t near;   /* ... that one */
    float nearness; /* cosine */
    Err err;        /* the last failure, ERR_OK when all is well */
} CuratorNews;

typedef struct Curator Curator;

/* path: of the tray, NULL as in tray_open. w must outlive it. Opens everything on its thread and begins at
 * once. */
Curator *curator_new(const Workspace *w, const char *path, Bell bell, Err *err);
void curator_free(Curator *c);
void curator_poke(Curator *c);
News *curator_look(Curator *c);
bool curator_busy(Curator *c);
