/* StyleGAN2 from its tensors, in the layout of rosinality/stylegan2-pytorch (Karras et al. 2020): sizes
 * follow from shapes.
 *
 * Modulation scales what a convolution reads and demodulation what it writes, so that the weights of all
 * pictures of a batch are the same. The factors of equalised learning rates go into the weights. A layer that
 * doubles the size is a transposed convolution of stride 2 and a blur. */
#include "model/architecture.h"
#include "math/point.h"
#include "net/layers.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128, STAGES_MAX = 9 };

#define GAIN   1.41421356f /* of leaky ReLU */
#define LR_MUL 0.01f       /* of the mapping's layers */
#define DEMOD  1e-8f

typedef struct {
    Build b;
    int w_dim, noises;
} Synthesis;

static bool is_stylegan2(const State *s)
{
    static const char *const has[] = {"input.input", "style.1.weight", "conv1.conv.modulation.weight",
                                      "to_rgb1.conv.weight"};
    bool all = true;
    for (size_t i = 0; i < sizeof has / sizeof *has; i++) all = all && state_has(s, has[i]);
    return all;
}

static const char *name_of(char out[NAME_MAX_BYTES], const char *layer, const char *part)
{
    snprintf(out, NAME_MAX_BYTES, "%.90s.%.30s", layer, part);
    return out;
}

/* ---- Mapping ---------------------------------------------------------------------------------------- */

static bool build_mapping(Imported *out, State *s, int *w_dim, Err *err)
{
    Build b;
    char layer[24], name[NAME_MAX_BYTES];
    if (!build_begin(&b, s, err)) return false;
    Shape first = build_shape(&b, "style.1.weight");
    ValueId x = net_input(b.net, "z", shape2(NET_BATCH, first.rank == 2 ? first.dim[1] : 1));
    x = layer_op(b.net, OP_PIXELNORM, x);
    for (int i = 1;
         snprintf(layer, sizeof layer, "style.%d", i), build_has(&b, name_of(name, layer, "weight")); i++) {
        Shape w = build_shape(&b, name);
        ValueId weight = build_param_as(&b, name, w, LR_MUL / sqrtf((float)w.dim[1]), false);
        ValueId bias = build_param_as(&b, name_of(name, layer, "bias"), shape1(w.dim[0]), LR_MUL, false);
        x = layer_leaky(b.net, net_add(b.net, OP_LINEAR, (ValueId[]){x, weight, bias}, 3, NULL), 0.2f, GAIN);
        *w_dim = w.dim[0];
    }
    net_output(b.net, "w", x);
    return build_end(&out->mapping, &out->mapping_weights, &b, err);
}

/* ---- Synthesis -------------------------------------------------------------------------------------- */

/* w of a layer, 1-based: an input port that two layers may share. */
static ValueId style_port(Synthesis *g, int index)
{
    char port[16];
    snprintf(port, sizeof port, "w%d", index);
    ValueId id = net_port(g->b.net, port);
    return id != NET_NONE ? id : net_input(g->b.net, port, shape2(NET_BATCH, g->w_dim));
}

/* The style of a convolution: one scale for each channel it reads. */
static ValueId style_of(Synthesis *g, const char *layer, int index, int channels)
{
    char name[NAME_MAX_BYTES];
    ValueId weight = build_param_as(&g->b, name_of(name, layer, "conv.modulation.weight"),
                                    shape2(channels, g->w_dim), 1 / sqrtf((float)g->w_dim), false);
    ValueId bias = build_param(&g->b, name_of(name, layer, "conv.modulation.bias"));
    return net_add(g->b.net, OP_LINEAR, (ValueId[]){style_port(g, index), weight, bias}, 3, NULL);
}

/* (1,O,I,K,K) as it is stored; all ones when it is not. */
static Shape weight_shape(Synthesis *g, const char *layer)
{
    char name[NAME_MAX_BYTES];
    Shape s = build_shape(&g->b, name_of(name, layer, "conv.weight"));
    if (s.rank == 5 && s.dim[0] == 1 && s.dim[3] == s.dim[4])
        return shape4(s.dim[1], s.dim[2], s.dim[3], s.dim[4]);
    build_refuse(&g->b, "the tensor \"%s\" is no weight of a modulated convolution", name);
    return shape4(1, 1, 1, 1);
}

static float equalised(const Shape *w)
{
    return 1 / sqrtf((float)w->dim[1] * (float)w->dim[2] * (float)w->dim[3]);
}

/* d = 1 / sqrt(sum_i s_i^2 sum_k w_oik^2 + eps) */
static ValueId demodulation(Synthesis *g, const char *layer, ValueId style, const Shape *w)
{
    char name[NAME_MAX_BYTES], squares[NAME_MAX_BYTES];
    Net *net = g->b.net;
    name_of(name, layer, "conv.weight");
    ValueId sums = build_squares(&g->b, name_of(squares, layer, "conv.squares"), name,
                                 shape2(w->dim[0], w->dim[1]), equalised(w));
    ValueId sum = net_add(net, OP_LINEAR, (ValueId[]){layer_mul(net, style, style), sums}, 2, NULL);
    return net_add(net, OP_POINT, (ValueId[]){layer_scale(net, sum, 1, DEMOD)}, 1,
                   &(Attrs){.mode = POINT_POW, .alpha = -0.5f});
}

/* Twice the size: a transposed convolution, then the blur. */
static ValueId grown(Synthesis *g, ValueId x, const char *layer, ValueId style, const Shape *w)
{
    char name[NAME_MAX_BYTES];
    Net *net = g->b.net;
    ValueId weight = build_param_as(&g->b, name_of(name, layer, "conv.weight"), *w, equalised(w), true);
    x = net_add(net, OP_AFFINE, (ValueId[]){x, style}, 2, NULL);
    x = net_add(net, OP_CONVT, (ValueId[]){x, weight}, 2, &(Attrs){.stride = {2, 2}});
    x = net_add(net, OP_AFFINE, (ValueId[]){x, demodulation(g, layer, style, w)}, 2, NULL);
    ValueId kernel = build_buffer(&g->b, name_of(name, layer, "conv.blur.kernel"));
    return net_add(net, OP_FIR, (ValueId[]){x, kernel}, 2, &(Attrs){.pad = {1, 1, 1, 1}});
}

/* One style layer: modulated convolution, noise, bias, leaky ReLU. */
static ValueId style_layer(Synthesis *g, ValueId x, const char *layer, int index, int side, bool grow)
{
    char name[NAME_MAX_BYTES], port[24];
    Net *net = g->b.net;
    Shape w = weight_shape(g, layer);
    ValueId style = style_of(g, layer, index, w.dim[1]),
            bias = build_param(&g->b, name_of(name, layer, "activate.bias"));
    if (grow) {
        x = net_add(net, OP_AFFINE, (ValueId[]){grown(g, x, layer, style, &w), NET_NONE, bias}, 3, NULL);
    } else {
        int p = w.dim[2] / 2;
        ValueId weight = build_param_as(&g->b, name_of(name, layer, "conv.weight"), w, equalised(&w), false);
        x = net_add(net, OP_MODCONV, (ValueId[]){x, style, weight, bias}, 4,
                    &(Attrs){.pad = {p, p, p, p}, .demodulate = true, .eps = DEMOD});
    }
    snprintf(port, sizeof port, "noise%d", ++g->noises);
    ValueId noise = net_input(net, port, shape4(NET_BATCH, 1, side, side));
    ValueId strength = build_param(&g->b, name_of(name, layer, "noise.weight"));
    return layer_leaky(net, net_add(net, OP_NOISE, (ValueId[]){x, noise, strength}, 3, NULL), 0.2f, GAIN);
}

/* The picture at this size, added to the smaller one. */
static ValueId to_rgb(Synthesis *g, ValueId x, ValueId smaller, const char *layer, int index)
{
    char name[NAME_MAX_BYTES];
    Net *net = g->b.net;
    Shape w = weight_shape(g, layer);
    ValueId style = style_of(g, layer, index, w.dim[1]);
    ValueId weight = build_param_as(&g->b, name_of(name, layer, "conv.weight"), w, equalised(&w), false);
    ValueId bias = build_param_as(&g->b, name_of(name, layer, "bias"), shape1(w.dim[0]), 1, false);
    ValueId rgb = net_add(net, OP_MODCONV, (ValueId[]){x, style, weight, bias}, 4, NULL);
    if (smaller == NET_NONE) return rgb;
    ValueId kernel = build_buffer(&g->b, name_of(name, layer, "upsample.kernel"));
    smaller =
        net_add(net, OP_FIR, (ValueId[]){smaller, kernel}, 2, &(Attrs){.scale = 2, .pad = {2, 2, 1, 1}});
    return layer_add(net, rgb, smaller);
}

static bool has_stage(const State *s, int j)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "convs.%d.conv.weight", 2 * j);
    return state_has(s, name);
}

static int count_stages(const State *s)
{
    int n = 0;
    while (n <= STAGES_MAX && has_stage(s, n)) n++;
    return n;
}

static bool build_synthesis(Imported *out, State *s, int w_dim, Err *err)
{
    Synthesis g = {.w_dim = w_dim};
    char layer[NAME_MAX_BYTES];
    int stages = count_stages(s);
    if (!build_begin(&g.b, s, err)) return false;
    Shape start = build_shape(&g.b, "input.input");
    int side = start.rank == 4 ? start.dim[2] : 4;
    ValueId x = layer_op(g.b.net, OP_BROADCAST, build_param(&g.b, "input.input"));
    if (stages < 1 || stages > STAGES_MAX - 1)
        build_refuse(&g.b, "it has %d stages, and 1 to %d are read", stages, STAGES_MAX - 1);
    x = style_layer(&g, x, "conv1", 1, side, false);
    ValueId rgb = to_rgb(&g, x, NET_NONE, "to_rgb1", 2);
    for (int j = 0; j < stages && !g.b.err.code; j++) {
        side *= 2;
        snprintf(layer, sizeof layer, "convs.%d", 2 * j);
        x = style_layer(&g, x, layer, 2 * j + 2, side, true);
        snprintf(layer, sizeof layer, "convs.%d", 2 * j + 1);
        x = style_layer(&g, x, layer, 2 * j + 3, side, false);
        snprintf(layer, sizeof layer, "to_rgbs.%d", j);
        rgb = to_rgb(&g, x, rgb, layer, 2 * j + 4);
    }
    net_output(g.b.net, "image", rgb);
    return build_end(&out->net, &out->weights, &g.b, err);
}

/* ---- What lies beside the nets ---------------------------------------------------------------------- */

static size_t noise_floats(const Net *net, int i)
{
    char port[16];
    snprintf(port, sizeof port, "noise%d", i + 1);
    const Value *v = net_value(net, net_port(net, port));
    return v ? shape_count(&v->shape, 1) : 0;
}

/* Stored noise, maps one after another; left NULL where the file has none. */
static bool read_noise(Imported *out, State *s, Err *err)
{
    char name[NAME_MAX_BYTES];
    size_t total = 0, size;
    for (int i = 0; noise_floats(out->net, i); i++) total += noise_floats(out->net, i);
    if (!state_has(s, "noises.noise_0")) return true;
    float *to = out->noise = malloc(total * sizeof *out->noise);
    if (!to) return err_nomem(err, "noise");
    for (int i = 0; (size = noise_floats(out->net, i)); i++, to += size) {
        snprintf(name, sizeof name, "noises.noise_%d", i);
        const Tensor *t = state_find(s, name);
        if (!t || t->count != size)
            return err_set(err, ERR_FORMAT, "%s: the tensor \"%s\" is missing, or not as large as its layer",
                           s->path, name);
        if (!state_floats(to, s, t, err)) return false;
    }
    return true;
}

static bool read_mean(Imported *out, State *s, int w_dim, Err *err)
{
    const Tensor *t = state_top(s, "latent_avg");
    if (!t || t->count != (size_t)w_dim) return true;
    out->w_mean = malloc(t->count * sizeof *out->w_mean);
    return out->w_mean ? state_floats(out->w_mean, s, t, err) : err_nomem(err, "the mean style");
}

static bool build_stylegan2(Imported *out, State *s, Err *err)
{
    int w_dim = 1;
    *out = (Imported){.low = -1, .high = 1, .latent = "normal"};
    if (build_mapping(out, s, &w_dim, err) && build_synthesis(out, s, w_dim, err) &&
        read_noise(out, s, err) && read_mean(out, s, w_dim, err) && state_all_used(s, err))
        return true;
    import_free(out);
    return false;
}

const Architecture architecture_stylegan2 = {"StyleGAN2", is_stylegan2, build_stylegan2};
