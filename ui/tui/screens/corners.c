/* Corners: the tray on the screen. What is kept, sorted by nothing but time, found by tags, made from one
 * another; and what searches found, to keep or to drop. */
#include "tui/screens/corners_state.h"
#include "tui/screens/screens.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is shown -------------------------------------------------------------------------------------- */

const TrayItem *corners_selected(const CornersScreen *s)
{
    const CornersPane *p = &s->pane[s->focus];
    return p->grid.at < (uint64_t)p->list.n ? &p->list.item[p->grid.at] : NULL;
}

bool corners_picked(const CornersScreen *s, int64_t id)
{
    for (int i = 0; i < s->picks; i++)
        if (s->pick[i] == id) return true;
    return false;
}

static uint64_t last_of(const CornersPane *p)
{
    return p->list.n > 0 ? (uint64_t)p->list.n - 1 : 0;
}

static Wall wall_of(const CornersScreen *s, const App *app, int pane)
{
    return corners_wall(s, app, corners_layout(s, app_body(app)).box[pane]);
}

/* The meters of the selected view, once it stands still: each selection is a question. */
static void ask_meters(CornersScreen *s, App *app)
{
    const TrayItem *it = corners_selected(s);
    Address a;
    if (!it || it->id == s->asked_id) return;
    Meters *m = world_meters(app);
    if (!m || !address_parse(&a, it->address, NULL) || !latent_check(((World *)app_world(app))->g, &a, NULL))
        return;
    s->asked_id = it->id;
    s->asked = meters_ask(m, METER_TRAY, &a, 1, NULL);
}

static void settle(CornersScreen *s, App *app)
{
    if (!s->pane[PANE_FOUND].list.n) s->focus = PANE_KEPT;
    for (int i = 0; i < CORNERS_PANES; i++) {
        CornersPane *p = &s->pane[i];
        Wall wall = wall_of(s, app, i);
        if (p->grid.at > last_of(p)) p->grid.at = last_of(p);
        grid_move(&p->grid, &wall, last_of(p), 0, 0);
    }
    ask_meters(s, app);
}

/* Puts the selection on an item that was there before, wherever it is now. */
static void select_id(CornersPane *p, int64_t id)
{
    for (int i = 0; i < p->list.n; i++)
        if (p->list.item[i].id == id) p->grid.at = (uint64_t)i;
}

static bool load_pane(CornersPane *p, Tray *t, const TrayFilter *f, Err *err)
{
    TrayList list;
    int64_t id = p->grid.at < (uint64_t)p->list.n ? p->list.item[p->grid.at].id : 0;
    if (!tray_list(&list, t, f, err)) return false;
    tray_list_free(&p->list);
    p->list = list;
    select_id(p, id);
    return true;
}

static bool load_tags(CornersScreen *s, Tray *t, Err *err)
{
    TrayTag *tag;
    TrayList all;
    int n = tray_tags(&tag, t, err);
    if (n < 0) return false;
    free(s->tag);
    s->tag = tag;
    s->tags = n;
    s->all = s->pane[PANE_KEPT].list.n;
    if (!*s->words) return true;
    if (!tray_list(&all, t, &(TrayFilter){0}, err)) return false;
    s->all = all.n;
    tray_list_free(&all);
    return true;
}

/* Reads the tray again. */
static bool reload(CornersScreen *s, App *app)
{
    Err err = {0};
    Tray *t = world_tray(app);
    if (!t) return false;
    s->seen = tray_changes(t);
    bool none = s->pane[PANE_FOUND].list.n == 0;
    bool ok = load_pane(&s->pane[PANE_KEPT], t, &(TrayFilter){.words = s->words}, &err) &&
              load_pane(&s->pane[PANE_FOUND], t, &(TrayFilter){.states = TRAY_MASK(TRAY_CANDIDATE)}, &err) &&
              load_tags(s, t, &err);
    if (!ok) app_fail(app, &err);
    if (none && s->follow && s->pane[PANE_FOUND].list.n) s->focus = PANE_FOUND;
    settle(s, app);
    return true;
}

static bool corners_open(void *self, App *app, Err *err)
{
    CornersScreen *s = self;
    s->world = app_world(app);
    s->size = app_body(app).h >= 28 ? 2 : 1;
    return world_tray_open(app_world(app), err) && reload(s, app);
}

/* --- moving --------------------------------------------------------------------------------------------- */

static bool move(CornersScreen *s, App *app, int columns, int rows)
{
    CornersPane *p = &s->pane[s->focus];
    Wall wall = wall_of(s, app, s->focus);
    grid_move(&p->grid, &wall, last_of(p), columns, rows);
    ask_meters(s, app);
    return true;
}

static bool move_page(CornersScreen *s, App *app, int by)
{
    return move(s, app, 0, by * wall_of(s, app, s->focus).rows);
}

static bool move_to(CornersScreen *s, App *app, uint64_t at)
{
    s->pane[s->focus].grid.at = at;
    return move(s, app, 0, 0);
}

static bool focus_next(CornersScreen *s, App *app)
{
    if (!s->pane[PANE_FOUND].list.n) return false;
    s->focus = !s->focus;
    ask_meters(s, app);
    return true;
}

static bool resize(CornersScreen *s, App *app, int by)
{
    int size = s->size + by;
    if (size < 0 || size >= CORNERS_SIZES) return false;
    s->size = size;
    settle(s, app);
    return true;
}

/* --- picking and filtering ------------------------------------------------------------------------------ */

static bool pick(CornersScreen *s, App *app, int64_t id)
{
    for (int i = 0; i < s->picks; i++)
        if (s->pick[i] == id) {
            s->pick[i] = s->pick[--s->picks];
            return true;
        }
    int64_t *more = realloc(s->pick, (size_t)(s->picks + 1) * sizeof *more);
    if (!more) return app_notice(app, "no memory to pick more"), true;
    s->pick = more;
    s->pick[s->picks++] = id;
    return true;
}

static bool pick_selected(CornersScreen *s, App *app)
{
    const TrayItem *it = corners_selected(s);
    if (it) pick(s, app, it->id);
    return move(s, app, 1, 0);
}

/* All in sight of the filter, or none when all are picked. */
static bool pick_all(CornersScreen *s, App *app)
{
    const TrayList *list = &s->pane[s->focus].list;
    bool all = s->picks >= list->n;
    s->picks = 0;
    for (int i = 0; i < list->n && !all; i++) pick(s, app, list->item[i].id);
    return true;
}

static bool set_filter(CornersScreen *s, App *app, const char *words)
{
    snprintf(s->words, sizeof s->words, "%s", words);
    s->pane[PANE_KEPT].grid = (Grid){0};
    s->focus = PANE_KEPT;
    return reload(s, app);
}

/* Lets go of what is picked, else of the filter. */
static bool clear(CornersScreen *s, App *app)
{
    if (s->picks) return s->picks = 0, true;
    return *s->words ? set_filter(s, app, "") : false;
}

/* --- going elsewhere ------------------------------------------------------------------------------------ */

static bool selected_address(const CornersScreen *s, App *app, Address *a)
{
    Err err = {0};
    const TrayItem *it = corners_selected(s);
    Tray *t = world_tray(app);
    if (!it) return app_notice(app, "nothing is selected"), false;
    if (t && address_parse(a, it->address, &err) && tray_supply(t, a, &err)) return true;
    app_fail(app, &err);
    return false;
}

static bool show(CornersScreen *s, App *app, Context where)
{
    Address a;
    Err err = {0};
    if (!selected_address(s, app, &a)) return true;
    if (!world_show(app_world(app), &a, &err)) return app_fail(app, &err), true;
    app_go(app, where, NULL);
    return true;
}

static bool open_text(App *app, const char *text)
{
    World *w = app_world(app);
    Err err = {0};
    Address a;
    if (!world_read(w, text, &a, &err) || !world_show(w, &a, &err)) return app_fail(app, &err), true;
    app_go(app, CONTEXT_STEER, NULL);
    return true;
}

const char *corners_tag(const CornersScreen *s)
{
    for (int i = 0; i < s->tags; i++)
        if (!strcmp(s->tag[i].name, s->words)) return s->tag[i].name;
    return "";
}

/* The Train screen, set up to take a tenth of each batch from the filter's tag, or from all. */
static bool train_on(const CornersScreen *s, App *app)
{
    char text[TRAY_TAG_MAX + 8];
    snprintf(text, sizeof text, "0.1 %s", corners_tag(s));
    if (!s->all) return app_notice(app, "nothing is kept to train on"), true;
    app_go(app, CONTEXT_TRAIN, &(Event){.kind = EV_ACTION, .action = ACT_TRAIN_TRAY, .text = text});
    return true;
}

/* To the item it was made from, when that is kept. */
static bool go_parent(CornersScreen *s, App *app)
{
    const TrayItem *it = corners_selected(s);
    const TrayList *list = &s->pane[PANE_KEPT].list;
    if (!it || !*it->parent) return app_notice(app, "it was made from nothing else"), true;
    for (int i = 0; i < list->n; i++)
        if (!strcmp(list->item[i].address, it->parent)) {
            s->focus = PANE_KEPT;
            return move_to(s, app, (uint64_t)i);
        }
    app_notice(app, "its parent is not in sight: %s", it->parent);
    return true;
}

static bool save_selected(CornersScreen *s, App *app, const char *path)
{
    Address a;
    const TrayItem *it = corners_selected(s);
    if (!selected_address(s, app, &a)) return true;
    if (it->picture.px)
        world_save(app, &a, &it->picture, path);
    else
        app_notice(app, "the picture is still being made");
    return true;
}

/* --- events --------------------------------------------------------------------------------------------- */

static bool keep(CornersScreen *s, App *app, const char *tags)
{
    const TrayItem *it = corners_selected(s);
    if (it && it->state == TRAY_CANDIDATE) corners_set_state(s, app, TRAY_KEPT);
    return tags ? corners_set_tags(s, app, tags) : true;
}

static bool act_tray(CornersScreen *s, App *app, Action action, const char *text)
{
    switch (action) {
    case ACT_TRAY:
        return keep(s, app, NULL);
    case ACT_TRAY_TAGS:
    case ACT_CORNERS_TAG:
        return text ? keep(s, app, text) : false;
    case ACT_CORNERS_NOTE:
        return text ? corners_set_note(s, app, text) : false;
    case ACT_CORNERS_DROP:
        return corners_set_state(s, app, TRAY_DROPPED);
    case ACT_CORNERS_FILTER:
        return text ? set_filter(s, app, text) : (app_prompt(app, action, s->words), true);
    case ACT_CORNERS_EXPORT:
        return corners_ask_export(s, app);
    case ACT_EXPORT_FOLDER:
        return corners_export(s, app, EXPORT_FOLDER, text);
    case ACT_EXPORT_CLASSES:
        return corners_export(s, app, EXPORT_CLASSES, text);
    case ACT_EXPORT_TAGS:
        return corners_export(s, app, EXPORT_TAGS, text);
    case ACT_EXPORT_SHARDS:
        return corners_export(s, app, EXPORT_SHARDS, text);
    case ACT_CORNERS_IMPORT:
        return text ? corners_import(s, app, text) : false;
    case ACT_CORNERS_TRAIN:
        return train_on(s, app);
    case ACT_CORNERS_COMPARE:
        return corners_compare(s, app, text);
    case ACT_CORNERS_LIKE:
        return corners_search(s, app, CORNER_LIKE);
    case ACT_CORNERS_UNSURE:
        return corners_search(s, app, CORNER_UNSURE);
    case ACT_CORNERS_DISAGREE:
        return corners_search(s, app, CORNER_DISAGREE);
    case ACT_UNDO:
        return corners_undo(s, app);
    case ACT_REDO:
        return corners_redo(s, app);
    default:
        return false;
    }
}

static bool act(CornersScreen *s, App *app, Action action, const char *text)
{
    Address a;
    switch (action) {
    case ACT_UP:
        return move(s, app, 0, -1);
    case ACT_DOWN:
        return move(s, app, 0, 1);
    case ACT_LEFT:
        return move(s, app, -1, 0);
    case ACT_RIGHT:
        return move(s, app, 1, 0);
    case ACT_PAGE_UP:
        return move_page(s, app, -1);
    case ACT_PAGE_DOWN:
        return move_page(s, app, 1);
    case ACT_FIRST:
        return move_to(s, app, 0);
    case ACT_LAST:
        return move_to(s, app, last_of(&s->pane[s->focus]));
    case ACT_FOCUS_NEXT:
    case ACT_FOCUS_BACK:
        return focus_next(s, app);
    case ACT_CORNERS_STEER:
        return show(s, app, CONTEXT_STEER);
    case ACT_CORNERS_NEIGHBOURS:
        return show(s, app, CONTEXT_NEIGHBOURS);
    case ACT_CORNERS_PICK:
        return pick_selected(s, app);
    case ACT_CORNERS_PICK_ALL:
        return pick_all(s, app);
    case ACT_CORNERS_PARENT:
        return go_parent(s, app);
    case ACT_CORNERS_LARGER:
        return resize(s, app, 1);
    case ACT_CORNERS_SMALLER:
        return resize(s, app, -1);
    case ACT_COPY:
        return selected_address(s, app, &a) ? (world_copy(app, &a), true) : true;
    case ACT_SAVE:
        return text ? save_selected(s, app, text) : false;
    case ACT_OPEN:
        return text ? open_text(app, text) : false;
    case ACT_CANCEL:
        return corners_stop_search(s, app) || corners_stop_compare(s, app) || clear(s, app);
    default:
        return act_tray(s, app, action, text);
    }
}

static bool press(CornersScreen *s, App *app, const Event *ev)
{
    CornersLayout at = corners_layout(s, app_body(app));
    const char *tag = corners_tag_at(s, at.side, ev->x, ev->y);
    uint64_t hit;
    if (tag) return set_filter(s, app, strcmp(s->words, tag) ? tag : "");
    for (int i = 0; i < CORNERS_PANES; i++) {
        CornersPane *p = &s->pane[i];
        Wall wall = corners_wall(s, app, at.box[i]);
        if (!p->list.n || !grid_hit(&hit, &p->grid, &wall, last_of(p), ev->x, ev->y)) continue;
        if (s->focus == i && hit == p->grid.at) return show(s, app, CONTEXT_STEER);
        s->focus = i;
        return move_to(s, app, hit);
    }
    return false;
}

static bool mouse(CornersScreen *s, App *app, const Event *ev)
{
    if (ev->mouse == MOUSE_WHEEL_UP) return move(s, app, 0, -1);
    if (ev->mouse == MOUSE_WHEEL_DOWN) return move(s, app, 0, 1);
    return ev->mouse == MOUSE_PRESS && press(s, app, ev);
}

static bool corners_update(void *self, App *app, const Event *ev)
{
    CornersScreen *s = self;
    bool changed = false;
    switch (ev->kind) {
    case EV_ACTION:
        s->follow = false;
        changed = act(s, app, ev->action, ev->text);
        break;
    case EV_PASTE:
        changed = open_text(app, ev->text);
        break;
    case EV_MOUSE:
        s->follow = false;
        changed = mouse(s, app, ev);
        break;
    case EV_RESIZE:
        settle(s, app), changed = true;
        break;
    default:
        break;
    }
    World *w = app_world(app);
    if (w->tray && tray_changes(w->tray) != s->seen) reload(s, app), changed = true;
    return changed;
}

static bool corners_tick(void *self, App *app)
{
    CornersScreen *s = self;
    World *w = app_world(app);
    bool draw = corners_jobs(s, app);
    draw = corners_slice_tick(s, app) || draw;
    if (w->tray && tray_changes(w->tray) != s->seen) draw = reload(s, app);
    return world_take_meters(app, METER_TRAY, &s->meters) || draw;
}

static bool corners_busy(const void *self)
{
    const CornersScreen *s = self;
    const World *w = s->world;
    return s->job || s->search || s->slice || (w->curator && curator_busy(w->curator)) ||
           (w->meters && meters_busy(w->meters, false));
}

static int corners_hints(const void *self, Action *out, int max)
{
    static const Action kept[] = {
        ACT_CORNERS_STEER,   ACT_CORNERS_TAG,    ACT_CORNERS_LIKE,   ACT_CORNERS_UNSURE, ACT_CORNERS_PICK,
        ACT_CORNERS_DROP,    ACT_CORNERS_FILTER, ACT_CORNERS_EXPORT, ACT_CORNERS_IMPORT, ACT_CORNERS_TRAIN,
        ACT_CORNERS_COMPARE, ACT_CORNERS_NOTE,   ACT_FOCUS_NEXT};
    static const Action found[] = {ACT_TRAY,        ACT_CORNERS_DROP,    ACT_CORNERS_STEER,
                                   ACT_CORNERS_TAG, ACT_CORNERS_PICK,    ACT_CORNERS_LIKE,
                                   ACT_FOCUS_NEXT,  ACT_CORNERS_PICK_ALL};
    const CornersScreen *s = self;
    bool above = s->focus == PANE_KEPT;
    int n = above ? (int)(sizeof kept / sizeof *kept) : (int)(sizeof found / sizeof *found);
    if (n > max) n = max;
    memcpy(out, above ? kept : found, (size_t)n * sizeof *out);
    return n;
}

static void corners_save(const void *self, Json *out)
{
    const CornersScreen *s = self;
    const TrayItem *it = corners_selected(s);
    if (*s->words) json_put_str(out, "filter", s->words);
    if (it) json_put_int(out, "item", it->id);
    json_put_int(out, "size", s->size);
}

static bool corners_load(void *self, App *app, const Json *in, Err *err)
{
    CornersScreen *s = self;
    int64_t size = json_int(in, "size", s->size);
    (void)err;
    if (size >= 0 && size < CORNERS_SIZES) s->size = (int)size;
    set_filter(s, app, json_str(in, "filter", ""));
    select_id(&s->pane[PANE_KEPT], json_int(in, "item", 0));
    settle(s, app);
    return true;
}

static void corners_close(void *self, App *app)
{
    CornersScreen *s = self;
    corners_end_jobs(s, app);
    corners_end_slice(s, app);
    for (int i = 0; i < CORNERS_PANES; i++) tray_list_free(&s->pane[i].list);
    if (s->meters) news_drop(&s->meters->news);
    corners_forget(s);
    free(s->tag);
    free(s->pick);
}

const Screen screen_corners = {.name = "Corners",
                               .context = CONTEXT_CORNERS,
                               .size = sizeof(CornersScreen),
                               .open = corners_open,
                               .update = corners_update,
                               .tick = corners_tick,
                               .view = corners_view,
                               .hints = corners_hints,
                               .busy = corners_busy,
                               .save = corners_save,
                               .load = corners_load,
                               .close = corners_close};
