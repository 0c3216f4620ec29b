"""The networks of `viewsmith bench` in PyTorch (src/engine/bench_net.h), for peer_torch.py and export_onnx.py."""
import json

import torch
import torch.nn as nn
import torch.nn.functional as F


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


class Encoder(nn.Module):
    def __init__(self, channels, side, widths, hidden, out):
        super().__init__()
        self.input = (channels, side, side)
        body = [nn.Conv2d(channels, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
        before = widths[0]
        for k, width in enumerate(widths):
            body += [Block(before, width, 2 if k else 1), Block(width, width, 1)]
            before = width
        self.features = nn.Sequential(*body, Pool())
        self.head = nn.Sequential(nn.Linear(before, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, out))

    def forward(self, x):
        return self.head(self.features(x))


class View(nn.Module):
    """nn.Unflatten, which PyTorch 1.13 cannot export."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.view(-1, *self.shape)


class Generator(nn.Sequential):
    def __init__(self, z, *layers):
        super().__init__(*layers)
        self.input = (z,)

    @property
    def features(self):
        return self


def grow(i, o):
    return [nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]


def g28():
    return Generator(100, nn.Linear(100, 128 * 49), View(128, 7, 7), nn.BatchNorm2d(128), nn.ReLU(inplace=True),
                     *grow(128, 64), nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh())


def g32():
    return Generator(128, View(128, 1, 1), nn.ConvTranspose2d(128, 256, 4, 1, 0, bias=False), nn.BatchNorm2d(256),
                     nn.ReLU(inplace=True), *grow(256, 128), *grow(128, 64), nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh())


class Graph(nn.Module):
    """A network from the description that src/engine/bench_net.h speaks of: nodes in order, values by number."""

    def __init__(self, graph, port):
        super().__init__()
        self.nodes, self.image, self.port = graph["nodes"], graph["ports"]["image"], graph["ports"][port]
        self.layer = nn.ModuleDict()
        for node in self.nodes:
            made = self.make(node)
            if made is not None:
                self.layer[str(node["out"])] = made

    @staticmethod
    def make(node):
        a = node["attrs"]
        if node["op"] == "conv":
            o, i, *kernel = node["weight"]
            return nn.Conv2d(i, o, kernel, a["stride"], a["pad"], bias=node["bias"])
        if node["op"] == "linear":
            return nn.Linear(node["weight"][1], node["weight"][0], bias=node["bias"])
        if node["op"] == "batchnorm":
            return nn.BatchNorm2d(node["channels"])
        if node["op"] == "act":
            return nn.ReLU(inplace=True) if a["kind"] == "relu" else nn.LeakyReLU(a["alpha"], inplace=True)
        return None

    def forward(self, x):
        value = {self.image: x}
        for node in self.nodes:
            given = [value[i] for i in node["in"]]
            if node["op"] == "add":
                y = given[0] + given[1]
            elif node["op"] == "concat":
                y = torch.cat(given, 1)
            elif node["op"] == "meanhw":
                y = given[0].mean((2, 3))
            else:
                y = self.layer[str(node["out"])](given[0])
            value[node["out"]] = y
            if node["out"] == self.port:
                return y


class Random(nn.Module):
    def __init__(self, path):
        super().__init__()
        with open(path) as f:
            graph = json.load(f)
        self.input = tuple(graph["input"])
        self.whole = Graph(graph, "out")
        self.features = Graph(graph, "features")
        self.features.layer = self.whole.layer  # the same weights

    def forward(self, x):
        return self.whole(x)


def build(name, graph=None):
    """A network whose .input is the shape of one input, .features what encode and generate run, and itself what train runs."""
    torch.manual_seed(0)
    if graph:
        return Random(graph)
    return {"A": lambda: Encoder(1, 28, (32, 64, 128), 128, 64), "B": lambda: Encoder(3, 32, (64, 128, 256, 512), 128, 128),
            "G28": g28, "G32": g32}[name]()
