/* Encoders around imported nets: the picture is read as the file wants it. */
#include "model/graph.h"
#include "model/import_model.h"
#include "net/layers.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void import_weights(Weights *to, const Weights *from, const ValueId *to_value)
{
    for (int i = 0; i < net_values(from->net); i++) {
        const Value *v = net_value(from->net, i);
        if (v->kind == VALUE_PARAM || v->kind == VALUE_BUFFER)
            memcpy(weights_at(to, to_value[i]), weights_get(from, i),
                   shape_count(&v->shape, 1) * sizeof(float));
    }
}

void import_slug(char out[40], const char *path)
{
    const char *name = strrchr(path, '/');
    size_t n = 0;
    for (name = name ? name + 1 : path; *name && *name != '.' && n < 39; name++) {
        int c = tolower((unsigned char)*name);
        bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        if (letter || (n && digit))
            out[n++] = (char)c;
        else if (n && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n && out[n - 1] == '-') n--;
    out[n] = '\0';
    if (!n) strcpy(out, "model");
}

/* The values that a net will have, as far as they are known before. */
typedef struct {
    Net *net;
    ValueId *at, scale, offset;
} Wrap;

static ValueId read_picture(Wrap *w, const Imported *m)
{
    ValueId image = net_input(w->net, "image", shape4(NET_BATCH, m->channels, m->height, m->width));
    w->scale = w->offset = NET_NONE;
    if (m->scale[0] <= 0) return image;
    w->scale = net_buffer(w->net, "image.scale", shape1(m->channels), init_const(1));
    w->offset = net_buffer(w->net, "image.offset", shape1(m->channels), init_zero());
    return net_add(w->net, OP_AFFINE, (ValueId[]){image, w->scale, w->offset}, 3, NULL);
}

/* What the last linear layer reads, when that is a row of numbers for each picture. */
static ValueId before_logits(const Net *net, ValueId logits)
{
    const Value *v = net_value(net, logits);
    const Node *node = v && v->producer >= 0 ? net_node(net, v->producer) : NULL;
    if (!node || node->op != OP_LINEAR) return logits;
    const Value *x = net_value(net, node->in[0]);
    return x->kind == VALUE_ACTIVATION && x->shape.rank == 2 ? node->in[0] : logits;
}

static void put_outputs(const Wrap *w, const Imported *m)
{
    ValueId features = net_port(m->net, "features"), logits = net_port(m->net, "logits");
    if (features == NET_NONE) features = before_logits(m->net, logits);
    net_output(w->net, "features", w->at[features]);
    if (logits != NET_NONE) net_output(w->net, "logits", w->at[logits]);
}

static Weights *fill(const Wrap *w, const Imported *m, Err *err)
{
    Weights *weights = weights_new(w->net, err);
    if (!weights) return NULL;
    import_weights(weights, m->weights, w->at);
    for (int c = 0; w->scale != NET_NONE && c < m->channels; c++) {
        weights_at(weights, w->scale)[c] = m->scale[c];
        weights_at(weights, w->offset)[c] = -m->mean[c] * m->scale[c];
    }
    return weights;
}

static bool check(const Imported *m, const char *name, Err *err)
{
    if (m->kind != IMPORT_ENCODER)
        return err_set(err, ERR_USAGE, "%s is a generator, where an encoder is wanted", name);
    if (m->height != m->width)
        return err_set(err, ERR_FORMAT, "%s takes pictures of %dx%d, and only square ones are served", name,
                       m->width, m->height);
    bool fits = m->height >= 4 && m->height <= 1024 && m->channels <= 3;
    return fits ||
           err_set(err, ERR_LIMIT, "%s takes pictures of %dx%d with %d channels, which is out of range", name,
                   m->width, m->height, m->channels);
}

static bool make(Encoder **out, const Wrap *w, const Imported *m, const char *name, Err *err)
{
    int features = net_value(w->net, net_port(w->net, "features"))->shape.dim[1];
    EncoderConfig c = {.size = "import",
                       .channels = m->channels,
                       .side = m->height,
                       .stages = 1,
                       .width = {features},
                       .blocks = {1},
                       .hidden = features,
                       .out = features,
                       .classes = m->classes};
    Weights *weights = fill(w, m, err);
    bool ok = weights && encoder_make(out, &c, w->net, weights, name, m->card, err);
    weights_drop(weights);
    return ok;
}

bool encoder_import(Encoder **out, const Imported *m, const char *name, Err *err)
{
    *out = NULL;
    if (!check(m, name, err)) return false;
    Wrap w = {.net = net_new(), .at = malloc(((size_t)net_values(m->net) + 1) * sizeof *w.at)};
    bool ok = (w.net && w.at) || err_nomem(err, "an encoder");
    if (ok) {
        ValueId image = read_picture(&w, m);
        graph_append(w.net, m->net, (char *[]){"image"}, &image, 1, w.at);
        put_outputs(&w, m);
        ok = net_finish(w.net, err) && make(out, &w, m, name, err);
    }
    free(w.at);
    if (!ok) net_free(w.net);
    return ok;
}
