#!/usr/bin/env bash
# The demo end to end, shortened: every file is there, the pictures carry addresses, the figures have their keys.
set -eu
V=${VIEWSMITH:?}
rm -rf ./*
"$V" fit --data fashion-small --out fit --images 640 --batch 16 --widths 8,8,8 --critic-widths 4,8,8 --quiet >/dev/null
"$V" demo --data fashion-small --model fit/generator.safetensors --out demo --seconds 2 --quiet --json >out
[ "$(wc -l <out)" = 1 ] || { echo "not one line: $(cat out)" && exit 1; }
for key in linear linear_ci knn knn_ci untrained_linear untrained_knn frozen views_seen seconds split files; do
    grep -q "\"$key\":" out || { echo "no key $key: $(cat out)" && exit 1; }
done
for file in wall.png strip.png curve.png neighbours.png; do
    grep -aq 'vs1:fashion@' "demo/$file" || { echo "$file carries no address" && exit 1; }
done
[ "$(cat out)" = "$(cat demo/summary.json)" ] || { echo "summary.json differs" && exit 1; }
grep -q "linear probe" demo/summary.txt
