/* viewsmith steer: changes an address by commands, prints the new one, saves the view or a strip of a
 * direction. */
#include "cli/open.h"
#include "engine/export.h"
#include "latent/steer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_SEED_OF("Start from this seed, or put it in ADDRESS"),
    {"class", OPTION_TEXT, "NAME|N", NULL, 0, 0, false, "Class by name or number"},
    {"psi", OPTION_NUMBER, "X", "1", 0, 2, false, "Truncation towards the mean style"},
    {"set", OPTION_TEXT, "COMMAND", NULL, 0, 0, true,
     "\"pca-1 1.25 [A-B]\", \"psi 0.7\", \"mix 12 4-6\", \"noise off\", \"px blur 1\", \"reset\" ..."},
    {"strip", OPTION_TEXT, "DIRECTION", NULL, 0, 0, false, "Save a strip: the view along this direction"},
    {"low", OPTION_NUMBER, "X", "-3", -1000, 1000, false, "First amount of the strip"},
    {"high", OPTION_NUMBER, "X", "3", -1000, 1000, false, "Last amount of the strip"},
    {"n", OPTION_INTEGER, "N", "9", 2, 64, false, "Views of the strip"},
    {"out", OPTION_TEXT, "PNG", NULL, 0, 0, false,
     "Where the picture goes, with its addresses in a text chunk"},
    {"scale", OPTION_INTEGER, "N", "8", 1, 32, false, "Enlarge pixels"},
    {0},
};

enum { STRIP_MAX = 64 };

/* "pca-1 1.25" is short for "set pca-1 1.25". */
static bool command(Address *a, const Generator *g, const char *text, Err *err)
{
    char line[ADDRESS_BYTES_MAX + 64], first[ADDRESS_DIR_MAX + 1];
    size_t n = strcspn(text, " \t");
    snprintf(first, sizeof first, "%.*s", (int)n, text);
    bool direction = n < sizeof first && generator_direction(g, first);
    if (snprintf(line, sizeof line, "%s%s", direction ? "set " : "", text) >= (int)sizeof line)
        return err_set(err, ERR_USAGE, "a --set of %zu bytes is too long", strlen(text));
    return steer_apply(a, g, line, err);
}

static bool option_command(Address *address, const Args *a, const Generator *g, const char *name, Err *err)
{
    char line[256];
    if (!args_given(a, name)) return true;
    snprintf(line, sizeof line, "%s %.200s", name, args_text(a, name));
    return steer_apply(address, g, line, err);
}

static bool steered(Address *out, const Args *a, const Workspace *w, Err *err)
{
    const Generator *g = w->generator;
    *out = steer_start(g, 0, 0, 1);
    if (a->words && !open_address(out, w, a->word[0], err)) return false;
    if (!option_command(out, a, g, "seed", err) || !option_command(out, a, g, "class", err) ||
        !option_command(out, a, g, "psi", err))
        return false;
    for (int i = 0; i < args_count(a, "set"); i++)
        if (!command(out, g, args_nth(a, "set", i), err)) return false;
    return true;
}

static bool save_strip(Json *o, const Args *a, Latent *l, const Address *address, Err *err)
{
    static Address list[STRIP_MAX]; /* large, and there is one command */
    int n = (int)args_integer(a, "n");
    char title[160];
    snprintf(title, sizeof title, "%.60s from %g to %g", args_text(a, "strip"), args_number(a, "low"),
             args_number(a, "high"));
    if (!export_strip_addresses(list, n, address, latent_generator(l), args_text(a, "strip"),
                                (float)args_number(a, "low"), (float)args_number(a, "high"), err) ||
        !export_wall(args_text(a, "out"), l, list, n, n, (int)args_integer(a, "scale"), title, err))
        return false;
    Json *all = json_make_array();
    for (int i = 0; i < n; i++) open_add_address(all, &list[i]);
    json_put(o, "addresses", all);
    return true;
}

static bool save(Json *o, const Args *a, Generator *g, const Address *address, Err *err)
{
    const char *out = args_text(a, "out");
    if (!out) return !args_given(a, "strip") || err_set(err, ERR_USAGE, "--strip wants --out PNG");
    Pool *pool = open_pool(err);
    Latent *l = pool ? latent_new(g, STRIP_MAX, NULL, pool, err) : NULL;
    bool ok =
        l && (args_given(a, "strip") ? save_strip(o, a, l, address, err)
                                     : export_view(out, l, address, (int)args_integer(a, "scale"), err));
    latent_free(l);
    pool_free(pool);
    if (!ok) return false;
    cli_note(a, "saved %s", out);
    json_put_str(o, "file", out);
    return true;
}

static int steer_command(const Args *a)
{
    Err err = {0};
    Workspace *w = NULL;
    Address address;
    char text[ADDRESS_BYTES_MAX + 1];
    Json *o = json_make();
    bool ok = share_open(&w, a, false, &err) && steered(&address, a, w, &err) &&
              address_print(text, &address, &err);
    if (ok) json_put_str(o, "address", text);
    ok = ok && save(o, a, w->generator, &address, &err);
    workspace_close(w);
    if (!ok) {
        json_drop(o);
        return cli_fail(&err);
    }
    cli_say(a, "%s", text);
    return cli_result(a, o);
}

const Command command_steer = {
    "[ADDRESS|PNG] [--set COMMAND]... [--strip DIRECTION] [--out PNG]",
    "Steers a view in words: commands change its address in the order given, and the new address is\n"
    "the one line on stdout. ADDRESS is a full one, a short one (seed=4711/class=7), or a PNG that\n"
    "was saved with one. viewsmith info MODEL lists the directions.",
    "  viewsmith steer --seed 4711 --class sandal --set 'pca-1 1.25' --out sandal.png\n"
    "  viewsmith steer sandal.png --set 'sefa-2 -1 4-6' --set 'psi 0.8'\n"
    "  viewsmith steer sandal.png --strip pca-1 --low -2 --high 2 --out strip.png",
    options,
    0,
    1,
    steer_command};
