#!/usr/bin/python3
"""faiss as a peer of `viewsmith bench knn`: its exact index for inner products, on the OpenBLAS that shares its threads."""
import glob
import os
import sys

sys.dont_write_bytecode = True
import turns

a = turns.options()
# faiss takes whichever OpenBLAS the system prefers. The one with threads of its own fights faiss's for the cores, so the
# one of OpenMP goes first; the loader reads its path only when a program starts.
blas = [os.path.dirname(f) for f in glob.glob("/usr/lib/*/openblas-openmp/libblas.so.3")]
if not blas:
    turns.missing("libopenblas0-openmp")
if os.environ.get("LD_LIBRARY_PATH") != blas[0]:
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "LD_LIBRARY_PATH": blas[0]})
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
