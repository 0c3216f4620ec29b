/* Layers that make their own parameters, and one-line forms of the common ops. */
#include "net/layers.h"
#include <stdio.h>

/* The shape of x; all ones when the net is broken, so that builders need no checks of their own. */
static Shape shape_of(const Net *net, ValueId x)
{
    const Value *v = net ? net_value(net, x) : NULL;
    return v ? v->shape : (Shape){NET_RANK, {1, 1, 1, 1, 1, 1}};
}

/* The parameter or buffer "NAME.suffix". */
static ValueId part(Net *net, ValueId (*make)(Net *, const char *, Shape, Init), const char *name,
                    const char *suffix, Shape shape, Init init)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    return make(net, full, shape, init);
}

static ValueId bias_of(Net *net, const char *name, int n, bool wanted)
{
    return wanted ? part(net, net_param, name, ".bias", shape1(n), init_zero()) : NET_NONE;
}

/* An op with its last input optional. */
static ValueId with_bias(Net *net, int op, const ValueId *in, int inputs, const Attrs *attrs)
{
    return net_add(net, op, in, in[inputs - 1] == NET_NONE ? inputs - 1 : inputs, attrs);
}

/* ---- Layers with parameters ---------------------------------------------------------------------------- */

ValueId layer_conv_with(Net *net, ValueId x, const char *name, int out, int kernel, ConvOptions o, Init init)
{
    int groups = o.groups > 0 ? o.groups : 1;
    Shape shape = shape4(out, shape_of(net, x).dim[1] / groups, kernel, kernel);
    ValueId w = part(net, net_param, name, ".weight", shape, init);
    if (o.spectral) w = layer_spectral(net, w, name);
    ValueId in[] = {x, w, bias_of(net, name, out, o.bias)};
    return with_bias(
        net, OP_CONV, in, 3,
        &(Attrs){.stride = {o.stride, o.stride}, .pad = {o.pad, o.pad, o.pad, o.pad}, .groups = groups});
}

ValueId layer_conv(Net *net, ValueId x, const char *name, int out, int kernel, int stride, int pad, bool bias,
                   Init init)
{
    return layer_conv_with(net, x, name, out, kernel,
                           (ConvOptions){.stride = stride, .pad = pad, .bias = bias}, init);
}

ValueId layer_convt(Net *net, ValueId x, const char *name, int out, int kernel, int stride, int pad,
                    bool bias, Init init)
{
    Shape shape = shape4(shape_of(net, x).dim[1], out, kernel, kernel);
    ValueId in[] = {x, part(net, net_param, name, ".weight", shape, init), bias_of(net, name, out, bias)};
    return with_bias(net, OP_CONVT, in, 3, &(Attrs){.stride = {stride, stride}, .pad = {pad, pad, pad, pad}});
}

ValueId layer_modconv(Net *net, ValueId x, ValueId style, const char *name, int out, int kernel,
                      bool demodulate, bool bias, Init init)
{
    int p = kernel / 2;
    Shape shape = shape4(out, shape_of(net, x).dim[1], kernel, kernel);
    ValueId in[] = {x, style, part(net, net_param, name, ".weight", shape, init),
                    bias_of(net, name, out, bias)};
    return with_bias(net, OP_MODCONV, in, 4, &(Attrs){.pad = {p, p, p, p}, .demodulate = demodulate});
}

static ValueId linear(Net *net, ValueId x, const char *name, int out, bool bias, bool spectral, Init init)
{
    Shape s = shape_of(net, x);
    ValueId w = part(net, net_param, name, ".weight", shape2(out, s.dim[s.rank - 1]), init);
    if (spectral) w = layer_spectral(net, w, name);
    return with_bias(net, OP_LINEAR, (ValueId[]){x, w, bias_of(net, name, out, bias)}, 3, NULL);
}

ValueId layer_linear(Net *net, ValueId x, const char *name, int out, bool bias, Init init)
{
    return linear(net, x, name, out, bias, false, init);
}

ValueId layer_linear_spectral(Net *net, ValueId x, const char *name, int out, bool bias, Init init)
{
    return linear(net, x, name, out, bias, true, init);
}

ValueId layer_batchnorm(Net *net, ValueId x, const char *name)
{
    Shape channel = shape1(shape_of(net, x).dim[1]);
    ValueId scale = part(net, net_param, name, ".weight", channel, init_const(1));
    ValueId offset = part(net, net_param, name, ".bias", channel, init_zero());
    return layer_batchnorm_with(net, x, scale, offset, name);
}

ValueId layer_batchnorm_with(Net *net, ValueId x, ValueId scale, ValueId offset, const char *name)
{
    Shape channel = shape1(shape_of(net, x).dim[1]);
    ValueId mean = part(net, net_buffer, name, ".running_mean", channel, init_zero());
    ValueId var = part(net, net_buffer, name, ".running_var", channel, init_const(1));
    return net_add(net, OP_BATCHNORM, (ValueId[]){x, scale, offset, mean, var}, 5, NULL);
}

ValueId layer_spectral(Net *net, ValueId w, const char *name)
{
    ValueId u = part(net, net_buffer, name, ".weight_u", shape1(shape_of(net, w).dim[0]), init_normal(1));
    return net_add(net, OP_SPECTRAL, (ValueId[]){w, u}, 2, NULL);
}

ValueId layer_noise(Net *net, ValueId x, ValueId noise, const char *name)
{
    ValueId strength = net_param(net, name, shape1(1), init_zero());
    return net_add(net, OP_NOISE, (ValueId[]){x, noise, strength}, 3, NULL);
}

ValueId layer_constant(Net *net, const char *name, int c, int h, int w)
{
    return layer_op(net, OP_BROADCAST, net_param(net, name, shape4(1, c, h, w), init_normal(1)));
}

/* ---- Ops in one line ----------------------------------------------------------------------------------- */

ValueId layer_act(Net *net, ValueId x, ActKind act)
{
    return net_add(net, OP_ACT, &x, 1, &(Attrs){.act = (int)act});
}

ValueId layer_leaky(Net *net, ValueId x, float alpha, float gain)
{
    return net_add(net, OP_ACT, &x, 1, &(Attrs){.act = ACT_LEAKY, .alpha = alpha, .gain = gain});
}

ValueId layer_add(Net *net, ValueId a, ValueId b)
{
    return net_add(net, OP_ADD, (ValueId[]){a, b}, 2, NULL);
}

ValueId layer_mul(Net *net, ValueId a, ValueId b)
{
    return net_add(net, OP_MUL, (ValueId[]){a, b}, 2, NULL);
}

ValueId layer_scale(Net *net, ValueId x, float alpha, float beta)
{
    return net_add(net, OP_SCALE, &x, 1, &(Attrs){.alpha = alpha, .gain = beta});
}

ValueId layer_upsample(Net *net, ValueId x, int scale, int mode)
{
    return net_add(net, OP_UPSAMPLE, &x, 1, &(Attrs){.scale = scale, .mode = mode});
}

static ValueId pool(Net *net, int op, ValueId x, int kernel, int stride, int pad)
{
    return net_add(
        net, op, &x, 1,
        &(Attrs){.kernel = {kernel, kernel}, .stride = {stride, stride}, .pad = {pad, pad, pad, pad}});
}

ValueId layer_avgpool(Net *net, ValueId x, int kernel, int stride, int pad)
{
    return pool(net, OP_AVGPOOL, x, kernel, stride, pad);
}

ValueId layer_maxpool(Net *net, ValueId x, int kernel, int stride, int pad)
{
    return pool(net, OP_MAXPOOL, x, kernel, stride, pad);
}

ValueId layer_op(Net *net, int op, ValueId x)
{
    return net_add(net, op, &x, 1, NULL);
}

ValueId layer_concat(Net *net, ValueId a, ValueId b, int axis)
{
    return net_add(net, OP_CONCAT, (ValueId[]){a, b}, 2, &(Attrs){.axis = axis});
}

ValueId layer_slice(Net *net, ValueId x, int axis, int start, int count)
{
    return net_add(net, OP_SLICE, &x, 1, &(Attrs){.axis = axis, .start = start, .count = count});
}

ValueId layer_reshape(Net *net, ValueId x, Shape shape)
{
    return net_add(net, OP_RESHAPE, &x, 1, &(Attrs){.shape = shape});
}

ValueId layer_flatten(Net *net, ValueId x)
{
    Shape s = shape_of(net, x);
    int each = 1;
    for (int i = 1; i < s.rank; i++) each *= s.dim[i];
    return layer_reshape(net, x, shape2(s.dim[0], each));
}
