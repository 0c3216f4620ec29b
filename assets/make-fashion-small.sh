#!/bin/bash
# Makes assets/fashion-small from Debian's package dataset-fashion-mnist: 2,000 + 500 + 1,000 images of the train, valid and
# test splits. The recipe is tests/data/test_fashion_small.c, which also proves the shipped files equal to it.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release}
[ -d "$build" ] || cmake -S . -B "$build" -G Ninja >/dev/null
cmake --build "$build" --target test_data_fashion_small
VIEWSMITH_REMAKE=1 "$build/tests/test_data_fashion_small"
ls -l assets/fashion-small
