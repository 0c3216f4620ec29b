/* viewsmith encode: an encoder's raw outputs for given pictures. */
#include "cli/open.h"
#include "data/npy.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    {"model", OPTION_TEXT, "FILE|RUN", NULL, 0, 0, false, "Encoder file, or a run (the newest run)"},
    OPTION_RUNS,
    {"images", OPTION_TEXT, "X.npy", NULL, 0, 0, false,
     "float32 (N, C, H, W) in [-1, 1], or whole numbers 0 to 255, (N, H, W, C) too"},
    {"npy", OPTION_TEXT, "OUT.npy", NULL, 0, 0, false, "Where the outputs go: float32 (N, D)"},
    {"logits", OPTION_FLAG, NULL, NULL, 0, 0, false, "A judge's class scores instead of features"},
    {"exact", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Convolutions sum in order: without Winograd, whose results are off by 1e-5 of the largest"},
    {0},
};

/* As the network takes them; whole numbers become floats in place of the array. */
static bool to_floats(Npy *x, const char *path, Err *err)
{
    if (x->f32) {
        for (size_t i = 0; i < x->count; i++)
            if (!isfinite(x->f32[i]))
                return err_set(err, ERR_FORMAT, "%s: number %zu is not finite", path, i);
        return true;
    }
    x->f32 = malloc((x->count + 1) * sizeof *x->f32);
    if (!x->f32) return err_nomem(err, "the pictures");
    for (size_t i = 0; i < x->count; i++) {
        if (x->i64[i] < 0 || x->i64[i] > 255)
            return err_set(err, ERR_FORMAT,
                           "%s: pictures of whole numbers hold 0 to 255, and number %zu is %lld", path, i,
                           (long long)x->i64[i]);
        x->f32[i] = (float)x->i64[i] / 127.5f - 1;
    }
    return true;
}

static bool channels_last(const Npy *x, const EncoderConfig *c)
{
    return x->i64 && x->rank == 4 && x->shape[1] == c->side && x->shape[2] == c->side &&
           x->shape[3] == c->channels && x->shape[1] != c->channels;
}

/* (N, H, W, C) to (N, C, H, W). */
static bool put_channels_first(Npy *x, Err *err)
{
    size_t pixels = (size_t)x->shape[1] * (size_t)x->shape[2], channels = (size_t)x->shape[3];
    int64_t *to = malloc((x->count + 1) * sizeof *to), side[] = {x->shape[3], x->shape[1], x->shape[2]};
    if (!to) return err_nomem(err, "the pictures");
    for (size_t n = 0, at = 0; at < x->count; n++)
        for (size_t c = 0; c < channels; c++)
            for (size_t p = 0; p < pixels; p++, at++) to[at] = x->i64[(n * pixels + p) * channels + c];
    free(x->i64);
    x->i64 = to;
    memcpy(x->shape + 1, side, sizeof side);
    return true;
}

static bool load_images(Npy *x, const Encoder *e, const char *path, Err *err)
{
    const EncoderConfig *c = &e->config;
    if (!npy_load(path, x, err)) return false;
    if (channels_last(x, c) && !put_channels_first(x, err)) return false;
    if (x->rank != 4 || x->shape[1] != c->channels || x->shape[2] != c->side || x->shape[3] != c->side ||
        !x->count)
        return err_set(err, ERR_FORMAT, "%s: %s takes pictures of shape (N, %d, %d, %d)", path, e->name,
                       c->channels, c->side, c->side);
    return to_floats(x, path, err);
}

static bool encode(int64_t shape[2], const Args *a, const Encoder *e, const Npy *x, Err *err)
{
    bool logits = args_flag(a, "logits");
    if (logits && !e->config.classes)
        return err_set(err, ERR_USAGE, "%s is no judge: it has no class scores", e->name);
    shape[0] = x->shape[0];
    shape[1] = logits ? e->config.classes : encoder_features(&e->config);
    size_t n = (size_t)shape[0];
    float *out = malloc(n * (size_t)shape[1] * sizeof *out);
    Pool *pool = open_pool(err);
    bool ok = pool && (out || err_nomem(err, "the outputs")) &&
              encoder_features_of_floats(logits ? NULL : out, logits ? out : NULL, e, x->f32, n, pool, err) &&
              npy_save_floats(args_text(a, "npy"), out, shape, 2, err);
    pool_free(pool);
    free(out);
    return ok;
}

static int report(const Args *a, const Encoder *e, const int64_t shape[2])
{
    Json *o = json_make(), *dims = json_make_array();
    json_put_str(o, "file", args_text(a, "npy"));
    json_put_str(o, "encoder", e->name);
    json_put_str(o, "digest", e->digest);
    json_add_int(dims, shape[0]);
    json_add_int(dims, shape[1]);
    json_put(o, "shape", dims);
    cli_say(a, "%lld x %lld numbers of %s in %s", (long long)shape[0], (long long)shape[1], e->name,
            args_text(a, "npy"));
    return cli_result(a, o);
}

static int encode_command(const Args *a)
{
    Err err = {0};
    Workspace *w = NULL;
    Subject s = {0};
    Npy x = {0};
    int64_t shape[2];
    const char *images = args_text(a, "images");
    bool ok = (images && args_text(a, "npy")) ||
              err_set(&err, ERR_USAGE, "encode wants --images X.npy and --npy OUT.npy");
    ok = ok && workspace_open_bare(&w, &(WorkspaceOptions){.runs = args_text(a, "runs")}, &err) &&
         subject_open(&s, w, args_text(a, "model"), &err) && load_images(&x, s.encoder, images, &err);
    if (ok) s.encoder->exact = args_flag(a, "exact");
    ok = ok && encode(shape, a, s.encoder, &x, &err);
    int status = ok ? report(a, s.encoder, shape) : cli_fail(&err);
    npy_free(&x);
    subject_close(&s);
    workspace_close(w);
    return status;
}

const Command command_encode = {
    "--model FILE|RUN --images X.npy --npy OUT.npy",
    "Writes the representation of every picture: the pooled features that probes and neighbours see,\n"
    "before any normalisation.",
    "  viewsmith encode --model 0007 --images x.npy --npy features.npy",
    options,
    0,
    0,
    encode_command};
