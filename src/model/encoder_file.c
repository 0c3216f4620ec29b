/* Encoders in files, strict safetensors "viewsmith-encoder 1", and features of many images.
 *
 * Tensors encoder.*; metadata format, name, digest, config, card. Imported ones are "viewsmith-encoder 2" and
 * carry their architecture in metadata graph (model/graph.h). */
#include "base/text.h"
#include "data/image.h"
#include "model/encoder.h"
#include "model/graph.h"
#include "model/import_model.h"
#include "model/model_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT       "viewsmith-encoder 1"
#define FORMAT_GRAPH "viewsmith-encoder 2"
#define IMPORTED     "import" /* size of encoders whose architecture is none of ours */
#define PREFIX       "encoder."

enum { SLICE = 128 };

static void seal(Encoder *e)
{
    Digest d = weights_digest(e->weights);
    digest_hex(e->digest, &d, 16);
}

bool encoder_make(Encoder **out, const EncoderConfig *c, Net *net, Weights *weights, const char *name,
                  const char *card, Err *err)
{
    *out = NULL;
    if (!model_check_card(card, err)) return false;
    Encoder *e = calloc(1, sizeof *e);
    char *text = strdup(card ? card : "{}");
    if (!e || !text) {
        free(e);
        free(text);
        return err_nomem(err, "an encoder");
    }
    e->config = *c;
    e->net = net;
    e->weights = weights_keep(weights);
    e->card = text;
    e->refs = 1;
    text_safe(e->name, sizeof e->name, name);
    seal(e);
    *out = e;
    return true;
}

Encoder *encoder_keep(Encoder *e)
{
    if (e) __atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
    return e;
}

void encoder_drop(Encoder *e)
{
    if (!e || __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
    weights_drop(e->weights);
    net_free(e->net);
    free(e->card);
    free(e);
}

/* ---- Files ------------------------------------------------------------------------------------------ */

static char *config_text(const EncoderConfig *c)
{
    Json *o = json_make();
    json_put_str(o, "size", c->size);
    json_put_int(o, "channels", c->channels);
    json_put_int(o, "side", c->side);
    json_put_int(o, "stages", c->stages);
    json_put(o, "width", model_ints_json(c->width, c->stages));
    json_put(o, "blocks", model_ints_json(c->blocks, c->stages));
    json_put_int(o, "hidden", c->hidden);
    json_put_int(o, "out", c->out);
    json_put_int(o, "classes", c->classes);
    char *text = json_text(o);
    json_drop(o);
    return text;
}

static char *graph_text(const Net *net)
{
    Json *list = graph_json(net);
    char *text = json_text(list);
    json_drop(list);
    return text;
}

bool encoder_save(const Encoder *e, const char *path, Err *err)
{
    ModelTensors t;
    bool imported = !strcmp(e->config.size, IMPORTED);
    if (!model_tensors_open(&t, model_weights_count(e->net), err)) return false;
    char *config = config_text(&e->config), *graph = imported ? graph_text(e->net) : NULL;
    const TensorMeta meta[] = {{"format", imported ? FORMAT_GRAPH : FORMAT},
                               {"name", e->name},
                               {"digest", e->digest},
                               {"config", config},
                               {"card", e->card},
                               {"graph", graph}};
    model_tensors_weights(&t, e->weights, PREFIX);
    bool ok = config && (graph || !imported)
                  ? safetensors_save(path, t.tensor, t.n, meta, imported ? 6 : 5, err)
                  : err_nomem(err, "an encoder's metadata");
    free(config);
    free(graph);
    model_tensors_close(&t);
    return ok;
}

static bool read_config(EncoderConfig *c, const ModelFile *f, Err *err)
{
    const struct {
        const char *field;
        int *to, low, high;
    } number[] = {{"channels", &c->channels, 1, 3}, {"side", &c->side, 4, 1024},
                  {"stages", &c->stages, 1, 4},     {"hidden", &c->hidden, 0, 8192},
                  {"out", &c->out, 1, 8192},        {"classes", &c->classes, 0, 10000}};
    *c = (EncoderConfig){0};
    Json *o = model_file_json(f, "config", err);
    bool ok = o != NULL;
    if (ok) snprintf(c->size, sizeof c->size, "%s", json_str(o, "size", ""));
    if (ok && !model_is_slug(c->size, sizeof c->size - 1))
        ok = err_set(err, ERR_FORMAT, "%s: metadata \"config\": \"size\" is missing or no name", f->path);
    for (size_t i = 0; ok && i < sizeof number / sizeof *number; i++)
        ok =
            model_file_int(number[i].to, f, o, "config", number[i].field, number[i].low, number[i].high, err);
    ok = ok && model_file_ints(c->width, c->stages, f, o, "config", "width", 1, 4096, err) &&
         model_file_ints(c->blocks, c->stages, f, o, "config", "blocks", 1, 64, err);
    json_drop(o);
    return ok;
}

static bool port_is(const Net *net, const char *name, int rank, int width)
{
    const Value *v = net_value(net, net_port(net, name));
    return v && v->shape.rank == rank && v->shape.dim[0] == NET_BATCH && v->shape.dim[1] == width;
}

/* The architecture that the file carries; its ports must be what the config says. */
static Net *read_graph(const ModelFile *f, const EncoderConfig *c, Err *err)
{
    Json *list = model_file_json(f, "graph", err);
    Net *net = list ? graph_read(list, f->path, err) : NULL;
    json_drop(list);
    if (!net) return NULL;
    bool fits = port_is(net, "image", 4, c->channels) && port_is(net, "features", 2, encoder_features(c)) &&
                (!c->classes || port_is(net, "logits", 2, c->classes));
    const Shape *image = fits ? &net_value(net, net_port(net, "image"))->shape : NULL;
    if (image && image->dim[2] == c->side && image->dim[3] == c->side) return net;
    net_free(net);
    err_set(err, ERR_FORMAT, "%s: its graph is not what its config says", f->path);
    return NULL;
}

static bool read_encoder(Encoder **out, ModelFile *f, bool graph, Err *err)
{
    EncoderConfig config;
    const char *name = model_file_meta(f, "name", err), *card = name ? model_file_meta(f, "card", err) : NULL;
    Json *parsed = card ? model_file_json(f, "card", err) : NULL;
    Net *net = NULL;
    if (parsed && read_config(&config, f, err))
        net = graph ? read_graph(f, &config, err) : encoder_net(&config, err);
    json_drop(parsed);
    if (!net) return false;
    Weights *w = model_file_weights(f, net, PREFIX, err);
    bool ok = w && model_file_end(f, err) && encoder_make(out, &config, net, w, name, card, err);
    weights_drop(w);
    if (!ok) net_free(net);
    return ok;
}

static bool open_ours(Encoder **out, const char *path, bool graph, Err *err)
{
    ModelFile f;
    if (!model_file_open(&f, path, graph ? FORMAT_GRAPH : FORMAT, err)) return false;
    bool ok = read_encoder(out, &f, graph, err);
    if (ok && !model_file_digest(&f, (*out)->digest, err)) {
        encoder_drop(*out);
        *out = NULL;
        ok = false;
    }
    model_file_close(&f);
    return ok;
}

static bool open_foreign(Encoder **out, const char *path, Err *err)
{
    Imported m;
    char name[40];
    if (!import_open(&m, path, NULL, err)) return false;
    import_slug(name, path);
    bool ok = encoder_import(out, &m, name, err);
    import_free(&m);
    return ok;
}

bool encoder_open(Encoder **out, const char *path, Err *err)
{
    char format[64];
    *out = NULL;
    model_file_format(format, path);
    if (strncmp(format, "viewsmith-", 10)) return open_foreign(out, path, err);
    return open_ours(out, path, !strcmp(format, FORMAT_GRAPH), err);
}

/* ---- Features --------------------------------------------------------------------------------------- */

/* Images as bytes or as floats: one of the two is NULL. */
typedef struct {
    const uint8_t *bytes;
    const float *floats;
} Images;

static void load(float *to, const Images *from, size_t at, size_t count)
{
    if (from->bytes)
        image_bytes_to_float(to, from->bytes + at, count);
    else
        memcpy(to, from->floats + at, count * sizeof *to);
}

static bool features_of(float *features, float *logits, const Encoder *e, Images images, size_t n, Pool *pool,
                        Err *err)
{
    const EncoderConfig *c = &e->config;
    size_t item = (size_t)c->channels * (size_t)c->side * (size_t)c->side;
    size_t dim = (size_t)encoder_features(c), classes = (size_t)c->classes, count;
    if (logits && !classes)
        return err_set(err, ERR_USAGE, "%s has no classifier, so it gives no logits", e->name);
    if (n == 0) return true;
    ExecMode mode = EXEC_INFER | (e->exact ? EXEC_EXACT : 0);
    Exec *run = exec_new(e->net, n < SLICE ? (int)n : SLICE, mode, (ExecGrads){0}, pool, err);
    if (!run) return false;
    float *in = exec_value(run, net_port(e->net, "image"));
    const float *out = exec_value(run, net_port(e->net, "features"));
    const float *classified = exec_value(run, net_port(e->net, "logits"));
    for (size_t at = 0; at < n; at += count) {
        count = n - at < SLICE ? n - at : SLICE;
        load(in, &images, at * item, count * item);
        exec_forward(run, e->weights, (int)count);
        if (features) memcpy(features + at * dim, out, count * dim * sizeof *features);
        if (logits) memcpy(logits + at * classes, classified, count * classes * sizeof *logits);
    }
    exec_free(run);
    return true;
}

bool encoder_features_of_bytes(float *features, float *logits, const Encoder *e, const uint8_t *px, size_t n,
                               Pool *pool, Err *err)
{
    return features_of(features, logits, e, (Images){px, NULL}, n, pool, err);
}

bool encoder_features_of_floats(float *features, float *logits, const Encoder *e, const float *x, size_t n,
                                Pool *pool, Err *err)
{
    return features_of(features, logits, e, (Images){NULL, x}, n, pool, err);
}
