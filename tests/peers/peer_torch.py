#!/usr/bin/python3
"""PyTorch on the CPU as a peer of `viewsmith bench`: the same networks, batches and steps (src/engine/bench_net.h).

Where PyTorch has several ways, the fastest on this machine is taken: for inference plain, channels last, and frozen by
torch.jit with what it fuses; for training channels last. --bf16 runs under autocast to bfloat16."""
import sys

sys.dont_write_bytecode = True
import turns

a = turns.options()
try:
    import torch
except ImportError:
    turns.missing("python3-torch")
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(a.threads)
torch.manual_seed(0)
LAST = torch.channels_last


class Block(nn.Module):
    """A basic block: two 3x3 convolutions beside a shortcut."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.norm2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.shortcut = nn.Identity()
        if stride != 1 or i != o:
            self.shortcut = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x), inplace=True)


class Pool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def encoder(channels, widths, hidden, out):
    """(features, head)"""
    body = [nn.Conv2d(channels, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
    before = widths[0]
    for k, width in enumerate(widths):
        body += [Block(before, width, 2 if k else 1), Block(width, width, 1)]
        before = width
    head = nn.Sequential(nn.Linear(before, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, out))
    return nn.Sequential(*body, Pool()), head


def grow(i, o):
    return [nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]


def net_g28():
    return nn.Sequential(nn.Linear(100, 128 * 49), nn.Unflatten(1, (128, 7, 7)), nn.BatchNorm2d(128), nn.ReLU(inplace=True),
                         *grow(128, 64), nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh())


def net_g32():
    return nn.Sequential(nn.Unflatten(1, (128, 1, 1)), nn.ConvTranspose2d(128, 256, 4, 1, 0, bias=False),
                         nn.BatchNorm2d(256), nn.ReLU(inplace=True), *grow(256, 128), *grow(128, 64),
                         nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh())


ENCODERS = {"A": (1, 28, (32, 64, 128), 128, 64), "B": (3, 32, (64, 128, 256, 512), 128, 128)}


def net_xent(z, n, tau=0.5):
    """NT-Xent (Chen et al. 2020): rows i and i + n are a pair."""
    z = F.normalize(z)
    s = (z @ z.t() / tau).fill_diagonal_(-1e9)
    return F.cross_entropy(s, (torch.arange(2 * n) + n) % (2 * n))


def train():
    channels, side, widths, hidden, out = ENCODERS[a.net]
    net = nn.Sequential(*encoder(channels, widths, hidden, out)).to(memory_format=LAST).train()
    x = torch.randn(2 * a.batch, channels, side, side).contiguous(memory_format=LAST)
    descent = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

    def step():
        descent.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.bf16):
            z = net(x)
        net_xent(z.float(), a.batch).backward()
        descent.step()

    return [step]


def infer(net, x):
    """The ways to run net on x without gradients."""
    def plain(f, y):
        def work():
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.bf16):
                f(y)
        return work

    net = net.eval()
    ways = [plain(net, x)]
    if a.single:
        return ways
    if not a.bf16:
        with torch.no_grad():
            ways.append(plain(torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x))), x))
    last = x.contiguous(memory_format=LAST) if x.dim() == 4 else x
    import copy
    ways.append(plain(copy.deepcopy(net).to(memory_format=LAST), last))
    return [turns.fastest(ways)]


def encode():
    channels, side, widths, hidden, out = ENCODERS[a.net]
    return infer(encoder(channels, widths, hidden, out)[0], torch.randn(a.batch, channels, side, side))


def generate():
    net, z = (net_g28(), 100) if a.net == "G28" else (net_g32(), 128)
    return infer(net, torch.randn(a.batch, z))


def conv_parts(c, side, n):
    kind = torch.bfloat16 if a.bf16 else torch.float32
    x = torch.randn(n, c, side, side).to(kind).contiguous(memory_format=LAST)
    dy, w = torch.randn_like(x), torch.randn(c, c, 3, 3).to(kind).contiguous(memory_format=LAST)

    def back(data, weight):
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                                                           [data, weight, False])

    return [lambda: F.conv2d(x, w, padding=1), back(True, False), back(False, True)]


def conv():
    parts = []
    for c, side, n in turns.LAYERS:
        parts += conv_parts(c, side, a.batch or n)
    return parts


def knn():
    base, query = F.normalize(torch.randn(60000, 128)), F.normalize(torch.randn(a.batch, 128))
    return [lambda: (query @ base.t()).topk(20)]


parts = {"train": train, "encode": encode, "generate": generate, "conv": conv, "knn": knn}[a.kind]()
turns.serve("PyTorch " + torch.__version__ + (" bf16" if a.bf16 else ""), parts, a.turn)
