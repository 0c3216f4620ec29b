#!/bin/sh
# oneDNN as a peer of `viewsmith bench conv`: compiles peer_dnnl.cpp when it is newer than the program, and becomes it.
here=$(dirname "$0")
folder=${VIEWSMITH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/viewsmith/peers}
missing() { echo "{\"missing\": \"$1\"}"; exit 0; }

program=$folder/peer_dnnl
if [ ! -x "$program" ] || [ "$here/peer_dnnl.cpp" -nt "$program" ]; then
    command -v c++ >/dev/null || missing g++
    echo '#include <dnnl.hpp>' | c++ -std=c++20 -E -x c++ - >/dev/null 2>&1 || missing libdnnl-dev
    mkdir -p "$folder"
    c++ -std=c++20 -O2 "$here/peer_dnnl.cpp" -o "$program.$$" -ldnnl && mv "$program.$$" "$program" || missing libdnnl-dev
fi
threads=1
previous=
for word; do
    [ "$previous" = --threads ] && threads=$word
    previous=$word
done
OMP_NUM_THREADS=$threads exec "$program" "$@"
