/* The `:` line: completion, history, and what the command would do. */
#include "base/text.h"
#include "tui/app_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFER_ROWS 10

void prompt_open(App *app, const char *text)
{
    app->prompt.open = true;
    app->prompt.wanting = false;
    app->prompt.proposed = app->prompt.rows = 0;
    app->prompt.at = app->prompt.lines;
    textbox_set(&app->prompt.line, text);
    offer_fill(app);
}

void prompt_propose(App *app, Action action, const char *argument)
{
    char line[TEXTBOX_CAP];
    const char *name = action_info(action)->name;
    snprintf(line, sizeof line, "%s %.1000s", name, argument);
    prompt_open(app, line);
    if (*argument) app->prompt.proposed = (int)strlen(name) + 1;
}

void prompt_remember(App *app, const char *line)
{
    Prompt *p = &app->prompt;
    char *copy = strdup(line);
    if (!copy || !*copy || (p->lines && !strcmp(p->history[p->lines - 1], copy))) {
        free(copy);
        return;
    }
    if (p->lines == APP_HISTORY) {
        free(p->history[0]);
        memmove(p->history, p->history + 1, sizeof *p->history * (APP_HISTORY - 1));
        p->lines--;
    }
    p->history[p->lines++] = copy;
}

/* A command without the argument that it needs stays open and says what it wants. */
static bool run(App *app)
{
    const char *arg;
    char line[TEXTBOX_CAP];
    memcpy(line, app->prompt.line.text, sizeof line);
    app->prompt.open = app->prompt.wanting = false;
    if (!line[strspn(line, " ")]) return true;
    prompt_remember(app, line);
    Action action = keymap_command(app_context(app), line, &arg);
    if (!action) {
        app_notice(app, "There is no command \"%.60s\" here; ? lists all", line);
        return true;
    }
    app_do(app, action, *arg ? arg : NULL);
    app->prompt.wanting = app->prompt.open && !*arg;
    return true;
}

static void recall(App *app, int by)
{
    Prompt *p = &app->prompt;
    int at = p->at + by;
    if (at < 0 || at > p->lines) return;
    p->at = at;
    p->proposed = 0;
    textbox_set(&p->line, at < p->lines ? p->history[at] : "");
    offer_fill(app);
}

/* --- offers -----------------------------------------------------------------------------------------------
 */

/* Puts offer i into the line; the list stays as it is, so that the next one can be tried. */
static void take(Prompt *p, int i)
{
    char line[TEXTBOX_CAP];
    snprintf(line, sizeof line, "%.*s%s", p->from, p->line.text, p->offer[i].text);
    textbox_set(&p->line, line);
    p->chosen = i;
    p->proposed = 0;
}

/* Bytes that all offers begin with. */
static size_t common(const Prompt *p)
{
    size_t n = strlen(p->offer[0].text);
    for (int i = 1; i < p->offers; i++) {
        size_t same = 0;
        while (same < n && p->offer[i].text[same] == p->offer[0].text[same]) same++;
        n = same;
    }
    return n;
}

/* As far as it is certain; then one offer after the other. A name that is certain gets the blank its argument
 * wants. */
static void complete(App *app, int way)
{
    Prompt *p = &app->prompt;
    char line[TEXTBOX_CAP];
    p->proposed = 0;
    if (!p->offers) return;
    size_t n = common(p), typed = strlen(p->line.text) - (size_t)p->from;
    bool longer = p->chosen < 0 && (n > typed || p->offers == 1);
    if (!longer) {
        take(p, p->chosen < 0 && way < 0 ? p->offers - 1 : (p->chosen + way + p->offers) % p->offers);
        return;
    }
    const char *arg;
    snprintf(line, sizeof line, "%.*s%.*s", p->from, p->line.text, (int)n, p->offer[0].text);
    Action action = p->offers == 1 && !strchr(line + p->from, ' ')
                        ? keymap_command(app_context(app), line, &arg)
                        : ACT_NONE;
    if (action && action_info(action)->arg && !*arg && !p->from) strcat(line, " ");
    textbox_set(&p->line, line);
    offer_fill(app);
}

/* Typing or erasing takes the proposal away, any other key makes it the person's own. */
static void answer_proposal(Prompt *p, int key)
{
    bool replaces = (key >= ' ' && key < KEYCODE_NAMED) || key == KEYCODE_BACKSPACE || key == KEYCODE_DELETE;
    if (p->proposed && replaces) p->line.text[p->line.cursor = p->proposed] = 0;
    p->proposed = 0;
}

/* Ctrl-U: the argument first, then the command's name too. */
static bool erase_argument(App *app)
{
    Prompt *p = &app->prompt;
    const char *arg;
    char rest[TEXTBOX_CAP];
    int at = keymap_command(app_context(app), p->line.text, &arg) ? (int)(arg - p->line.text) : 0;
    if (!at || p->line.cursor <= at) return false;
    memcpy(rest, p->line.text + p->line.cursor, strlen(p->line.text + p->line.cursor) + 1);
    strcpy(p->line.text + at, rest);
    p->line.cursor = at;
    return true;
}

static bool edit(App *app, int key)
{
    Prompt *p = &app->prompt;
    bool proposed = p->proposed != 0;
    answer_proposal(p, key);
    bool erased = proposed && (key == KEYCODE_BACKSPACE || key == KEYCODE_DELETE);
    if (!erased && !(key == ('U' & 31) && erase_argument(app)) && !textbox_key(&p->line, key))
        return proposed;
    p->wanting = false;
    offer_fill(app);
    return true;
}

bool prompt_key(App *app, int key)
{
    Prompt *p = &app->prompt;
    switch (key) {
    case KEYCODE_ENTER:
        return run(app);
    case KEYCODE_UP:
    case KEYCODE_DOWN:
        recall(app, key == KEYCODE_UP ? -1 : 1);
        return true;
    case 'C' & 31:
    case KEYCODE_ESCAPE:
        p->open = false;
        return true;
    case KEYCODE_TAB:
    case KEYCODE_TAB | KEYCODE_SHIFT:
        complete(app, key == KEYCODE_TAB ? 1 : -1);
        return true;
    case KEYCODE_BACKSPACE:
        if (!*p->line.text) p->open = false;
        break;
    default:
        break;
    }
    return edit(app, key);
}

void prompt_paste(App *app, const char *text)
{
    answer_proposal(&app->prompt, ' ');
    textbox_insert(&app->prompt.line, text);
    offer_fill(app);
}

/* --- drawing ----------------------------------------------------------------------------------------------
 */

/* The list stands on the line; its rows scroll with the one chosen. */
static Rect list_place(const Prompt *p, int rows, int cols)
{
    int n = p->rows < OFFER_ROWS ? p->rows : OFFER_ROWS, w = cols < 84 ? cols : 84;
    if (n > rows - 4) n = rows - 4;
    return (Rect){0, rows - 1 - n - 2, w, n > 0 ? n + 2 : 0};
}

static int list_top(const Prompt *p, int rows)
{
    return p->chosen >= rows ? p->chosen - rows + 1 : 0;
}

bool prompt_mouse(App *app, const Event *ev)
{
    Prompt *p = &app->prompt;
    Rect in = rect_inset(list_place(p, app->canvas.h, app->canvas.w), 1, 1);
    if (ev->mouse == MOUSE_WHEEL_UP || ev->mouse == MOUSE_WHEEL_DOWN)
        complete(app, ev->mouse == MOUSE_WHEEL_DOWN ? 1 : -1);
    if (ev->mouse != MOUSE_PRESS) return true;
    int row = list_top(p, in.h) + ev->y - in.y;
    if (!rect_has(in, ev->x, ev->y) || row >= p->offers)
        p->open = ev->y == app->canvas.h - 1; /* beside it: away with it */
    else if (p->chosen == row)
        run(app);
    else
        take(p, row);
    return true;
}

static void draw_list(const Prompt *p, Canvas *c)
{
    Rect box = list_place(p, c->h, c->w);
    char count[32];
    if (rect_empty(box)) return;
    snprintf(count, sizeof count, "%d", p->offers);
    Rect in = canvas_popup(c, box, p->from ? "Tab takes the next" : "Commands", count);
    int top = list_top(p, in.h), name = p->offers && p->offer[0].help ? 22 : in.w - 2;
    if (!p->offers) canvas_text(c, in.x + 1, in.y, in.w - 2, INK_DIM, "No command here has that in its name");
    for (int i = 0; i < in.h && top + i < p->offers; i++) {
        const Offer *o = &p->offer[top + i];
        canvas_text(c, in.x + 1, in.y + i, name, INK_ACCENT, o->text);
        if (o->help) canvas_text(c, in.x + 2 + name, in.y + i, in.w - name - 3, INK_DIM, o->help);
        if (top + i == p->chosen) canvas_tint(c, (Rect){in.x, in.y + i, in.w, 1}, STYLE_BAR);
    }
}

/* What is wanted next, else what the command does. */
static void prompt_help(char *out, size_t cap, const App *app)
{
    const char *arg;
    const Prompt *p = &app->prompt;
    Action action = keymap_command(app_context(app), p->line.text, &arg);
    const ActionInfo *info = action_info(action);
    if (!action)
        snprintf(out, cap, "Tab completes, Enter runs, Escape closes");
    else if (p->proposed)
        snprintf(out, cap, "Enter takes it, typing replaces it, \u2192 changes it");
    else if (info->arg && !*arg)
        snprintf(out, cap, "%s%s \u00b7 %s", p->wanting ? "still wanted: " : "", info->arg, info->help);
    else
        snprintf(out, cap, "%s", info->help);
}

void prompt_draw(const App *app, Canvas *c, Rect line)
{
    char help[512];
    const Prompt *p = &app->prompt;
    const Textbox *box = &p->line;
    int wide = text_width(box->text) + 8, most = line.w * 3 / 4;
    wide = wide > most ? most : wide < line.w / 3 ? line.w / 3 : wide;
    draw_list(p, c);
    canvas_put(c, line.x + 1, line.y, INK_ACCENT | STYLE_BOLD, ':');
    textbox_draw(box, c, line.x + 2, line.y, wide - 2, INK_TEXT);
    if (p->proposed && text_width(box->text) < wide - 2)
        canvas_tint(c, (Rect){line.x + 2 + p->proposed, line.y, text_width(box->text) - p->proposed, 1},
                    STYLE_BAR);
    prompt_help(help, sizeof help, app);
    canvas_text(c, line.x + wide + 1, line.y, line.w - wide - 2, p->wanting ? INK_WARN : INK_DIM, help);
}

void prompt_close(App *app)
{
    for (int i = 0; i < app->prompt.lines; i++) free(app->prompt.history[i]);
    app->prompt.lines = 0;
}
