"""Writes ONNX models without the onnx package: just enough of Protocol Buffers for graphs drawn by hand."""
import struct
import numpy as np

FLOAT, INT64, BOOL = 1, 7, 9


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, value):
    """A text, message, whole number or float, by its Python type."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, (bytes, bytearray)):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(int(value))


def tensor(array, name=""):
    array = np.asarray(array)
    kinds = {"f": (FLOAT, "<f4"), "i": (INT64, "<i8"), "b": (BOOL, "?")}
    kind, store = kinds[array.dtype.kind]
    dims = b"".join(field(1, d) for d in array.shape)
    return dims + field(2, kind) + field(8, name) + field(9, array.astype(store).tobytes())


def attribute(name, value):
    out = field(1, name)
    if isinstance(value, float):
        return out + field(2, value) + field(20, 1)
    if isinstance(value, (int, bool)):
        return out + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return out + field(4, value) + field(20, 3)
    if isinstance(value, np.ndarray):
        return out + field(5, tensor(value)) + field(20, 4)
    return out + b"".join(field(8, v) for v in value) + field(20, 7)


def port(name, shape, kind=FLOAT):
    """A dimension that is a text is symbolic; shape None: not said."""
    if shape is None:
        return field(1, name) + field(2, field(1, field(1, kind)))
    dims = b"".join(field(1, field(2, d) if isinstance(d, str) else field(1, d)) for d in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def node(op, inputs, outputs, **attrs):
    out = b"".join(field(1, i) for i in inputs) + b"".join(field(2, o) for o in outputs)
    out += field(3, "n." + outputs[0]) + field(4, op)
    return out + b"".join(field(5, attribute(k, v)) for k, v in attrs.items())


class Graph:
    """Nodes in order; add() returns the name of the first output, const() that of a constant."""

    def __init__(self, opset=13):
        self.opset, self.parts, self.count = opset, [], 0

    def name(self):
        self.count += 1
        return f"v{self.count}"

    def input(self, name, shape, kind=FLOAT):
        self.parts.append(field(11, port(name, shape, kind)))
        return name

    def const(self, array, name=None):
        name = name or self.name()
        self.parts.append(field(5, tensor(np.asarray(array), name)))
        return name

    def add(self, op, *inputs, outputs=1, **attrs):
        names = [self.name() for _ in range(outputs)]
        self.parts.append(field(1, node(op, inputs, names, **attrs)))
        return names[0] if outputs == 1 else names

    def save(self, output, shape, kind=FLOAT):
        graph = b"".join(self.parts) + field(2, "g") + field(12, port(output, shape, kind))
        return field(1, 8) + field(2, "by hand") + field(7, graph) + field(8, field(1, "") + field(2, self.opset))
