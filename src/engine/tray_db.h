/* Inside engine/: the tray's own state, shared by the files of the tray. */
#pragma once
#include "engine/db.h"
#include "engine/tray.h"

struct Tray {
    Db *db;
    LatentStore store;
};

/* tray_add for an item that was in a tray before: with its origin and its time (NaN: now), if it is new here.
 */
bool tray_restore(TrayAdded *out, Tray *t, const Address *a, const char *tags, const char *note,
                  const char *parent, const char *origin, double created, Err *err);
/* What an item of a list holds. */
void tray_item_free(TrayItem *it);
