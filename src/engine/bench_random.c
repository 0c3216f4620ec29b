/* Draws encoders, and describes them to the peers. */
#include "engine/bench_random.h"
#include "base/rng.h"
#include "net/layers.h"
#include <math.h>
#include <stdio.h>

#define CHANNELS_LEAST 3
#define CHANNELS_MOST  200
#define SIDE_LEAST     5
#define SIDE_MOST      65
#define BLOCKS         8
#define MACS_MOST      12e6 /* of one convolution and picture, so that every network is a bench of seconds */

typedef struct {
    Net *net;
    Rng rng;
    int named; /* layers so far */
} Draw;

static int between(Draw *d, int low, int high)
{
    return low + (int)rng_below(&d->rng, (uint32_t)(high - low + 1));
}

static const Shape *shape(const Draw *d, ValueId x)
{
    return &net_value(d->net, x)->shape;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Channels that keep a convolution of x below the most work. */
static int draw_channels(Draw *d, ValueId x, int kernel, int stride)
{
    const Shape *s = shape(d, x);
    double each = (double)kernel * kernel * s->dim[2] * s->dim[3] / (stride * stride);
    int most = smaller(CHANNELS_MOST, smaller((int)(MACS_MOST / each / s->dim[1]), (int)sqrt(MACS_MOST / each)));
    return between(d, CHANNELS_LEAST, most > CHANNELS_LEAST ? most : CHANNELS_LEAST);
}

static ValueId conv_norm(Draw *d, ValueId x, int out, int kernel, int stride)
{
    char name[32], norm[32];
    snprintf(name, sizeof name, "conv%d", d->named);
    snprintf(norm, sizeof norm, "norm%d", d->named++);
    return layer_batchnorm(d->net, layer_conv(d->net, x, name, out, kernel, stride, kernel / 2, false, init_he()), norm);
}

static ValueId act(Draw *d, ValueId x)
{
    return between(d, 0, 3) ? layer_act(d->net, x, ACT_RELU) : layer_leaky(d->net, x, 0.1f, 1);
}

static ValueId plain(Draw *d, ValueId x, int kernel, int stride)
{
    return act(d, conv_norm(d, x, draw_channels(d, x, kernel, stride), kernel, stride));
}

/* Two convolutions beside a shortcut. */
static ValueId residual(Draw *d, ValueId x, int stride)
{
    int in = shape(d, x)->dim[1], out = stride == 1 && between(d, 0, 1) ? in : draw_channels(d, x, 3, stride);
    ValueId y = act(d, conv_norm(d, x, out, 3, stride));
    y = conv_norm(d, y, out, 3, 1);
    if (stride != 1 || in != out) x = conv_norm(d, x, out, 1, stride);
    return act(d, layer_add(d->net, y, x));
}

/* Two ways of different kernels, side by side. */
static ValueId branch(Draw *d, ValueId x, int stride)
{
    ValueId a = plain(d, x, 3, stride), b = plain(d, x, between(d, 0, 1) ? 1 : 5, stride);
    int most = CHANNELS_MOST, both = shape(d, a)->dim[1] + shape(d, b)->dim[1];
    ValueId y = layer_concat(d->net, a, b, 1);
    return both > most ? act(d, conv_norm(d, y, between(d, CHANNELS_LEAST, most), 1, 1)) : y;
}

static ValueId block(Draw *d, ValueId x)
{
    const Shape *s = shape(d, x);
    int stride = smaller(s->dim[2], s->dim[3]) >= 2 * SIDE_LEAST ? between(d, 1, 2) : 1;
    switch (between(d, 0, 3)) {
    case 0: return branch(d, x, stride);
    case 1: return plain(d, x, 2 * between(d, 0, 2) + 1, stride);
    default: return residual(d, x, stride);
    }
}

static ValueId body(Draw *d)
{
    int channels = between(d, 1, 4), h = between(d, 4 * SIDE_LEAST, SIDE_MOST), w = between(d, 4 * SIDE_LEAST, SIDE_MOST);
    ValueId x = net_input(d->net, "image", shape4(NET_BATCH, channels, h, w));
    x = plain(d, x, 3, 1);
    for (int i = 0; i < BLOCKS; i++) x = block(d, x);
    return layer_op(d->net, OP_MEANHW, x);
}

Net *bench_random(uint64_t seed, Err *err)
{
    Draw d = {.net = net_new(), .rng = rng_at(seed, RNG_TEST)};
    if (!d.net) return err_nomem(err, "a drawn network"), NULL;
    ValueId x = body(&d);
    net_output(d.net, "features", x);
    x = layer_act(d.net, layer_linear(d.net, x, "head.hidden", 128, true, init_he()), ACT_RELU);
    net_output(d.net, "out", layer_linear(d.net, x, "head.out", 64, true, init_fan_in(1)));
    if (net_finish(d.net, err)) return d.net;
    net_free(d.net);
    return NULL;
}

/* --- for peers --------------------------------------------------------------------------------------------------- */

static Json *numbers(const int *x, int n)
{
    Json *list = json_make_array();
    for (int i = 0; i < n; i++) json_add_int(list, x[i]);
    return list;
}

static Json *attributes(const Node *node)
{
    const Attrs *a = &node->attrs;
    Json *o = json_make();
    if (node->op == OP_CONV) {
        json_put(o, "stride", numbers(a->stride, 2));
        json_put(o, "pad", numbers(a->pad, 2)); /* the same on both sides */
    } else if (node->op == OP_ACT) {
        json_put_str(o, "kind", a->act == ACT_RELU ? "relu" : "leaky");
        json_put_num(o, "alpha", (double)a->alpha);
    }
    return o;
}

/* The inputs that are activations; a weight by its shape. */
static Json *describe(const Net *net, const Node *node)
{
    Json *o = json_make(), *in = json_make_array();
    json_put_str(o, "op", op_name(node->op));
    for (int i = 0; i < node->inputs; i++) {
        const Value *v = net_value(net, node->in[i]);
        if (v->kind == VALUE_INPUT || v->kind == VALUE_ACTIVATION) json_add_int(in, node->in[i]);
    }
    json_put(o, "in", in);
    json_put_int(o, "out", node->out);
    if (node->op == OP_CONV || node->op == OP_LINEAR) {
        const Shape *w = &net_value(net, node->in[1])->shape;
        json_put(o, "weight", numbers(w->dim, w->rank));
        json_put_bool(o, "bias", node->inputs > 2);
    }
    if (node->op == OP_BATCHNORM) json_put_int(o, "channels", net_value(net, node->in[0])->shape.dim[1]);
    json_put(o, "attrs", attributes(node));
    return o;
}

Json *bench_net_graph(const Net *net)
{
    Json *o = json_make(), *ports = json_make(), *nodes = json_make_array();
    const Port *port;
    int n = net_ports(net, &port);
    for (int i = 0; i < n; i++) json_put_int(ports, port[i].name, port[i].value);
    for (int i = 0; i < net_nodes(net); i++) json_add(nodes, describe(net, net_node(net, i)));
    json_put(o, "input", numbers(net_value(net, net_port(net, "image"))->shape.dim + 1, 3));
    json_put(o, "ports", ports);
    json_put(o, "nodes", nodes);
    return o;
}
