/* viewsmith sample: views of a generator by seed, class and psi, or by address, as PNG, as numbers, or as
 * addresses. */
#include "cli/meter_cli.h"
#include "cli/raw.h"
#include "base/file.h"
#include "data/npy.h"
#include "engine/animate.h"
#include "engine/export.h"
#include "latent/path.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE = 64, CLASSES_MAX = 64, SHEET_MAX = 4096, FRAMES_MAX = 600 };

static const Option options[] = {
    OPTION_MODEL,
    OPTION_SEED_OF("Of the first view; the others follow"),
    {"class", OPTION_TEXT, "NAME|N", NULL, 0, 0, true, "Class by name or number; several take turns (all)"},
    {"psi", OPTION_NUMBER, "X", "1", 0, 2, false, "Truncation: 1 is none, lower is nearer to the typical member of the class"},
    {"n", OPTION_INTEGER, "N", "1", 1, 1e6, false, "Views (also -n N)"},
    {"out", OPTION_TEXT, "PNG|DIR", NULL, 0, 0, false, "The view, a sheet of several; DIR/: one file each"},
    {"grid", OPTION_INTEGER, "COLUMNS", NULL, 1, 1024, false, "Columns of the sheet (about the square root)"},
    {"scale", OPTION_INTEGER, "N", "1", 1, 32, false, "Enlarge without smoothing"},
    {"frames", OPTION_INTEGER, "N", NULL, 2, 600, false,
     "N views on the way through the addresses, both ends included"},
    {"apng", OPTION_TEXT, "PNG", NULL, 0, 0, false, "The views as one animated PNG, 20 a second"},
    {"npy", OPTION_TEXT, "OUT.npy", NULL, 0, 0, false, "Write the generator's raw output: float32, NCHW"},
    {"z", OPTION_TEXT, "Z.npy", NULL, 0, 0, false, "Exactly these z (N, z) instead of seeds; stored noise"},
    {"w", OPTION_TEXT, "W.npy", NULL, 0, 0, false, "Exactly these styles (N, w) or (N, layers, w)"},
    {"labels", OPTION_TEXT, "Y.npy", NULL, 0, 0, false, "With --z: class numbers, int64 (N)"},
    {"sort", OPTION_TEXT, "METER", NULL, 0, 0, false,
     "Corner cases first: class, unsure, realism or distance (viewsmith meter); up to 4,096 views"},
    {"from", OPTION_TEXT, "ADDRESS", NULL, 0, 0, false, "With --sort distance: from this view (the first)"},
    {"encoder", OPTION_TEXT, "RUN|FILE", NULL, 0, 0, false, "With --sort: whose space it is (the judge's)"},
    OPTION_RUNS,
    OPTION_DATA,
    {"exact", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Convolutions sum in order: without Winograd, whose results are off by 1e-5 of the largest"},
    {0},
};

typedef struct {
    const Args *args;
    Workspace *workspace;
    Pool *pool;
    Latent *latent;
    int class[CLASSES_MAX], classes; /* that take turns; 0: every class, or an unconditional generator */
    long n;
    Address *sorted; /* (n) with --sort or --frames: instead of what fill would make */
    float *raw;      /* (n, C, H, W) for --npy */
    bool folder;     /* --out is one */
    Json *address;   /* of all */
} Sample;

/* With --frames: the addresses given are the stops. */
static bool find_way(Sample *s, Err *err)
{
    LatentStore store;
    int stops = s->args->words;
    if (!args_given(s->args, "frames")) return true;
    Address *stop = malloc(((size_t)stops + 1) * sizeof *stop), *way = malloc((size_t)s->n * sizeof *way);
    bool ok = (stop && way) || err_nomem(err, "a way between views");
    for (int i = 0; i < stops && ok; i++) ok = open_address(&stop[i], s->workspace, s->args->word[i], err);
    ok = ok && store_open(&store, NULL, err) &&
         path_through(way, (int)s->n, stop, stops, false, s->latent, &store, err);
    if (ok) s->sorted = way;
    if (!ok) free(way);
    free(stop);
    return ok;
}

static bool read_classes(Sample *s, Err *err)
{
    int n = args_count(s->args, "class");
    if (n > CLASSES_MAX) return err_set(err, ERR_USAGE, "--class can be given %d times", CLASSES_MAX);
    for (int i = 0; i < n; i++) {
        if (!workspace_class(&s->class[s->classes], s -> workspace, args_nth(s->args, "class", i), err))
            return false;
        if (s->class[s->classes] < 0) return s->classes = 0, true;
        s->classes++;
    }
    return true;
}

static bool fill(Address *list, const Sample *s, long from, int count, Err *err)
{
    if (s->sorted) return memcpy(list, s->sorted + from, (size_t)count * sizeof *list);
    const Generator *g = s->workspace->generator;
    int all = g->config.classes;
    for (int i = 0; i < count; i++) {
        long at = from + i;
        int class = s->classes ? s->class[at % s->classes] : all ? (int)(at % all) : -1;
        list[i] = address_of_seed(g->slug, g->digest, args_seed(s->args, "seed") + (uint64_t)at, class,
                                  (float)args_number(s->args, "psi"));
        if (s->args->words && !open_address(&list[i], s->workspace, s->args->word[at], err)) return false;
    }
    return true;
}

/* Puts list into the order of --sort. */
static bool sort_list(Address *list, const Sample *s, MeterOrder by, Err *err)
{
    Measure *m = NULL;
    Address start = list[0];
    const char *from = args_text(s->args, "from");
    size_t n = (size_t)s->n;
    Meter *meter = malloc(n * sizeof *meter);
    int *order = malloc(n * sizeof *order);
    Address *old = malloc(n * sizeof *old);
    bool ok = (meter && order && old) || err_nomem(err, "sorting");
    ok = ok && (!from || open_address(&start, s->workspace, from, err)) &&
         meter_cli_open(&m, s->args, s->workspace, args_text(s->args, "encoder"), s->pool, err) &&
         measure_views(meter, m, list, (int)n, &start, err);
    if (ok) {
        memcpy(old, list, n * sizeof *old);
        meter_sort(order, meter, (int)n, by);
        for (size_t i = 0; i < n; i++) list[i] = old[order[i]];
    }
    measure_close(m);
    free(meter);
    free(order);
    free(old);
    return ok;
}

static bool sort_views(Sample *s, Err *err)
{
    MeterOrder by;
    const char *word = args_text(s->args, "sort");
    if (!word) return true;
    if (!meter_order_named(&by, word, err)) return false;
    if (s->n > SHEET_MAX) return err_set(err, ERR_USAGE, "--sort takes at most %d views", SHEET_MAX);
    Address *list = malloc((size_t)s->n * sizeof *list);
    if (!list) return err_nomem(err, "sorting");
    bool ok = fill(list, s, 0, (int)s->n, err) && sort_list(list, s, by, err);
    s->sorted = list;
    return ok;
}

static bool save_each(const Sample *s, const Address *list, long from, int count, Err *err)
{
    char path[4096], name[32];
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%06ld.png", from + i);
        if (!file_join(path, sizeof path, args_text(s->args, "out"), name, err) ||
            !export_view(path, s->latent, &list[i], (int)args_integer(s->args, "scale"), err))
            return false;
    }
    return true;
}

static bool take(Sample *s, const Address *list, long from, int count, Err *err)
{
    char text[ADDRESS_BYTES_MAX + 1];
    bool saved = s->raw || args_given(s->args, "out") || args_given(s->args, "apng");
    for (int i = 0; i < count; i++) {
        if (!address_print(text, &list[i], err)) return false;
        json_add_str(s->address, text);
        if (!saved) cli_say(s->args, "%s", text);
    }
    size_t item = generator_image_floats(s->workspace->generator);
    if (s->raw) {
        if (!latent_images(s->raw + (size_t)from * item, s->latent, list, count, err)) return false;
        generator_raw(s->raw + (size_t)from * item, s->workspace->generator, (size_t)count * item);
    }
    if (s->folder && !save_each(s, list, from, count, err)) return false;
    if (saved && s->n > SLICE) cli_progress(s->args, "%ld of %ld views", from + count, s->n);
    return true;
}

static bool save_sheet(const Sample *s, Err *err)
{
    const char *path = args_text(s->args, "out");
    int scale = (int)args_integer(s->args, "scale");
    long columns =
        args_given(s->args, "grid") ? args_integer(s->args, "grid") : (long)ceil(sqrt((double)s->n));
    char line[1024];
    Address *list = malloc((size_t)s->n * sizeof *list);
    if (!list) return err_nomem(err, "a sheet");
    args_line(line, sizeof line, s->args);
    bool ok = fill(list, s, 0, (int)s->n, err) &&
              (s->n == 1 ? export_view(path, s->latent, list, scale, err)
                         : export_wall(path, s->latent, list, (int)s->n, (int)columns, scale, line, err));
    free(list);
    return ok;
}

static bool save_raw(const Sample *s, Err *err)
{
    const GeneratorConfig *c = &s->workspace->generator->config;
    int64_t shape[] = {s->n, c->channels, c->size, c->size};
    return npy_save_floats(args_text(s->args, "npy"), s->raw, shape, 4, err);
}

static bool save_animation(const Sample *s, Err *err)
{
    AnimationConfig c = {.scale = (int)args_integer(s->args, "scale"), .fps = 20};
    if (!args_given(s->args, "apng")) return true;
    Address *list = malloc((size_t)s->n * sizeof *list);
    bool ok = list ? fill(list, s, 0, (int)s->n, err) && animate_apng(args_text(s->args, "apng"), s->latent,
                                                                      list, (int)s->n, &c, NULL, NULL, err)
                   : err_nomem(err, "an animation");
    free(list);
    return ok;
}

/* A folder is what is one, and what ends like one: that is made. */
static bool prepare_out(Sample *s, Err *err)
{
    const char *out = args_text(s->args, "out");
    size_t n = out ? strlen(out) : 0;
    s->folder = n && (out[n - 1] == '/' || file_is_folder(out));
    if (out && !s->folder && s->n > SHEET_MAX)
        return err_set(err, ERR_USAGE, "a sheet holds at most %d views: name a folder, %s/, or use --npy",
                       SHEET_MAX, out);
    return !s->folder || file_make_folder(out, err);
}

static bool check_frames(const Args *a, Err *err)
{
    bool frames = args_given(a, "frames");
    if (frames && (a->words < 2 || a->words > args_integer(a, "frames")))
        return err_set(err, ERR_USAGE,
                       "--frames wants at least two addresses to go between, and a frame for each");
    if (frames && args_given(a, "sort"))
        return err_set(err, ERR_USAGE, "--sort would lose the way of --frames");
    if (args_given(a, "apng") && !frames && (a->words ? a->words : args_integer(a, "n")) > FRAMES_MAX)
        return err_set(err, ERR_USAGE, "--apng holds at most %d views", FRAMES_MAX);
    return true;
}

/* Addresses say all that these options could. */
static bool check_words(const Args *a, Err *err)
{
    static const char *const other[] = {"seed", "class", "psi", "n"};
    for (size_t i = 0; a->words && i < sizeof other / sizeof *other; i++)
        if (args_given(a, other[i]))
            return err_set(err, ERR_USAGE, "--%s does not go with addresses", other[i]);
    return true;
}

static bool sample_open(Sample *s, Err *err)
{
    bool frames = args_given(s->args, "frames");
    s->n = frames           ? args_integer(s->args, "frames")
           : s->args->words ? s->args->words
                            : args_integer(s->args, "n");
    if (!check_words(s->args, err) || !check_frames(s->args, err) ||
        !share_open(&s->workspace, s->args, false, err) || !read_classes(s, err) || !prepare_out(s, err))
        return false;
    s->pool = open_pool(err);
    s->workspace->generator->exact = args_flag(s->args, "exact");
    s->latent = s->pool ? latent_new(s->workspace->generator, SLICE, NULL, s->pool, err) : NULL;
    if (!s->latent || !find_way(s, err) || !sort_views(s, err)) return false;
    if (!args_given(s->args, "npy")) return true;
    s->raw = malloc((size_t)s->n * generator_image_floats(s->workspace->generator) * sizeof *s->raw);
    return s->raw || err_nomem(err, "the pictures");
}

static void sample_close(Sample *s)
{
    latent_free(s->latent);
    pool_free(s->pool);
    workspace_close(s->workspace);
    free(s->sorted);
    free(s->raw);
}

static bool sample_make(Sample *s, Err *err)
{
    static Address list[SLICE]; /* large, and there is one command */
    for (long at = 0; at < s->n; at += SLICE) {
        int count = s->n - at < SLICE ? (int)(s->n - at) : SLICE;
        if (!fill(list, s, at, count, err) || !take(s, list, at, count, err)) return false;
    }
    if ((s->raw && !save_raw(s, err)) || !save_animation(s, err)) return false;
    return s->folder || !args_given(s->args, "out") || save_sheet(s, err);
}

static void report_file(Json *o, const Sample *s, const char *option)
{
    if (!args_given(s->args, option)) return;
    json_put_str(o, option, args_text(s->args, option));
    cli_say(s->args, "%ld view%s in %s", s->n, s->n == 1 ? "" : "s", args_text(s->args, option));
}

static int report(const Sample *s)
{
    Json *o = json_make();
    json_put_int(o, "n", s->n);
    report_file(o, s, "out");
    report_file(o, s, "npy");
    report_file(o, s, "apng");
    json_put(o, "addresses", s->address);
    return cli_result(s->args, o);
}

static int sample_command(const Args *a)
{
    Err err = {0};
    Sample s = {.args = a};
    if (args_given(a, "z") || args_given(a, "w") || args_given(a, "labels")) return raw_command(a);
    s.address = json_make_array();
    bool ok = sample_open(&s, &err) && sample_make(&s, &err);
    if (!ok) json_drop(s.address);
    int status = ok ? report(&s) : cli_fail(&err);
    sample_close(&s);
    return status;
}

const Command command_sample = {
    "[ADDRESS|PNG]... [--seed N] [--class NAME] [--psi X] [-n N] [--out PNG|DIR/] [--npy OUT]",
    "Makes views: those of the addresses given, or N of them, view i with seed N + i and classes in\n"
    "turn. Every PNG carries the addresses that make it again in its text chunk \"viewsmith\". Without\n"
    "--out and --npy the addresses are printed. With --z or --w the generator's raw outputs for\n"
    "exactly these latents are written. With --frames the addresses are stops, and the views are N\n"
    "on the way from the first to the last; --apng makes an animation of them.",
    "  viewsmith sample -n 100 --seed 7 --out wall.png\n  viewsmith sample -n 512 --sort realism --out "
    "odd.png\n  viewsmith sample --class ankle-boot --psi 0.7 "
    "--scale 8 --out boot.png\n"
    "  viewsmith sample -n 1000 --out views/\n  viewsmith sample seed=1/class=3 seed=9/class=7 --frames 48 "
    "--apng way.png\n  viewsmith sample --z z.npy --labels y.npy --npy images.npy",
    options,
    0,
    ARGS_MAX,
    sample_command};
