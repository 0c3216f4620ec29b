/* The works of the benches: each opens what it needs on one arena and repeats one function. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "engine/bench_conv.h"
#include "engine/bench_fit.h"
#include "latent/latent.h"
#include "learn/objective.h"
#include "math/knn.h"
#include "math/optim.h"
#include "model/import.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KNN_ROWS = 60000, KNN_DIM = 128, KNN_NEAREST = 20, SEED = 1 };

struct BenchWork {
    BenchSpec spec;
    Pool *pool;
    bool (*once)(BenchWork *w, int part, Err *err);
    Arena arena; /* arrays below */
    BenchConv *conv;
    BenchFit *fit;
    /* nets */
    Net *net;
    Imported imported;
    Exec *exec; /* train: the contrast's own */
    Weights *weights, *grads, *momentum;
    Contrast contrast;
    /* knn */
    float *base, *query;
    Hit *hits;
    /* view */
    Generator *generator;
    Latent *latent;
    Address *address;
    float *image;
};

/* Takes what `layout` asks for, measured first. */
static bool take_room(BenchWork *w, void (*layout)(BenchWork *w), Err *err)
{
    layout(w);
    size_t size = w->arena.used;
    if (!arena_open(&w->arena, size, err)) return false;
    layout(w);
    return true;
}

/* --- conv and fit ------------------------------------------------------------------------------------------------ */

static bool conv_once(BenchWork *w, int part, Err *err)
{
    (void)err;
    bench_conv_once(w->conv, part);
    return true;
}

static bool open_conv(BenchWork *w, Err *err)
{
    w->once = conv_once;
    w->conv = bench_conv_open(&w->spec, w->pool, err);
    return w->conv != NULL;
}

static bool fit_once(BenchWork *w, int part, Err *err)
{
    (void)part;
    return bench_fit_once(w->fit, err);
}

static bool open_fit(BenchWork *w, Err *err)
{
    w->once = fit_once;
    w->fit = bench_fit_open(w->spec.batch, w->pool, err);
    return w->fit != NULL;
}

/* --- nets -------------------------------------------------------------------------------------------------------- */

/* A network in a file, which gives its net and weights away. */
static bool open_imported(BenchWork *w, Err *err)
{
    Imported *m = &w->imported;
    if (!import_open(m, w->spec.model, NULL, err)) return false;
    w->net = m->net, w->weights = m->weights;
    m->net = NULL, m->weights = NULL;
    if (m->mapping) return err_set(err, ERR_USAGE, "%s: a style-based generator is two networks: bench it with --net view", w->spec.model);
    if ((m->kind == IMPORT_GENERATOR) == (w->spec.kind == BENCH_GENERATE)) return true;
    return err_set(err, ERR_USAGE, "%s: bench encode takes encoders and bench generate generators", w->spec.model);
}

static bool open_net(BenchWork *w, Err *err)
{
    if (w->spec.net.kind == BENCH_NET_MODEL) return open_imported(w, err);
    w->net = bench_net(w->spec.net, err);
    w->weights = w->net ? weights_new(w->net, err) : NULL;
    if (w->weights) weights_init(w->weights, SEED);
    return w->weights != NULL;
}

static bool train_once(BenchWork *w, int part, Err *err)
{
    (void)part, (void)err;
    weights_zero(w->grads);
    contrast_step(&w->contrast, w->weights, w->grads, 0.5f);
    sgd_step(w->weights->block, w->momentum->block, w->grads->block, w->weights->params, 0.01f, 0.9f, 0, w->pool);
    return true;
}

static bool open_train(BenchWork *w, Err *err)
{
    w->once = train_once;
    if (!open_net(w, err) || !contrast_open(&w->contrast, OBJECTIVE_NTXENT, w->net, w->spec.batch, w->spec.bf16, w->pool, err)) return false;
    w->grads = weights_new(w->net, err);
    w->momentum = weights_new(w->net, err);
    size_t floats = shape_count(&net_value(w->net, net_port(w->net, "image"))->shape, 2 * w->spec.batch);
    rng_fill_normal(contrast_images(&w->contrast), floats, SEED, RNG_TEST);
    return w->grads && w->momentum;
}

static bool forward_once(BenchWork *w, int part, Err *err)
{
    (void)part, (void)err;
    exec_forward(w->exec, w->weights, w->spec.batch);
    return true;
}

static bool open_forward(BenchWork *w, Err *err)
{
    w->once = forward_once;
    if (!open_net(w, err)) return false;
    ExecMode mode = EXEC_INFER | (w->spec.bf16 ? EXEC_BF16 : 0);
    w->exec = exec_new(w->net, w->spec.batch, mode, (ExecGrads){0}, w->pool, err);
    if (!w->exec) return false;
    ValueId in = net_port(w->net, w->spec.kind == BENCH_ENCODE ? "image" : "z");
    rng_fill_normal(exec_value(w->exec, in), shape_count(&net_value(w->net, in)->shape, w->spec.batch), SEED, RNG_TEST);
    return true;
}

/* --- knn --------------------------------------------------------------------------------------------------------- */

static void knn_layout(BenchWork *w)
{
    size_t rows = (size_t)KNN_ROWS * KNN_DIM, queries = (size_t)w->spec.batch * KNN_DIM;
    w->base = arena_take(&w->arena, rows, sizeof(float));
    w->query = arena_take(&w->arena, queries, sizeof(float));
    w->hits = arena_take(&w->arena, (size_t)w->spec.batch * KNN_NEAREST, sizeof(Hit));
    if (!w->arena.base) return;
    rng_fill_normal(w->base, rows, SEED, RNG_TEST);
    rng_fill_normal(w->query, queries, SEED + 1, RNG_TEST);
    knn_normalise(w->base, KNN_ROWS, KNN_DIM);
    knn_normalise(w->query, w->spec.batch, KNN_DIM);
}

static bool knn_once(BenchWork *w, int part, Err *err)
{
    (void)part;
    return knn_search(w->hits, w->query, w->spec.batch, w->base, KNN_ROWS, KNN_DIM, KNN_NEAREST, KNN_DOT, NULL, w->pool, err);
}

/* --- views ------------------------------------------------------------------------------------------------------- */

static void view_layout(BenchWork *w)
{
    const Generator *g = w->generator;
    size_t n = (size_t)w->spec.batch;
    w->address = arena_take(&w->arena, n, sizeof(Address));
    w->image = arena_take(&w->arena, n * generator_image_floats(g), sizeof(float));
    for (size_t i = 0; w->arena.base && i < n; i++)
        w->address[i] = address_of_seed(g->slug, g->digest, i, g->config.classes ? (int)(i % (size_t)g->config.classes) : -1, 1);
}

static bool view_once(BenchWork *w, int part, Err *err)
{
    (void)part;
    return latent_images(w->image, w->latent, w->address, w->spec.batch, err);
}

static bool open_view(BenchWork *w, Err *err)
{
    w->once = view_once;
    if (!generator_open(&w->generator, w->spec.model, err)) return false;
    w->latent = latent_new(w->generator, w->spec.batch < 64 ? w->spec.batch : 64, NULL, w->pool, err);
    return w->latent && take_room(w, view_layout, err);
}

/* --- all --------------------------------------------------------------------------------------------------------- */

static bool open_kind(BenchWork *w, Err *err)
{
    switch (w->spec.kind) {
    case BENCH_CONV: return open_conv(w, err);
    case BENCH_FIT: return open_fit(w, err);
    case BENCH_KNN: w->once = knn_once; return take_room(w, knn_layout, err);
    case BENCH_ENCODE: return open_forward(w, err);
    default: break;
    }
    if (w->spec.net.kind == BENCH_NET_VIEW) return open_view(w, err);
    return bench_net_generates(w->spec.net) ? open_forward(w, err) : open_train(w, err);
}

BenchWork *bench_work_open(const BenchSpec *s, Err *err)
{
    BenchWork *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "a bench"), NULL;
    w->spec = *s;
    w->pool = pool_new(pool_default_threads(), 0, err);
    if (w->pool && open_kind(w, err)) return w;
    bench_work_close(w);
    return NULL;
}

void bench_work_close(BenchWork *w)
{
    if (!w) return;
    if (w->exec) exec_free(w->exec);
    contrast_close(&w->contrast);
    weights_drop(w->weights);
    weights_drop(w->grads);
    weights_drop(w->momentum);
    net_free(w->net);
    import_free(&w->imported);
    latent_free(w->latent);
    generator_drop(w->generator);
    bench_conv_close(w->conv);
    bench_fit_close(w->fit);
    arena_close(&w->arena);
    pool_free(w->pool);
    free(w);
}

bool bench_work_turn(double *seconds, BenchWork *w, Err *err)
{
    int parts = bench_parts(&w->spec);
    for (int p = 0; p < parts; p++) {
        double start = clock_seconds(), spent = 0;
        int times = 0;
        do {
            if (!w->once(w, p, err)) return false;
            times++;
            spent = clock_seconds() - start;
        } while (spent < w->spec.seconds / parts);
        seconds[p] = spent / times;
    }
    return true;
}

/* --- node by node ------------------------------------------------------------------------------------------------ */

/* The nets of the work; how many. */
static int traced(GanPart part[GAN_PARTS], const BenchWork *w)
{
    if (w->fit) return bench_fit_parts(part, w->fit), GAN_PARTS;
    if (w->contrast.exec)
        part[0] = (GanPart){"", w->contrast.exec, 2 * w->spec.batch};
    else
        part[0] = (GanPart){"", w->exec, w->spec.batch};
    return part[0].exec != NULL;
}

static Json *time_row(const char *node, const char *op, const char *kernel, double forward, double backward)
{
    Json *row = json_make();
    json_put_str(row, "node", node);
    json_put_str(row, "op", op);
    json_put_str(row, "kernel", kernel);
    json_put_num(row, "forward_ms", 1000 * forward);
    json_put_num(row, "backward_ms", 1000 * backward);
    return row;
}

/* Adds the seconds of a step of the work that go to this one. */
static Json *step_row(double *seconds, const GanPart *part, int i, double times, double peak)
{
    char name[160];
    ExecStep step = exec_step(part->exec, i, part->images);
    double forward = step.forward / times, backward = step.backward / times, flops = 2 * step.macs;
    double rate = forward + backward > 0 ? (backward > 0 ? 3 : 1) * flops / (forward + backward) * 1e-9 : 0;
    snprintf(name, sizeof name, "%s%s%s", part->name, *part->name && *step.name ? " " : "", step.name);
    Json *row = time_row(name, step.op, step.kernel, forward, backward);
    json_put_num(row, "gflops", rate);
    json_put_num(row, "share", peak > 0 ? rate / peak : 0);
    *seconds -= forward + backward;
    return row;
}

Json *bench_work_trace(BenchWork *w, double peak, Err *err)
{
    GanPart part[GAN_PARTS];
    int parts = traced(part, w);
    if (!parts) return err_set(err, ERR_USAGE, "--trace goes with train, fit, encode and generate on a network"), NULL;
    if (!w->once(w, 0, err)) return NULL; /* the first one meets memory that was never touched */
    for (int p = 0; p < parts; p++) exec_trace(part[p].exec, true);
    double start = clock_seconds(), times = 0;
    do times += w->once(w, 0, err);
    while (clock_seconds() - start < w->spec.seconds);
    double rest = (clock_seconds() - start) / times;
    Json *rows = json_make_array();
    for (int p = 0; p < parts; p++)
        for (int i = 0; i < exec_steps(part[p].exec); i++) json_add(rows, step_row(&rest, &part[p], i, times, peak));
    json_add(rows, time_row("", "rest", "", rest, 0));
    for (int p = 0; p < parts; p++) exec_trace(part[p].exec, false);
    return rows;
}
