/* What the screens do with the tray: keeping a view, and telling when it looks like one that is there
 * already. */
#include "tui/world.h"
#include <stdio.h>
#include <string.h>

bool world_tray_open(World *w, Err *err)
{
    if (w->tray) return true;
    if (!tray_open(&w->tray, NULL, err)) return false;
    w->curator = curator_new(w->workspace, NULL, w->bell, err);
    if (w->curator) return true;
    tray_close(w->tray);
    w->tray = NULL;
    return false;
}

Tray *world_tray(App *app)
{
    World *w = app_world(app);
    Err err = {0};
    if (!world_tray_open(w, &err)) app_fail(app, &err);
    return w->tray;
}

void world_tray_changed(App *app)
{
    World *w = app_world(app);
    if (w->curator) curator_poke(w->curator);
}

/* A view was made from the one that steering began with, unless it has another source. */
static const char *parent_of(const World *w, const Address *a, char text[ADDRESS_BYTES_MAX + 1])
{
    bool made = !memcmp(&w->start.source, &a->source, sizeof a->source) && !address_equal(&w->start, a);
    return made && *w->start.slug && address_print(text, &w->start, NULL) ? text : NULL;
}

/* A pair's pixel augmentation belongs to that step of training: what is kept is the view before it. */
static Address without_pixels(const Address *a)
{
    Address out = *a;
    AddressView *v = &out.view;
    memset(v->recipe, 0, sizeof v->recipe);
    v->recipe_hash = 0;
    v->recipe_counter = 0;
    if (!(v->strength > 0)) memset(v, 0, sizeof *v);
    return out;
}

bool world_keep(App *app, const Address *view, const char *tags)
{
    World *w = app_world(app);
    Address plain = without_pixels(view), *a = &plain;
    char parent[ADDRESS_BYTES_MAX + 1];
    Err err = {0};
    TrayAdded added;
    Tray *t = world_tray(app);
    if (!t) return true;
    if (!tray_add(&added, t, a, tags, NULL, parent_of(w, a, parent), &err)) return app_fail(app, &err), true;
    w->kept = added.id;
    if (added.was)
        app_notice(app, "it is in the tray already: #%lld%s", (long long)added.id,
                   tags ? ", tags added" : "");
    else
        app_notice(app, "kept as #%lld%s%.100s", (long long)added.id, tags ? ", " : "", tags ? tags : "");
    world_tray_changed(app);
    return true;
}

/* What the curator found out about the view that was kept last. */
void world_tick(void *world, App *app)
{
    World *w = world;
    world_train_trouble(app);
    CuratorNews *n = w->curator ? (CuratorNews *)curator_look(w->curator) : NULL;
    if (!n) return;
    if (w->kept && n->id == w->kept) {
        app_notice(app, "kept as #%lld: near-duplicate of #%lld (cosine %.3f)", (long long)n->id,
                   (long long)n->near, (double)n->nearness);
        w->kept = 0;
    }
    news_drop(&n->news);
}
