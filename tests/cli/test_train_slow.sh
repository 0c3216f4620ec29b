#!/usr/bin/env bash
# The way of a run on the command line: fit, train, interrupt, resume, change, name, delete; JSON on one line.
set -eu
V=${VIEWSMITH:?}
rm -rf ./*
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true' EXIT
export XDG_DATA_HOME=$PWD/xdg XDG_STATE_HOME=$PWD/xdg

fail() {
    echo "$*"
    exit 1
}

# One line, one object, and these keys in it.
json() {
    local file=$1
    shift
    [ "$(wc -l <"$file")" = 1 ] || fail "$file: not one line: $(cat "$file")"
    for key in "$@"; do grep -q "\"$key\":" "$file" || fail "$file: no key $key: $(cat "$file")"; done
    if command -v python3 >/dev/null; then python3 -c 'import json,sys; json.load(sys.stdin)' <"$file" || fail "$file: no JSON"; fi
}

tiny=(--data fashion-small --quiet)
"$V" fit "${tiny[@]}" --out fit --images 320 --batch 16 --widths 8,8,8 --critic-widths 4,8,8 --json >out 2>err
json out folder generator images_seen seconds
[ ! -s err ] || fail "--quiet is not quiet: $(cat err)"
[ -s fit/sheets/000000320.png ] || fail "no sheet at the end"
grep -q '"images":320' fit/log.jsonl || fail "no row of the log at the end"

small=("${tiny[@]}" --model fit/generator.safetensors --encoder tiny --pairs 4 --probe-share 0)
"$V" train "${small[@]}" --steps 4 --name first --json >out
json out run linear linear_ci knn knn_ci untrained_linear untrained_knn frozen views_seen seconds split
grep -q '"frozen":true' out || fail "not frozen: $(cat out)"
for file in config.json metrics.jsonl checkpoints/last.safetensors encoder.safetensors untrained.safetensors result.json; do
    [ -s "xdg/viewsmith/runs/0001/$file" ] || fail "$file is missing"
done
ls xdg/viewsmith/runs/0001/events.out.tfevents.* >/dev/null

# An interrupt saves and ends with 130; another process changes the run meanwhile.
"$V" train "${small[@]}" --steps 100000 --split none >/dev/null 2>err &
pid=$!
for _ in $(seq 600); do [ -s xdg/viewsmith/runs/0002/metrics.jsonl ] && break; sleep 0.05; done
"$V" runs 2 --set 'sigma 0.5' | grep -q running || fail "runs does not see it running"
if "$V" runs --delete 0002 2>err2; then fail "a running run was deleted"; fi
for _ in $(seq 600); do grep -q '"sigma":0.5' xdg/viewsmith/runs/0002/metrics.jsonl && break; sleep 0.05; done
kill -INT "$pid"
status=0
wait "$pid" || status=$?
[ "$status" = 130 ] || fail "interrupted: status $status: $(cat err)"
grep -q "train --resume 0002" err || fail "it does not say how to go on: $(cat err)"
grep -q '"applied":"sigma 0.5"' xdg/viewsmith/runs/0002/control.jsonl || fail "the change has no stamp"

steps=$("$V" runs 2 --json | grep -o '"step":[0-9]*' | cut -d: -f2)
"$V" train --resume 2 --quiet --probe-share 0 --split none --steps $((steps + 4)) --json >out
json out run views_seen seconds loss
"$V" runs 2 | grep -q done || fail "not done: $("$V" runs 2)"

# A new budget stays with the run, also when it is resumed once more without one.
"$V" runs 2 --json | grep -q "\"step\":$((steps + 3))[,}]" || fail "not at step $((steps + 3)): $("$V" runs 2 --json)"
"$V" train --resume 2 --quiet --probe-share 0 --split none >/dev/null
"$V" runs 2 --json | grep -q "\"step\":$((steps + 3))[,}]" || fail "the budget was forgotten: $("$V" runs 2 --json)"

# A detached run outlives its command and hears others.
"$V" train "${small[@]}" --steps 100000 --detach --json >out
json out run detached
for _ in $(seq 600); do "$V" runs 3 | grep -q running && break; sleep 0.05; done
"$V" runs 3 --set stop | grep -q running || fail "the detached run does not run"
for _ in $(seq 600); do "$V" runs 3 | grep -q stopped && break; sleep 0.05; done
"$V" runs 3 | grep -q stopped || fail "the detached run does not stop"
"$V" runs --delete 0003 >/dev/null

"$V" runs 2 --name second >/dev/null
"$V" runs --json >out
json out runs
grep -q '"name":"first"' out && grep -q '"name":"second"' out || fail "names: $(cat out)"
if "$V" runs --delete sec 2>err; then fail "a beginning of a name was enough to delete"; fi
"$V" runs --delete second --delete 0001 --json >out
json out deleted
[ -z "$(ls xdg/viewsmith/runs)" ] || fail "runs are left: $(ls xdg/viewsmith/runs)"
echo "fit, train, interrupt, change, resume, name, delete"
