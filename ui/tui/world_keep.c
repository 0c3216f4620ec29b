/* What the world adds to a session, and how it takes it back. */
#include "tui/world.h"
#include <stdio.h>
#include <string.h>

static void put_text(Json *o, const char *key, const char *text)
{
    if (*text) json_put_str(o, key, text);
}

static void put_marks(const Marks *marks, Json *o)
{
    Json *all = json_make();
    char text[ADDRESS_BYTES_MAX + 1];
    for (int i = 0; i < MARKS; i++)
        if (marks->set[i] && address_print(text, &marks->at[i], NULL))
            json_put_str(all, (char[]){marks_letter(i), 0}, text);
    json_put(o, "marks", all);
}

void world_put(void *world, Json *o)
{
    World *w = world;
    char text[ADDRESS_BYTES_MAX + 1];
    if (w->unsaid) world_record(w, NULL); /* session and journal tell of the same view */
    json_put_str(o, "model", w->workspace->model);
    json_put_str(o, "data", w->workspace->data);
    json_put_str(o, "runs", w->workspace->runs);
    if (address_print(text, &w->view, NULL)) json_put_str(o, "view", text);
    if (*w->start.slug && address_print(text, &w->start, NULL)) json_put_str(o, "start", text);
    put_text(o, "run", w->run);
    put_text(o, "query", w->query);
    put_text(o, "encoder", w->encoder);
    put_marks(&w->marks, o);
}

/* A mark that the open generator cannot make is left out. */
static void take_marks(World *w, const Json *all)
{
    const char *text;
    Address a;
    for (JsonIter it = json_first(all); it.key; it = json_next(all, it)) {
        int place = marks_find(it.key);
        if (place < 0 || !json_value_str(it.value, &text) || !address_parse(&a, text, NULL)) continue;
        if (!latent_check(w->g, &a, NULL)) continue;
        w->marks.set[place] = true;
        w->marks.at[place] = a;
    }
}

bool world_take_back(void *world, const Json *o, Err *err)
{
    World *w = world;
    Address a;
    Err why = {0};
    const Json *marks = json_get(o, "marks");
    snprintf(w->run, sizeof w->run, "%s", json_str(o, "run", ""));
    snprintf(w->query, sizeof w->query, "%s", json_str(o, "query", ""));
    snprintf(w->encoder, sizeof w->encoder, "%s", json_str(o, "encoder", ""));
    if (marks) take_marks(w, marks);
    const char *view = json_str(o, "view", NULL), *start = json_str(o, "start", NULL);
    bool ok = !view || (address_parse(&a, view, &why) && world_show(w, &a, &why));
    if (ok && start && address_parse(&a, start, NULL)) w->start = a;
    return ok || err_set(err, why.code, "the view of the session is gone: %s", why.msg);
}
