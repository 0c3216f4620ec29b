/* The two networks of a style-based, class-conditional generator: mapping (z, class -> w) and synthesis (w per layer ->
 * picture). After StyleGAN2 (Karras et al. 2020), with one picture head at full size. */
#include "model/generator.h"
#include "net/layers.h"
#include "net/ops.h"
#include <stdio.h>

#define GAIN 1.41421356f /* of leaky ReLU, so that the variance stays */

static bool config_check(const GeneratorConfig *c, Err *err)
{
    bool dims = c->z_dim >= 1 && c->z_dim <= 4096 && c->w_dim >= 1 && c->w_dim <= 4096 && c->classes >= 0 &&
                c->classes <= 1000 && (c->channels == 1 || c->channels == 3) && c->mapping_layers >= 1 &&
                c->mapping_layers <= 16 && c->stages >= 1 && c->stages <= 8 && c->size >= 4 && c->size <= 1024;
    if (!dims || c->size % (1 << (c->stages - 1)))
        return err_set(err, ERR_FORMAT, "generator config: a size is out of range, or %d is not divisible by 2^%d",
                       c->size, c->stages - 1);
    for (int s = 0; s < c->stages; s++)
        if (c->width[s] < 1 || c->width[s] > 2048)
            return err_set(err, ERR_FORMAT, "generator config: width %d of stage %d is out of range", c->width[s], s + 1);
    return true;
}

Net *generator_mapping(const GeneratorConfig *c, Err *err)
{
    if (!config_check(c, err)) return NULL;
    Net *net = net_new();
    if (!net) return err_nomem(err, "the mapping network"), NULL;
    ValueId x = layer_op(net, OP_PIXELNORM, net_input(net, "z", shape2(NET_BATCH, c->z_dim)));
    if (c->classes) {
        ValueId onehot = net_input(net, "class", shape2(NET_BATCH, c->classes));
        ValueId embed = layer_linear(net, onehot, "mapping.class", c->z_dim, false, init_normal(1));
        x = layer_concat(net, x, layer_op(net, OP_PIXELNORM, embed), 1);
    }
    for (int i = 0; i < c->mapping_layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "mapping.layer%d", i + 1);
        x = layer_leaky(net, layer_linear(net, x, name, c->w_dim, true, init_fan_in(1)), 0.2f, GAIN);
    }
    net_output(net, "w", x);
    if (net_finish(net, err)) return net;
    net_free(net);
    return NULL;
}

/* The style of layer `index`: an affine map of its w, around 1. */
static ValueId style_of(Net *net, int index, int channels, int w_dim)
{
    char name[40];
    snprintf(name, sizeof name, "w%d", index);
    ValueId w = net_input(net, name, shape2(NET_BATCH, w_dim));
    snprintf(name, sizeof name, "style%d.weight", index);
    ValueId weight = net_param(net, name, shape2(channels, w_dim), init_fan_in(1));
    snprintf(name, sizeof name, "style%d.bias", index);
    ValueId bias = net_param(net, name, shape1(channels), init_const(1));
    return net_add(net, OP_LINEAR, (ValueId[]){w, weight, bias}, 3, NULL);
}

/* One style layer: modulated convolution and bias, [upsampling], noise, leaky ReLU. */
static ValueId style_layer(Net *net, ValueId x, int index, int in, int out, int w_dim, bool up, int side)
{
    char name[40], port[16];
    snprintf(name, sizeof name, "conv%d", index);
    x = layer_modconv(net, x, style_of(net, index, in, w_dim), name, out, 3, true, true, init_fan_in(1));
    if (up) x = layer_upsample(net, x, 2, 1);
    snprintf(port, sizeof port, "noise%d", index);
    snprintf(name, sizeof name, "noise%d.strength", index);
    x = layer_noise(net, x, net_input(net, port, shape4(NET_BATCH, 1, side, side)), name);
    return layer_leaky(net, x, 0.2f, GAIN);
}

/* The picture head: a modulated 1x1 convolution without demodulation, then tanh. */
static ValueId picture_head(Net *net, ValueId x, int index, int in, int channels, int w_dim)
{
    ValueId style = style_of(net, index, in, w_dim);
    return layer_act(net, layer_modconv(net, x, style, "picture", channels, 1, false, true, init_fan_in(1)), ACT_TANH);
}

int generator_layers(const GeneratorConfig *c, int *noises, int *noise_side)
{
    int layers = 2 * c->stages; /* one at the coarsest size, two for each doubling, and the picture head */
    *noises = layers - 1;
    for (int i = 0; noise_side && i < *noises; i++) noise_side[i] = c->size >> (c->stages - 1 - (i + 1) / 2);
    return layers;
}

Net *generator_synthesis(const GeneratorConfig *c, Err *err)
{
    if (!config_check(c, err)) return NULL;
    Net *net = net_new();
    if (!net) return err_nomem(err, "the synthesis network"), NULL;
    int side = c->size >> (c->stages - 1), layer = 1;
    ValueId x = layer_constant(net, "start", c->width[0], side, side);
    x = style_layer(net, x, layer++, c->width[0], c->width[0], c->w_dim, false, side);
    for (int s = 1; s < c->stages; s++) {
        side *= 2;
        x = style_layer(net, x, layer++, c->width[s - 1], c->width[s], c->w_dim, true, side);
        x = style_layer(net, x, layer++, c->width[s], c->width[s], c->w_dim, false, side);
    }
    net_output(net, "image", picture_head(net, x, layer, c->width[c->stages - 1], c->channels, c->w_dim));
    if (net_finish(net, err)) return net;
    net_free(net);
    return NULL;
}
