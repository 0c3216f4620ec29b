/* The critic: a small convolutional network under spectral norm with a projection head and class logits. */
#include "model/discriminator.h"
#include "net/layers.h"
#include "net/ops.h"
#include <stdio.h>

/* Under spectral norm every layer shrinks typical signals; this gain holds their size, so that the hinge is
 * felt. */
#define LEAKY_GAIN 1.6f
#define BLOCK_GAIN 2.0f /* of a residual sum, half of which averaging takes away */

int discriminator_widths(const DiscriminatorConfig *c)
{
    return c->stages ? c->stages + 1 : 3;
}

static ValueId spectral_conv(Net *net, ValueId x, const char *name, int out, int kernel, int stride)
{
    ConvOptions options = {.stride = stride, .pad = kernel > 1, .bias = true, .spectral = true};
    return layer_conv_with(net, x, name, out, kernel, options, init_he());
}

/* Convolution with a spectrally normalised weight, then leaky ReLU. */
static ValueId critic_conv(Net *net, ValueId x, const char *name, int out, int kernel, int stride)
{
    return layer_leaky(net, spectral_conv(net, x, name, out, kernel, stride), 0.2f, LEAKY_GAIN);
}

static ValueId compare(Net *net, ValueId x, const DiscriminatorConfig *c)
{
    return net_add(net, OP_BATCHSTD, &x, 1, &(Attrs){.count = c->group});
}

static ValueId chain(Net *net, ValueId x, const DiscriminatorConfig *c)
{
    x = critic_conv(net, x, "conv1", c->width[0], 4, 2);
    x = critic_conv(net, x, "conv2", c->width[0], 3, 1);
    x = critic_conv(net, x, "conv3", c->width[1], 4, 2);
    x = critic_conv(net, compare(net, x, c), "conv4", c->width[1], 3, 1);
    return critic_conv(net, x, "conv5", c->width[2], 4, 2);
}

/* Two 3x3 convolutions, halved by averaging, beside a halved 1x1. */
static ValueId block(Net *net, ValueId x, int index, int in, int out)
{
    char name[32];
    snprintf(name, sizeof name, "block%d.conv1", index);
    ValueId y = critic_conv(net, x, name, in, 3, 1);
    snprintf(name, sizeof name, "block%d.conv2", index);
    y = layer_avgpool(net, critic_conv(net, y, name, out, 3, 1), 2, 2, 0);
    snprintf(name, sizeof name, "block%d.skip", index);
    x = spectral_conv(net, layer_avgpool(net, x, 2, 2, 0), name, out, 1, 1);
    return layer_scale(net, layer_add(net, x, y), BLOCK_GAIN, 0);
}

static ValueId residual(Net *net, ValueId x, const DiscriminatorConfig *c)
{
    x = critic_conv(net, x, "stem", c->width[0], 3, 1);
    for (int s = 0; s < c->stages; s++) x = block(net, x, s + 1, c->width[s], c->width[s + 1]);
    return critic_conv(net, compare(net, x, c), "last", c->width[c->stages], 3, 1);
}

static bool config_check(const DiscriminatorConfig *c, Err *err)
{
    if (c->stages < 0 || c->stages >= DISCRIMINATOR_WIDTHS || c->size % (1 << c->stages) ||
        c->size >> c->stages < 2)
        return err_set(err, ERR_FORMAT, "critic: pictures of %d pixels cannot be halved %d times", c->size,
                       c->stages);
    for (int i = 0; i < discriminator_widths(c); i++)
        if (c->width[i] < 1 || c->width[i] > 2048)
            return err_set(err, ERR_FORMAT, "critic: width %d (%d) is out of range", i + 1, c->width[i]);
    return true;
}

Net *discriminator_net(const DiscriminatorConfig *c, Err *err)
{
    if (!config_check(c, err)) return NULL;
    Net *net = net_new();
    if (!net) return err_nomem(err, "the discriminator"), NULL;
    int dense = 2 * c->width[discriminator_widths(c) - 1];
    ValueId x = net_input(net, "image", shape4(NET_BATCH, c->channels, c->size, c->size));
    x = layer_flatten(net, c->stages ? residual(net, x, c) : chain(net, x, c));
    x = layer_leaky(net, layer_linear_spectral(net, x, "dense", dense, true, init_he()), 0.2f, LEAKY_GAIN);
    ValueId critic = layer_linear_spectral(net, x, "critic", 1, true, init_fan_in(1));
    if (c->classes) {
        ValueId onehot = net_input(net, "class", shape2(NET_BATCH, c->classes));
        ValueId embed = layer_linear_spectral(net, onehot, "embed", dense, false, init_fan_in(1));
        ValueId match = net_add(net, OP_ROWDOT, (ValueId[]){x, embed}, 2, NULL);
        critic = layer_add(net, critic, match);
        net_output(net, "label", layer_linear(net, x, "label", c->classes, true, init_fan_in(1)));
    }
    net_output(net, "critic", critic);
    if (net_finish(net, err)) return net;
    net_free(net);
    return NULL;
}
