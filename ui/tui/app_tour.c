/* The tour: assets/tour.keys drives the program through its own keys, with a caption for each step. Lines are
 * those of test scripts (headless.c): keys by name, :commands, wait, and `say CAPTION`. */
#include "base/clock.h"
#include "base/file.h"
#include "tui/app_state.h"
#include "tui/glyph.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME  "assets/tour.keys"
#define FILE_BYTES ((size_t)1 << 16)
#define KEY_TIME   0.45 /* seconds from key to key */
#define TYPE_TIME  0.06 /* from letter to letter of a command */

bool tour_begin(App *app)
{
    char path[4096];
    uint8_t *bytes;
    size_t size;
    Err err = {0};
    if (!file_shipped(path, sizeof path, FILE_NAME, &err) ||
        !file_read(path, FILE_BYTES, &bytes, &size, &err))
        return app_fail(app, &err), true;
    app->tour =
        (Tour){.text = (char *)bytes, .at = (char *)bytes, .next = clock_seconds(), .screen = app->current};
    if (app->hooks.save) app->hooks.save(app->hooks.world, app->tour.world = json_make());
    app->sheet = NULL;
    return true;
}

/* The view, and the screen, are again what they were. */
void tour_end(App *app)
{
    Tour *t = &app->tour;
    if (!t->text) return;
    app->sheet = NULL;
    app->prompt.open = app->asking = false;
    if (t->world && app->hooks.load) app->hooks.load(app->hooks.world, t->world, NULL);
    json_drop(t->world);
    free(t->text);
    int screen = t->screen;
    *t = (Tour){0};
    app_show_screen(app, screen);
    app_notice(app, "That was the tour; ? shows every key, :tour begins again");
}

double tour_due(const App *app)
{
    return app->tour.text && !app->tour.waiting ? app->tour.next : INFINITY;
}

/* --- steps ------------------------------------------------------------------------------------------------
 */

static void take_line(Tour *t)
{
    size_t n = strcspn(t->at, "\n");
    char line[240];
    snprintf(line, sizeof line, "%.*s", (int)n, t->at);
    t->at += n + (t->at[n] == '\n');
    if (!strncmp(line, "say ", 4))
        snprintf(t->caption, sizeof t->caption, "%s", line + 4);
    else if (!strcmp(line, "wait"))
        t->waiting = true;
    else if (!strncmp(line, "wait ", 5))
        t->next += atof(line + 5);
    else if (*line && *line != '#') {
        snprintf(t->keys, sizeof t->keys, "%.190s", line);
        t->rest = t->keys;
        t->typing = *line == ':';
    }
}

/* The next key of the line; a command ends with Enter. */
static int take_key(Tour *t)
{
    int key = 0;
    if (t->typing)
        key = (int)glyph_next(&t->rest);
    else if (!key_parse_next(&key, &t->rest))
        key = 0;
    bool enter = t->typing && !key;
    if (!key) t->rest = NULL;
    return enter ? KEYCODE_ENTER : key;
}

static void step(App *app)
{
    Tour *t = &app->tour;
    int key = t->rest ? take_key(t) : 0;
    if (key) {
        t->next += t->typing ? TYPE_TIME : KEY_TIME;
        app_press(app, key);
    } else if (!*t->at) {
        tour_end(app);
    } else if (!t->rest) {
        take_line(t);
    }
}

void tour_step(App *app)
{
    Tour *t = &app->tour;
    const AppSlot *slot = &app->slot[app->current];
    double now = clock_seconds();
    if (!t->text) return;
    bool busy = slot->self && slot->ops->busy && slot->ops->busy(slot->self);
    if (t->waiting && !busy) {
        t->waiting = false;
        t->next = fmax(t->next, now);
    }
    while (t->text && !t->waiting && t->next <= now && !app->leaving) {
        step(app);
        app->dirty = true;
    }
    if (t->waiting) app_tick_at(app, now + 0.05);
}

void tour_draw(const App *app, Canvas *c, Rect area)
{
    const char *caption = app->tour.caption;
    int w = area.w < 76 ? area.w - 4 : 72, lines = canvas_wrap_lines(w - 4, caption);
    if (!*caption) return;
    Rect box = {area.x + (area.w - w) / 2, area.y + area.h - lines - 3, w, lines + 2};
    Rect in = rect_inset(canvas_popup(c, box, "Tour", "any key ends it"), 1, 0);
    canvas_wrap(c, in, INK_TEXT, caption);
}
