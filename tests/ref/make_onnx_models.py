#!/usr/bin/python3
"""Writes small generators nobody named, as PyTorch exports them, with what they make: tests/ref/onnx/NAME.onnx, NAME.ref.

    apt-get install python3-torch && tests/ref/make_onnx_models.py

Needed only to make the files anew. A .ref holds, for each input and then the output, a line `name d0 d1 ...` and the float32 values
(labels as floats), little-endian. The graphs: residual blocks with nearest upsampling; branches that are split, gated and put
together; attention with heads, layer norm and GELU; instance norm driven by the latent, reflected borders; a dense start in NHWC as
Keras has it; labels as whole numbers with a fixed batch; StyleGAN2 as it is most often written, with the batch folded into groups."""
import os
import warnings
import torch
import torch.nn as nn
import torch.nn.functional as F

warnings.filterwarnings("ignore")
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "onnx")
torch.manual_seed(3)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Linear(12, 16 * 16)
        self.blocks = nn.ModuleList(nn.ModuleDict({
            "n1": nn.BatchNorm2d(16), "c1": nn.Conv2d(16, 16, 3, padding=1), "n2": nn.BatchNorm2d(16),
            "c2": nn.Conv2d(16, 16, 3, padding=1), "skip": nn.Conv2d(16, 16, 1)}) for _ in range(2))
        self.last = nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, z):
        x = self.start(z).view(-1, 16, 4, 4)
        for b in self.blocks:
            y = b["c1"](F.interpolate(F.relu(b["n1"](x)), scale_factor=2))
            y = b["c2"](F.relu(b["n2"](y)))
            x = y + b["skip"](F.interpolate(x, scale_factor=2))
        return torch.tanh(self.last(F.relu(x)))


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.ConvTranspose2d(10, 24, 4)
        self.a, self.b, self.c = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 5, padding=2, groups=2), nn.Conv2d(8, 8, 3, padding=2, dilation=2)
        self.gate = nn.Sequential(nn.Linear(24, 6), nn.ReLU(), nn.Linear(6, 24))
        self.up = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        self.shuffle = nn.Conv2d(12, 12, 3, padding=1)
        self.last = nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, z):
        x = F.elu(self.start(z))
        a, b, c = torch.chunk(x, 3, 1)
        x = torch.cat([F.leaky_relu(self.a(a), 0.1), F.selu(self.b(b)), F.softplus(self.c(c)) - 0.5], 1)
        x = x * torch.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None]
        x = F.hardswish(self.up(x)) + F.max_pool2d(F.pad(self.up(x), (1, 1, 1, 1)), 3, 1)
        return torch.sigmoid(self.last(F.pixel_shuffle(self.shuffle(x), 2)))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Linear(16, 16 * 16)
        self.place = nn.Parameter(torch.randn(1, 16, 16))
        self.layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0, activation="gelu", batch_first=False)
        self.norm = nn.LayerNorm(16)
        self.q, self.k, self.v = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
        self.last = nn.Linear(16, 4 * 4 * 3)

    def forward(self, z):
        x = self.start(z).view(-1, 16, 16) + self.place
        x = self.layer(x.transpose(0, 1)).transpose(0, 1)
        n = self.norm(x)
        q, k, v = (f(n).view(-1, 16, 2, 8).permute(0, 2, 1, 3) for f in (self.q, self.k, self.v))
        a = torch.softmax(q @ k.transpose(-1, -2) / 8 ** 0.5, -1) @ v
        x = x + a.permute(0, 2, 1, 3).reshape(-1, 16, 16)
        x = self.last(F.gelu(x)).view(-1, 4, 4, 4, 4, 3).permute(0, 5, 1, 3, 2, 4).reshape(-1, 3, 16, 16)
        return x.clamp(-1, 1)


class Adaptive(nn.Module):
    """AdaIN (Huang & Belongie 2017), group norm, reflected borders, bilinear growth."""

    def __init__(self):
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, 12, 8, 8))
        self.style = nn.ModuleList(nn.Linear(8, 24) for _ in range(2))
        self.conv = nn.ModuleList(nn.Conv2d(12, 12, 3) for _ in range(2))
        self.norm = nn.InstanceNorm2d(12, affine=True)
        self.group = nn.GroupNorm(3, 12)
        self.last = nn.Conv2d(12, 3, 1)

    def forward(self, z):
        z = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        x = self.start.expand(z.shape[0], -1, -1, -1)
        for style, conv in zip(self.style, self.conv):
            x = conv(F.pad(x, (1, 1, 1, 1), mode="reflect"))
            scale, offset = style(z).view(-1, 2, 12, 1, 1).unbind(1)
            mean, std = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True).add(1e-5).sqrt()
            x = F.leaky_relu((x - mean) / std * (scale + 1) + offset, 0.2)
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return torch.tanh(self.last(self.group(F.relu(self.norm(x)))))


class Nhwc(nn.Module):
    def __init__(self):
        super().__init__()
        self.start, self.norm = nn.Linear(20, 4 * 4 * 16), nn.BatchNorm1d(4 * 4 * 16)
        self.a, self.b = nn.ConvTranspose2d(16, 8, 3, 2, 1, 1), nn.ConvTranspose2d(8, 4, 3, 2, 1, 1)

    def forward(self, z):
        x = F.leaky_relu(self.norm(self.start(z)), 0.3).view(-1, 4, 4, 16).permute(0, 3, 1, 2)
        x = torch.sigmoid(self.b(F.relu(self.a(x)))).permute(0, 2, 3, 1)
        return x


class Labels(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.start = nn.Embedding(5, 6), nn.Linear(12, 8 * 49)
        self.conv, self.last = nn.ConvTranspose2d(8, 8, 4, 2, 1), nn.ConvTranspose2d(8, 1, 4, 2, 1)

    def forward(self, z, y):
        x = self.start(torch.cat([z, self.embed(y)], 1)).view(z.shape[0], 8, 7, 7)
        return torch.tanh(self.last(F.relu(self.conv(x))))


class Modulated(nn.Module):
    """StyleGAN2 (Karras et al. 2020) with weights of every image spelled out and the batch as groups."""

    def __init__(self):
        super().__init__()
        self.map = nn.Linear(8, 8)
        self.start = nn.Parameter(torch.randn(1, 8, 4, 4))
        self.affine = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))
        self.weight = nn.ParameterList(nn.Parameter(torch.randn(1, o, 8, k, k)) for o, k in ((8, 3), (8, 3), (8, 3), (3, 1)))
        self.noise = nn.ParameterList(nn.Parameter(torch.randn(1, 1, s, s)) for s in (4, 8, 8))
        self.register_buffer("kernel", torch.outer(torch.tensor([1., 3, 3, 1]), torch.tensor([1., 3, 3, 1])) / 16)

    def conv(self, x, w, i, up=False):
        n, c, h, _ = map(int, x.shape)
        weight = self.weight[i] * 0.1 * (self.affine[i](w).view(n, 1, c, 1, 1) + 1)
        if i < 3:
            weight = weight * torch.rsqrt(weight.pow(2).sum([2, 3, 4]) + 1e-8).view(n, -1, 1, 1, 1)
        o, k = int(weight.shape[1]), int(weight.shape[3])
        x = x.reshape(1, n * c, h, h)
        if up:
            weight = weight.transpose(1, 2).reshape(n * c, o, k, k)
            x = F.conv_transpose2d(x, weight, stride=2, groups=n)
            x = x.view(n, o, 2 * h + 1, 2 * h + 1)
            return F.conv2d(F.pad(x, (1, 1, 1, 1)), self.kernel[None, None].repeat(o, 1, 1, 1), groups=o)
        x = F.conv2d(x, weight.view(n * o, c, k, k), padding=k // 2, groups=n)
        return x.view(n, o, h, h)

    def forward(self, z):
        w = F.leaky_relu(self.map(z * torch.rsqrt((z * z).mean(1, keepdim=True) + 1e-8)), 0.2) * 2 ** 0.5
        x = self.start.repeat(z.shape[0], 1, 1, 1)
        for i in range(3):
            x = self.conv(x, w, i, up=i == 1)
            x = F.leaky_relu(x + 0.3 * self.noise[i], 0.2) * 2 ** 0.5
        return self.conv(x, w, 3)


def settle(m):
    """Running statistics that matter."""
    for x in m.modules():
        if isinstance(x, (nn.BatchNorm1d, nn.BatchNorm2d)):
            x.running_mean.normal_()
            x.running_var.uniform_(0.5, 2)
            nn.init.normal_(x.weight)
            nn.init.normal_(x.bias)
    return m.eval()


def put(file, name, x):
    file.write(f"{name} {' '.join(map(str, x.shape))}\n".encode() + x.detach().numpy().astype("<f4").tobytes())


def export(name, model, inputs, opset=13, batch="N"):
    settle(model)
    path = os.path.join(HERE, name)
    names = list(inputs)
    axes = {n: {0: batch} for n in names + ["image"]} if batch == "N" else None
    with torch.no_grad():
        torch.onnx.export(model, tuple(inputs.values()), path + ".onnx", opset_version=opset, input_names=names, output_names=["image"],
                          dynamic_axes=axes, do_constant_folding=True)
        y = model(*inputs.values())
    with open(path + ".ref", "wb") as file:
        for n, x in inputs.items():
            put(file, n, x)
        put(file, "image", y)
    print(name, tuple(y.shape), os.path.getsize(path + ".onnx"))


os.makedirs(HERE, exist_ok=True)
export("residual", Residual(), {"z": torch.randn(3, 12)})
export("branching", Branching(), {"z": torch.randn(3, 10, 1, 1)}, opset=14)
export("attention", Attention(), {"z": torch.randn(3, 16)})
export("attention-one", Attention(), {"z": torch.randn(1, 16)}, batch=1)
export("adaptive", Adaptive(), {"z": torch.randn(3, 8)}, opset=11)
export("nhwc", Nhwc(), {"z": torch.randn(3, 20)}, opset=9)
export("labels", Labels(), {"z": torch.randn(3, 6), "y": torch.tensor([4, 0, 2])}, opset=16)
export("labels-one", Labels(), {"z": torch.randn(1, 6), "y": torch.tensor([3])}, batch=1)
export("modulated", Modulated(), {"z": torch.randn(1, 8)}, batch=1)
