/* viewsmith steer: changes an address by commands, prints the new one, saves the view, a strip or plane of
 * directions, or the way to another view as an animation. */
#include "cli/open.h"
#include "engine/animate.h"
#include "engine/export.h"
#include "latent/direction.h"
#include "latent/path.h"
#include "latent/steer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_SEED_OF("Start from this seed, or put it in ADDRESS"),
    {"class", OPTION_TEXT, "NAME|N", NULL, 0, 0, false, "Class by name or number"},
    {"psi", OPTION_NUMBER, "X", "1", 0, 2, false, "Truncation: 1 is none, lower is nearer to the typical member of the class"},
    {"set", OPTION_TEXT, "COMMAND", NULL, 0, 0, true,
     "\"pca-1 1.25 [A-B]\", \"psi 0.7\", \"mix 12 4-6\", \"noise off\", \"px occlude x=0.3 side=0.4\", "
     "\"reset\" ..."},
    {"strip", OPTION_TEXT, "DIRECTION", NULL, 0, 0, false,
     "Save a strip: the view along this direction, psi or px-blur, px-occlude.x ..."},
    {"by", OPTION_TEXT, "DIRECTION", NULL, 0, 0, false,
     "With --strip: a second direction upwards, n x n views"},
    {"to", OPTION_TEXT, "ADDRESS|PNG", NULL, 0, 0, false, "With --animate: the view at the other end"},
    {"animate", OPTION_TEXT, "PNG", NULL, 0, 0, false,
     "An animated PNG there and back: the way to --to, or along --strip"},
    {"frames", OPTION_INTEGER, "N", "48", 2, 600, false, "Frames of the animation, one way"},
    {"low", OPTION_NUMBER, "X", "-3", -1000, 1000, false, "First amount of the strip (px-...: its least)"},
    {"high", OPTION_NUMBER, "X", "3", -1000, 1000, false, "Last amount of the strip (px-...: its most)"},
    {"n", OPTION_INTEGER, "N", "9", 2, 64, false, "Views of the strip"},
    {"out", OPTION_TEXT, "PNG", NULL, 0, 0, false,
     "Where the picture goes, with its addresses in a text chunk"},
    {"scale", OPTION_INTEGER, "N", "8", 1, 32, false, "Enlarge pixels"},
    {0},
};

enum { STRIP_MAX = 64 };

/* "pca-1 1.25" is short for "set pca-1 1.25"; directions of one's own get their hash. */
static bool command(Address *a, const Generator *g, const char *text, Err *err)
{
    char line[ADDRESS_BYTES_MAX + 128], first[ADDRESS_DIR_MAX + 1], dir[ADDRESS_DIR_MAX + 1];
    LatentStore store;
    if (!store_open(&store, NULL, err)) return false;
    bool set = !strncmp(text, "set ", 4);
    const char *word = set ? text + 4 + strspn(text + 4, " ") : text;
    size_t n = strcspn(word, " \t");
    snprintf(first, sizeof first, "%.*s", (int)n, word);
    bool direction = n < sizeof first && direction_word(dir, &store, g, first, set ? err : NULL);
    if (set && !direction) return false;
    int length = direction ? snprintf(line, sizeof line, "set %s%s", dir, word + n)
                           : snprintf(line, sizeof line, "%s", text);
    if (length >= (int)sizeof line)
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

/* What a strip goes along and between: a direction, psi, or a pixel operator with its own limits. */
typedef struct {
    char what[ADDRESS_DIR_MAX + 1];
    float low, high;
} Way;

static bool way_of(Way *out, const Args *a, const char *option, const Generator *g, Err *err)
{
    LatentStore store;
    PixelOpKind op;
    int part;
    const char *text = args_text(a, option);
    bool pixel = !strncmp(text, "px-", 3);
    *out = (Way){.low = (float)args_number(a, "low"), .high = (float)args_number(a, "high")};
    if (!pixel && strcmp(text, "psi"))
        return store_open(&store, NULL, err) && direction_word(out->what, &store, g, text, err);
    if (pixel && !steer_pixel(&op, &part, text, err)) return false;
    snprintf(out->what, sizeof out->what, "%s", text);
    if (!args_given(a, "low")) out->low = pixel ? pixel_param(op, part)->low : 0;
    if (!args_given(a, "high")) out->high = pixel ? pixel_param(op, part)->high : 1;
    return true;
}

/* list (n): along --strip. */
static bool row_of(Address *list, int n, const Args *a, const Generator *g, const Address *from, Err *err)
{
    Way way;
    return way_of(&way, a, "strip", g, err) &&
           export_strip_addresses(list, n, from, g, way.what, way.low, way.high, err);
}

/* list (n, n): --strip across, --by upwards. */
static bool plane_of(Address *list, int n, const Args *a, const Generator *g, const Address *from, Err *err)
{
    Address *side = malloc((size_t)n * sizeof *side);
    Way up;
    bool ok = side ? way_of(&up, a, "by", g, err) &&
                         export_strip_addresses(side, n, from, g, up.what, up.high, up.low, err)
                   : err_nomem(err, "a plane of views");
    for (int i = 0; i < n && ok; i++) ok = row_of(list + (size_t)i * (size_t)n, n, a, g, &side[i], err);
    free(side);
    return ok;
}

static bool save_sheet(Json *o, const Args *a, Latent *l, const Address *address, Err *err)
{
    int n = (int)args_integer(a, "n"), count = args_given(a, "by") ? n * n : n;
    const Generator *g = latent_generator(l);
    Address *list = malloc((size_t)count * sizeof *list);
    char title[160];
    if (!list) return err_nomem(err, "a strip of views");
    snprintf(title, sizeof title, "%.60s%s%.40s from %g to %g", args_text(a, "strip"),
             count > n ? ", up " : "", count > n ? args_text(a, "by") : "", args_number(a, "low"),
             args_number(a, "high"));
    bool ok = count > n ? plane_of(list, n, a, g, address, err) : row_of(list, n, a, g, address, err);
    ok = ok && export_wall(args_text(a, "out"), l, list, count, n, (int)args_integer(a, "scale"), title, err);
    Json *all = ok ? json_make_array() : NULL;
    for (int i = 0; i < count && ok; i++) open_add_address(all, &list[i]);
    if (ok) json_put(o, "addresses", all);
    free(list);
    return ok;
}

static bool frames_of(Address *list, int n, const Args *a, const Workspace *w, Latent *l, const Address *from,
                      Err *err)
{
    Address to;
    LatentStore store;
    if (!args_given(a, "to")) return row_of(list, n, a, w->generator, from, err);
    return open_address(&to, w, args_text(a, "to"), err) && store_open(&store, NULL, err) &&
           path_between(list, n, from, &to, true, l, &store, err);
}

static bool save_animation(Json *o, const Args *a, const Workspace *w, Latent *l, const Address *address,
                           Err *err)
{
    int n = (int)args_integer(a, "frames");
    AnimationConfig c = {.scale = (int)args_integer(a, "scale"), .fps = 20, .there_and_back = true};
    if (!args_given(a, "to") && !args_given(a, "strip"))
        return err_set(err, ERR_USAGE, "--animate wants --to ADDRESS or --strip DIRECTION");
    Address *list = malloc((size_t)n * sizeof *list);
    bool ok = list ? frames_of(list, n, a, w, l, address, err) : err_nomem(err, "an animation");
    ok = ok && animate_apng(args_text(a, "animate"), l, list, n, &c, NULL, NULL, err);
    free(list);
    if (!ok) return false;
    cli_note(a, "saved %s", args_text(a, "animate"));
    json_put_str(o, "animation", args_text(a, "animate"));
    return true;
}

static bool save_picture(Json *o, const Args *a, Latent *l, const Address *address, Err *err)
{
    const char *out = args_text(a, "out");
    if (!(args_given(a, "strip") ? save_sheet(o, a, l, address, err)
                                 : export_view(out, l, address, (int)args_integer(a, "scale"), err)))
        return false;
    cli_note(a, "saved %s", out);
    json_put_str(o, "file", out);
    return true;
}

static bool save(Json *o, const Args *a, const Workspace *w, const Address *address, Err *err)
{
    bool film = args_given(a, "animate"), picture = args_given(a, "out");
    if (args_given(a, "by") && !args_given(a, "strip"))
        return err_set(err, ERR_USAGE, "--by wants --strip DIRECTION");
    if (!film && !picture)
        return !args_given(a, "strip") || err_set(err, ERR_USAGE, "--strip wants --out PNG or --animate PNG");
    Pool *pool = open_pool(err);
    Latent *l = pool ? latent_new(w->generator, STRIP_MAX, NULL, pool, err) : NULL;
    bool ok = l && (!picture || save_picture(o, a, l, address, err)) &&
              (!film || save_animation(o, a, w, l, address, err));
    latent_free(l);
    pool_free(pool);
    return ok;
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
    ok = ok && save(o, a, w, &address, &err);
    workspace_close(w);
    if (!ok) {
        json_drop(o);
        return cli_fail(&err);
    }
    cli_say(a, "%s", text);
    return cli_result(a, o);
}

const Command command_steer = {
    "[ADDRESS|PNG] [--set COMMAND]... [--strip DIRECTION [--by DIRECTION]] [--out PNG] [--animate PNG]",
    "Steers a view in words: commands change its address in the order given, and the new address is\n"
    "the one line on stdout. ADDRESS is a full one, a short one (seed=4711/class=7), or a PNG that\n"
    "was saved with one. viewsmith info MODEL lists the directions. Pixel operators do what no\n"
    "direction reaches: px rotate angle=15, px occlude x=0.5 y=0.5 side=0.25 value=-1, px blur sigma=1,\n"
    "px noise strength=0.1 counter=0; what is not said stays as it is, px blur off takes one away.",
    "  viewsmith steer --seed 4711 --class sandal --set 'pca-1 1.25' --out sandal.png\n"
    "  viewsmith steer sandal.png --set 'sefa-2 -1 4-6' --set 'psi 0.8'\n"
    "  viewsmith steer sandal.png --strip pca-1 --low -2 --high 2 --out strip.png\n"
    "  viewsmith steer sandal.png --strip pca-1 --by pca-2 -n 7 --out plane.png\n"
    "  viewsmith steer sandal.png --set 'px occlude side=0.4 y=0.8' --strip px-occlude.x --out strip.png\n"
    "  viewsmith steer sandal.png --to seed=99/class=8 --frames 48 --animate way.png",
    options,
    0,
    1,
    steer_command};
