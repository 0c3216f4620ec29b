/* Corners: what is done to items of the tray, and taken back. */
#include "tui/screens/corners_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int corners_meant(const CornersScreen *s, int64_t **id)
{
    const TrayItem *it = corners_selected(s);
    int n = s->picks ? s->picks : it ? 1 : 0;
    *id = n ? malloc((size_t)n * sizeof **id) : NULL;
    if (!*id) return 0;
    if (s->picks)
        memcpy(*id, s->pick, (size_t)n * sizeof **id);
    else
        **id = it->id;
    return n;
}

static void change_free(Change *c)
{
    for (int i = 0; i < c->n; i++) {
        free(c->item[i].before);
        free(c->item[i].after);
    }
    free(c->item);
    *c = (Change){0};
}

void corners_forget(CornersScreen *s)
{
    for (int i = 0; i < s->changes; i++) change_free(&s->undo[i]);
    s->done = s->changes = 0;
}

/* What was taken back is gone now; of too many the oldest goes. */
static void remember(CornersScreen *s, const Change *c)
{
    while (s->changes > s->done) change_free(&s->undo[--s->changes]);
    if (s->changes == CORNERS_UNDO) {
        change_free(&s->undo[0]);
        memmove(s->undo, s->undo + 1, (CORNERS_UNDO - 1) * sizeof *s->undo);
        s->changes = --s->done;
    }
    s->undo[s->changes++] = *c;
    s->done = s->changes;
}

/* --- one item ------------------------------------------------------------------------------------------- */

/* All tags of an item become exactly `tags`. */
static bool put_tags(Tray *t, int64_t id, const char *tags, Err *err)
{
    char words[2 * TRAY_TAGS_MAX + 64];
    TrayList now;
    size_t n = 0;
    if (!tray_get(&now, t, id, err)) return false;
    for (const char *w = now.item[0].tags; *w; w += strcspn(w, " "), w += *w == ' ')
        n += (size_t)snprintf(words + n, sizeof words - n, "-%.*s ", (int)strcspn(w, " "), w);
    snprintf(words + n, sizeof words - n, "%s", tags);
    tray_list_free(&now);
    return tray_tag(t, id, words, err);
}

static bool put_state(Tray *t, int64_t id, const char *name, Err *err)
{
    TrayState state = TRAY_KEPT;
    while (strcmp(tray_state_name(state), name)) state++;
    return tray_state(NULL, t, id, state, err);
}

static bool put(Tray *t, ChangeKind kind, int64_t id, const char *text, Err *err)
{
    if (kind == CHANGE_STATE) return put_state(t, id, text, err);
    return kind == CHANGE_TAGS ? put_tags(t, id, text, err) : tray_note(t, id, text, err);
}

static char *text_of(Tray *t, ChangeKind kind, int64_t id, Err *err)
{
    TrayList now;
    if (!tray_get(&now, t, id, err)) return NULL;
    const TrayItem *it = &now.item[0];
    char *text = strdup(kind == CHANGE_STATE  ? tray_state_name(it->state)
                        : kind == CHANGE_TAGS ? it->tags
                                              : it->note);
    tray_list_free(&now);
    if (!text) err_nomem(err, "a change");
    return text;
}

/* --- many ----------------------------------------------------------------------------------------------- */

/* Does it to one and notes both sides; words are those of a tag command. */
static bool change_one(ItemChange *out, Tray *t, ChangeKind kind, int64_t id, const char *words, Err *err)
{
    *out = (ItemChange){.id = id, .before = text_of(t, kind, id, err)};
    bool ok =
        out->before && (kind == CHANGE_TAGS ? tray_tag(t, id, words, err) : put(t, kind, id, words, err));
    out->after = ok ? text_of(t, kind, id, err) : NULL;
    if (out->after) return true;
    free(out->before);
    return false;
}

static bool change(CornersScreen *s, App *app, ChangeKind kind, const char *words)
{
    int64_t *id;
    Err err = {0};
    Tray *t = world_tray(app);
    int n = t ? corners_meant(s, &id) : 0;
    if (!n) return app_notice(app, "nothing is selected"), true;
    Change c = {.kind = kind, .item = calloc((size_t)n, sizeof *c.item)};
    bool ok = c.item || err_nomem(&err, "a change");
    while (ok && c.n < n) {
        ok = change_one(&c.item[c.n], t, kind, id[c.n], words, &err);
        c.n += ok;
    }
    if (!ok) app_fail(app, &err);
    if (c.n)
        remember(s, &c);
    else
        free(c.item);
    free(id);
    s->picks = 0;
    world_tray_changed(app);
    return true;
}

bool corners_set_state(CornersScreen *s, App *app, TrayState state)
{
    return change(s, app, CHANGE_STATE, tray_state_name(state));
}

bool corners_set_tags(CornersScreen *s, App *app, const char *words)
{
    return change(s, app, CHANGE_TAGS, words);
}

bool corners_set_note(CornersScreen *s, App *app, const char *text)
{
    return change(s, app, CHANGE_NOTE, text);
}

static const char *told(const Change *c, char out[64])
{
    static const char *const what[] = {
        [CHANGE_STATE] = "", [CHANGE_TAGS] = "the tags of ", [CHANGE_NOTE] = "the note of "};
    if (c->n == 1)
        snprintf(out, 64, "%s#%lld", what[c->kind], (long long)c->item[0].id);
    else
        snprintf(out, 64, "%s%d views", what[c->kind], c->n);
    return out;
}

static bool walk(CornersScreen *s, App *app, bool back)
{
    char text[64];
    Err err = {0};
    Tray *t = world_tray(app);
    if (!t || (back ? s->done == 0 : s->done == s->changes))
        return app_notice(app, "nothing to %s", back ? "undo" : "do again"), true;
    const Change *c = &s->undo[back ? s->done - 1 : s->done];
    bool ok = true;
    for (int i = 0; i < c->n && ok; i++)
        ok = put(t, c->kind, c->item[i].id, back ? c->item[i].before : c->item[i].after, &err);
    if (!ok) return app_fail(app, &err), true;
    s->done += back ? -1 : 1;
    app_notice(app, "%s: %s", back ? "taken back" : "done again", told(c, text));
    world_tray_changed(app);
    return true;
}

bool corners_undo(CornersScreen *s, App *app)
{
    return walk(s, app, true);
}

bool corners_redo(CornersScreen *s, App *app)
{
    return walk(s, app, false);
}
