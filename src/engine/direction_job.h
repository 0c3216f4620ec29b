/* Learning a direction of one's own as a job: the boundary between two sets of views, kept in the store with
 * its report and a caption of what it does. */
#pragma once
#include "engine/job.h"
#include "engine/tray.h"
#include "engine/workspace.h"
#include "latent/direction.h"

#define DIRECTION_APART 16
#define DIRECTION_VIEWS 64 /* that one is described on, where nobody says otherwise */

typedef struct {
    char name[ADDRESS_DIR_MAX + 1];
    Address *plus, *minus; /* from malloc: the views it leads to and from; freed with the task */
    int pluses, minuses;
    char apart[DIRECTION_APART][ADDRESS_DIR_MAX + 1]; /* as direction_word takes them */
    int aparts;
    char plus_name[64], minus_name[64]; /* what the sets are called: tags, files */
    int views;                          /* that it is described on; 0: not described */
} DirectionTask;

void direction_task_free(DirectionTask *t);
/* The kept views with this tag that g makes, at least one; *list is malloc'ed. */
bool direction_tagged(Address **list, int *n, Tray *tray, const Generator *g, const char *tag, Err *err);
/* Where only `plus` is known (at least one): minus becomes what views of these classes are without anything
 * done to them, seeds in turn. */
bool direction_plain(DirectionTask *t, Err *err);

typedef struct {
    News news;                     /* published once, at the end */
    char dir[ADDRESS_DIR_MAX + 1]; /* NAME.8hex, in the store */
    DirectionReport report;
    DirectionEffect effect;
    char *card; /* as it was kept */
} DirectionNews;

/* Takes task (from malloc) over. store NULL: the default one. */
Job *direction_start(const Workspace *ws, DirectionTask *task, const char *store, Bell bell, Err *err);
