/* viewsmith sample: views as a PNG, a wall of them, or raw arrays. */
#include "cli/share.h"
#include "cli/raw.h"
#include "data/npy.h"
#include "engine/export.h"
#include <stdio.h>
#include <stdlib.h>

static const Option options[] = {
    OPTION_MODEL,
    {"n", OPTION_INTEGER, "N", "1", 1, 1000000, false, "How many: seeds SEED, SEED+1, ..."},
    OPTION_SEED_OF("Of the first view"),
    {"class", OPTION_TEXT, "NAME|N|all", "all", 0, 0, false, "One class, or all in turn"},
    {"psi", OPTION_NUMBER, "X", "1", 0, 2, false, "Truncation towards the class's mean"},
    {"out", OPTION_TEXT, "PNG", NULL, 0, 0, false, "The view, or a wall; the addresses are in its text chunks"},
    {"cols", OPTION_INTEGER, "N", NULL, 1, 256, false, "Views in a row of the wall (as many as there are classes)"},
    {"scale", OPTION_INTEGER, "N", "2", 1, 32, false, "Enlarge without smoothing"},
    {"npy", OPTION_TEXT, "FILE", NULL, 0, 0, false, "float32 NCHW: views in [-1, 1]; with --z or --w the raw outputs"},
    {"z", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Exactly these latents (N, z); psi 1, stored noise"},
    {"w", OPTION_TEXT, "FILE", NULL, 0, 0, false, "Exactly these styles (N, w) or (N, layers, w)"},
    {"labels", OPTION_TEXT, "FILE", NULL, 0, 0, false, "int64 [N]: the classes of --z"},
    {"exact", OPTION_FLAG, NULL, NULL, 0, 0, false, "Only exact kernels (these generators use no others)"},
    {0},
};

#define WALL_MAX 4096

/* The addresses asked for: words, or seeds with classes in turn. The caller frees. */
static Address *wanted(const Args *a, const Workspace *w, int *n, Err *err)
{
    int class, classes = w->generator->config.classes;
    if (!workspace_class(&class, w, args_text(a, "class"), err)) return NULL;
    *n = a->words ? a->words : (int)args_integer(a, "n");
    Address *list = malloc((size_t)*n * sizeof *list);
    if (!list) return err_nomem(err, "addresses"), NULL;
    for (int i = 0; i < *n; i++) {
        int label = class >= 0 ? class : classes ? i % classes : -1;
        if (!a->words)
            list[i] = address_of_seed(w->generator->slug, w->generator->digest, args_seed(a, "seed") + (uint64_t)i, label,
                                      (float)args_number(a, "psi"));
        else if (!workspace_address(&list[i], w, a->word[i], err)) {
            free(list);
            return NULL;
        }
    }
    return list;
}

static bool save_npy(const Args *a, const Workspace *w, Latent *l, const Address *list, int n, Err *err)
{
    const GeneratorConfig *c = &w->generator->config;
    const int64_t shape[] = {n, c->channels, c->size, c->size};
    float *x = malloc((size_t)n * generator_image_floats(w->generator) * sizeof *x);
    bool ok = (x || err_nomem(err, "views")) && latent_images(x, l, list, n, err) &&
              npy_save_floats(args_text(a, "npy"), x, shape, 4, err);
    free(x);
    return ok;
}

static bool save_png(const Args *a, const Workspace *w, Latent *l, const Address *list, int n, Err *err)
{
    int scale = (int)args_integer(a, "scale"), classes = w->generator->config.classes;
    if (n == 1) return export_view(args_text(a, "out"), l, list, scale, err);
    if (n > WALL_MAX) return err_set(err, ERR_USAGE, "a wall holds at most %d views: use --npy for more", WALL_MAX);
    int cols = args_given(a, "cols") ? (int)args_integer(a, "cols") : classes > 1 && classes <= 40 ? classes : 10;
    return export_wall(args_text(a, "out"), l, list, n, n < cols ? n : cols, scale, "a wall of views", err);
}

static int report(const Args *a, const Address *list, int n)
{
    char text[ADDRESS_BYTES_MAX + 1];
    Json *o = json_make(), *all = json_make_array();
    for (int i = 0; i < n; i++) {
        if (!address_print(text, &list[i], NULL)) continue;
        if (i < WALL_MAX) json_add_str(all, text);
        cli_say(a, "%s", text);
    }
    json_put_int(o, "n", n);
    if (args_given(a, "out")) json_put_str(o, "out", args_text(a, "out"));
    if (args_given(a, "npy")) json_put_str(o, "npy", args_text(a, "npy"));
    json_put(o, "addresses", all);
    return cli_result(a, o);
}

static int sample_views(const Args *a, const Workspace *w)
{
    Err err = {0};
    int n;
    Address *list = wanted(a, w, &n, &err);
    Pool *pool = list ? pool_new(pool_default_threads(), 0, &err) : NULL;
    Latent *l = pool ? latent_new(w->generator, n < 64 ? n : 64, NULL, pool, &err) : NULL;
    bool ok = l && (!args_given(a, "npy") || save_npy(a, w, l, list, n, &err)) &&
              (!args_given(a, "out") || save_png(a, w, l, list, n, &err));
    int status = ok ? report(a, list, n) : cli_fail(&err);
    latent_free(l);
    pool_free(pool);
    free(list);
    return status;
}

static int sample_raw(const Args *a, const Workspace *w)
{
    Err err = {0};
    RawJob job = {.generator = w->generator, .z = args_text(a, "z"), .w = args_text(a, "w"), .labels = args_text(a, "labels"),
                  .out = args_text(a, "npy")};
    if (!raw_sample(&job, &err)) return cli_fail(&err);
    cli_say(a, "%s: %d outputs", job.out, job.n);
    Json *o = json_make();
    json_put_int(o, "n", job.n);
    json_put_str(o, "npy", job.out);
    return cli_result(a, o);
}

static int sample_command(const Args *a)
{
    Err err = {0};
    Workspace *w;
    bool raw = args_given(a, "z") || args_given(a, "w");
    if (!args_given(a, "out") && !args_given(a, "npy")) err_set(&err, ERR_USAGE, "sample wants --out PNG or --npy FILE");
    if (raw && (args_given(a, "out") || !args_given(a, "npy")))
        err_set(&err, ERR_USAGE, "--z and --w go to --npy FILE: raw outputs are no pictures yet");
    if (args_given(a, "z") && args_given(a, "w")) err_set(&err, ERR_USAGE, "give --z or --w, not both");
    if (err.code != ERR_OK || !share_open(&w, a, false, &err)) return cli_fail(&err);
    int status = raw ? sample_raw(a, w) : sample_views(a, w);
    workspace_close(w);
    return status;
}

const Command command_sample = {
    "[ADDRESS...] (--out PNG | --npy FILE) [--n N] [--class NAME]",
    "Makes views from seeds, or the views of the addresses given, and prints their addresses. An\n"
    "address may be short: seed=4711/class=7/psi=0.7.",
    "  viewsmith sample --n 80 --out wall.png\n  viewsmith sample --class sneaker --seed 4711 --psi 0.7 --scale 8 --out one.png\n"
    "  viewsmith sample --z Z.npy --labels Y.npy --npy OUT.npy",
    options, 0, 64, sample_command};
