#!/usr/bin/python3
"""Writes what encode or generate runs of a bench's network as ONNX with a free batch: export_onnx.py NET OUT.onnx [GRAPH.json]"""
import os
import sys
import warnings

sys.dont_write_bytecode = True
warnings.filterwarnings("ignore")
try:
    import torch
except ImportError:
    sys.exit("python3-torch")
import nets

name, out = sys.argv[1:3]
net = nets.build(name, sys.argv[3] if len(sys.argv) > 3 else None).eval()
part = f"{out}.{os.getpid()}"
torch.onnx.export(net.features, torch.zeros(2, *net.input), part, opset_version=13, input_names=["x"], output_names=["y"],
                  dynamic_axes={"x": {0: "n"}, "y": {0: "n"}}, do_constant_folding=True)
os.rename(part, out)
print(*net.input)
