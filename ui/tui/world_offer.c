/* What arguments of commands could be: classes, directions, runs, tags, marks. */
#include "tui/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs are read anew whenever the list is begun. */
static const char *run_at(World *w, int i)
{
    if (i == 0) {
        free(w->offered);
        w->offered = NULL;
        w->offers = runs_list(&w->offered, w->workspace->runs, NULL);
    }
    long at = w->offers - 1 - i; /* the newest first */
    if (at < 0) return NULL;
    return *w->offered[at].name ? w->offered[at].name : w->offered[at].id;
}

static bool tag_at(World *w, int i, char *out, size_t cap)
{
    TrayTag *tag = NULL;
    int n = w->tray ? tray_tags(&tag, w->tray, NULL) : 0;
    if (i < n) snprintf(out, cap, "%s", tag[i].name);
    free(tag);
    return i < n;
}

/* "'k": the view under mark k. */
static bool mark_at(const World *w, int i, char *out, size_t cap)
{
    for (int place = 0; place < MARKS; place++) {
        if (!w->marks.set[place] || i--) continue;
        snprintf(out, cap, "'%c", marks_letter(place));
        return true;
    }
    return false;
}

bool world_offer(void *world, const char *argument, int i, char *out, size_t cap)
{
    World *w = world;
    const char *text = NULL;
    if (!strcmp(argument, "CLASS"))
        text = *world_class(w, i) ? world_class(w, i) : NULL;
    else if (!strcmp(argument, "DIRECTION") || !strcmp(argument, "ACROSS"))
        text = i < w->g->directions ? w->g->direction[i].name : NULL;
    else if (!strcmp(argument, "RUN"))
        text = run_at(w, i);
    else if (!strcmp(argument, "TAGS"))
        return tag_at(w, i, out, cap);
    else if (!strcmp(argument, "VIEW"))
        return mark_at(w, i, out, cap);
    if (text) snprintf(out, cap, "%s", text);
    return text != NULL;
}
