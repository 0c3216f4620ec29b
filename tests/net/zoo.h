/* Small nets that between them use every op in every way that matters to the executor, and what tests do with
 * them. */
#pragma once
#include "base/rng.h"
#include "math/axis.h"
#include "math/pair.h"
#include "math/point.h"
#include "net/exec.h"
#include "check.h"
#include "net/layers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline ValueId add1(Net *net, int op, ValueId x, Attrs a)
{
    return net_add(net, op, &x, 1, &a);
}

static inline ValueId picture(Net *net, int c, int h, int w)
{
    return net_input(net, "x", shape4(NET_BATCH, c, h, w));
}

static inline ValueId param(Net *net, const char *name, Shape shape)
{
    return net_param(net, name, shape, init_normal(0.7f));
}

static inline void zoo_conv(Net *net)
{
    ValueId x = layer_conv(net, picture(net, 2, 9, 8), "a", 6, 3, 2, 1, true, init_he());
    x = layer_act(net, x, ACT_TANH);
    x = layer_conv_with(net, x, "b", 4, 3, (ConvOptions){.stride = 1, .pad = 1, .groups = 2}, init_he());
    net_output(net, "y", x);
}

/* x feeds two transposed convolutions: one gradient overwrites, the other is added. */
static inline void zoo_convt(Net *net)
{
    ValueId x = picture(net, 4, 5, 3);
    ValueId a = layer_convt(net, x, "a", 3, 4, 2, 1, true, init_he());
    ValueId w = param(net, "b", shape4(4, 2, 3, 3)), bias = param(net, "bias", shape1(4));
    ValueId b = net_add(net, OP_CONVT, (ValueId[]){x, w, bias}, 3,
                        &(Attrs){.stride = {2, 2}, .pad = {1, 1, 1, 1}, .out_pad = {1, 1}, .groups = 2});
    net_output(net, "y", layer_concat(net, a, b, 1));
}

static inline void zoo_style(Net *net)
{
    ValueId w = net_input(net, "w", shape2(NET_BATCH, 5));
    ValueId noise = net_input(net, "noise", shape4(NET_BATCH, 1, 4, 4));
    ValueId x = layer_constant(net, "start", 4, 4, 4);
    x = layer_modconv(net, x, layer_linear(net, w, "s1", 4, true, init_fan_in(1)), "c1", 6, 3, true, true,
                      init_he());
    x = layer_act(net, layer_noise(net, x, noise, "strength"), ACT_TANH);
    x = layer_upsample(net, x, 2, 1);
    x = layer_modconv(net, x, layer_linear(net, w, "s2", 6, true, init_fan_in(1)), "c2", 2, 1, false, true,
                      init_he());
    net_output(net, "y", layer_act(net, x, ACT_TANH));
}

static inline void zoo_residual(Net *net)
{
    ValueId x = layer_conv(net, picture(net, 1, 6, 6), "stem", 4, 3, 1, 1, false, init_he());
    x = layer_act(net, layer_batchnorm(net, x, "stem.norm"), ACT_TANH);
    ValueId y = layer_act(
        net, layer_batchnorm(net, layer_conv(net, x, "c1", 4, 3, 1, 1, false, init_he()), "n1"), ACT_TANH);
    y = layer_batchnorm(net, layer_conv(net, y, "c2", 4, 3, 1, 1, false, init_he()), "n2");
    x = layer_act(net, layer_add(net, y, x), ACT_SOFTPLUS);
    x = layer_op(net, OP_MEANHW, x);
    net_output(net, "features", x);
    net_output(net, "out", layer_linear(net, x, "head", 3, true, init_he()));
}

/* Statistics per image and class: scale and offset come from a second input; the first norm has neither. */
static inline void zoo_conditional(Net *net)
{
    ValueId x = picture(net, 3, 4, 5), c = net_input(net, "class", shape2(NET_BATCH, 2));
    ValueId mean = net_buffer(net, "n0.mean", shape1(3), init_zero()),
            var = net_buffer(net, "n0.var", shape1(3), init_const(2));
    x = net_add(net, OP_BATCHNORM, (ValueId[]){x, NET_NONE, NET_NONE, mean, var}, 5, NULL);
    ValueId scale = layer_linear(net, c, "scale", 3, true, init_const(0.6f)),
            offset = layer_linear(net, c, "offset", 3, false, init_normal(1));
    x = layer_batchnorm_with(net, x, scale, offset, "n1");
    net_output(net, "y", net_add(net, OP_INSTANCENORM, (ValueId[]){x, scale, offset}, 3, NULL));
}

/* With gradients of parameters alone, nobody wants dx of either norm. */
static inline void zoo_norm_first(Net *net)
{
    ValueId x = picture(net, 3, 4, 5);
    ValueId a = layer_batchnorm(net, x, "a");
    ValueId b = net_add(net, OP_INSTANCENORM,
                        (ValueId[]){x, param(net, "s", shape1(3)), param(net, "o", shape1(3))}, 3, NULL);
    net_output(net, "y", layer_mul(net, a, b));
}

static inline ValueId tokens(Net *net, ValueId x, const char *name)
{
    return layer_linear(net, x, name, 4, true, init_fan_in(1));
}

/* One head of attention over the pixels of an NHWC picture. */
static inline void zoo_attention(Net *net)
{
    ValueId x = add1(net, OP_TRANSPOSE, picture(net, 3, 2, 4), (Attrs){.perm = {0, 2, 3, 1}});
    x = layer_reshape(net, x, (Shape){3, {NET_BATCH, 8, 3}});
    ValueId k = add1(net, OP_TRANSPOSE, tokens(net, x, "k"), (Attrs){.perm = {0, 2, 1}});
    ValueId a = net_add(net, OP_MATMUL, (ValueId[]){tokens(net, x, "q"), k}, 2, NULL);
    a = layer_op(net, OP_SOFTMAX, layer_scale(net, a, 0.5f, 0.25f));
    net_output(net, "weights", a);
    net_output(net, "y", net_add(net, OP_MATMUL, (ValueId[]){a, tokens(net, x, "v")}, 2, NULL));
}

static inline void zoo_broadcast(Net *net)
{
    ValueId x = picture(net, 3, 2, 4);
    x = layer_add(net, x, param(net, "plane", shape4(1, 1, 2, 4)));
    x = layer_mul(net, param(net, "channel", (Shape){3, {3, 1, 1}}), x);
    x = layer_add(net, x,
                  layer_reshape(net, net_input(net, "w", shape2(NET_BATCH, 3)), shape4(NET_BATCH, 3, 1, 1)));
    net_output(net, "y", layer_mul(net, x, param(net, "one", shape1(1))));
}

/* The same value twice in one node, and a value read by many. */
static inline void zoo_fanout(Net *net)
{
    ValueId x = picture(net, 2, 3, 3), s = layer_mul(net, x, x);
    ValueId d = layer_add(net, s, s), f = layer_flatten(net, d), g = layer_act(net, f, ACT_SIGMOID);
    ValueId r = net_add(net, OP_ROWDOT, (ValueId[]){f, f}, 2, NULL);
    net_output(net, "middle", f);
    net_output(net, "y", layer_add(net, layer_mul(net, g, r), f));
    net_output(net, "side", layer_concat(net, g, g, 1));
}

static inline void zoo_rows(Net *net)
{
    ValueId x = net_input(net, "x", shape2(NET_BATCH, 6));
    ValueId a = layer_op(net, OP_PIXELNORM, x),
            b = layer_op(net, OP_L2NORM, layer_linear(net, x, "l", 6, true, init_he()));
    net_output(net, "dot", net_add(net, OP_ROWDOT, (ValueId[]){a, b}, 2, NULL));
    net_output(net, "soft", layer_op(net, OP_SOFTMAX, layer_add(net, a, b)));
}

static inline void zoo_sizes(Net *net)
{
    ValueId x = picture(net, 2, 6, 6), up = layer_upsample(net, x, 2, 0);
    ValueId a = layer_avgpool(net, up, 3, 2, 1), m = layer_maxpool(net, x, 2, 2, 0);
    net_output(net, "mean", layer_op(net, OP_MEANHW, layer_upsample(net, m, 2, 1)));
    net_output(net, "sum", layer_op(net, OP_SUMHW, layer_slice(net, layer_mul(net, a, x), 2, 1, 4)));
    net_output(net, "slice", layer_slice(net, layer_concat(net, a, x, 1), 1, 1, 2));
}

/* The critic of a GAN in small: spectral norm, minibatch std, projection. */
static inline void zoo_critic(Net *net)
{
    ValueId x = picture(net, 1, 6, 6), c = net_input(net, "class", shape2(NET_BATCH, 3));
    ConvOptions o = {.stride = 2, .pad = 1, .bias = true, .spectral = true};
    x = layer_act(net, layer_conv_with(net, x, "c1", 4, 4, o, init_he()), ACT_TANH);
    x = layer_flatten(net, net_add(net, OP_BATCHSTD, &x, 1, &(Attrs){.count = 2}));
    x = layer_act(net, layer_linear_spectral(net, x, "l1", 5, true, init_he()), ACT_TANH);
    ValueId match = net_add(
        net, OP_ROWDOT, (ValueId[]){x, layer_linear_spectral(net, c, "embed", 5, false, init_he())}, 2, NULL);
    net_output(net, "critic",
               layer_add(net, layer_linear_spectral(net, x, "critic", 1, true, init_he()), match));
}

static inline void zoo_acts(Net *net)
{
    ValueId x = layer_linear(net, net_input(net, "x", shape2(NET_BATCH, 7)), "l", 7, true, init_he()),
            sum = x;
    for (int act = ACT_RELU; act <= ACT_EXP; act++)
        sum = layer_add(net, sum, layer_act(net, x, (ActKind)act));
    x = layer_act(net, layer_act(net, layer_leaky(net, sum, 0.3f, 1.5f), ACT_SOFTPLUS), ACT_SQRT);
    net_output(net, "y", layer_scale(net, layer_scale(net, x, -2, 0.5f), 0.5f, 1));
}

/* Smooth functions of one and two numbers, and the choice between two. */
static inline void zoo_wise(Net *net)
{
    ValueId x = net_input(net, "x", shape4(NET_BATCH, 2, 3, 4)), p = param(net, "p", (Shape){3, {2, 1, 4}});
    ValueId e = add1(net, OP_POINT, x, (Attrs){.mode = POINT_ERF}), s = add1(net, OP_POINT, x, (Attrs){.mode = POINT_SIN});
    ValueId soft = layer_act(net, p, ACT_SOFTPLUS);
    ValueId d = net_add(net, OP_PAIR, (ValueId[]){e, soft}, 2, &(Attrs){.mode = PAIR_DIV});
    ValueId c = net_add(net, OP_PAIR, (ValueId[]){p, s}, 2, &(Attrs){.mode = PAIR_SUB});
    ValueId choice = param(net, "choice", shape1(4));
    net_output(net, "y", net_add(net, OP_SELECT, (ValueId[]){choice, d, c}, 3, NULL));
}

/* Sums and means along axes in the middle and at the end; one axis gathered with two weights a place. */
static inline void zoo_axis(Net *net)
{
    ValueId x = net_input(net, "x", shape4(NET_BATCH, 3, 4, 5));
    ValueId index = net_buffer(net, "index", shape2(6, 2), init_const(2)),
            weight = net_buffer(net, "weight", shape2(6, 2), init_const(0.4f));
    ValueId g = net_add(net, OP_GATHER, (ValueId[]){x, index, weight}, 3, &(Attrs){.axis = 2});
    ValueId s = add1(net, OP_REDUCE, x, (Attrs){.axis = 1, .mode = REDUCE_SUM});
    ValueId m = add1(net, OP_REDUCE, g, (Attrs){.axis = 2, .count = 2, .mode = REDUCE_MEAN});
    net_output(net, "y", layer_mul(net, s, m));
}

/* StyleGAN2's upsampling layer as imports make it, and BigGAN's standing statistics. */
static inline void zoo_filter(Net *net)
{
    ValueId x = picture(net, 5, 4, 3), w = net_input(net, "w", shape2(NET_BATCH, 4));
    ValueId noise = net_input(net, "noise", shape4(NET_BATCH, 1, 8, 6));
    ValueId kernel = net_buffer(net, "blur", shape2(4, 4), init_normal(0.2f));
    ValueId table = net_buffer(net, "rows", shape2(5, 6), init_normal(1));
    ValueId style = layer_linear(net, w, "s", 5, true, init_fan_in(1));
    x = net_add(net, OP_AFFINE, (ValueId[]){x, style}, 2, NULL);
    x = net_add(net, OP_CONVT, (ValueId[]){x, param(net, "w3", shape4(5, 6, 3, 3))}, 2, &(Attrs){.stride = {2, 2}});
    x = net_add(net, OP_AFFINE, (ValueId[]){x, layer_linear(net, w, "d", 6, true, init_fan_in(1))}, 2, NULL);
    x = net_add(net, OP_FIR, (ValueId[]){x, kernel}, 2, &(Attrs){.pad = {1, 1, 1, 1}});
    ValueId t = layer_act(net, layer_linear(net, w, "t", 1, false, init_fan_in(1)), ACT_SIGMOID);
    ValueId scale = layer_linear(net, w, "a", 6, true, init_fan_in(1));
    ValueId offset = layer_add(net, layer_linear(net, w, "b", 6, true, init_fan_in(1)),
                               net_add(net, OP_STANDING, (ValueId[]){layer_scale(net, t, 0, 0.4f), table}, 2, NULL));
    ValueId y = net_add(net, OP_AFFINE, (ValueId[]){x, scale, offset}, 3, NULL);
    y = layer_conv(net, layer_leaky(net, y, 0.9f, 1), "c", 3, 3, 1, 1, true, init_he());
    x = net_add(net, OP_AFFINE, (ValueId[]){x, NET_NONE, param(net, "bias", shape1(6))}, 3, NULL);
    x = layer_leaky(net, layer_noise(net, x, noise, "strength"), 0.9f, 1.4f);
    net_output(net, "up", net_add(net, OP_FIR, (ValueId[]){y, kernel}, 2, &(Attrs){.scale = 2, .pad = {2, 2, 1, 1}}));
    net_output(net, "y", x);
}

static inline void zoo_affine(Net *net)
{
    ValueId x = layer_conv(net, picture(net, 3, 5, 4), "c", 6, 3, 1, 1, false, init_he());
    ValueId style = layer_linear(net, net_input(net, "w", shape2(NET_BATCH, 2)), "s", 6, true, init_he());
    x = net_add(net, OP_AFFINE, (ValueId[]){x, style, param(net, "o", shape1(6))}, 3, NULL);
    x = net_add(net, OP_AFFINE, (ValueId[]){layer_act(net, x, ACT_TANH), param(net, "t", shape1(6))}, 2, NULL);
    x = layer_conv(net, x, "d", 4, 3, 1, 1, true, init_he());
    net_output(net, "y", layer_act(net, x, ACT_TANH));
}

typedef struct {
    const char *name;
    void (*build)(Net *net);
} Zoo;

static const Zoo zoo[] = {
    {"conv", zoo_conv},
    {"convt", zoo_convt},
    {"style", zoo_style},
    {"residual", zoo_residual},
    {"conditional", zoo_conditional},
    {"norm_first", zoo_norm_first},
    {"attention", zoo_attention},
    {"broadcast", zoo_broadcast},
    {"fanout", zoo_fanout},
    {"rows", zoo_rows},
    {"sizes", zoo_sizes},
    {"critic", zoo_critic},
    {"acts", zoo_acts},
    {"wise", zoo_wise},
    {"axis", zoo_axis},
    {"affine", zoo_affine},
    {"filter", zoo_filter},
};
enum { ZOO = sizeof zoo / sizeof *zoo };

static inline Net *zoo_net(int i)
{
    Err err = {0};
    Net *net = net_new();
    zoo[i].build(net);
    if (!net_finish(net, &err)) fail_msg("%s: %s", zoo[i].name, err.msg);
    return net;
}

/* ---- Running them
 * -------------------------------------------------------------------------------------------------- */

/* Weights drawn by the nets' own rule, biases and strengths moved off zero so that their gradients matter. */
static inline Weights *drawn(const Net *net, uint64_t seed)
{
    Err err = {0};
    Weights *w = weights_new(net, &err);
    assert_ok(w, err);
    weights_init(w, seed);
    for (int v = 0; v < net_values(net); v++) {
        const Value *value = net_value(net, v);
        if (value->kind != VALUE_PARAM || value->init.kind != INIT_ZERO) continue;
        rng_fill_normal(weights_at(w, v), shape_count(&value->shape, 1), seed + (uint64_t)v, RNG_TEST);
    }
    return w;
}

static inline bool is_input(const Net *net, const Port *p)
{
    return net_value(net, p->value)->kind == VALUE_INPUT;
}

static inline size_t port_floats(const Net *net, const Port *p, int n)
{
    return shape_count(&net_value(net, p->value)->shape, n);
}

/* Fills the inputs, and seeds every output, of port i from (seed, i). */
static inline void fill_inputs(Exec *e, const Net *net, int n, uint64_t seed)
{
    const Port *ports;
    for (int i = 0, count = net_ports(net, &ports); i < count; i++)
        if (is_input(net, &ports[i]))
            rng_fill_normal(exec_value(e, ports[i].value), port_floats(net, &ports[i], n), seed + (uint64_t)i,
                            RNG_TEST);
}

static inline void fill_seeds(Exec *e, const Net *net, int n, uint64_t seed)
{
    const Port *ports;
    exec_seed_zero(e);
    for (int i = 0, count = net_ports(net, &ports); i < count; i++)
        if (!is_input(net, &ports[i]) && exec_grad(e, ports[i].value))
            rng_fill_normal(exec_grad(e, ports[i].value), port_floats(net, &ports[i], n),
                            seed + (uint64_t)i + 1000, RNG_TEST);
}

/* Everything one can see of a run: outputs, gradients of inputs, gradients of parameters, buffers. Malloc'ed.
 */
static inline float *observe(Exec *e, const Net *net, const Weights *w, const Weights *grads, int n,
                             size_t *floats)
{
    const Port *ports;
    int count = net_ports(net, &ports);
    size_t at = 0, cap = w->floats + (grads ? grads->floats : 0);
    for (int i = 0; i < count; i++) cap += port_floats(net, &ports[i], n);
    float *all = malloc(cap * sizeof *all);
    for (int i = 0; i < count; i++) {
        const float *from =
            is_input(net, &ports[i]) ? exec_grad(e, ports[i].value) : exec_value(e, ports[i].value);
        if (!from) continue;
        memcpy(all + at, from, port_floats(net, &ports[i], n) * sizeof *all);
        at += port_floats(net, &ports[i], n);
    }
    if (grads) memcpy(all + at, grads->block, grads->floats * sizeof *all);
    at += grads ? grads->floats : 0;
    memcpy(all + at, w->block, w->floats * sizeof *all);
    *floats = at + w->floats;
    return all;
}
