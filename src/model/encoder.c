/* The encoder's network: a 3x3 stem, stages of basic residual blocks, a pooled representation, and a head. */
#include "model/encoder.h"
#include "net/layers.h"
#include "net/ops.h"
#include <stdio.h>
#include <string.h>

static const EncoderConfig sizes[] = {
    {.size = "tiny", .stages = 3, .width = {16, 32, 64}, .blocks = {1, 1, 1}, .hidden = 64, .out = 64},
    {.size = "small",
     .stages = 4,
     .width = {16, 32, 64, 128},
     .blocks = {1, 2, 1, 1},
     .hidden = 128,
     .out = 64},
    {.size = "wide",
     .stages = 4,
     .width = {32, 64, 128, 256},
     .blocks = {1, 1, 1, 1},
     .hidden = 256,
     .out = 64},
    {.size = "a", .stages = 3, .width = {32, 64, 128}, .blocks = {2, 2, 2}, .hidden = 128, .out = 64},
};

bool encoder_config(EncoderConfig *out, const char *size, int channels, int side, int classes, Err *err)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (strcmp(size, sizes[i].size)) continue;
        *out = sizes[i];
        out->channels = channels;
        out->side = side;
        out->classes = classes;
        return true;
    }
    return err_set(err, ERR_USAGE, "no encoder of size \"%s\"; there are tiny, small, wide and a", size);
}

int encoder_features(const EncoderConfig *c)
{
    return c->width[c->stages - 1];
}

static ValueId conv_norm(Net *net, ValueId x, const char *name, int out, int kernel, int stride)
{
    char norm[96];
    snprintf(norm, sizeof norm, "%s.norm", name);
    x = layer_conv(net, x, name, out, kernel, stride, kernel / 2, false, init_he());
    return layer_batchnorm(net, x, norm);
}

/* A basic block: two 3x3 convolutions beside a shortcut (1x1 where the shape changes). */
static ValueId block(Net *net, ValueId x, const char *name, int in, int out, int stride)
{
    char part[64];
    snprintf(part, sizeof part, "%s.conv1", name);
    ValueId y = layer_act(net, conv_norm(net, x, part, out, 3, stride), ACT_RELU);
    snprintf(part, sizeof part, "%s.conv2", name);
    y = conv_norm(net, y, part, out, 3, 1);
    snprintf(part, sizeof part, "%s.shortcut", name);
    if (stride != 1 || in != out) x = conv_norm(net, x, part, out, 1, stride);
    return layer_act(net, layer_add(net, y, x), ACT_RELU);
}

static ValueId body(Net *net, const EncoderConfig *c)
{
    ValueId x = net_input(net, "image", shape4(NET_BATCH, c->channels, c->side, c->side));
    x = layer_act(net, conv_norm(net, x, "stem", c->width[0], 3, 1), ACT_RELU);
    for (int s = 0, in = c->width[0]; s < c->stages; s++)
        for (int b = 0; b < c->blocks[s]; b++, in = c->width[s]) {
            char name[48];
            snprintf(name, sizeof name, "stage%d.block%d", s + 1, b + 1);
            x = block(net, x, name, in, c->width[s], s && !b ? 2 : 1);
        }
    return layer_op(net, OP_MEANHW, x);
}

Net *encoder_net(const EncoderConfig *c, Err *err)
{
    Net *net = net_new();
    if (!net) return err_nomem(err, "the encoder"), NULL;
    ValueId x = body(net, c);
    net_output(net, "features", x);
    if (c->classes) {
        net_output(net, "logits", layer_linear(net, x, "classifier", c->classes, true, init_fan_in(1)));
    } else {
        if (c->hidden)
            x = layer_act(net, layer_linear(net, x, "head.hidden", c->hidden, true, init_he()), ACT_RELU);
        net_output(net, "out", layer_linear(net, x, "head.out", c->out, true, init_fan_in(1)));
    }
    if (net_finish(net, err)) return net;
    net_free(net);
    return NULL;
}
