/* Latents from .npy through mapping and synthesis, in slices. */
#include "cli/raw.h"
#include "data/npy.h"
#include <stdlib.h>
#include <string.h>

#define SLICE 128

typedef struct {
    RawJob *job;
    Npy latent, label;
    GenExec *exec;
    bool wide; /* --w with a w per layer */
    float *onehot, *w, *styles, *out;
} Raw;

static bool floats(Npy *out, const char *path, Err *err)
{
    if (!npy_load(path, out, err)) return false;
    return out->f32 || err_set(err, ERR_FORMAT, "%s: holds integers, not float32", path);
}

/* How many latents there are; the rest of the shape only has to agree in number. */
static bool count(Raw *r, Err *err)
{
    const Generator *g = r->job->generator;
    const char *path = r->job->z ? r->job->z : r->job->w;
    size_t one = (size_t)(r->job->z ? g->config.z_dim : g->config.w_dim), n = r->latent.rank ? (size_t)r->latent.shape[0] : 0;
    if (!r->job->z && n && r->latent.count == n * one * (size_t)g->layers) r->wide = true;
    else if (!n || r->latent.count != n * one)
        return err_set(err, ERR_USAGE, "%s: %zu numbers are not N latents of %zu%s", path, r->latent.count, one,
                       r->job->z ? "" : ", with or without layers");
    r->job->n = (int)n;
    return n <= 10000000 || err_set(err, ERR_LIMIT, "%s: more than 10,000,000 latents", path);
}

static bool check_labels(Raw *r, Err *err)
{
    int classes = r->job->generator->config.classes;
    const char *path = r->job->labels;
    if (!r->job->z || !classes) return !path || err_set(err, ERR_USAGE, "--labels goes with --z of a generator with classes");
    if (!path) return err_set(err, ERR_USAGE, "this generator has classes: give --labels, int64 of %d numbers", r->job->n);
    if (!npy_load(path, &r->label, err)) return false;
    if (!r->label.i64 || r->label.count != (size_t)r->job->n)
        return err_set(err, ERR_USAGE, "%s: int64 of %d numbers is wanted", path, r->job->n);
    for (size_t i = 0; i < r->label.count; i++)
        if (r->label.i64[i] < 0 || r->label.i64[i] >= classes)
            return err_set(err, ERR_USAGE, "%s: number %zu is %lld, and classes are 0 to %d", path, i, (long long)r->label.i64[i],
                           classes - 1);
    return true;
}

static bool allocate(Raw *r, Err *err)
{
    const Generator *g = r->job->generator;
    size_t D = (size_t)g->config.w_dim, L = (size_t)g->layers, C = (size_t)g->config.classes;
    r->onehot = calloc(SLICE * (C + 1), sizeof(float));
    r->w = malloc(SLICE * D * sizeof(float));
    r->styles = malloc(SLICE * L * D * sizeof(float));
    r->out = malloc((size_t)r->job->n * generator_image_floats(g) * sizeof(float));
    r->exec = generator_exec(r->job->generator, SLICE, NULL, err);
    if (!r->exec) return false;
    return (r->onehot && r->w && r->styles && r->out) || err_nomem(err, "outputs");
}

static const float *slice_w(Raw *r, int first, int n)
{
    const Generator *g = r->job->generator;
    size_t C = (size_t)g->config.classes;
    if (!r->job->z) return r->latent.f32 + (size_t)first * (size_t)g->config.w_dim;
    memset(r->onehot, 0, SLICE * C * sizeof(float));
    for (int i = 0; C && i < n; i++) r->onehot[(size_t)i * C + (size_t)r->label.i64[first + i]] = 1;
    generator_map(r->exec, r->w, r->latent.f32 + (size_t)first * (size_t)g->config.z_dim, C ? r->onehot : NULL, n);
    return r->w;
}

static void run_slice(Raw *r, int first, int n)
{
    const Generator *g = r->job->generator;
    size_t D = (size_t)g->config.w_dim, L = (size_t)g->layers;
    const float *styles = r->styles;
    if (r->wide) {
        styles = r->latent.f32 + (size_t)first * L * D;
    } else {
        const float *w = slice_w(r, first, n);
        for (int i = 0; i < n; i++)
            for (size_t l = 0; l < L; l++)
                memcpy(r->styles + ((size_t)i * L + l) * D, w + (size_t)i * D, D * sizeof(float));
    }
    generator_paint(r->exec, r->out + (size_t)first * generator_image_floats(g), styles, NULL, n);
}

bool raw_sample(RawJob *job, Err *err)
{
    Raw r = {.job = job};
    bool ok = floats(&r.latent, job->z ? job->z : job->w, err) && count(&r, err) && check_labels(&r, err) && allocate(&r, err);
    for (int first = 0; ok && first < job->n; first += SLICE) run_slice(&r, first, job->n - first < SLICE ? job->n - first : SLICE);
    const GeneratorConfig *c = &job->generator->config;
    const int64_t shape[] = {job->n, c->channels, c->size, c->size};
    ok = ok && npy_save_floats(job->out, r.out, shape, 4, err);
    gen_exec_free(r.exec);
    npy_free(&r.latent);
    npy_free(&r.label);
    free(r.onehot);
    free(r.w);
    free(r.styles);
    free(r.out);
    return ok;
}
