#!/usr/bin/python3
"""Writes what tests/model/test_onnx_ops.c reads: tests/ref/onnx_ops.ref, ONNX graphs drawn for one operator each, and what ONNX
Runtime makes of them.

    apt-get install python3-numpy nodejs && tests/ref/make_onnx.py

Needed only to make the file anew. Every graph takes x (2,3,4,4), the first record of the file. A record is a line
`name bytes_of_the_model d0 d1 ...`, the model, then the float32 values of its output, little-endian."""
import json
import os
import subprocess
import tempfile
import numpy as np
from onnx_write import Graph, INT64

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.RandomState(5)
X = rng.randn(2, 3, 4, 4).astype("f")
cases = []


def draw(*shape):
    return rng.randn(*shape).astype("f")


def case(name, build, opset=13, batch="N"):
    g = Graph(opset)
    y = build(g, g.input("x", [batch, 3, 4, 4]))
    cases.append((name, g.save(y, None)))


def ints(*x):
    return np.array(x, "i8")


def op(name, **attrs):
    return lambda g, x: g.add(name, x, **attrs)


def with_const(name, c, first=False, **attrs):
    return lambda g, x: g.add(name, *((g.const(c), x) if first else (x, g.const(c))), **attrs)


def chain(*steps):
    def build(g, x):
        for step in steps:
            x = step(g, x)
        return x
    return build


def reshape(*shape):
    return with_const("Reshape", ints(*shape))


def transpose(*perm):
    return op("Transpose", perm=list(perm))


# ---- one number
for name in "Relu LeakyRelu Tanh Sigmoid Softplus Exp Neg Abs Erf Sin Cos Elu Selu Softsign HardSigmoid Floor Ceil Round Sign Celu".split():
    case(name, op(name))
for name in "Sqrt Log Reciprocal".split():
    case(name, chain(op("Abs"), with_const("Add", np.float32(0.1)), op(name)))
case("LeakyRelu-alpha", op("LeakyRelu", alpha=0.3))
case("Elu-alpha", op("Elu", alpha=1.7))
case("Celu-alpha", op("Celu", alpha=0.6))
case("HardSwish", op("HardSwish"), 14)
case("Clip-9", op("Clip", min=-0.5, max=0.7), 9)
case("Clip-low", lambda g, x: g.add("Clip", x, g.const(np.float32(0))))
case("Clip-both", lambda g, x: g.add("Clip", x, g.const(np.float32(-0.2)), g.const(np.float32(0.4))))
case("PRelu", with_const("PRelu", draw(3, 1, 1)))
case("Identity", chain(op("Identity"), op("Relu")))
case("Dropout", chain(op("Dropout"), op("Relu")))
case("Cast", chain(op("Cast", to=1), op("Relu")))

# ---- two numbers
shapes = {"one": (), "one1": (1,), "channel": (3, 1, 1), "channel4": (1, 3, 1, 1), "plane": (4, 4), "row": (4,), "whole": (1, 3, 4, 4), "rest": (3, 1, 4)}
for name in "Add Sub Mul Div".split():
    for key, shape in shapes.items():
        c = np.abs(draw(*shape)) + np.float32(0.5) if shape else np.float32(1.7)
        case(f"{name}-{key}", with_const(name, c))
        if key != "one1":
            num = chain(op("Abs"), with_const("Add", np.float32(0.5)))
            case(f"{name}-{key}-first", lambda g, x, c=c, name=name: g.add(name, g.const(c), num(g, x)))
for p in (2.0, 3.0, 0.5, -1.0, 1.3):
    case(f"Pow-{p}", chain(op("Abs"), with_const("Add", np.float32(0.1)), with_const("Pow", np.float32(p))))
case("Pow-rows", chain(op("Abs"), with_const("Pow", np.array([1, 2, 3, 0.5], "f"))))
for name in "Max Min".split():
    case(f"{name}-one", with_const(name, np.float32(0.3)))
    case(f"{name}-zero", with_const(name, np.float32(0)))
    case(f"{name}-rows", with_const(name, draw(4)))
for name in "Max Min Sum Mean".split():
    case(f"{name}-three", lambda g, x, name=name: g.add(name, x, g.add("Neg", x), g.const(draw(3, 1, 1))))
mean = op("GlobalAveragePool")
for name in "Add Sub Mul Div".split():
    case(f"{name}-pooled", lambda g, x, name=name: g.add(name, x, g.add("Exp", mean(g, x))))
    case(f"{name}-pooled-first", lambda g, x, name=name: g.add(name, mean(g, x), g.add("Exp", x)))
    case(f"{name}-plane-each", lambda g, x, name=name: g.add(name, x, g.add("Exp", g.add("ReduceMax", x, axes=[1]))))
    case(f"{name}-self", lambda g, x, name=name: g.add(name, x, g.add("Exp", x)))
case("Where", lambda g, x: g.add("Where", g.add("Greater", x, g.const(draw(4))), x, g.const(draw(3, 1, 1))))
case("Where-not", lambda g, x: g.add("Where", g.add("Not", g.add("Less", x, g.const(np.float32(0)))), x, g.add("Neg", x)))
case("Where-or-equal", lambda g, x: g.add("Where", g.add("GreaterOrEqual", x, g.const(np.float32(0.2))), x, g.const(np.float32(3))))
case("Where-less-equal", lambda g, x: g.add("Where", g.add("LessOrEqual", x, g.const(draw(4))), x, g.const(np.float32(3))))
case("Where-and", lambda g, x: g.add("Where", g.add("And", g.add("Less", x, g.const(np.float32(1))), g.add("Greater", x, g.const(np.float32(-1)))), x, g.const(np.float32(0))))
case("Where-or", lambda g, x: g.add("Where", g.add("Or", g.add("Less", x, g.const(np.float32(-1))), g.add("Greater", x, g.const(np.float32(1)))), x, g.const(np.float32(0))))
case("Where-equal", lambda g, x: g.add("Where", g.add("Equal", g.add("Sign", x), g.const(np.float32(1))), x, g.const(np.float32(0))))

# ---- axes
case("Transpose-nhwc", transpose(0, 2, 3, 1))
case("Transpose-batch", chain(transpose(1, 0, 2, 3), op("Relu"), transpose(1, 0, 3, 2)))
case("Transpose-last", chain(transpose(2, 3, 1, 0), op("Exp"), transpose(3, 1, 0, 2)))
case("Transpose-default", chain(op("Transpose"), op("Transpose")))
case("Reshape-flat", reshape(0, -1))
case("Reshape-open", reshape(-1, 6, 8))
case("Reshape-merge", chain(reshape(-1, 16), with_const("MatMul", draw(16, 5)), reshape(-1, 15)))
case("Reshape-heads", chain(reshape(0, 3, 16), transpose(1, 0, 2), reshape(3, -1, 8), transpose(1, 0, 2), op("Exp"), transpose(1, 0, 2), reshape(3, -1, 16), transpose(1, 0, 2)))
case("Reshape-outer", chain(reshape(0, 3, 16), transpose(1, 0, 2), reshape(-1, 16), with_const("MatMul", draw(16, 4)), reshape(3, -1, 4), transpose(1, 0, 2)))


def by_shape(g, x):
    n = g.add("Gather", g.add("Shape", x), g.const(ints(0)[0]), axis=0)
    return g.add("Reshape", x, g.add("Concat", g.add("Unsqueeze", n, g.const(ints(0))), g.const(ints(6, 8)), axis=0))


case("Reshape-by-shape", by_shape)


def by_arithmetic(g, x):
    s = g.add("Shape", x)
    c, h = (g.add("Slice", s, g.const(ints(i)), g.const(ints(i + 1))) for i in (1, 2))
    n = g.add("Div", g.add("Mul", g.add("Slice", s, g.const(ints(0)), g.const(ints(1))), c), c)
    return g.add("Reshape", x, g.add("Concat", n, g.add("Mul", c, h), g.const(ints(-1)), axis=0))


case("Reshape-arithmetic", by_arithmetic)
case("Flatten", op("Flatten"))
case("Flatten-2", chain(op("Flatten", axis=2), with_const("MatMul", draw(16, 3)), reshape(-1, 9)))
case("Squeeze", chain(op("ReduceMean", axes=[2]), op("Squeeze", axes=[2])), 11)
case("Squeeze-all", chain(op("ReduceMean", axes=[1, 2]), op("Squeeze")), 11)
case("Squeeze-13", chain(op("ReduceMean", axes=[2]), with_const("Squeeze", ints(-2))))
case("Unsqueeze", chain(op("Unsqueeze", axes=[1]), op("Relu")), 11)
case("Unsqueeze-13", chain(with_const("Unsqueeze", ints(-1, 2)), op("Relu")))
case("Expand", chain(op("ReduceMean", axes=[1]), with_const("Expand", ints(1, 5, 1, 1))))
case("Expand-lead", chain(reshape(-1, 3, 16), op("ReduceMean", axes=[1]), with_const("Expand", ints(1, 4, 16))))
case("Tile", with_const("Tile", ints(1, 2, 1, 3)))
case("Tile-one", chain(with_const("Tile", ints(1, 1, 1, 1)), op("Relu")))


def constant_of_shape(g, x):
    ones = g.add("ConstantOfShape", g.add("Shape", x), value=np.array([2.5], "f"))
    return g.add("Mul", x, ones)


case("ConstantOfShape", constant_of_shape)


def expand_like(g, x):
    c = g.add("Expand", g.const(draw(1, 3, 1, 4)), g.add("Shape", x))
    return g.add("Concat", x, c, axis=1)


case("Expand-like", expand_like)


def tile_batch(g, x):
    n = g.add("Slice", g.add("Shape", x), g.const(ints(0)), g.const(ints(1)))
    c = g.add("Tile", g.const(draw(1, 2, 4, 4)), g.add("Concat", n, g.const(ints(1, 1, 1)), axis=0))
    return g.add("Concat", c, x, axis=1)


case("Tile-batch", tile_batch)
case("Range", lambda g, x: g.add("Add", x, g.add("Cast", g.add("Range", g.const(ints(0)[0]), g.const(ints(4)[0]), g.const(ints(1)[0])), to=1)))
case("Size", lambda g, x: g.add("Div", x, g.add("Cast", g.add("Size", g.const(draw(3, 4))), to=1)))

# ---- picking
case("Slice", lambda g, x: g.add("Slice", x, g.const(ints(1, -3)), g.const(ints(3, 100)), g.const(ints(1, 3))))
case("Slice-step", lambda g, x: g.add("Slice", x, g.const(ints(0)), g.const(ints(4)), g.const(ints(2)), g.const(ints(2))))
case("Slice-back", lambda g, x: g.add("Slice", x, g.const(ints(-1)), g.const(ints(-9999)), g.const(ints(3)), g.const(ints(-1))))
case("Slice-9", op("Slice", starts=[0, 1], ends=[2, 9], axes=[1, 2]), 9)
case("Slice-all", chain(lambda g, x: g.add("Slice", x, g.const(ints(0)), g.const(ints(2**62))), op("Relu")))
case("Split", lambda g, x: (lambda p: g.add("Mul", p[0], p[1]))(g.add("Split", x, outputs=2, axis=3)))
case("Split-uneven", lambda g, x: g.add("Split", x, g.const(ints(1, 2)), outputs=2, axis=1)[1])
case("Split-11", lambda g, x: g.add("Split", x, outputs=2, axis=1, split=[2, 1])[0], 11)
case("Gather-one", with_const("Gather", ints(2)[0], axis=1))
case("Gather-list", with_const("Gather", ints(2, 0, -1, 1), axis=3))
case("Gather-table", with_const("Gather", np.array([[1, 0], [2, 3]], "i8"), axis=2))
case("Concat", lambda g, x: g.add("Concat", x, g.add("Neg", x), x, axis=2))
case("Concat-many", lambda g, x: g.add("Concat", *[g.add("Mul", x, g.const(np.float32(i))) for i in range(11)], axis=1))
case("DepthToSpace", chain(reshape(-1, 12, 2, 2), op("DepthToSpace", blocksize=2)))
case("DepthToSpace-CRD", chain(reshape(-1, 12, 2, 2), op("DepthToSpace", blocksize=2, mode="CRD")))
case("SpaceToDepth", op("SpaceToDepth", blocksize=2))

# ---- sizes
for mode, pads in (("constant", (0, 0, 1, 2, 0, 0, 3, 0)), ("reflect", (0, 0, 2, 1, 0, 0, 1, 3)), ("edge", (0, 0, 1, 0, 0, 0, 2, 5)), ("constant", (0, 1, -1, 0, 0, 2, 0, -2))):
    case(f"Pad-{mode}-{pads[1]}", with_const("Pad", ints(*pads), mode=mode))
case("Pad-value", lambda g, x: g.add("Pad", x, g.const(ints(0, 0, 1, 1, 0, 0, 1, 1)), g.const(np.float32(2.5))))
case("Pad-10", op("Pad", pads=[0, 0, 1, 2, 0, 0, 3, 0], mode="constant", value=1.5), 10)
for mode in "nearest linear cubic".split():
    for where in "half_pixel pytorch_half_pixel align_corners asymmetric".split():
        for scale in (2.0, 0.5, 1.6):
            case(f"Resize-{mode}-{where}-{scale}", lambda g, x, mode=mode, where=where, scale=scale: g.add(
                "Resize", x, "", g.const(np.array([1, 1, scale, 2 * scale], "f")), mode=mode, coordinate_transformation_mode=where))
for where in "half_pixel asymmetric align_corners".split():
    for how in "round_prefer_floor round_prefer_ceil floor ceil".split():
        case(f"Resize-{where}-{how}", lambda g, x, where=where, how=how: g.add(
            "Resize", x, "", g.const(np.array([1, 1, 1.75, 2.5], "f")), mode="nearest", coordinate_transformation_mode=where, nearest_mode=how))
for mode in "nearest linear".split():
    case(f"Resize-{mode}-2", lambda g, x, mode=mode: g.add("Resize", x, "", g.const(np.array([1, 1, 2, 2], "f")), mode=mode))
    case(f"Resize-{mode}-3", lambda g, x, mode=mode: g.add("Resize", x, "", g.const(np.array([1, 1, 3, 3], "f")), mode=mode))
    case(f"Resize-{mode}-10", lambda g, x, mode=mode: g.add("Resize", x, g.const(np.array([1, 1, 2, 2], "f")), mode=mode), 10)
    case(f"Upsample-{mode}-9", lambda g, x, mode=mode: g.add("Upsample", x, g.const(np.array([1, 1, 2, 3], "f")), mode=mode), 9)
case("Resize-cubic-outside", lambda g, x: g.add("Resize", x, "", g.const(np.array([1, 1, 2, 1.5], "f")), mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1))


def resize_sizes(g, x):
    s = g.add("Shape", x)
    head = g.add("Slice", s, g.const(ints(0)), g.const(ints(2)))
    return g.add("Resize", x, "", "", g.add("Concat", head, g.const(ints(7, 5)), axis=0), mode="linear")


def resize_scaled(g, x):
    """As PyTorch writes interpolate(scale_factor=2)."""
    s = g.add("Cast", g.add("Slice", g.add("Shape", x), g.const(ints(2)), g.const(ints(4))), to=1)
    sizes = g.add("Cast", g.add("Floor", g.add("Mul", s, g.const(np.array([2, 2], "f")))), to=7)
    head = g.add("Slice", g.add("Shape", x), g.const(ints(0)), g.const(ints(2)))
    return g.add("Resize", x, "", "", g.add("Concat", head, sizes, axis=0), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")


case("Resize-sizes", resize_sizes)
case("Resize-scaled", resize_scaled)

# ---- pictures
w = draw(5, 3, 3, 3)


def conv(weight, bias=True, name="Conv", **attrs):
    return lambda g, x: g.add(name, x, g.const(weight), *([g.const(draw(weight.shape[0] if name == "Conv" else weight.shape[1] * attrs.get("group", 1)))] if bias else []), **attrs)


case("Conv", conv(w, pads=[1, 1, 1, 1]))
case("Conv-bare", conv(w, bias=False))
case("Conv-stride", conv(w, strides=[2, 1], pads=[0, 1, 2, 0]))
case("Conv-dilation", conv(draw(2, 3, 2, 2), dilations=[2, 3], pads=[1, 1, 1, 1]))
case("Conv-group", conv(draw(6, 1, 3, 3), group=3, pads=[1, 1, 1, 1]))
for how in "SAME_UPPER SAME_LOWER VALID".split():
    case(f"Conv-{how}", conv(draw(4, 3, 2, 3), strides=[2, 1], auto_pad=how))
    case(f"ConvTranspose-{how}", conv(draw(3, 2, 4, 3), name="ConvTranspose", strides=[2, 2], auto_pad=how))
case("Conv-1d", chain(reshape(-1, 6, 8), conv(draw(4, 6, 3), strides=[2], pads=[1, 0])))
t = draw(3, 4, 4, 4)
case("ConvTranspose", conv(t, name="ConvTranspose", strides=[2, 2], pads=[1, 1, 1, 1]))
case("ConvTranspose-bare", conv(t, bias=False, name="ConvTranspose"))
case("ConvTranspose-uneven", conv(t, name="ConvTranspose", strides=[2, 1], pads=[0, 1, 2, 1], output_padding=[1, 0]))
case("ConvTranspose-dilation", conv(draw(3, 2, 2, 3), name="ConvTranspose", strides=[1, 2], dilations=[2, 1]))
case("ConvTranspose-group", conv(draw(3, 2, 3, 3), name="ConvTranspose", group=3, strides=[2, 2]))
case("ConvTranspose-shape", conv(draw(3, 2, 4, 4), name="ConvTranspose", strides=[2, 2], output_shape=[9, 8]))
case("ConvTranspose-1d", chain(reshape(-1, 6, 8), conv(draw(6, 2, 4), name="ConvTranspose", strides=[2], pads=[1, 1])))
case("Conv-constant", lambda g, x: g.add("Add", g.add("Conv", g.const(draw(1, 3, 6, 6)), g.const(w)), g.add("ReduceMean", x, axes=[1, 2, 3])))
stats = [draw(3), draw(3), draw(3), np.abs(draw(3)) + np.float32(0.2)]
case("BatchNormalization", lambda g, x: g.add("BatchNormalization", x, *[g.const(s) for s in stats], epsilon=0.01))
case("BatchNormalization-2", chain(op("ReduceMean", axes=[2, 3], keepdims=0), lambda g, x: g.add("BatchNormalization", x, *[g.const(s) for s in stats])))
case("InstanceNormalization", lambda g, x: g.add("InstanceNormalization", x, g.const(draw(3)), g.const(draw(3)), epsilon=0.02))
case("LayerNormalization", lambda g, x: g.add("LayerNormalization", x, g.const(draw(4, 4)), g.const(draw(4, 4)), axis=2), 17)
case("LayerNormalization-last", lambda g, x: g.add("LayerNormalization", x, g.const(draw(4))), 17)
case("LpNormalization", op("LpNormalization", axis=1, p=2))
for name in "MaxPool AveragePool".split():
    case(name, op(name, kernel_shape=[2, 2], strides=[2, 2]))
    case(f"{name}-pads", op(name, kernel_shape=[3, 2], strides=[1, 2], pads=[1, 0, 1, 1]))
    case(f"{name}-same", op(name, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"))
    case(f"{name}-1d", chain(reshape(-1, 6, 8), op(name, kernel_shape=[3], strides=[2])))
    case(f"Global{name}", op(f"Global{name}"))
case("MaxPool-ceil", op("MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1))
case("AveragePool-ceil", op("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1))
case("AveragePool-counts", op("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 0, 1], count_include_pad=1))
case("GlobalAveragePool-1d", chain(reshape(-1, 6, 8), op("GlobalAveragePool")))

# ---- matrices
case("MatMul", with_const("MatMul", draw(4, 6)))
case("MatMul-left", with_const("MatMul", draw(5, 4), first=True))
case("MatMul-each", with_const("MatMul", draw(3, 4, 2)))
case("MatMul-one", with_const("MatMul", draw(1, 1, 4, 2)))
case("MatMul-self", lambda g, x: g.add("MatMul", x, g.add("Transpose", x, perm=[0, 1, 3, 2])))
case("MatMul-wide", lambda g, x: g.add("MatMul", x, g.add("ReduceMean", x, axes=[1])))
case("MatMul-left-heads", lambda g, x: g.add("MatMul", g.const(draw(2, 3)), g.add("Reshape", x, g.const(ints(-1, 3, 16)))))
flat = reshape(-1, 48)
case("Gemm", chain(flat, lambda g, x: g.add("Gemm", x, g.const(draw(48, 5)), g.const(draw(5)))))
case("Gemm-turned", chain(flat, lambda g, x: g.add("Gemm", x, g.const(draw(5, 48)), g.const(draw(1, 5)), transB=1, alpha=0.5, beta=2.0)))
case("Gemm-one", chain(flat, lambda g, x: g.add("Gemm", x, g.const(draw(5, 48)), g.const(draw(1)), transB=1)))
case("Gemm-bare", chain(flat, lambda g, x: g.add("Gemm", x, g.const(draw(5, 48)), transB=1, alpha=1.5)))
case("Softmax", op("Softmax", axis=1))
case("Softmax-last", op("Softmax"))
case("Softmax-11", op("Softmax", axis=2), 11)
case("LogSoftmax", op("LogSoftmax", axis=-1))
for name in "ReduceMean ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare".split():
    for axes in ([1], [2, 3], [-1], [1, 3], [1, 2, 3]):
        for keep in (0, 1):
            case(f"{name}-{axes}-{keep}".replace(" ", ""), chain(op(name, axes=axes, keepdims=keep), op("Exp")))
case("ReduceSum-13", with_const("ReduceSum", ints(1, 2), keepdims=0))
case("ReduceSum-pixels", with_const("ReduceSum", ints(2, 3), keepdims=1))
case("ReduceLogSum", chain(op("Exp"), op("ReduceLogSum", axes=[1])))


# ---- constants among themselves
def sigma(g, x):
    """A weight divided by its largest singular value, as PyTorch's spectral_norm writes it."""
    m = g.const(draw(5, 3))
    s = g.add("MatMul", g.const(draw(5)), g.add("MatMul", m, g.const(draw(3))))
    return g.add("Conv", x, g.add("Unsqueeze", g.add("Div", m, s), g.const(ints(2, 3))))


case("fold-spectral", sigma)
case("fold-transpose", lambda g, x: g.add("MatMul", x, g.add("Transpose", g.const(draw(6, 4)), perm=[1, 0])))
case("fold-pieces", lambda g, x: g.add("Add", x, g.add("Concat", g.add("Slice", g.const(draw(1, 5, 1, 1)), g.const(ints(4)), g.const(ints(1)), g.const(ints(1)), g.const(ints(-2))), g.const(draw(1, 1, 1, 1)), axis=1)))
case("fold-reduce", lambda g, x: g.add("Mul", x, g.add("ReduceSum", g.add("Pow", g.const(draw(3, 2, 5)), g.const(np.float32(2))), g.const(ints(1, 2)), keepdims=1)))
case("fold-mean", lambda g, x: g.add("Mul", x, g.add("ReduceMean", g.const(draw(3, 2, 4)), axes=[1])))
case("fold-extremes", lambda g, x: g.add("Mul", g.add("Add", x, g.add("ReduceMax", g.const(draw(5, 4)), axes=[0])), g.add("ReduceMin", g.const(draw(5, 4)), axes=[0], keepdims=0)))
case("fold-where", lambda g, x: g.add("Add", x, g.add("Where", g.add("Equal", g.const(ints(1, 2, 3, 4)), g.const(ints(3))), g.const(draw(4)), g.const(draw(3, 1, 1)))))
for name in "Tanh Sigmoid Softplus LeakyRelu Sqrt Erf Elu Floor Exp Relu".split():
    case(f"fold-{name}", lambda g, x, name=name: g.add("Mul", x, g.add(name, g.const(np.abs(draw(4))))))
case("fold-tile", lambda g, x: g.add("Add", x, g.add("Tile", g.const(draw(1, 2)), g.const(ints(4, 2)))))
case("fold-gather", lambda g, x: g.add("Add", x, g.add("Gather", g.const(draw(9, 4)), g.const(ints(8, 0, -1, 3)), axis=0)))
case("fold-clip", lambda g, x: g.add("Add", x, g.add("Clip", g.const(draw(4)), g.const(np.float32(-1)), g.const(np.float32(0.5)))))
case("fixed-batch", chain(reshape(2, 6, 8), transpose(0, 2, 1), reshape(2, 48), with_const("MatMul", draw(48, 4))), batch=2)
case("fixed-batch-heads", chain(reshape(2, 3, 16), transpose(1, 0, 2), reshape(3, 4, 8), transpose(1, 0, 2), op("Exp"), transpose(1, 0, 2), reshape(3, 2, 16), transpose(1, 0, 2)), batch=2)

with tempfile.TemporaryDirectory() as folder:
    jobs = []
    for i, (name, model) in enumerate(cases):
        path = f"{folder}/{i}.onnx"
        open(path, "wb").write(model)
        jobs.append({"model": path, "inputs": {"x": {"shape": X.shape, "type": "float32", "data": X.ravel().tolist()}}})
    run = subprocess.run(["node", os.path.join(HERE, "onnx_run.mjs")], input=json.dumps(jobs), stdout=subprocess.PIPE, text=True, check=True)
answers = json.loads(run.stdout)
with open(os.path.join(HERE, "onnx_ops.ref"), "wb") as out:
    out.write(b"input 0 2 3 4 4\n" + X.tobytes())
    kept = 0
    for (name, model), answer in zip(cases, answers):
        if "error" in answer:
            print(name, answer["error"][:300])
            continue
        kept += 1
        dims = " ".join(str(d) for d in answer["shape"])
        out.write(f"{name} {len(model)} {dims}\n".encode() + model + np.array(answer["data"], "<f4").tobytes())
print(kept, "cases")
