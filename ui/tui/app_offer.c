/* What the prompt offers: names of commands, and for arguments what the action table says they are. */
#include "base/file.h"
#include "tui/app_state.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Adds text when it begins with what is typed, or, in a second pass, holds it. */
typedef struct {
    Prompt *p;
    const char *typed;
    bool inside; /* the second pass */
} Filling;

static void offer(const Filling *f, const char *text, const char *help)
{
    Prompt *p = f->p;
    size_t n = strlen(f->typed);
    bool begins = !strncasecmp(text, f->typed, n),
         fits = f->inside ? !begins && strcasestr(text, f->typed) : begins;
    if (!fits || p->offers == APP_OFFERS || !*text) return;
    for (int i = 0; i < p->offers; i++)
        if (!strcmp(p->offer[i].text, text)) return;
    snprintf(p->offer[p->offers].text, sizeof p->offer->text, "%s", text);
    p->offer[p->offers++].help = help;
}

/* The screen's own commands go before those that work everywhere. */
static void offer_commands(const Filling *f, Context context)
{
    for (int own = 1; own >= 0; own--)
        for (int a = 1; a < ACT_COUNT; a++) {
            const ActionInfo *info = action_info((Action)a);
            if (info->context == (own ? context : CONTEXT_GLOBAL) && (own || context != CONTEXT_GLOBAL))
                offer(f, info->name, info->help);
        }
}

/* --- arguments --------------------------------------------------------------------------------------------
 */

/* Files and folders that go on where the path typed so far ends; hidden ones only when their dot is typed. */
static void offer_files(const Filling *f)
{
    char folder[1200], path[2300], **names = NULL;
    const char *slash = strrchr(f->typed, '/');
    size_t n = slash ? (size_t)(slash - f->typed) + 1 : 0;
    snprintf(folder, sizeof folder, "%.*s", (int)n, f->typed);
    long count = file_list(n ? folder : ".", &names, NULL);
    for (long i = 0; i < count; i++) {
        if (names[i][0] == '.' && f->typed[n] != '.') continue;
        snprintf(path, sizeof path, "%s%s", folder, names[i]);
        if (strlen(path) < sizeof f->p->offer->text - 1 && file_is_folder(path)) strcat(path, "/");
        if (strlen(path) < sizeof f->p->offer->text) offer(f, path, NULL);
    }
    if (count >= 0) free(names);
}

static void offer_themes(const Filling *f)
{
    char word[64];
    for (int i = 0; setting_choice(SETTING_THEME, i, word, sizeof word); i++)
        if (islower((unsigned char)*word)) offer(f, word, NULL);
    offer_files(f);
}

/* "theme light": the name, then the choices it has. */
static void offer_settings(const Filling *f)
{
    char word[64], both[128];
    size_t n = strcspn(f->typed, " ");
    for (int id = 0; id < SETTING_COUNT; id++) {
        const SettingInfo *info = setting_info((SettingId)id);
        bool named = f->typed[n] && strlen(info->name) == n && !strncmp(info->name, f->typed, n);
        if (!f->typed[n]) offer(f, info->name, info->help);
        for (int i = 0; named && setting_choice((SettingId)id, i, word, sizeof word); i++) {
            snprintf(both, sizeof both, "%s %s", info->name, word);
            if (islower((unsigned char)*word)) offer(f, both, NULL);
        }
    }
}

static void offer_world(const Filling *f, const App *app, const char *argument)
{
    char text[256];
    for (int i = 0; app->hooks.offer && app->hooks.offer(app->hooks.world, argument, i, text, sizeof text);
         i++)
        offer(f, text, NULL);
}

/* One word of an argument's name: small letters stand for themselves, capitals for a kind of thing. */
static void offer_word(const Filling *f, const App *app, const char *word)
{
    if (!strcmp(word, "FILE") || !strcmp(word, "PNG") || !strcmp(word, "MODEL") || !strcmp(word, "FILE.png"))
        offer_files(f);
    else if (!strcmp(word, "THEME"))
        offer_themes(f);
    else if (isupper((unsigned char)*word))
        offer_world(f, app, word);
    else if (islower((unsigned char)*word) && strcmp(word, "or") && strcmp(word, "to"))
        offer(f, word, NULL);
}

/* What a screen offers: the text, and behind a tab what it is. */
static void offer_noted(const Filling *f, char *text)
{
    Prompt *p = f->p;
    char *note = strchr(text, '\t');
    int had = p->offers;
    if (note) *note++ = 0;
    offer(f, text, NULL);
    if (p->offers == had || !note) return;
    snprintf(p->offer[had].note, sizeof p->offer[had].note, "%s", note);
    p->offer[had].help = p->offer[had].note;
}

static void offer_argument(const Filling *f, const App *app, Action action)
{
    const AppSlot *slot = &app->slot[app->current];
    char text[256], word[32];
    int i = 0;
    for (; slot->self && slot->ops->offer && slot->ops->offer(slot->self, app, action, i, text, sizeof text);
         i++)
        offer_noted(f, text);
    if (i || !action_info(action)->arg) return;
    if (action == ACT_SETTING) offer_settings(f);
    for (const char *at = action_info(action)->arg; *at && action != ACT_SETTING;) {
        size_t n = strcspn(at, " ,|");
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        if (n) offer_word(f, app, word);
        at += n + (at[n] != 0);
    }
}

/* Where the argument goes on: of several tags the one at the end is completed, without the minus that takes
 * one away. */
static const char *word_at(Action action, const char *arg)
{
    const char *wants = action_info(action)->arg;
    if (!wants || strcmp(wants, "TAGS")) return arg;
    const char *blank = strrchr(arg, ' ');
    if (blank) arg = blank + 1;
    return arg + (*arg == '-');
}

void offer_fill(App *app)
{
    Prompt *p = &app->prompt;
    const char *line = p->line.text, *arg;
    size_t blank = strspn(line, " "), name = strcspn(line + blank, " ");
    bool naming = !line[blank + name];
    Action action = naming ? ACT_NONE : keymap_command(app_context(app), line, &arg);
    p->offers = 0;
    p->chosen = -1;
    p->from = naming ? (int)blank : action ? (int)(word_at(action, arg) - line) : 0;
    for (int inside = 0; inside < 2; inside++) {
        Filling f = {p, line + p->from, inside};
        if (naming)
            offer_commands(&f, app_context(app));
        else if (action)
            offer_argument(&f, app, action);
    }
    /* A list that shrank at each letter would uncover pictures, which then have to be sent again. */
    if (!naming || p->offers > p->rows) p->rows = p->offers;
}
