#!/usr/bin/env bash
# Every command: help on stdout, wrong usage with status 2 and one sentence on stderr; man page and completion are sound.
set -eu
V=${VIEWSMITH:?}
export XDG_DATA_HOME=$PWD/xdg XDG_STATE_HOME=$PWD/xdg XDG_CONFIG_HOME=$PWD/xdg

fail() {
    echo "$*"
    exit 1
}

# refused STATUS WORDS ARGUMENTS...: that status, nothing on stdout, one line on stderr with these words.
refused() {
    local wanted=$1 words=$2 status=0
    shift 2
    "$V" "$@" >out 2>err </dev/null || status=$?
    [ "$status" = "$wanted" ] || fail "viewsmith $*: status $status, wanted $wanted: $(cat err)"
    [ ! -s out ] || fail "viewsmith $*: spoke on stdout: $(cat out)"
    [ "$(wc -l <err)" = 1 ] || fail "viewsmith $*: not one line: $(cat err)"
    grep -q "^viewsmith: .*$words" err || fail "viewsmith $*: said: $(cat err), wanted: $words"
}

commands=$("$V" help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
[ "$(echo "$commands" | wc -w)" -ge 14 ] || fail "the overview lists too few commands: $commands"
for c in $commands; do
    "$V" "$c" --help >out 2>err || fail "$c --help failed"
    grep -q "^viewsmith $c" out && [ ! -s err ] || fail "$c --help: $(cat out err)"
    "$V" help "$c" | cmp -s - out || fail "help $c is not $c --help"
    grep -q -- "--json" out || fail "$c --help does not tell of --json"
    refused 2 "$c has no option --no-such-thing" "$c" --no-such-thing
    refused 2 "takes no value" "$c" --json=1
    refused 2 "wants a whole number from 1 to 64" "$c" --threads 1000
    refused 2 "wants a value" "$c" --threads
done

refused 2 "fit wants --out DIR" fit
refused 2 "was given twice" fit --out a --out b
refused 2 "whole number from 0 to 2^64 - 1" fit --out a --seed -1
refused 2 "must not see test pictures" fit --out a --split test
refused 2 "up to 8 numbers" fit --out a --widths 8,x
refused 2 "beginning with a letter" fit --out a --slug 9x
refused 1 "nowhere/config.json" fit --out nowhere --resume
refused 2 "give --steps or --seconds, not both" train --source real --steps 1 --seconds 1
refused 2 "views" train --source nonsense
refused 1 "there is no run" train --resume 7
refused 2 "belongs to a new run" train --resume 7 --rate 1
refused 1 "no run \"nobody\"" runs nobody
refused 2 "which run?" runs --name x
refused 2 "runs takes one run" runs a b
refused 2 "too many words" probe a b c
refused 2 "no command nonsense" help nonsense
refused 1 "nowhere.safetensors: cannot open" demo --model nowhere.safetensors --out d

bell=$(printf 'a\033]0;x\007b')
refused 1 "no run" runs "$bell"
if grep -q "$(printf '\033')" err; then fail "an escape sequence came through"; fi

"$V" --version | grep -q "^viewsmith [0-9]" || fail "--version"
refused 2 "bash, zsh or fish" help --completion csh
for shell in bash zsh fish; do
    "$V" help --completion $shell >completion.$shell || fail "the completion script for $shell"
    for c in $commands; do grep -q "$c" completion.$shell || fail "completion for $shell has nothing on $c"; done
    ! command -v $shell >/dev/null || $shell -n completion.$shell || fail "the completion script for $shell"
done

# completes WORDS WANTED...: what bash offers behind the last of these words.
completes() {
    local wanted=$1
    shift
    COMP_WORDS=(viewsmith "$@") COMP_CWORD=$# COMPREPLY=()
    _viewsmith || true
    [ "${COMPREPLY[*]}" = "$wanted" ] || fail "completion of $*: ${COMPREPLY[*]}, wanted $wanted"
}
. ./completion.bash
rm -rf empty && mkdir empty && cd empty
completes "train" trai
completes "--steps" train --st
completes "--theme --threads" --th
completes "auto" --theme a
completes "bash" help --completion b
completes "--graphics" --gr
touch a.png && completes "a.png" info a
cd ..

# Settings: kept, shown, refused.
"$V" config theme light && [ "$("$V" config theme)" = light ] || fail "config keeps no setting"
"$V" config train.steps 20 && grep -q '^steps = 20$' xdg/viewsmith/config || fail "config keeps no option"
"$V" config | grep -q "^theme *light *config:1$" || fail "config: $("$V" config)"
[ "$(VIEWSMITH_THEME=mono "$V" config theme)" = mono ] || fail "the environment goes before the file"
refused 2 "there is no setting" config tehme light
refused 2 "not \"neon\"" config notify neon
refused 2 "has no option" config train.stpes 2
refused 2 "wants a whole number" config train.threads 1000
echo "nope = 1" >>xdg/viewsmith/config
refused 1 "xdg/viewsmith/config:[0-9]*: train has no option" runs
"$V" help >/dev/null || fail "help must come whatever the settings hold"
rm xdg/viewsmith/config
"$V" help --man >man || fail "the man page"
for c in $commands; do grep -q "viewsmith $c" man || fail "the man page has nothing on $c"; done
[ -z "${PROJECT_DIR-}" ] || cmp -s man "$PROJECT_DIR/docs/viewsmith.1" ||
    fail "docs/viewsmith.1 is older than the tables: viewsmith help --man >docs/viewsmith.1"
if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww man >/dev/null 2>warnings || true
    [ ! -s warnings ] || fail "groff: $(head -3 warnings)"
fi
"$V" runs --runs none --json >out
[ "$(cat out)" = '{"runs":[]}' ] || fail "runs --json: $(cat out)"
echo "$(echo "$commands" | wc -w) commands"
