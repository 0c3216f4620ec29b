#!/usr/bin/python3
"""Writes the numbers of PyTorch that tests/math/test_torch.c compares with: tests/ref/NAME.ref, one file a family.

    apt-get install python3-torch && tests/ref/make_ref.py

Needed only to make the files anew. A file is a sequence of records: one line of text `case.field d0 d1 ...`, then the
float32 values, little-endian, row-major. Made with PyTorch 1.13 (Debian 12) on the CPU in float64, rounded to float32 at
the end, so that the stored numbers are right to the last bits. Inputs are rounded to float32 first.
"""
import os
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
torch.set_default_dtype(torch.float64)
torch.manual_seed(1)


class Out:
    """One .ref file; put() writes the fields of one case."""

    def __init__(self, name):
        self.file = open(os.path.join(HERE, name + ".ref"), "wb")

    def put(self, case, **fields):
        for field, value in fields.items():
            t = torch.as_tensor(value).detach().to(torch.float32).contiguous()
            dims = " ".join(str(d) for d in (t.shape or (1,)))
            self.file.write(f"{case}.{field} {dims}\n".encode() + t.numpy().astype("<f4").tobytes())


def leaf(*shape, positive=False):
    """A random input, exact in float32, that wants a gradient."""
    t = torch.randn(*shape).float().double()
    t = t.abs().float().double() + 0.5 if positive else t
    return t.requires_grad_()


def backward(y):
    dy = torch.randn_like(y).float().double()
    y.backward(dy)
    return dy


def conv():
    out = Out("conv")
    # N C H W O KH KW, stride, padding, dilation, groups
    cases = [
        (2, 1, 28, 28, 4, 3, 3, 1, 1, 1, 1), (2, 3, 7, 7, 5, 3, 3, 1, 1, 1, 1), (2, 3, 5, 9, 4, 1, 1, 1, 0, 1, 1),
        (1, 4, 14, 14, 6, 4, 4, 2, 1, 1, 1), (2, 3, 9, 5, 2, 5, 3, 1, 2, 1, 1), (1, 2, 11, 10, 3, 3, 3, 1, 2, 2, 1),
        (2, 6, 7, 5, 4, 3, 3, 2, 1, 1, 2), (2, 4, 7, 7, 4, 3, 3, 1, 1, 1, 4), (1, 2, 13, 12, 2, 3, 2, 3, 3, 2, 1),
    ]
    for i, (n, c, h, w, o, kh, kw, s, p, d, g) in enumerate(cases):
        x, k, b = leaf(n, c, h, w), leaf(o, c // g, kh, kw), leaf(o)
        y = F.conv2d(x, k, b, stride=s, padding=p, dilation=d, groups=g)
        dy = backward(y)
        out.put(f"conv{i}", attr=[float(v) for v in (s, p, d, g)], x=x, w=k, b=b, y=y, dy=dy, dx=x.grad, dw=k.grad,
                db=b.grad)
    # N C H W O(out) K, stride, padding, out_pad, groups
    for i, (n, c, h, w, o, k, s, p, op, g) in enumerate([
            (2, 3, 7, 7, 4, 4, 2, 1, 0, 1), (1, 2, 5, 9, 3, 3, 2, 1, 1, 1), (2, 4, 4, 4, 6, 3, 1, 0, 0, 2)]):
        x, kernel, b = leaf(n, c, h, w), leaf(c, o // g, k, k), leaf(o)
        y = F.conv_transpose2d(x, kernel, b, stride=s, padding=p, output_padding=op, groups=g)
        dy = backward(y)
        out.put(f"convt{i}", attr=[float(v) for v in (s, p, 1, g)], x=x, w=kernel, b=b, y=y, dy=dy, dx=x.grad,
                dw=kernel.grad, db=b.grad)


def modconv():
    """StyleGAN2, equations 1 to 3, with the weights of every image spelled out."""
    out = Out("modconv")
    for i, (n, c, h, w, o, k, demodulate) in enumerate([
            (2, 3, 7, 7, 4, 3, True), (2, 3, 7, 7, 4, 3, False), (3, 5, 5, 9, 2, 1, True), (1, 2, 14, 14, 3, 3, True)]):
        x, s, kernel, b = leaf(n, c, h, w), leaf(n, c), leaf(o, c, k, k), leaf(o)
        each = kernel[None] * s[:, None, :, None, None]
        if demodulate:
            each = each * torch.rsqrt(each.square().sum((2, 3, 4), keepdim=True) + 1e-5)
        y = F.conv2d(x.reshape(1, n * c, h, w), each.reshape(n * o, c, k, k), padding=k // 2, groups=n)
        y = y.reshape(n, o, h, w) + b[None, :, None, None]
        dy = backward(y)
        out.put(f"mod{i}", attr=[float(demodulate), float(k // 2)], x=x, s=s, w=kernel, b=b, y=y, dy=dy, dx=x.grad,
                ds=s.grad, dw=kernel.grad, db=b.grad)


def norm():
    out = Out("norm")
    for i, (n, c, h, w) in enumerate([(3, 3, 5, 9), (2, 1, 28, 28), (4, 5, 7, 7), (8, 6, 1, 1)]):
        x, scale, offset = leaf(n, c, h, w), leaf(c), leaf(c)
        mean, var = leaf(c).detach(), leaf(c, positive=True).detach()
        before = mean.clone(), var.clone()
        y = F.batch_norm(x, mean, var, scale, offset, training=True, momentum=0.1, eps=1e-5)
        dy = backward(y)
        out.put(f"train{i}", x=x, scale=scale, offset=offset, mean=before[0], var=before[1], new_mean=mean, new_var=var,
                y=y, dy=dy, dx=x.grad, dscale=scale.grad, doffset=offset.grad)
        x.grad = scale.grad = offset.grad = None
        y = F.batch_norm(x, before[0], before[1], scale, offset, training=False, eps=1e-5)
        dy = backward(y)
        out.put(f"eval{i}", x=x, scale=scale, offset=offset, mean=before[0], var=before[1], y=y, dy=dy, dx=x.grad,
                dscale=scale.grad, doffset=offset.grad)
        if h == 1:
            continue
        x.grad = scale.grad = offset.grad = None
        y = F.instance_norm(x, weight=scale, bias=offset, eps=1e-5)
        dy = backward(y)
        out.put(f"instance{i}", x=x, scale=scale, offset=offset, y=y, dy=dy, dx=x.grad, dscale=scale.grad,
                doffset=offset.grad)
    x, scale, offset = leaf(3, 4, 5, 9), leaf(3, 4), leaf(3, 4)  # conditional batch norm
    y = F.batch_norm(x, None, None, training=True, eps=1e-5) * scale[:, :, None, None] + offset[:, :, None, None]
    dy = backward(y)
    out.put("conditional", x=x, scale=scale, offset=offset, y=y, dy=dy, dx=x.grad, dscale=scale.grad,
            doffset=offset.grad)


def rows():
    out = Out("rows")
    functions = {
        "pixelnorm": lambda x: x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8),
        "l2norm": lambda x: F.normalize(x, dim=1),
        "softmax": lambda x: F.softmax(x, dim=1),
    }
    for name, f in functions.items():
        for i, (n, c) in enumerate([(3, 7), (2, 16), (4, 130)]):
            x = leaf(n, c)
            y = f(x)
            dy = backward(y)
            out.put(f"{name}{i}", x=x, y=y, dy=dy, dx=x.grad)
    for i, (o, c, k) in enumerate([(5, 3, 3), (16, 4, 1)]):
        module = torch.nn.utils.spectral_norm(torch.nn.Conv2d(c, o, k, bias=False), n_power_iterations=1)
        w = module.weight_orig
        with torch.no_grad():
            w.copy_(torch.randn_like(w).float())
        u = module.weight_u.clone().float().double()
        module.weight_u.copy_(u)
        hook = next(iter(module._forward_pre_hooks.values()))
        y = hook.compute_weight(module, do_power_iteration=True)
        dy = backward(y)
        out.put(f"spectral{i}", w=w.reshape(o, -1), u=u, new_u=module.weight_u, y=y.reshape(o, -1),
                dy=dy.reshape(o, -1), dw=w.grad.reshape(o, -1))
    for i, (n, c, h, w) in enumerate([(4, 3, 5, 9), (2, 2, 7, 7)]):
        x = leaf(n, c, h, w)
        spread = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()
        y = torch.cat([x, spread.expand(n, 1, h, w)], 1)
        dy = backward(y)
        out.put(f"batchstd{i}", x=x, y=y, dy=dy, dx=x.grad)


def act():
    out = Out("act")
    functions = [F.relu, lambda x: F.leaky_relu(x, 0.2), torch.tanh, torch.sigmoid, F.softplus, torch.exp, torch.sqrt]
    for kind, f in enumerate(functions):
        x = leaf(3, 101, positive=f is torch.sqrt)
        y = f(x) * 1.25
        dy = backward(y)
        out.put(f"act{kind}", x=x, y=y, dy=dy, dx=x.grad)


def resample():
    out = Out("resample")
    for i, (n, c, h, w, s, mode) in enumerate([
            (2, 3, 7, 7, 2, 0), (2, 3, 7, 7, 2, 1), (1, 1, 5, 9, 3, 0), (1, 1, 5, 9, 3, 1), (2, 1, 14, 14, 2, 1)]):
        x = leaf(n, c, h, w)
        y = F.interpolate(x, scale_factor=s, mode="bilinear", align_corners=False) if mode else \
            F.interpolate(x, scale_factor=s, mode="nearest")
        dy = backward(y)
        out.put(f"up{i}", attr=[float(s), float(mode)], x=x, y=y, dy=dy, dx=x.grad)
    for i, (n, c, h, w, k, s, p) in enumerate([(2, 3, 28, 28, 2, 2, 0), (2, 2, 7, 7, 3, 2, 1), (1, 3, 5, 9, 3, 1, 1)]):
        for kind in ("avg", "max"):
            x = leaf(n, c, h, w)
            y = F.max_pool2d(x, k, s, p) if kind == "max" else F.avg_pool2d(x, k, s, p, count_include_pad=False)
            dy = backward(y)
            out.put(f"{kind}{i}", attr=[float(v) for v in (k, s, p)], x=x, y=y, dy=dy, dx=x.grad)


def loss():
    out = Out("loss")
    for i, (n, d, tau) in enumerate([(4, 8, 0.5), (16, 33, 0.1)]):
        h = leaf(2 * n, d)
        unit = F.normalize(h, dim=1)
        s = (unit @ unit.T / tau).masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
        value = F.cross_entropy(s, (torch.arange(2 * n) + n) % (2 * n))
        value.backward()
        out.put(f"ntxent{i}", attr=[float(n), float(d), tau], x=h, y=value, dx=h.grad)
    x = leaf(9, 10)
    label = torch.arange(9) * 3 % 10
    value = F.cross_entropy(x, label)
    value.backward()
    out.put("entropy", label=label, x=x, y=value, dx=x.grad)
    functions = [lambda d: F.relu(1 - d).mean(), lambda d: F.relu(1 + d).mean(), lambda d: -d.mean(),
                 lambda d: F.softplus(-d).mean(), lambda d: F.softplus(d).mean()]
    for i, f in enumerate(functions):
        x = leaf(23)
        value = f(x)
        value.backward()
        out.put(f"gan{i}", x=x, y=value, dx=x.grad)


def optim():
    """Five steps with a new gradient each; in float32, as it is used."""
    out = Out("optim")
    start, gradients = torch.randn(101).float(), torch.randn(5, 101).float()
    makers = {"sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
              "adam": lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.5, 0.99), eps=1e-8),
              "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)}
    for name, make in makers.items():
        w = start.double().clone().requires_grad_()
        steps, optimiser = [], make([w])
        for g in gradients:
            w.grad = g.double().clone()
            optimiser.step()
            steps.append(w.detach().clone())
        out.put(name, w=start, g=gradients, y=torch.stack(steps))


def supcon(h, label, tau, factor):
    """SupConLoss of the authors' code, contrast mode all."""
    n = len(label)
    unit = F.normalize(h, dim=1)
    s = unit @ unit.T / tau
    other = ~torch.eye(n, dtype=torch.bool)
    log_prob = s - torch.logsumexp(s.masked_fill(~other, float("-inf")), dim=1, keepdim=True)
    mask = (label[:, None] == label[None, :]) & other
    return -factor * ((mask * log_prob.masked_fill(~other, 0)).sum(1) / mask.sum(1)).mean()


def vicreg(x, y):
    """The authors' code (facebookresearch/vicreg), one process, weights 25, 25, 1."""
    n, d = x.shape
    alike = F.mse_loss(x, y)
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    std = [torch.sqrt(v.var(dim=0) + 0.0001) for v in (x, y)]
    spread = sum(torch.mean(F.relu(1 - s)) / 2 for s in std)
    covariance = 0
    for v in (x, y):
        c = v.T @ v / (n - 1)
        covariance = covariance + (c - torch.diag(torch.diag(c))).pow(2).sum() / d
    return 25 * alike + 25 * spread + covariance


def objective():
    out = Out("objective")
    for i, (n, d, tau, factor, classes) in enumerate([(4, 8, 0.5, 1.0, 2), (16, 33, 0.1, 0.1 / 0.07, 5)]):
        h, label = leaf(2 * n, d), torch.arange(n).repeat(2) * 3 % classes
        value = supcon(h, label, tau, factor)
        value.backward()
        out.put(f"supcon{i}", attr=[float(n), float(d), tau, factor], label=label, x=h, y=value, dx=h.grad)
    for i, (n, d, scale) in enumerate([(4, 8, 1.0), (16, 33, 0.3), (9, 5, 3.0)]):
        h = (scale * torch.randn(2 * n, d)).float().double().requires_grad_()
        value = vicreg(h[:n], h[n:])
        value.backward()
        out.put(f"vicreg{i}", attr=[float(n), float(d)], x=h, y=value, dx=h.grad)


for family in (conv, modconv, norm, rows, act, resample, loss, optim, objective):
    family()
