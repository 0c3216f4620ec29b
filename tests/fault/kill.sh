#!/usr/bin/env bash
# kill -9 at random moments of fit and train by turns: tests/fault/kill.sh N [SEED]. Every run is taken up again until it
# ends, and must then hold the same bits as one that nobody disturbed; no checkpoint may be damaged on the way.
set -eu

kills=${1:?how many kills?}
RANDOM=${2:-1}
V=${VIEWSMITH:?the program}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

common=(--data fashion-small --save-every 0.02 --threads 1 --quiet)
fit=(fit "${common[@]}" --widths 8,8,8 --critic-widths 4,8,8 --batch 16 --images 1600 --sheet-every 100000)
train=(train "${common[@]}" --model whole/generator.safetensors --encoder tiny --pairs 4 --steps 60 --seed 5 --split none
    --probe-share 0)
resume=(train --threads 1 --quiet --save-every 0.02 --split none --probe-share 0 --resume 1)

# The words of the next session of a kind: the start of a run, or how it goes on.
words() {
    if [ "$1" = train ]; then
        if [ -e runs/0001/config.json ]; then session=("${resume[@]}" --runs runs); else
            rm -rf runs
            session=("${train[@]}" --runs runs)
        fi
    elif [ -e cut/checkpoint.safetensors ] || [ -e cut/checkpoint.safetensors.1 ]; then session=(fit --out cut --resume --threads 1 --quiet --save-every 0.02)
    else session=("${fit[@]}" --out cut); fi
}

bits_of_fit() { sha256sum <"$1/checkpoint.safetensors"; }
bits_of_train() { "$V" info "$1/0001/encoder.safetensors" --json | grep -o '"digest":"[0-9a-f]*"'; }

fail() {
    echo "$1 after $killed kills: $(cat said)"
    exit 1
}

# A run that has ended is compared, and the next begins anew.
ended() {
    if [ "$1" = fit ]; then [ "$(bits_of_fit whole)" = "$(bits_of_fit cut)" ] || fail "fit: other bits"
    else [ "$(bits_of_train whole-runs)" = "$(bits_of_train runs)" ] || fail "train: other bits"; fi
    if [ "$1" = fit ]; then rm -rf cut; else rm -rf runs; fi
    ends=$((ends + 1))
}

killed=0
ends=0
"$V" "${fit[@]}" --out whole >/dev/null 2>said || fail "fit failed"
"$V" "${train[@]}" --runs whole-runs >/dev/null 2>said || fail "train failed"

# Kills come within `span` milliseconds of the start. It grows with every kill and shrinks with every run that was quicker,
# so that on any machine some three in four sessions are killed, and starting, stepping, saving and ending are all hit.
span=1000
kind=fit
while [ "$killed" -lt "$kills" ]; do
    if [ "$kind" = fit ]; then kind=train; else kind=fit; fi
    words "$kind"
    "$V" "${session[@]}" >/dev/null 2>said &
    pid=$!
    delay=$(((RANDOM * 32768 + RANDOM) % span + 1))
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))" &
    sleeper=$!
    wait -n "$pid" "$sleeper" 2>/dev/null || true
    kill -9 "$pid" "$sleeper" 2>/dev/null || true
    { wait "$sleeper"; } 2>/dev/null || true
    status=0
    { wait "$pid"; } 2>/dev/null || status=$?
    case $status in
    0) ended "$kind" && span=$((span * 3 / 4 + 50)) ;;
    137) killed=$((killed + 1)) span=$((span * 11 / 10)) ;;
    *) fail "$kind failed" ;;
    esac
done

# What the last kills left is taken up once more, to the end.
for kind in fit train; do
    words "$kind"
    "$V" "${session[@]}" >/dev/null 2>said || fail "$kind failed"
    ended "$kind"
done
echo "$killed kills, $ends runs ended with the bits of an undisturbed one"
