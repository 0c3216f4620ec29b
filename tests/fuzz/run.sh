#!/bin/bash
# Fuzzes the file readers under AddressSanitizer and UBSan: tests/fuzz/run.sh [SECONDS_EACH=20] [TARGET...].
# Checksums of PNG chunks are ignored in this build, so that mutations reach what lies behind them.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-20}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(safetensors npy png jpeg idx)
out=${FUZZ_OUT:-build/fuzz}
mkdir -p "$out"
out=$(cd "$out" && pwd)
flags=(-std=c11 -D_GNU_SOURCE -O1 -g -ffp-contract=off -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=all -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION -DVIEWSMITH_SOURCE_DIR="\"$PWD\"" -Isrc -Itests)
objects=()
for source in src/base/*.c src/data/*.c; do
    object=$out/$(echo "$source" | tr / _).o
    clang "${flags[@]}" -c "$source" -o "$object"
    objects+=("$object")
done
for target in "${targets[@]}"; do
    clang "${flags[@]}" -fsanitize=fuzzer "tests/fuzz/fuzz_$target.c" "${objects[@]}" -o "$out/fuzz_$target" \
        -lpng -ljpeg -lz -ljansson -lmd -lm -lpthread
    mkdir -p "$out/corpus_$target"
    (cd "$out" && "./fuzz_$target" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=4096 \
        -print_final_stats=1 -verbosity=0 "corpus_$target" "$OLDPWD/tests/fuzz/seeds/$target")
done
