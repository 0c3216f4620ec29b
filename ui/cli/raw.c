/* A generator's raw outputs for latents from .npy files. */
#include "cli/raw.h"
#include "cli/open.h"
#include "data/npy.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE = 64 };

typedef struct {
    const Args *args;
    Workspace *workspace;
    const GeneratorConfig *config;
    Npy latent, label;
    bool styles; /* latents are w */
    int per;     /* w given once for all layers (1) or for each (layers) */
    int class;   /* of all, where there are no labels */
    int64_t n;
    Pool *pool;
    GenExec *exec;
    float *w, *style, *onehot; /* of a slice */
    float *image;              /* of all */
} Raw;

static bool load_floats(Npy *out, const char *path, Err *err)
{
    if (!npy_load(path, out, err)) return false;
    if (!out->f32)
        return err_set(err, ERR_FORMAT, "%s: latents are float32, and these are whole numbers", path);
    for (size_t i = 0; i < out->count; i++)
        if (!isfinite(out->f32[i])) return err_set(err, ERR_FORMAT, "%s: number %zu is not finite", path, i);
    return true;
}

/* How many rows of `width` numbers the array holds, whatever its trailing shape; 0 when it does not fit. */
static int64_t rows_of(const Npy *x, int64_t width)
{
    int64_t n = x->rank > 1 ? x->shape[0] : 1;
    return n > 0 && (size_t)n * (size_t)width == x->count ? n : 0;
}

static bool load_latents(Raw *r, Err *err)
{
    const Generator *g = r->workspace->generator;
    const char *path = args_text(r->args, r->styles ? "w" : "z");
    int width = r->styles ? g->config.w_dim : g->config.z_dim;
    if (!load_floats(&r->latent, path, err)) return false;
    r->per = 1;
    r->n = rows_of(&r->latent, width);
    if (!r->n && r->styles) r->n = rows_of(&r->latent, (int64_t)width * (r->per = g->layers));
    if (r->n) return true;
    if (r->styles)
        return err_set(err, ERR_FORMAT, "%s: %s takes w of shape (N, %d) or (N, %d, %d)", path, g->slug,
                       width, g->layers, width);
    return err_set(err, ERR_FORMAT, "%s: %s takes z of shape (N, %d)", path, g->slug, width);
}

static bool load_labels(Raw *r, const char *path, Err *err)
{
    if (!npy_load(path, &r->label, err)) return false;
    if (!r->label.i64) return err_set(err, ERR_FORMAT, "%s: labels are whole numbers of shape (N)", path);
    if ((int64_t)r->label.count != r->n)
        return err_set(err, ERR_FORMAT, "%s: %zu labels for %lld latents", path, r->label.count,
                       (long long)r->n);
    for (size_t i = 0; i < r->label.count; i++)
        if (r->label.i64[i] < 0 || r->label.i64[i] >= r->config->classes)
            return err_set(err, ERR_FORMAT, "%s: label %zu is %lld, and classes are 0 to %d", path, i,
                           (long long)r->label.i64[i], r->config->classes - 1);
    return true;
}

/* The class acts before w, so styles take none. */
static bool find_classes(Raw *r, Err *err)
{
    const char *labels = args_text(r->args, "labels"), *class = args_text(r->args, "class");
    bool wanted = r->config->classes && !r->styles;
    if (!wanted && (labels || class))
        return err_set(err, ERR_USAGE,
                       r->styles ? "--w takes no classes: they act before w"
                                 : "the generator has no classes");
    if (labels && class) return err_set(err, ERR_USAGE, "give --labels or --class, not both");
    if (labels) return load_labels(r, labels, err);
    if (!wanted) return true;
    if (!workspace_class(&r->class, r->workspace, class, err)) return false;
    return r->class >= 0 ||
           err_set(err, ERR_USAGE, "the generator has %d classes: give --labels Y.npy or --class NAME",
                   r->config->classes);
}

static bool check_options(const Args *a, Err *err)
{
    static const char *const other[] = {"seed", "n", "out", "grid", "scale"};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (args_given(a, other[i]))
            return err_set(err, ERR_USAGE, "--%s does not go with --z, --w or --labels", other[i]);
    if (a->words) return err_set(err, ERR_USAGE, "addresses do not go with --z, --w or --labels");
    if (args_given(a, "z") + args_given(a, "w") != 1)
        return err_set(err, ERR_USAGE, "give either --z Z.npy or --w W.npy");
    if (args_given(a, "w") && args_given(a, "psi"))
        return err_set(err, ERR_USAGE, "--psi does not go with --w: it acts between z and the styles");
    return args_given(a, "npy") || err_set(err, ERR_USAGE, "--z and --w want --npy OUT.npy");
}

static bool raw_open(Raw *r, Err *err)
{
    if (!check_options(r->args, err) || !share_open(&r->workspace, r->args, false, err)) return false;
    Generator *g = r->workspace->generator;
    g->exact = args_flag(r->args, "exact");
    r->config = &g->config;
    r->styles = args_given(r->args, "w");
    if (!load_latents(r, err) || !find_classes(r, err)) return false;
    r->pool = open_pool(err);
    r->exec = r->pool ? generator_exec(g, SLICE, r->pool, err) : NULL;
    if (!r->exec) return false;
    size_t w = (size_t)g->config.w_dim;
    r->w = malloc(SLICE * w * sizeof *r->w);
    r->style = malloc(SLICE * w * (size_t)g->layers * sizeof *r->style);
    r->onehot = malloc((SLICE * (size_t)g->config.classes + 1) * sizeof *r->onehot);
    r->image = malloc((size_t)r->n * generator_image_floats(g) * sizeof *r->image);
    return (r->w && r->style && r->onehot && r->image) || err_nomem(err, "the raw outputs");
}

static void raw_close(Raw *r)
{
    gen_exec_free(r->exec);
    pool_free(r->pool);
    npy_free(&r->latent);
    npy_free(&r->label);
    workspace_close(r->workspace);
    free(r->w);
    free(r->style);
    free(r->onehot);
    free(r->image);
}

/* w of image `at`, pulled towards the mean of its class. */
static void truncate_w(const Raw *r, float *w, int64_t at)
{
    int64_t class = r->label.i64 ? r->label.i64[at] : r->class;
    size_t n = (size_t)r->config->w_dim;
    const float *mean = r->workspace->generator->w_mean + (class > 0 ? (size_t) class * n : 0);
    float psi = (float)args_number(r->args, "psi");
    for (size_t i = 0; psi != 1 && i < n; i++) w[i] = mean[i] + psi * (w[i] - mean[i]);
}

static const float *map_slice(Raw *r, int64_t from, int count)
{
    size_t classes = (size_t)r->config->classes;
    memset(r->onehot, 0, (size_t)count * classes * sizeof *r->onehot);
    for (int i = 0; classes && i < count; i++) {
        int64_t class = r->label.i64 ? r->label.i64[from + i] : r->class;
        r->onehot[(size_t)i * classes + (size_t) class] = 1;
    }
    generator_map(r->exec, r->w, r->latent.f32 + (size_t)from * (size_t)r->config->z_dim,
                  classes ? r->onehot : NULL, count);
    for (int i = 0; i < count; i++) truncate_w(r, r->w + (size_t)i * (size_t)r->config->w_dim, from + i);
    return r->w;
}

static void make_slice(Raw *r, int64_t from, int count)
{
    const Generator *g = r->workspace->generator;
    size_t width = (size_t)r->config->w_dim, layers = (size_t)g->layers, per = (size_t)r->per;
    const float *w = r->styles ? r->latent.f32 + (size_t)from * per * width : map_slice(r, from, count);
    for (size_t i = 0; i < (size_t)count; i++)
        for (size_t layer = 0; layer < layers; layer++)
            memcpy(r->style + (i * layers + layer) * width, w + (i * per + (per > 1 ? layer : 0)) * width,
                   width * sizeof *w);
    generator_paint(r->exec, r->image + (size_t)from * generator_image_floats(g), r->style, NULL, count);
}

static bool make_all(Raw *r, Err *err)
{
    int64_t shape[] = {r->n, r->config->channels, r->config->size, r->config->size};
    for (int64_t at = 0; at < r->n; at += SLICE) {
        make_slice(r, at, r->n - at < SLICE ? (int)(r->n - at) : SLICE);
        if (r->n > SLICE) cli_progress(r->args, "%lld of %lld", (long long)at, (long long)r->n);
    }
    generator_raw(r->image, r->workspace->generator,
                  (size_t)r->n * generator_image_floats(r->workspace->generator));
    return npy_save_floats(args_text(r->args, "npy"), r->image, shape, 4, err);
}

int raw_command(const Args *a)
{
    Err err = {0};
    Raw r = {.args = a, .class = -1};
    bool ok = raw_open(&r, &err) && make_all(&r, &err);
    if (ok) cli_say(a, "%lld raw outputs in %s", (long long)r.n, args_text(a, "npy"));
    raw_close(&r);
    if (!ok) return cli_fail(&err);
    Json *o = json_make();
    json_put_int(o, "n", r.n);
    json_put_str(o, "npy", args_text(a, "npy"));
    return cli_result(a, o);
}
