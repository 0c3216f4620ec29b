#!/usr/bin/python3
"""Writes small models as PyTorch saves them, and what they compute, for tests/model/test_import.c and tests/data/test_torchfile.c:
tests/ref/import/NAME.pt, NAME.z.npy, NAME.image.npy ..., and the seeds of tests/fuzz/seeds/torch.

    apt-get install python3-torch && tests/ref/make_import.py

Needed only to make the files anew. The networks are written out from the papers, weights of every picture modulated by themselves, so
that nothing here shares a shortcut with src/model. Weights are random; computed in float64.
"""
import json
import os
from collections import OrderedDict

import numpy
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "import")
SEEDS = os.path.join(HERE, "..", "fuzz", "seeds", "torch")
torch.manual_seed(3)


def randn(*shape, scale=1.0, add=0.0):
    return torch.randn(*shape) * scale + add


def save(name, **arrays):
    for part, value in arrays.items():
        numpy.save(os.path.join(OUT, f"{name}.{part}.npy"), value.detach().to(torch.float32).numpy())


def dump(name, state, **options):
    torch.save(state, os.path.join(OUT, name), **options)


def batchnorm(state, name, c):
    state[name + ".weight"] = randn(c, scale=0.3, add=1)
    state[name + ".bias"] = randn(c, scale=0.3)
    state[name + ".running_mean"] = randn(c, scale=0.3)
    state[name + ".running_var"] = torch.rand(c) + 0.5
    state[name + ".num_batches_tracked"] = torch.tensor(7)


def norm(x, s, name, eps=1e-5):
    return F.batch_norm(x, s[name + ".running_mean"], s[name + ".running_var"], s[name + ".weight"], s[name + ".bias"], eps=eps)


def double(state):
    return {k: v.double() for k, v in state.items()}


def dcgan():
    """A plain generator with a residual layer, in both layouts and with other number types."""
    s = OrderedDict()
    s["module.first.weight"] = randn(6, 5, 4, 4, scale=0.4)
    batchnorm(s, "module.norm", 5)
    s["module.side.weight"] = randn(5, 5, 3, 3, scale=0.2)
    s["module.side.bias"] = randn(5, scale=0.2)
    s["module.last.weight"] = randn(5, 3, 4, 4, scale=0.3)
    z = torch.rand(3, 6) * 2 - 1
    d = {k[7:]: v for k, v in double(s).items()}
    x = F.leaky_relu(norm(F.conv_transpose2d(z.double()[:, :, None, None], d["first.weight"]), d, "norm"), 0.2)
    x = x + F.conv2d(x, d["side.weight"], d["side.bias"], padding=1)
    y = torch.sigmoid(F.conv_transpose2d(x, d["last.weight"], stride=2, padding=1))
    save("dcgan", z=z, image=y)
    dump("dcgan.pt", {"state_dict": s, "epoch": 25, "args": {"lr": 0.1}})
    dump("dcgan-legacy.pt", {"state_dict": s}, _use_new_zipfile_serialization=False)


def modulated(x, weight, style, demodulate, up):
    """One weight for every picture, as eq. 1 and 3 of the paper."""
    n, i, h, w = x.shape
    o, k = weight.shape[0], weight.shape[2]
    wide = weight[None] / (i * k * k) ** 0.5 * style[:, None, :, None, None]
    if demodulate:
        wide = wide / (wide.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    x = x.reshape(1, n * i, h, w)
    if up:
        y = F.conv_transpose2d(x, wide.transpose(1, 2).reshape(n * i, o, k, k), stride=2, groups=n)
    else:
        y = F.conv2d(x, wide.reshape(n * o, i, k, k), padding=k // 2, groups=n)
    return y.reshape(n, o, *y.shape[2:])


def filtered(x, kernel, up, pad):
    n, c, h, w = x.shape
    stuffed = torch.zeros(n, c, h * up, w * up, dtype=x.dtype)
    stuffed[:, :, ::up, ::up] = x
    stuffed = F.pad(stuffed, (pad[0], pad[1], pad[0], pad[1]))
    return F.conv2d(stuffed.reshape(n * c, 1, *stuffed.shape[2:]), kernel.flip(0, 1)[None, None]).reshape(n, c, h * up, w * up)


def stylegan2():
    z_dim, w_dim, width, s = 5, 6, [4, 3], OrderedDict()
    for i in range(1, 3):
        s[f"style.{i}.weight"] = randn(w_dim, z_dim if i == 1 else w_dim, scale=100)
        s[f"style.{i}.bias"] = randn(w_dim, scale=30)
    s["input.input"] = randn(1, width[0], 4, 4)
    # not symmetric, so that a filter turned around shows
    kernel = torch.outer(torch.tensor([1.0, 3, 4, 2]), torch.tensor([2.0, 5, 2, 1])) / 25

    def layer(name, i, o, k, blur):
        s[name + ".conv.weight"] = randn(1, o, i, k, k)
        s[name + ".conv.modulation.weight"] = randn(i, w_dim)
        s[name + ".conv.modulation.bias"] = randn(i, scale=0.2, add=1)
        if blur:
            s[name + ".conv.blur.kernel"] = kernel
        if k == 3:
            s[name + ".noise.weight"] = randn(1, scale=0.3)
            s[name + ".activate.bias"] = randn(o, scale=0.3)
        else:
            s[name + ".bias"] = randn(1, o, 1, 1, scale=0.3)

    layer("conv1", 4, 4, 3, False)
    layer("to_rgb1", 4, 3, 1, False)
    layer("convs.0", 4, 3, 3, True)
    layer("convs.1", 3, 3, 3, False)
    layer("to_rgbs.0", 3, 3, 1, False)
    s["to_rgbs.0.upsample.kernel"] = kernel
    for i, side in enumerate([4, 8, 8]):
        s[f"noises.noise_{i}"] = randn(1, 1, side, side)
    mean = randn(w_dim, scale=0.3)
    d = double(s)

    def style(name, w):
        return w @ (d[name + ".conv.modulation.weight"] / w_dim**0.5).T + d[name + ".conv.modulation.bias"]

    def styled(x, name, w, noise, up):
        x = modulated(x, d[name + ".conv.weight"][0], style(name, w), True, up)
        if up:
            x = blur(x, d[name + ".conv.blur.kernel"])
        x = x + d[name + ".noise.weight"] * noise + d[name + ".activate.bias"][:, None, None]
        return F.leaky_relu(x, 0.2) * 2**0.5

    def blur(x, k):
        n, c, h, w = x.shape
        x = F.pad(x, (1, 1, 1, 1)).reshape(n * c, 1, h + 2, w + 2)
        return F.conv2d(x, k.flip(0, 1)[None, None]).reshape(n, c, h - 1, w - 1)

    def picture(w, noise=1.0):
        """w: per layer."""
        x = d["input.input"].repeat(len(w[0]), 1, 1, 1)
        x = styled(x, "conv1", w[0], noise * d["noises.noise_0"], False)
        rgb = modulated(x, d["to_rgb1.conv.weight"][0], style("to_rgb1", w[1]), False, False) + d["to_rgb1.bias"]
        x = styled(x, "convs.0", w[1], noise * d["noises.noise_1"], True)
        x = styled(x, "convs.1", w[2], noise * d["noises.noise_2"], False)
        more = modulated(x, d["to_rgbs.0.conv.weight"][0], style("to_rgbs.0", w[3]), False, False) + d["to_rgbs.0.bias"]
        return more + filtered(rgb, d["to_rgbs.0.upsample.kernel"], 2, (2, 1))

    z = randn(3, z_dim)
    w = z.double() * (z.double().square().mean(1, keepdim=True) + 1e-8).rsqrt()
    for i in range(1, 3):
        scale = 0.01 / d[f"style.{i}.weight"].shape[1] ** 0.5
        w = F.leaky_relu(w @ (d[f"style.{i}.weight"] * scale).T + d[f"style.{i}.bias"] * 0.01, 0.2) * 2**0.5
    mixed = [randn(2, w_dim).double() for _ in range(4)]
    pulled = mean.double() + 0.6 * (w - mean.double())
    save("stylegan2", z=z, w=w, image=picture([w] * 4), silent=picture([w] * 4, 0.0), psi=picture([pulled] * 4),
         mixed=torch.stack(mixed, 1), mixture=picture(mixed))
    dump("stylegan2.pt", {"g_ema": s, "latent_avg": mean, "d": OrderedDict(weight=randn(2, 2))})


def biggan():
    folder = os.path.join(OUT, "biggan")
    os.makedirs(folder, exist_ok=True)
    z_dim, embed, classes, ch, rows, s = 5, 3, 4, 8, 6, OrderedDict()
    cond = z_dim + embed

    def weight(name, *shape, bias=True):
        w = randn(*shape, scale=0.5)
        u, v = F.normalize(randn(shape[0]), dim=0), F.normalize(randn(w[0].numel()), dim=0)
        for _ in range(5):
            v = F.normalize(w.flatten(1).T @ u, dim=0)
            u = F.normalize(w.flatten(1) @ v, dim=0)
        if bias:
            s[name + ".bias"] = randn(shape[0], scale=0.3)
        s[name + ".weight_orig"], s[name + ".weight_u"], s[name + ".weight_v"] = w, u, v

    def stats(name, c):
        s[name + ".running_means"] = randn(rows, c, scale=0.3)
        s[name + ".running_vars"] = torch.rand(rows, c) + 0.5

    def block(name, i, o):
        m = i // 4
        for k, (a, b, size) in enumerate([(i, m, 1), (m, m, 3), (m, m, 3), (m, o, 1)]):
            stats(f"{name}.bn_{k}", a)
            weight(f"{name}.bn_{k}.scale", a, cond, bias=False)
            weight(f"{name}.bn_{k}.offset", a, cond, bias=False)
            weight(f"{name}.conv_{k}", b, a, size, size)

    s["embeddings.weight"] = randn(embed, classes)
    weight("generator.gen_z", 16 * ch * 2, cond)
    block("generator.layers.0", 2 * ch, ch)
    for part, o, i in [("theta", 1, ch), ("phi", 1, ch), ("g", ch // 2, ch), ("o_conv", ch, ch // 2)]:
        weight(f"generator.layers.1.snconv1x1_{part}", o, i, 1, 1, bias=False)
    s["generator.layers.1.gamma"] = torch.tensor([0.7])
    block("generator.layers.2", ch, ch)
    s["generator.bn.weight"], s["generator.bn.bias"] = randn(ch, scale=0.3, add=1), randn(ch, scale=0.3)
    stats("generator.bn", ch)
    weight("generator.conv_to_rgb", ch, ch, 3, 3)
    d = double(s)

    def w_of(name):
        w = d[name + ".weight_orig"]
        return w / (d[name + ".weight_u"] @ (w.flatten(1) @ d[name + ".weight_v"]))

    def conv(x, name, bias=True):
        w = w_of(name)
        return F.conv2d(x, w, d[name + ".bias"] if bias else None, padding=w.shape[2] // 2)

    def normed(x, name, c, t):
        at, table = t * (rows - 1), {}
        i, f = int(at), at - int(at)
        for part in ("running_means", "running_vars"):
            r = d[f"{name}.{part}"]
            table[part] = r[i] * f + r[i + 1] * (1 - f) if f else r[i]
        x = (x - table["running_means"][:, None, None]) / (table["running_vars"][:, None, None] + 1e-4).sqrt()
        if c is None:
            return F.relu(x * d[name + ".weight"][:, None, None] + d[name + ".bias"][:, None, None])
        scale, offset = 1 + c @ w_of(name + ".scale").T, c @ w_of(name + ".offset").T
        return F.relu(x * scale[:, :, None, None] + offset[:, :, None, None])

    def residual(x, name, c, t, up, out):
        y = conv(normed(x, name + ".bn_0", c, t), name + ".conv_0")
        y = normed(y, name + ".bn_1", c, t)
        y = conv(F.interpolate(y, scale_factor=2) if up else y, name + ".conv_1")
        y = conv(normed(y, name + ".bn_2", c, t), name + ".conv_2")
        y = conv(normed(y, name + ".bn_3", c, t), name + ".conv_3")
        x = x[:, :out]
        return y + (F.interpolate(x, scale_factor=2) if up else x)

    def attention(x, name):
        n, c, h, w = x.shape
        q = conv(x, name + ".snconv1x1_theta", False).reshape(n, -1, h * w)
        k = F.max_pool2d(conv(x, name + ".snconv1x1_phi", False), 2).reshape(n, -1, h * w // 4)
        v = F.max_pool2d(conv(x, name + ".snconv1x1_g", False), 2).reshape(n, -1, h * w // 4)
        share = torch.softmax(q.transpose(1, 2) @ k, -1)
        y = (v @ share.transpose(1, 2)).reshape(n, -1, h, w)
        return x + d[name + ".gamma"] * conv(y, name + ".snconv1x1_o_conv", False)

    def picture(z, label, t):
        c = torch.cat([z.double() * t, d["embeddings.weight"].T[label]], 1)
        x = (c @ w_of("generator.gen_z").T + d["generator.gen_z.bias"]).reshape(-1, 4, 4, 2 * ch).permute(0, 3, 1, 2)
        x = residual(x, "generator.layers.0", c, t, True, ch)
        x = attention(x, "generator.layers.1")
        x = residual(x, "generator.layers.2", c, t, False, ch)
        return torch.tanh(conv(normed(x, "generator.bn", None, t), "generator.conv_to_rgb")[:, :3])

    z, label = randn(4, z_dim).clamp(-2, 2), torch.tensor([2, 0, 3, 1])
    save("biggan/biggan", z=z, image=picture(z, label, 1.0), pulled=picture(z, label, 0.4), between=picture(z, label, 0.35))
    numpy.save(os.path.join(folder, "biggan.label.npy"), label.numpy())
    dump("biggan/pytorch_model.bin", s)
    config = {"z_dim": z_dim, "class_embed_dim": embed, "num_classes": classes, "channel_width": ch // 2, "eps": 1e-4, "n_stats": rows,
              "layers": [[True, 4, 2], [False, 2, 2]], "attention_layer_position": 1, "output_dim": 8}
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config, f, indent=1)


def seeds():
    """Small files with every type, stride and nesting, and what tests/data/test_torchfile.c expects of them."""
    wide = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    types = OrderedDict(f64=torch.tensor([0.5, -2.0], dtype=torch.float64), f16=torch.tensor([1.5]).half(), bf16=torch.tensor([-3.0]).bfloat16(),
                        i64=torch.tensor([1, -2]), i32=torch.tensor([3, -4], dtype=torch.int32), i16=torch.tensor([5], dtype=torch.int16),
                        i8=torch.tensor([-6], dtype=torch.int8), u8=torch.tensor([200], dtype=torch.uint8), yes=torch.tensor([True, False]))
    views = {"a": {"turned": wide.T, "piece": wide[1:, ::2], "same": wide, "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3)},
             "p": torch.nn.Parameter(torch.ones(2)), 7: torch.ones(1), "n": [1, (2, 3.5, None, True, "x" * 300, 2**70)]}
    for legacy in (False, True):
        for name, state in (("types", types), ("views", views)):
            path = os.path.join(SEEDS, f"{name}-{'legacy' if legacy else 'zip'}.pt")
            torch.save(state, path, _use_new_zipfile_serialization=not legacy)


os.makedirs(OUT, exist_ok=True)
os.makedirs(SEEDS, exist_ok=True)
dcgan()
stylegan2()
biggan()
seeds()
