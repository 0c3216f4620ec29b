"""What every peer of `viewsmith bench` shares: its options, and the lines it speaks (src/engine/bench_side.h)."""
import argparse
import json
import os
import sys
import time

LAYERS = [(32, 28, 256), (64, 28, 256), (64, 14, 256), (128, 14, 256), (128, 7, 256),
          (64, 32, 64), (128, 16, 64), (256, 8, 64), (512, 4, 64)]  # channels, side, batch


def keep_memory():
    """Starts this program again with a malloc that gives nothing back: without it every large tensor is mapped anew for every
    operation, which costs PyTorch a quarter of its speed in training."""
    keep = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
    if not keep.keys() <= os.environ.keys():
        os.environ.update(keep)
        os.execv(sys.executable, [sys.executable, *sys.argv])


def options():
    """The kind of bench and how it is to be run; sets the number of threads before any library starts them."""
    p = argparse.ArgumentParser()
    p.add_argument("kind", choices=["conv", "train", "fit", "encode", "generate", "knn", "start", "memory"])
    p.add_argument("--net", default="")
    p.add_argument("--batch", type=int, default=0)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--turn", type=float, default=0.3, help="seconds that a turn repeats its work for")
    p.add_argument("--graph", default="", help="description of a drawn network")
    p.add_argument("--bf16", action="store_true")
    a = p.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(a.threads)
    os.environ["OPENBLAS_NUM_THREADS"] = str(a.threads)
    a.single = a.kind in ("start", "memory")  # one step in a process of its own: no choosing among variants
    if not a.single:
        keep_memory()
    if a.single:
        a.kind = "generate" if a.net.startswith("G") else "train"
    return a


def say(**line):
    print(json.dumps(line), flush=True)


def missing(package):
    say(missing=package)
    sys.exit(0)


def timed(work, seconds):
    """Seconds of one call of work, repeated for about that long, at least once."""
    start, times = time.perf_counter(), 0
    while True:
        work()
        times += 1
        spent = time.perf_counter() - start
        if spent >= seconds:
            return spent / times


def fastest(variants):
    """The variant that is fastest on this machine, by turns after a warm-up of each: a peer may show its best side."""
    if len(variants) == 1:
        return variants[0]
    for work in variants:
        work()
    took = [min(times) for times in zip(*[[timed(work, 0.1) for work in variants] for _ in range(3)])]
    return variants[took.index(min(took))]


def serve(name, parts, seconds):
    """Says the name, then takes turns over all parts until the input ends."""
    say(name=name)
    for line in sys.stdin:
        if line.strip() == "turn":
            say(seconds=[timed(part, seconds / len(parts)) for part in parts])
        else:
            say(error="the only command is \"turn\"")
