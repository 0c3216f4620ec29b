/* The terminal program: what was asked for is opened, then the app runs over the four screens. */
#include "tui/tui.h"
#include "cli/cli.h"
#include "engine/config.h"
#include "tui/keymap.h"
#include "tui/screens/screens.h"
#include "tui/theme.h"
#include "tui/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    AppOptions app;
    Config *config;
    WorkspaceOptions workspace;
    const char *thing;             /* a model, address, PNG or run; NULL */
    const char *session, *journal; /* files given by hand; NULL: those of the state folder */
    bool resume;
} Ask;

/* --- options -------------------------------------------------------------------------------------------- */

static bool take_value(const char **to, const char *flag, int argc, char **argv, int *i, Err *err)
{
    if (strcmp(argv[*i], flag)) return false;
    if (*i + 1 >= argc) return err_set(err, ERR_USAGE, "%s needs a value", flag);
    *to = argv[++*i];
    return true;
}

static bool take_flag(bool *to, const char *flag, const char *word)
{
    bool taken = !strcmp(word, flag);
    *to |= taken;
    return taken;
}

/* --NAME VALUE of any setting; one that is on or off is on by its name alone. */
static bool take_setting(Config *c, int argc, char **argv, int *i, Err *err)
{
    const char *value = NULL, *word = argv[*i], *after = *i + 1 < argc ? argv[*i + 1] : "";
    SettingId id = strncmp(word, "--", 2) ? SETTING_COUNT : setting_find(word + 2);
    if (id == SETTING_COUNT) return false;
    bool alone = setting_info(id)->kind == SETTING_KIND_BOOL && strcmp(after, "on") && strcmp(after, "off");
    if (!alone && !take_value(&value, word, argc, argv, i, err)) return false;
    return config_set(c, id, alone ? "on" : value, FROM_FLAG, err);
}

static bool take_word(Ask *ask, int argc, char **argv, int *i, Err *err)
{
    const char *word = argv[*i];
    if (take_setting(ask->config, argc, argv, i, err) ||
        (!err->code && app_option(&ask->app, argc, argv, i, err) > 0))
        return true;
    if (err->code) return false;
    if (take_value(&ask->session, "--session-file", argc, argv, i, err) ||
        take_value(&ask->journal, "--journal-file", argc, argv, i, err) ||
        take_flag(&ask->resume, "--resume", word) || take_flag(&ask->app.tour, "--tour", word))
        return true;
    if (err->code) return false;
    if (word[0] == '-')
        return err_set(err, ERR_USAGE, "no option \"%s\"; viewsmith --help lists what there is", word);
    if (ask->thing)
        return err_set(
            err, ERR_USAGE,
            "one thing to open at a time, not \"%s\" and \"%s\"; viewsmith --help lists the commands",
            ask->thing, word);
    ask->thing = word;
    return true;
}

static const char *setting(const Ask *ask, SettingId id)
{
    const char *text = config_text(ask->config, id);
    return *text ? text : NULL;
}

/* An emptied setting is one left to the program. */
static const char *choice(const Ask *ask, SettingId id)
{
    const char *text = setting(ask, id);
    return text ? text : "auto";
}

/* What the options and the settings together ask for. */
static bool settle(Ask *ask, Err *err)
{
    AppOptions *app = &ask->app;
    if (strcmp(choice(ask, SETTING_GRAPHICS), "auto")) app->graphics = setting(ask, SETTING_GRAPHICS);
    app->ascii = config_on(ask->config, SETTING_ASCII);
    app->config = ask->config;
    ask->workspace = (WorkspaceOptions){setting(ask, SETTING_MODEL), setting(ask, SETTING_DATA),
                                        setting(ask, SETTING_RUNS)};
    if (setting(ask, SETTING_THREADS)) setenv("VIEWSMITH_THREADS", setting(ask, SETTING_THREADS), 1);
    Theme theme;
    if (!args_check_config(ask->config, err) || !theme_named(&theme, choice(ask, SETTING_THEME), false, err))
        return false;
    return !ask->resume || !ask->thing ||
           err_set(err, ERR_USAGE, "--resume takes the last session up; leave \"%s\" away, or --resume",
                   ask->thing);
}

static bool read_ask(Ask *ask, int argc, char **argv, Err *err)
{
    ask->app = app_options_default();
    ask->config = config_open(NULL, err);
    for (int i = 1; ask->config && i < argc; i++)
        if (!take_word(ask, argc, argv, &i, err)) return false;
    return ask->config && settle(ask, err);
}

/* --- what is opened ------------------------------------------------------------------------------------- */

/* Puts what was opened where its screen finds it. */
static bool place_thing(World *w, const Thing *t, Context *first, Err *err)
{
    bool view = t->kind == THING_ADDRESS || (t->kind == THING_PICTURE && t->has_address);
    if (view) {
        *first = CONTEXT_STEER;
        return world_show(w, &t->address, err);
    }
    if (t->kind == THING_RUN) {
        snprintf(w->run, sizeof w->run, "%s", t->run.id);
        *first = CONTEXT_TRAIN;
    } else if (t->kind == THING_PICTURE || t->kind == THING_ENCODER) {
        snprintf(t->kind == THING_PICTURE ? w->query : w->encoder, sizeof w->query, "%s", t->path);
        *first = CONTEXT_NEIGHBOURS;
    }
    return true;
}

/* What the word on the command line is, before a generator is open: it may be one itself. */
static bool look_at_thing(Ask *ask, Thing *t, Err *err)
{
    Workspace *bare = NULL;
    bool ok = workspace_open_bare(&bare, &ask->workspace, err) && thing_open(t, bare, ask->thing, err);
    workspace_close(bare);
    if (ok && t->kind == THING_GENERATOR) ask->workspace.model = ask->thing;
    return ok;
}

/* The session's model, data and runs, unless they were asked for otherwise. */
static void use_session(Ask *ask, const Json *before)
{
    const Json *world = json_get(before, "world");
    const struct {
        SettingId id;
        const char **to, *key;
    } row[] = {{SETTING_MODEL, &ask->workspace.model, "model"},
               {SETTING_DATA, &ask->workspace.data, "data"},
               {SETTING_RUNS, &ask->workspace.runs, "runs"}};
    for (size_t i = 0; world && i < sizeof row / sizeof *row; i++)
        if (config_from(ask->config, row[i].id) < FROM_ENVIRONMENT)
            *row[i].to = json_str(world, row[i].key, *row[i].to);
}

static bool read_session(Ask *ask, Json **before, Err *err)
{
    *before = ask->resume ? session_read(ask->session, err) : NULL;
    if (ask->resume && !*before && !err->code)
        return err_set(err, ERR_IO, "there is no session to resume yet: leaving viewsmith keeps one");
    if (*before) use_session(ask, *before);
    ask->app.resume = *before;
    return !ask->resume || *before;
}

/* A script keeps nothing unless it is told where. A journal or session that cannot be written is no reason
 * not to begin. */
static void open_keepers(Ask *ask, World *w)
{
    bool person = !ask->app.script;
    if (ask->journal || (person && config_on(ask->config, SETTING_JOURNAL)))
        w->journal = journal_open(ask->journal, NULL);
    world_record(w, NULL); /* where it begins */
    if (ask->session || (person && config_on(ask->config, SETTING_SESSION)))
        ask->app.session = session_open(ask->session, NULL);
}

static bool run_app(Ask *ask, World *w, Context first, Err *err)
{
    static const Screen *const screens[] = {&screen_views, &screen_steer, &screen_train, &screen_neighbours,
                                            &screen_corners};
    int at = 0;
    while (screens[at]->context != first) at++;
    open_keepers(ask, w);
    AppHooks hooks = world_hooks(w);
    bool ok = app_run(&ask->app, screens, sizeof screens / sizeof *screens, at, &hooks, err);
    return session_close(ask->app.session, ok ? err : NULL) && ok;
}

static bool explore(Ask *ask, Err *err)
{
    Workspace *workspace = NULL;
    World world = {0};
    Thing thing = {0};
    Json *before = NULL;
    Context first = CONTEXT_VIEWS;
    bool ok = read_session(ask, &before, err) && (!ask->thing || look_at_thing(ask, &thing, err));
    ok = ok && workspace_open(&workspace, &ask->workspace, err) &&
         world_open(&world, workspace, ask->app.seed, err) &&
         (!ask->thing || place_thing(&world, &thing, &first, err));
    ok = ok && run_app(ask, &world, first, err);
    world_close(&world);
    thing_close(&thing);
    json_drop(before);
    return ok;
}

int tui_main(int argc, char **argv)
{
    Ask ask = {0};
    Err err = {0};
    bool ok = read_ask(&ask, argc, argv, &err) && explore(&ask, &err);
    config_free(ask.config);
    if (ok) return 0;
    fprintf(stderr, "viewsmith: %s\n", err.msg);
    return err.code == ERR_USAGE ? 2 : err.code == ERR_CANCELLED ? 130 : 1;
}

/* --- for the command line's help ------------------------------------------------------------------------ */

static void print_keys(void)
{
    Buf out = {0};
    keymap_manual(&out);
    if (!out.failed) fwrite(out.p, 1, out.n, stdout);
    buf_free(&out);
}

/* What read_ask takes: the settings, and what is of one start only. */
static const Option options[] = {
#define X(id, name, kind, initial, choices, low, high, help)                                                 \
    {name, OPTION_TEXT, choices, initial, 0, 0, false, help},
    SETTINGS(X)
#undef X
        {"resume", OPTION_FLAG, NULL, NULL, 0, 0, false, "Take the last session up where it was left"},
    {"tour", OPTION_FLAG, NULL, NULL, 0, 0, false, "Begin with a minute's tour"},
    {"seed", OPTION_SEED, "N", "0", 0, 0, false, "Where random choices start"},
    {"session-file", OPTION_TEXT, "FILE", NULL, 0, 0, false,
     "Keep the session there, and resume it from there"},
    {"journal-file", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Write the journal there"},
    {"script", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Play keys from a file, without a terminal"},
    {"size", OPTION_TEXT, "COLSxROWS", "100x34", 0, 0, false, "With --script: the size of the screen"},
    {"cell", OPTION_TEXT, "WxH", NULL, 0, 0, false,
     "Pixels of a character, where the terminal is not to be believed"},
    {"fake-clock", OPTION_FLAG, NULL, NULL, 0, 0, false, "With --script: time passes only while it waits"},
    {"dump-screen", OPTION_TEXT, "FILE", NULL, 0, 0, false, "With --script: the last screen as text"},
    {"dump-image", OPTION_TEXT, "PNG", NULL, 0, 0, false, "With --script: the last screen as a picture"},
    {0},
};

const CliFront tui_front = {tui_main, print_keys, options};
