#!/usr/bin/python3
"""PyTorch on the CPU as a peer of `viewsmith bench`: the same networks, batches and steps (src/engine/bench_net.h).

Where PyTorch has several ways, the fastest on this machine is taken: both layouts, and for inference also frozen by torch.jit
with what it fuses. start and memory run one step in channels last. --bf16 runs under autocast to bfloat16."""
import sys

sys.dont_write_bytecode = True
import turns

a = turns.options()
try:
    import torch
except ImportError:
    turns.missing("python3-torch")
import torch.nn.functional as F

import nets

torch.set_num_threads(a.threads)
torch.manual_seed(0)
LAST, PLAIN = torch.channels_last, torch.contiguous_format
LAYOUTS = [LAST] if a.single else [LAST, PLAIN]


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.bf16)


def net_xent(z, n, tau=0.5):
    """NT-Xent (Chen et al. 2020): rows i and i + n are a pair."""
    z = F.normalize(z)
    s = (z @ z.t() / tau).fill_diagonal_(-1e9)
    return F.cross_entropy(s, (torch.arange(2 * n) + n) % (2 * n))


def train_in(layout):
    net = nets.build(a.net, a.graph).to(memory_format=layout).train()
    x = torch.randn(2 * a.batch, *net.input).contiguous(memory_format=layout)
    descent = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

    def step():
        descent.zero_grad()
        with autocast():
            z = net(x)
        net_xent(z.float(), a.batch).backward()
        descent.step()

    return step


def train():
    return [turns.fastest([train_in(layout) for layout in LAYOUTS])]


def fit():
    import gan
    return [turns.fastest([gan.Step(a.batch, layout, a.bf16) for layout in LAYOUTS])]


def infer():
    """What the network's features need, without gradients, in every way there is."""
    net = nets.build(a.net, a.graph).eval()
    x = torch.randn(a.batch, *net.input)

    def way(f, y):
        def work():
            with torch.no_grad(), autocast():
                f(y)
        return work

    def laid(layout):
        one = nets.build(a.net, a.graph).to(memory_format=layout).eval()
        return way(one.features, x.contiguous(memory_format=layout) if x.dim() == 4 else x)

    ways = [laid(layout) for layout in LAYOUTS]
    if not a.single and not a.bf16:
        with torch.no_grad():
            ways.append(way(torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net.features, x))), x))
    return [turns.fastest(ways)]


def conv_parts(c, side, n, layout):
    kind = torch.bfloat16 if a.bf16 else torch.float32
    x = torch.randn(n, c, side, side).to(kind).contiguous(memory_format=layout)
    dy, w = torch.randn_like(x), torch.randn(c, c, 3, 3).to(kind).contiguous(memory_format=layout)

    def back(data, weight):
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                                                           [data, weight, False])

    return [lambda: F.conv2d(x, w, padding=1), back(True, False), back(False, True)]


def conv():
    parts = []
    for c, side, n in turns.LAYERS:
        ways = [conv_parts(c, side, a.batch or n, layout) for layout in LAYOUTS]
        parts += [turns.fastest(list(way)) for way in zip(*ways)]
    return parts


def knn():
    base, query = F.normalize(torch.randn(60000, 128)), F.normalize(torch.randn(a.batch, 128))
    return [lambda: (query @ base.t()).topk(20)]


parts = {"train": train, "fit": fit, "encode": infer, "generate": infer, "conv": conv, "knn": knn}[a.kind]()
turns.serve("PyTorch " + torch.__version__ + (" bf16" if a.bf16 else ""), parts, a.turn)
