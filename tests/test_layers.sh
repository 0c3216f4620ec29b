#!/usr/bin/env bash
# The house rules that a compiler does not see: includes follow the arrows, foreign headers stay in their one file, the
# core neither prints nor exits, no file grows past 600 lines. First proves on small bad trees that each rule can fail.
set -eu

core="base math data net model latent learn inspect engine"

# Every include of the tree as FILE HEADER, for both quoted and bracketed ones.
includes() {
    grep -rHoE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' src ui 2>/dev/null |
        sed -E 's/^([^:]+):.*[<"](.*)$/\1 \2/'
}

# base <- math <- ... <- engine <- ui; ui/cli never sees ui/tui; ui/tui sees engine and plain data.
arrow_breaks() {
    includes | awk -v core="$core" '
        BEGIN { n = split(core, name, " "); for (i = 1; i <= n; i++) rank[name[i]] = i }
        {
            split($1, at, "/"); to = $2; sub("/.*", "", to)
            if (at[1] == "src" && (to == "cli" || to == "tui" || to == "ui")) bad("the core includes the front")
            else if (at[1] == "src" && to in rank && rank[to] > rank[at[2]]) bad(at[2] " lies before " to)
            else if (at[2] == "cli" && to == "tui") bad("the command line includes the terminal")
            else if (at[2] == "tui" && to ~ /^(math|net|model)$/) bad("the terminal reaches past engine")
        }
        function bad(why) { print $1 ": includes " $2 ": " why }'
}

# Header, then the one file that may include it.
foreign="cblas.h src/math/blas.c
lapacke.h src/math/blas.c
ncurses.h ui/tui/term.c
curses.h ui/tui/term.c
term.h ui/tui/term.c
sixel.h ui/tui/pixels.c
png.h src/data/png.c
jpeglib.h src/data/jpeg.c
jansson.h src/base/json.c
sha2.h src/base/digest.c
sha256.h src/base/digest.c
md.h src/base/digest.c
zlib.h src/data/idx.c
archive.h src/data/tar.c
archive_entry.h src/data/tar.c
sqlite3.h src/engine/db.c"

foreign_breaks() {
    includes | awk -v list="$foreign" '
        BEGIN { n = split(list, line, "\n"); for (i = 1; i <= n; i++) { split(line[i], f, " "); home[f[1]] = f[2] } }
        { name = $2; sub(".*/", "", name); own = $2 ~ "/" && $2 !~ /^(sixel|openblas|ncurses|ncursesw)\// }
        name in home && !own && home[name] != $1 { print $1 ": includes " $2 ", which belongs to " home[name] }'
}

# Comments and strings may say these words; calls may not stand in the core.
talk_breaks() {
    grep -rnE --include='*.[ch]' '(^|[^_[:alnum:]>.])(printf|vprintf|puts|putchar|perror|exit|_exit|abort)[[:space:]]*\(|[^_[:alnum:]](stdout|stderr)[^_[:alnum:]]' src 2>/dev/null |
        grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/?\*|//)|format\(printf' | sed 's/$/: the core never prints or exits/' || true
}

size_breaks() {
    find src ui tests -name '*.[ch]' -exec wc -l {} + 2>/dev/null |
        awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines, and 600 is the most" }'
}

breaks() {
    (cd "$1" && arrow_breaks && foreign_breaks && talk_breaks && size_breaks)
}

# must_fail FILE LINE WORDS: a tree of this one file is refused with these words.
must_fail() {
    local tree found
    tree=$(mktemp -d)
    mkdir -p "$tree/src" "$tree/ui" "$tree/tests" "$tree/$(dirname "$1")"
    printf '%b\n' "$2" >"$tree/$1"
    found=$(breaks "$tree")
    rm -rf "$tree"
    case $found in
    *"$3"*) ;;
    *) echo "the check missed: $1: $2 (said: $found)" && exit 1 ;;
    esac
}

# must_pass FILE LINE: the same, but allowed.
must_pass() {
    local tree found
    tree=$(mktemp -d)
    mkdir -p "$tree/src" "$tree/ui" "$tree/tests" "$tree/$(dirname "$1")"
    printf '%b\n' "$2" >"$tree/$1"
    found=$(breaks "$tree")
    rm -rf "$tree"
    [ -z "$found" ] || { echo "the check refused what is allowed: $found" && exit 1; }
}

must_fail src/base/x.c '#include "math/gemm.h"' "base lies before math"
must_fail src/learn/x.h '#  include <engine/jobs.h>' "learn lies before engine"
must_fail src/engine/x.c '#include "tui/app.h"' "the core includes the front"
must_fail ui/cli/x.c '#include "tui/term.h"' "the command line includes the terminal"
must_fail ui/tui/screens/x.c '#include "net/net.h"' "the terminal reaches past engine"
must_fail src/net/x.c '#include <cblas.h>' "belongs to src/math/blas.c"
must_fail ui/tui/app.c '#include <ncurses.h>' "belongs to ui/tui/term.c"
must_fail ui/tui/app.c '#include <sixel/sixel.h>' "belongs to ui/tui/pixels.c"
must_fail src/data/npy.c '#include <zlib.h>' "belongs to src/data/idx.c"
must_fail src/base/text.c '#include <sha2.h>' "belongs to src/base/digest.c"
must_fail src/math/x.c 'void f(void)\n{\n    printf("x");\n}' "never prints"
must_fail src/math/x.c 'void f(void)\n{\n    fputs("x", stderr);\n}' "never prints"
must_fail src/math/x.c 'void f(void)\n{\n    exit(1);\n}' "never prints"
must_fail src/math/x.c "$(yes 'int x;' | head -601)" "600 is the most"
must_pass src/engine/x.c '#include "base/err.h"\n#include "inspect/map.h"\n#include <stdio.h>'
must_pass src/data/png.c '#include <png.h>\n#include "data/png.h"'
must_pass ui/tui/app.c '#include "tui/term.h"\n#include "engine/jobs.h"'
must_pass src/math/x.c '/* never calls exit() or printf() */\nint n = snprintf(out, 3, "x");'

found=$(breaks "${PROJECT_DIR:-.}")
[ -z "$found" ] || { echo "$found" && exit 1; }
echo "includes, foreign headers, silence and sizes: as they should be"
