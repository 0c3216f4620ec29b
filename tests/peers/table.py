#!/usr/bin/python3
"""Runs the rows of docs/speed.md and prints its table: table.py [--rows WORD,WORD] [--with "PREFIX COMMAND"] [VIEWSMITH]

Figures that were taken while other work had the machine are taken again, up to --tries times, and marked where even that did
not help. The lines of JSON go to --log."""
import argparse
import datetime
import json
import shlex
import subprocess
import sys

# word, measure, the bench, floor and goal (above 1 is ours; start and memory as ratios of the peer's figure to ours)
ENCODE, DRAWN = "ort,torch", ("random:1", "random:2", "random:3")
ROWS = [
    ("conv", "3x3 convolution, three directions of nine layers", "conv --against onednn --turn 1.5", 1.5, 2.0),
    ("trainA", "SimCLR training A, batch 256", "train --net A --against torch --turn 1", 1.6, 2.2),
    ("trainA16", "the same, the peer in bf16", "train --net A --against torch-bf16 --turn 1", 0.8, 1.1),
    ("trainA1616", "the same, both in bf16", "train --net A --bf16 --against torch-bf16 --turn 1", 0.8, 1.1),
    ("trainB", "SimCLR training B, batch 64", "train --net B --against torch --turn 1", 1.4, 2.0),
    ("trainB16", "the same, the peer in bf16", "train --net B --against torch-bf16 --turn 1", 0.7, 1.0),
    ("trainB1616", "the same, both in bf16", "train --net B --bf16 --against torch-bf16 --turn 1", 0.7, 1.0),
    ("encodeA", "encoder A, batch 256", f"encode --net A --against {ENCODE}", 1.2, 1.7),
    ("encodeB", "encoder B, batch 64", f"encode --net B --against {ENCODE}", 1.2, 1.7),
    ("G28", "generator G28, batch 256", "generate --net G28 --against ort", 1.2, 1.8),
    ("G32", "generator G32, batch 256", "generate --net G32 --against ort", 1.2, 1.8),
    ("fit", "GAN training of the shipped generator", "fit --against torch --turn 1", 3.0, 6.0),
    ("oneA", "encoder A, one picture", "encode --net A --batch 1 --against ort --rounds 30 --turn 0.1", 1.0, 1.3),
    ("oneG32", "generator G32, one picture", "generate --net G32 --batch 1 --against ort --rounds 30 --turn 0.1", 1.0, 1.3),
    ("knn", "exact kNN, 60,000 x 128, k 20, 256 queries", "knn --against faiss", 1.05, 1.25),
    ("start", "start to the end of the first step, A", "start --net A --against torch-bf16 --rounds 5", 1 / 0.7, 1 / 0.45),
    ("memory", "peak resident memory, training A", "memory --net A --against torch-bf16 --rounds 5", 1 / 0.8, 2.0),
    ("scale", "training A, 2 threads against 1", "train --net A --against self-1 --turn 1", 1.75, 1.9),
]
for net in DRAWN:
    ROWS.append((f"encode-{net}", f"encoder {net}, batch 64", f"encode --net {net} --against {ENCODE}", 0.84, 1.2))
    ROWS.append((f"train-{net}", f"SimCLR training {net}, batch 64", f"train --net {net} --against torch --turn 1", 1.12, 1.6))


def options():
    p = argparse.ArgumentParser(description=__doc__.split(":")[0])
    p.add_argument("viewsmith", nargs="?", default="build/viewsmith")
    p.add_argument("--rows", default="", help="only these, by their words: " + " ".join(r[0] for r in ROWS))
    p.add_argument("--with", dest="prefix", default="", help="run every bench under this command: nice, taskset ...")
    p.add_argument("--tries", type=int, default=3)
    p.add_argument("--log", default="", help="append every result to this file")
    return p.parse_args()


def measure(a, bench):
    """The steadiest of a few results, or the error."""
    best = None
    for _ in range(a.tries):
        line = shlex.split(a.prefix) + [a.viewsmith, "bench", *bench.split(), "--json", "--quiet"]
        run = subprocess.run(line, capture_output=True, text=True)
        if run.returncode:
            return None, run.stderr.strip()
        r = json.loads(run.stdout)
        if best is None or r["peak_range"][0] > best["peak_range"][0]:
            best = r
        if r["steady"]:
            break
    if a.log:
        with open(a.log, "a") as f:
            print(json.dumps({"at": datetime.datetime.now().isoformat(timespec="seconds"), "args": bench, **best}), file=f)
    return best, None


def verdict(r, floor, goal):
    """By the lower end of the interval: what is not shown is not reached."""
    low = r["ratio_ci"][0]
    return "goal" if low >= goal else "floor" if low >= floor else f"below {floor:.3g}"


def main():
    a = options()
    wanted = a.rows.split(",") if a.rows else [r[0] for r in ROWS]
    print("| measure | ours | peer | ratio (95 %) | floor, goal | reached |\n|---|---|---|---|---|---|")
    for word, name, bench, floor, goal in ROWS:
        if word not in wanted:
            continue
        r, error = measure(a, bench)
        if error:
            print(f"| {name} | {error} | | | | |", flush=True)
            continue
        low, high = r["ratio_ci"]
        print(f"| {name} | {r['ours']:.4g} {r['unit']} | {r['peer']:.4g}, {r['peer_name']} | {r['ratio']:.2f} [{low:.2f}, {high:.2f}]"
              f"{'' if r['steady'] else ' (not steady)'} | {floor:.3g}, {goal:.3g} | {verdict(r, floor, goal)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
