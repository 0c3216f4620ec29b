/* Shorthand for builders: layers that make their own parameters, named as PyTorch names them (NAME.weight,
 * NAME.bias, NAME.running_mean, NAME.running_var, NAME.weight_u), and one-line forms of the common ops.
 *
 * All return the value made, or NET_NONE on a net that is already broken (net/net.h). */
#pragma once
#include "net/ops.h"

typedef struct {
    int stride, pad;
    int groups;    /* 0: 1 */
    bool bias;     /* starts at 0 */
    bool spectral; /* the weight passes a spectral norm (buffer NAME.weight_u) */
} ConvOptions;

/* Square kernel; weight (out, C/groups, kernel, kernel). */
ValueId layer_conv_with(Net *net, ValueId x, const char *name, int out, int kernel, ConvOptions o, Init init);
ValueId layer_conv(Net *net, ValueId x, const char *name, int out, int kernel, int stride, int pad, bool bias,
                   Init init);
/* Transposed; weight (C, out, kernel, kernel), hence init's fan_in is out * kernel^2. Size (H-1)*stride -
 * 2*pad + kernel. */
ValueId layer_convt(Net *net, ValueId x, const char *name, int out, int kernel, int stride, int pad,
                    bool bias, Init init);
/* StyleGAN2: weight (out, C, kernel, kernel) with padding kernel/2, bias (out) where wanted; style (N,C). */
ValueId layer_modconv(Net *net, ValueId x, ValueId style, const char *name, int out, int kernel,
                      bool demodulate, bool bias, Init init);
/* weight (out, in); x (N,..,in). */
ValueId layer_linear(Net *net, ValueId x, const char *name, int out, bool bias, Init init);
ValueId layer_linear_spectral(Net *net, ValueId x, const char *name, int out, bool bias, Init init);
/* weight 1, bias 0, running mean 0, running variance 1. */
ValueId layer_batchnorm(Net *net, ValueId x, const char *name);
/* Conditional: scale and offset (N,C) come from elsewhere; own running statistics. */
ValueId layer_batchnorm_with(Net *net, ValueId x, ValueId scale, ValueId offset, const char *name);
/* w / sigma of a weight, with its buffer NAME_u. */
ValueId layer_spectral(Net *net, ValueId w, const char *name);
/* x + NAME * noise; strength starts at 0, noise (N,1,H,W). */
ValueId layer_noise(Net *net, ValueId x, ValueId noise, const char *name);
/* A learned constant (N,C,H,W), the same for every image; NAME (1,C,H,W) starts at normal(0, 1). */
ValueId layer_constant(Net *net, const char *name, int c, int h, int w);

ValueId layer_act(Net *net, ValueId x, ActKind act);
ValueId layer_leaky(Net *net, ValueId x, float alpha, float gain);
ValueId layer_add(Net *net, ValueId a, ValueId b);
ValueId layer_mul(Net *net, ValueId a, ValueId b);
ValueId layer_scale(Net *net, ValueId x, float alpha, float beta); /* x * alpha + beta */
ValueId layer_upsample(Net *net, ValueId x, int scale, int mode);  /* mode 0 nearest, 1 bilinear */
ValueId layer_avgpool(Net *net, ValueId x, int kernel, int stride, int pad);
ValueId layer_maxpool(Net *net, ValueId x, int kernel, int stride, int pad);
ValueId layer_op(Net *net, int op,
                 ValueId x); /* any op of one input and no attributes: meanhw, sumhw, pixelnorm, ... */
ValueId layer_concat(Net *net, ValueId a, ValueId b, int axis);
ValueId layer_slice(Net *net, ValueId x, int axis, int start, int count);
ValueId layer_reshape(Net *net, ValueId x, Shape shape);
ValueId layer_flatten(Net *net, ValueId x); /* (N, everything else) */
