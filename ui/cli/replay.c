/* viewsmith replay: does again what a journal holds, and says where it ends. */
#include "engine/replay.h"
#include "cli/open.h"
#include "engine/export.h"

static const Option options[] = {
    OPTION_MODEL,
    OPTION_RUNS,
    {"no-train", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Do not train runs again: compare the encoders they left"},
    {"out", OPTION_TEXT, "PNG", NULL, 0, 0, false, "Where the last view's picture goes, with its address"},
    {"scale", OPTION_INTEGER, "N", "8", 1, 32, false, "Enlarge pixels"},
    {0},
};

static void tell(void *ctx, const char *line)
{
    cli_note(ctx, "%s", line);
}

static bool save(const Args *a, const Workspace *w, const Address *address, Json *o, Err *err)
{
    const char *out = args_text(a, "out");
    if (!out) return true;
    Pool *pool = open_pool(err);
    Latent *l = pool ? latent_new(w->generator, 1, NULL, pool, err) : NULL;
    bool ok = l && export_view(out, l, address, (int)args_integer(a, "scale"), err);
    latent_free(l);
    pool_free(pool);
    if (ok) json_put_str(o, "file", out);
    return ok;
}

static int replay_command(const Args *a)
{
    Err err = {0};
    Workspace *w = NULL;
    Replay r;
    char text[ADDRESS_BYTES_MAX + 1];
    Json *o = json_make();
    ReplayOptions opt = {.train = !args_flag(a, "no-train"), .tell = tell, .ctx = (void *)(uintptr_t)a};
    bool ok = share_open(&w, a, false, &err) && replay_journal(&r, w, a->word[0], &opt, &err) &&
              address_print(text, &r.address, &err) && save(a, w, &r.address, o, &err);
    workspace_close(w);
    if (!ok) {
        json_drop(o);
        return cli_fail(&err);
    }
    json_put_str(o, "address", text);
    json_put_str(o, "digest", r.digest);
    json_put_int(o, "commands", r.commands);
    json_put_int(o, "jobs", r.jobs);
    cli_note(a, "%d commands, %d jobs; the picture's digest is %.16s", r.commands, r.jobs, r.digest);
    cli_say(a, "%s", text);
    return cli_result(a, o);
}

const Command command_replay = {
    "JOURNAL [--no-train] [--out PNG]",
    "Does again what was done in the terminal program: every change of the view in order, and every\n"
    "run from its settings and the changes made to it, whose encoder must come out the same. The\n"
    "address of the view it ends at is the one line on stdout. The program keeps its journal in\n"
    "~/.local/state/viewsmith/journal.jsonl, or where --journal-file says.",
    "  viewsmith replay ~/.local/state/viewsmith/journal.jsonl\n"
    "  viewsmith replay session.jsonl --json --out end.png",
    options,
    1,
    1,
    replay_command};
