/* The `:` line: completion, history, and what the command would do. */
#include "tui/app_state.h"
#include <stdlib.h>
#include <string.h>

void prompt_open(App *app, const char *text)
{
    app->prompt.open = true;
    app->prompt.at = app->prompt.lines;
    textbox_set(&app->prompt.line, text);
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

static bool run(App *app)
{
    const char *arg;
    char line[TEXTBOX_CAP];
    memcpy(line, app->prompt.line.text, sizeof line);
    app->prompt.open = false;
    if (!line[strspn(line, " ")]) return true;
    prompt_remember(app, line);
    Action action = keymap_command(app_context(app), line, &arg);
    if (!action) {
        app_notice(app, "There is no command \"%.60s\" here; ? lists all", line);
        return true;
    }
    app_do(app, action, *arg ? arg : NULL);
    return true;
}

static void recall(Prompt *p, int by)
{
    int at = p->at + by;
    if (at < 0 || at > p->lines) return;
    p->at = at;
    textbox_set(&p->line, at < p->lines ? p->history[at] : "");
}

bool prompt_key(App *app, int key)
{
    Prompt *p = &app->prompt;
    switch (key) {
    case KEYCODE_ENTER:
        return run(app);
    case KEYCODE_UP:
        recall(p, -1);
        return true;
    case KEYCODE_DOWN:
        recall(p, 1);
        return true;
    case 'C' & 31:
    case KEYCODE_ESCAPE:
        p->open = false;
        return true;
    case KEYCODE_TAB:
        keymap_complete(app_context(app), p->line.text, sizeof p->line.text);
        p->line.cursor = (int)strlen(p->line.text);
        return true;
    case KEYCODE_BACKSPACE:
        if (!*p->line.text) p->open = false;
        break;
    default:
        break;
    }
    return textbox_key(&p->line, key);
}

void prompt_paste(App *app, const char *text)
{
    textbox_insert(&app->prompt.line, text);
}

void prompt_draw(const App *app, Canvas *c, Rect line)
{
    const char *arg, *help = "Tab completes, Enter runs, Escape closes";
    const Textbox *box = &app->prompt.line;
    Action action = keymap_command(app_context(app), box->text, &arg);
    if (action)
        help = action_info(action)->arg && !*arg ? action_info(action)->arg : action_info(action)->help;
    int half = line.w / 2;
    canvas_put(c, line.x + 1, line.y, INK_ACCENT | STYLE_BOLD, ':');
    textbox_draw(box, c, line.x + 2, line.y, half - 2, INK_TEXT);
    canvas_right(c, line.x + line.w - 1, line.y, line.w - half - 2, INK_DIM, help);
}

void prompt_close(App *app)
{
    for (int i = 0; i < app->prompt.lines; i++) free(app->prompt.history[i]);
    app->prompt.lines = 0;
}
