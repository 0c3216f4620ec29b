#!/usr/bin/python3
"""faiss as a peer of `viewsmith bench knn`: its exact index for inner products."""
import os
import sys

sys.dont_write_bytecode = True
import turns

a = turns.options()
# Debian's OpenBLAS has threads of its own: OpenMP's must not spin beside them, or faiss is several times slower.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
try:
    import faiss
    import numpy as np
except ImportError:
    turns.missing("python3-faiss")

faiss.omp_set_num_threads(a.threads)
rng = np.random.default_rng(0)


def rows(n):
    x = rng.standard_normal((n, 128), dtype=np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


index, query = faiss.IndexFlatIP(128), rows(a.batch)
index.add(rows(60000))
turns.serve("faiss " + faiss.__version__, [lambda: index.search(query, 20)], a.turn)
