#!/bin/bash
# Fuzzes the file readers under AddressSanitizer and UBSan: tests/fuzz/run.sh [SECONDS_EACH=20] [TARGET...].
# Checksums of PNG chunks are ignored in this build, so that mutations reach what lies behind them. FUZZ_COVERAGE=1 builds
# without the sanitizers, runs what the corpus has, and tells how much of each reader it reached.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-20}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(safetensors npy png jpeg idx torch onnx onnx_import)
out=${FUZZ_OUT:-build/fuzz}
mkdir -p "$out"
out=$(cd "$out" && pwd)
plain=(-std=c11 -D_GNU_SOURCE -O1 -g -ffp-contract=off -fno-math-errno -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    -DVIEWSMITH_SOURCE_DIR="\"$PWD\"" -Isrc -Itests)
flags=("${plain[@]}" -fsanitize=fuzzer-no-link)
if [ -n "${FUZZ_COVERAGE:-}" ]; then
    flags+=(-fprofile-instr-generate -fcoverage-mapping)
    kind=covered
else
    flags+=(-fsanitize=address,undefined -fno-sanitize-recover=all)
    kind=sanitized
fi

# compile SOURCE [FLAGS...]: its object, made anew where a source has changed since
compile() {
    local source=$1
    shift
    local object=$out/$kind-$(echo "$source$*" | tr '/ =,' ____ | tr -d -).o
    if [ ! -e "$object" ] || [ -n "$(find src tests/fuzz "$source" -newer "$object" -name '*.[ch]' -print -quit)" ]; then
        case $source in
            src/math/*) clang "${plain[@]}" "$@" -c "$source" -o "$object" ;; # kernels read no file, and take clang for ever
            *) clang "${flags[@]}" "$@" -c "$source" -o "$object" ;;
        esac
    fi
    objects+=("$object")
}

# What a target needs beside src/base and src/data.
objects=()
for source in src/base/*.c src/data/*.c; do compile "$source"; done
if [[ " ${targets[*]} " == *_import* ]]; then
    for source in src/math/*.c src/net/*.c src/model/*.c; do compile "$source"; done
    for source in src/math/kernels/*.c; do
        compile "$source" -DVS_ISA=portable -Wno-psabi
        compile "$source" -DVS_ISA=avx2 -mavx2 -mfma
        compile "$source" -DVS_ISA=avx512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma
    done
fi

for target in "${targets[@]}"; do
    program=$out/$kind-fuzz_$target
    clang "${flags[@]}" -fsanitize=fuzzer "tests/fuzz/fuzz_$target.c" "${objects[@]}" -o "$program" \
        -lpng -ljpeg -lz -larchive -ljansson -lmd -lopenblas -lm -lpthread
    seeds=$PWD/tests/fuzz/seeds/${target%_import}
    words=$PWD/tests/fuzz/${target%_import}.dict
    mkdir -p "$out/corpus_$target"
    options=(-timeout=5 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0)
    [ -e "$words" ] && options+=(-dict="$words")
    if [ -z "${FUZZ_COVERAGE:-}" ]; then
        (cd "$out" && "$program" -max_total_time="$seconds" -max_len=4096 "${options[@]}" "corpus_$target" "$seeds")
    else
        (cd "$out" && LLVM_PROFILE_FILE=$target.raw "$program" -runs=0 "${options[@]}" "corpus_$target" "$seeds" 2>/dev/null)
        llvm-profdata-14 merge "$out/$target.raw" -o "$out/$target.profile"
        llvm-cov-14 report "$program" -instr-profile "$out/$target.profile" src/data src/model | grep -E "^Filename|${target%_import}|protobuf|pickle|zip"
    fi
done
