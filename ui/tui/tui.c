/* The terminal program: what was asked for is opened, then the app runs over the four screens. */
#include "tui/tui.h"
#include "tui/screens/screens.h"
#include "tui/world.h"
#include <stdio.h>
#include <string.h>

typedef struct {
    AppOptions app;
    WorkspaceOptions workspace;
    const char *thing; /* a model, address, PNG or run; NULL */
} Ask;

static bool take_value(const char **to, const char *flag, int argc, char **argv, int *i, Err *err)
{
    if (strcmp(argv[*i], flag)) return false;
    if (*i + 1 >= argc) return err_set(err, ERR_USAGE, "%s needs a value", flag);
    *to = argv[++*i];
    return true;
}

static bool read_ask(Ask *ask, int argc, char **argv, Err *err)
{
    ask->app = app_options_default();
    for (int i = 1; i < argc; i++) {
        int taken = app_option(&ask->app, argc, argv, &i, err);
        if (taken < 0) return false;
        if (taken || take_value(&ask->workspace.model, "--model", argc, argv, &i, err) ||
            take_value(&ask->workspace.data, "--data", argc, argv, &i, err) ||
            take_value(&ask->workspace.runs, "--runs", argc, argv, &i, err))
            continue;
        if (err->code) return false;
        if (argv[i][0] == '-')
            return err_set(err, ERR_USAGE, "no option \"%s\"; viewsmith --help lists what there is", argv[i]);
        if (ask->thing)
            return err_set(
                err, ERR_USAGE,
                "one thing to open at a time, not \"%s\" and \"%s\"; viewsmith --help lists the commands",
                ask->thing, argv[i]);
        ask->thing = argv[i];
    }
    return true;
}

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

static bool explore(Ask *ask, Err *err)
{
    static const Screen *const screens[] = {&screen_views, &screen_steer, &screen_train, &screen_neighbours};
    Workspace *workspace = NULL;
    World world = {0};
    Thing thing = {0};
    Context first = CONTEXT_VIEWS;
    bool ok = !ask->thing || look_at_thing(ask, &thing, err);
    ok = ok && workspace_open(&workspace, &ask->workspace, err) &&
         world_open(&world, workspace, ask->app.seed, err) &&
         (!ask->thing || place_thing(&world, &thing, &first, err));
    if (ok) {
        if (!ask->app.script) world.journal = journal_open(NULL, NULL);
        AppHooks hooks = world_hooks(&world);
        ok = app_run(&ask->app, screens, 4, (int)first - CONTEXT_VIEWS, &hooks, err);
    }
    world_close(&world);
    thing_close(&thing);
    return ok;
}

int tui_main(int argc, char **argv)
{
    Ask ask = {0};
    Err err = {0};
    if (read_ask(&ask, argc, argv, &err) && explore(&ask, &err)) return 0;
    fprintf(stderr, "viewsmith: %s\n", err.msg);
    return err.code == ERR_USAGE ? 2 : err.code == ERR_CANCELLED ? 130 : 1;
}
