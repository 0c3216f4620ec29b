/* Inside engine/: the tray's own state, shared by the files of the tray. */
#pragma once
#include "engine/db.h"
#include "engine/tray.h"

struct Tray {
    Db *db;
    LatentStore store;
};
