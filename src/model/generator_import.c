/* Generators around imported nets: whatever a file maps from and to, here a mapping makes w and a synthesis
 * makes pictures in [-1, 1].
 *
 * A plain net has no mapping: its w is z, with the one-hot class behind it, and there is one layer. So psi
 * scales z, a class's mean is the picture of z = 0, and steering moves z. */
#include "base/rng.h"
#include "model/generator_new.h"
#include "model/graph.h"
#include "model/import_model.h"
#include "model/model_file.h"
#include "net/layers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A net being wrapped: where the values of the imported one are in it. */
typedef struct {
    const Imported *m;
    Net *net;
    ValueId *at;
} Wrap;

/* ---- Mapping ---------------------------------------------------------------------------------------- */

/* w = z, or z and the class. */
static Net *straight_mapping(const Imported *m, Err *err)
{
    Net *net = net_new();
    ValueId z = net_input(net, "z", shape2(NET_BATCH, m->z_dim)), w;
    if (m->classes)
        w = layer_concat(net, z, net_input(net, "class", shape2(NET_BATCH, m->classes)), 1);
    else
        w = layer_scale(net, z, 1, 0);
    net_output(net, "w", w);
    if (net_finish(net, err)) return net;
    net_free(net);
    return NULL;
}

/* ---- Synthesis -------------------------------------------------------------------------------------- */

static const Shape *shape_at(const Net *net, const char *port)
{
    return &net_value(net, net_port(net, port))->shape;
}

/* Inputs of a plain net, out of w1. */
static void feed_plain(Wrap *w)
{
    const Imported *m = w->m;
    ValueId all = net_input(w->net, "w1", shape2(NET_BATCH, m->z_dim + m->classes)), in[2];
    const Shape *z = shape_at(m->net, "z");
    in[0] = m->classes ? layer_slice(w->net, all, 1, 0, m->z_dim) : all;
    if (z->rank != 2) in[0] = layer_reshape(w->net, in[0], *z);
    if (m->classes) in[1] = layer_slice(w->net, all, 1, m->z_dim, m->classes);
    graph_append(w->net, m->net, (char *[]){"z", "class"}, in, m->classes ? 2 : 1, w->at);
}

/* Inputs of a synthesis stay what they are. */
static bool feed_layers(Wrap *w, Err *err)
{
    const Port *ports;
    int n = net_ports(w->m->net, &ports), inputs = 0;
    char **name = calloc((size_t)n, sizeof *name);
    ValueId *in = calloc((size_t)n, sizeof *in);
    bool ok = (name && in) || err_nomem(err, "a generator");
    for (int i = 0; ok && i < n; i++) {
        const Value *v = net_value(w->m->net, ports[i].value);
        if (v->kind != VALUE_INPUT) continue;
        name[inputs] = (char *)(uintptr_t)v->name;
        in[inputs++] = net_input(w->net, v->name, v->shape);
    }
    if (ok) graph_append(w->net, w->m->net, name, in, inputs, w->at);
    free(name);
    free(in);
    return ok;
}

/* Four channels are seen over white: rgb * a + (1 - a), all in [-1, 1]: rgb' = (rgb - 1) * (a + 1) / 2 + 1.
 */
static ValueId over_white(Net *net, ValueId image)
{
    ValueId rgb = layer_scale(net, layer_slice(net, image, 1, 0, 3), 1, -1);
    ValueId alpha = layer_scale(net, layer_slice(net, image, 1, 3, 1), 0.5f, 0.5f);
    return layer_scale(net, layer_mul(net, rgb, alpha), 1, 1);
}

static void put_image(Wrap *w, float low, float high)
{
    ValueId image = w->at[net_port(w->m->net, "image")];
    if (low != -1 || high != 1)
        image = layer_scale(w->net, image, 2 / (high - low), -(high + low) / (high - low));
    if (w->m->channels == 4) image = over_white(w->net, image);
    net_output(w->net, "image", image);
}

static Net *wrap_synthesis(Weights **weights, const Imported *m, float low, float high, Err *err)
{
    Wrap w = {.m = m, .net = net_new(), .at = malloc(((size_t)net_values(m->net) + 1) * sizeof *w.at)};
    bool ok = (w.net && w.at) || err_nomem(err, "a generator");
    if (ok && !m->mapping) feed_plain(&w);
    if (ok && m->mapping) ok = feed_layers(&w, err);
    if (ok) put_image(&w, low, high);
    ok = ok && net_finish(w.net, err);
    *weights = ok ? weights_new(w.net, err) : NULL;
    if (*weights) import_weights(*weights, m->weights, w.at);
    free(w.at);
    if (*weights) return w.net;
    net_free(w.net);
    return NULL;
}

/* ---- The whole -------------------------------------------------------------------------------------- */

static bool check(const Imported *m, const char *slug, Err *err)
{
    if (m->kind != IMPORT_GENERATOR)
        return err_set(err, ERR_USAGE, "%s is an encoder, where a generator is wanted", slug);
    if (m->height != m->width)
        return err_set(err, ERR_FORMAT, "%s makes pictures of %dx%d, and only square ones are shown", slug,
                       m->width, m->height);
    if (m->channels != 1 && m->channels != 3 && m->channels != 4)
        return err_set(err, ERR_FORMAT, "%s makes pictures of %d channels, and 1, 3 or 4 are shown", slug,
                       m->channels);
    bool fits = m->height >= 4 && m->height <= 1024 && m->z_dim <= 4096 && m->classes <= 1000;
    return fits ||
           err_set(err, ERR_LIMIT, "%s: pictures of %dx%d from %d numbers and %d classes are out of range",
                   slug, m->width, m->height, m->z_dim, m->classes);
}

static const char *const latents[] = {
    [LATENT_NORMAL] = "normal", [LATENT_UNIFORM] = "uniform", [LATENT_TRUNCATED] = "truncated"};

bool generator_latent(LatentKind *out, const char *name)
{
    for (size_t i = 0; i < sizeof latents / sizeof *latents; i++)
        if (!strcmp(latents[i], name)) return *out = (LatentKind)i, true;
    return false;
}

const char *generator_latent_name(LatentKind kind)
{
    return latents[kind];
}

static void copy_facts(Generator *g, const Imported *m)
{
    if (m->noise)
        memcpy(g->noise, m->noise, generator_noise_floats(g) * sizeof *g->noise);
    else
        rng_fill_normal(g->noise, generator_noise_floats(g), 0, RNG_NOISE);
    g->straight = !m->mapping || m->straight;
    if (!generator_latent(&g->latent, m->latent)) g->latent = LATENT_NORMAL;
}

/* What is measured, unless the file has it. */
static bool measure(Generator *g, const Imported *m, Pool *pool, Err *err)
{
    size_t means = (size_t)(m->classes ? m->classes : 1) * (size_t)g->config.w_dim;
    if (!generator_measure(g, 0, pool, err)) return false;
    if (m->w_mean) memcpy(g->w_mean, m->w_mean, means * sizeof *g->w_mean);
    return true;
}

static bool fill(Generator *g, const Imported *m, Pool *pool, Err *err)
{
    g->mapping_weights = weights_new(g->mapping, err);
    if (!g->mapping_weights) return false;
    if (m->mapping) weights_assign(g->mapping_weights, m->mapping_weights);
    copy_facts(g, m);
    return generator_name_classes(g, m->class_name, err) && measure(g, m, pool, err);
}

bool generator_import(Generator **out, const Imported *m, const char *slug, Pool *pool, Err *err)
{
    Weights *weights = NULL;
    float low = isnan(m->low) ? -1 : m->low, high = isnan(m->high) ? 1 : m->high;
    *out = NULL;
    if (!check(m, slug, err)) return false;
    Net *mapping = m->mapping ? graph_copy(m->mapping, err) : straight_mapping(m, err);
    Net *synthesis = mapping ? wrap_synthesis(&weights, m, low, high, err) : NULL;
    if (!synthesis) return net_free(mapping), false;
    GeneratorConfig c = {.z_dim = m->z_dim,
                         .w_dim = shape_at(mapping, "w")->dim[1],
                         .classes = m->classes,
                         .size = m->height,
                         .channels = m->channels == 4 ? 3 : m->channels};
    Generator *g = generator_around(&c, mapping, synthesis, slug, generator_directions_of(&c), m->card, err);
    if (!g) return weights_drop(weights), false;
    g->synthesis_weights = weights;
    g->low = low, g->high = high;
    if (!fill(g, m, pool, err)) {
        generator_drop(g);
        return false;
    }
    generator_seal(g);
    *out = g;
    return true;
}
