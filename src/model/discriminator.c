/* The critic: a small convolutional network under spectral norm with a projection head and class logits. */
#include "model/discriminator.h"
#include "net/layers.h"
#include "net/ops.h"

/* Under spectral norm every layer shrinks typical signals; this gain holds their size, so that the hinge is felt. */
#define LEAKY_GAIN 1.6f

/* Convolution with a spectrally normalised weight, then leaky ReLU. */
static ValueId critic_conv(Net *net, ValueId x, const char *name, int out, int kernel, int stride)
{
    ConvOptions options = {.stride = stride, .pad = 1, .bias = true, .spectral = true};
    return layer_leaky(net, layer_conv_with(net, x, name, out, kernel, options, init_he()), 0.2f, LEAKY_GAIN);
}

Net *discriminator_net(const DiscriminatorConfig *c, Err *err)
{
    Net *net = net_new();
    if (!net) return err_nomem(err, "the discriminator"), NULL;
    ValueId x = net_input(net, "image", shape4(NET_BATCH, c->channels, c->size, c->size));
    x = critic_conv(net, x, "conv1", c->width[0], 4, 2);
    x = critic_conv(net, x, "conv2", c->width[0], 3, 1);
    x = critic_conv(net, x, "conv3", c->width[1], 4, 2);
    x = net_add(net, OP_BATCHSTD, &x, 1, &(Attrs){.count = c->group});
    x = critic_conv(net, x, "conv4", c->width[1], 3, 1);
    x = layer_flatten(net, critic_conv(net, x, "conv5", c->width[2], 4, 2));
    x = layer_leaky(net, layer_linear_spectral(net, x, "dense", 2 * c->width[2], true, init_he()), 0.2f, LEAKY_GAIN);
    ValueId critic = layer_linear_spectral(net, x, "critic", 1, true, init_fan_in(1));
    if (c->classes) {
        ValueId onehot = net_input(net, "class", shape2(NET_BATCH, c->classes));
        ValueId embed = layer_linear_spectral(net, onehot, "embed", 2 * c->width[2], false, init_fan_in(1));
        ValueId match = net_add(net, OP_ROWDOT, (ValueId[]){x, embed}, 2, NULL);
        critic = layer_add(net, critic, match);
        net_output(net, "label", layer_linear(net, x, "label", c->classes, true, init_fan_in(1)));
    }
    net_output(net, "critic", critic);
    if (net_finish(net, err)) return net;
    net_free(net);
    return NULL;
}
