/* The terminal through ncurses for text, and through the file descriptor for all else. */
#include "tui/term.h"
#include "base/clock.h"
#include "tui/glyph.h"
#include "tui/guard.h"
#include "tui/input.h"
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MODES_ON                                                                                             \
    "\033[?1002h\033[?1006h\033[?2004h\033[?1004h" /* mouse with drags, its SGR form, paste, focus */

struct Term {
    TermOptions opt;
    TermInfo info;
    Input input;
    SCREEN *screen;
    Cell *shown;    /* what ncurses was given last, rows of cols; ch 0xffffffff: unknown */
    uint64_t *hash; /* of every row, before and after a frame */
    int cols, rows;
    int in, out, wake_fd, errors, stderr_before;
    bool anew;
    Theme theme;
    int window_w, window_h; /* pixels of a cell as the window's size says, the last time */
    double escape_wait, held_since;
    bool held; /* an unfinished sequence is held back since then */
};

static const char *const no_term = "dumb";

static void ask_size(Term *t)
{
    Buf out = {0};
    probe_size_questions(&out);
    if (!out.failed) term_write(t, out.p, out.n);
    buf_free(&out);
}

/* --- sizes ---------------------------------------------------------------------------------------------- */

/* Pixels of a cell by the window's size are asked about again once they change: that is another font. */
static void take_size(Term *t)
{
    struct winsize ws = {0};
    TermInfo *info = &t->info;
    ioctl(t->out, TIOCGWINSZ, &ws);
    if (ws.ws_col) info->cols = ws.ws_col;
    if (ws.ws_row) info->rows = ws.ws_row;
    int w = ws.ws_col ? ws.ws_xpixel / ws.ws_col : 0, h = ws.ws_row ? ws.ws_ypixel / ws.ws_row : 0;
    bool changed = w != t->window_w || h != t->window_h;
    t->window_w = w;
    t->window_h = h;
    if (!changed || info->cell_from == CELL_GIVEN) return;
    info->cell_from = CELL_ASSUMED;
    probe_cell(info, w, h, CELL_WINDOW);
    if (t->screen) ask_size(t);
}

static bool resize(Term *t)
{
    if (t->shown && t->cols == t->info.cols && t->rows == t->info.rows) return true;
    size_t cells = (size_t)t->info.cols * (size_t)t->info.rows;
    Cell *shown = realloc(t->shown, cells * sizeof *shown);
    if (shown) t->shown = shown;
    uint64_t *hash = realloc(t->hash, 2 * (size_t)t->info.rows * sizeof *hash);
    if (hash) t->hash = hash;
    if (!shown || !hash) return false;
    t->cols = t->info.cols;
    t->rows = t->info.rows;
    resizeterm(t->rows, t->cols);
    term_redraw(t);
    return true;
}

/* --- colours -------------------------------------------------------------------------------------------- */

static short pair_of(int ink, bool bar)
{
    return (short)(1 + ink + (bar ? INK_COUNT : 0));
}

static void set_colors(Term *t)
{
    TermInfo *info = &t->info;
    const Theme *theme = &t->theme;
    bool any = !info->no_color && !theme->mono && has_colors() && start_color() != ERR;
    info->colors = any ? COLORS : 0;
    if (info->colors < 8) return;
    use_default_colors();
    for (int i = 0; i < INK_COUNT; i++) {
        bool many = info->colors >= 256;
        short color = many ? theme->ink[i] : theme_basic(theme, (Ink)i);
        init_pair(pair_of(i, false), color, -1);
        init_pair(pair_of(i, true), color, many ? theme->bar : -1);
    }
}

void term_theme(Term *t, const Theme *theme)
{
    t->theme = *theme;
    set_colors(t);
    term_redraw(t);
}

/* Ranks that colour cannot show are told by weight. */
static attr_t attributes(const Term *t, Style style, short *pair)
{
    int ink = STYLE_INK(style);
    bool bar = style & STYLE_BAR;
    attr_t a = style & STYLE_BOLD ? A_BOLD : A_NORMAL;
    if (style & STYLE_REVERSE) a |= A_REVERSE;
    *pair = t->info.colors >= 8 ? pair_of(ink, bar) : 0;
    if (t->info.colors >= 256) return a;
    if (bar) a |= A_REVERSE;
    if (ink == INK_DIM || ink == INK_FAINT) a |= A_DIM;
    if (ink == INK_ACCENT && t->info.colors < 8) a |= A_BOLD;
    return a;
}

/* --- start and end -------------------------------------------------------------------------------------- */

static void keep_stderr(Term *t)
{
    t->errors = memfd_create("stderr", MFD_CLOEXEC);
    if (t->errors < 0) return;
    t->stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(t->errors, STDERR_FILENO);
}

static void show_stderr(Term *t)
{
    char part[4096];
    if (t->stderr_before < 0) return;
    dup2(t->stderr_before, STDERR_FILENO);
    close(t->stderr_before);
    lseek(t->errors, 0, SEEK_SET);
    for (ssize_t n; (n = read(t->errors, part, sizeof part)) > 0;)
        if (write(STDERR_FILENO, part, (size_t)n) < 0) break;
    close(t->errors);
}

static bool start_curses(Term *t, Err *err)
{
    const char *term = getenv("TERM");
    setlocale(LC_ALL, "");
    probe_environment(&t->info);
    Buf out = {0};
    probe_questions(&out, &t->info);
    if (!out.failed) term_write(t, out.p, out.n);
    buf_free(&out);
    t->screen = newterm(NULL, stdout, stdin);
    if (!t->screen)
        return err_set(err, ERR_IO, "the terminal type TERM=%s is not known here; try TERM=xterm-256color",
                       term ? term : no_term);
    raw();
    noecho();
    nonl();
    curs_set(0);
    leaveok(stdscr, TRUE);
    set_colors(t);
    return true;
}

Term *term_open(const TermOptions *opt, Err *err)
{
    Term *t = calloc(1, sizeof *t);
    if (!t) {
        err_nomem(err, "the terminal");
        return NULL;
    }
    t->opt = *opt;
    theme_named(&t->theme, "auto", false, NULL);
    t->in = STDIN_FILENO;
    t->out = STDOUT_FILENO;
    t->errors = t->stderr_before = -1;
    t->info.cols = 80;
    t->info.rows = 24;
    t->info.cell_w = 8;
    t->info.cell_h = 16;
    if (opt->cell_w) probe_cell(&t->info, opt->cell_w, opt->cell_h, CELL_GIVEN);
    t->escape_wait = getenv("SSH_TTY") ? 0.1 : 0.025;
    t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    take_size(t);
    bool ok = isatty(t->in) && isatty(t->out);
    if (!ok) err_set(err, ERR_IO, "the explorer needs a terminal; with --script FILE it runs without one");
    if (ok) ok = guard_start(t->out, t->wake_fd, err) && start_curses(t, err);
    if (ok && !resize(t)) ok = err_nomem(err, "the screen");
    if (!ok) {
        term_stop(t);
        term_free(t);
        return NULL;
    }
    keep_stderr(t);
    term_write(t, MODES_ON, sizeof MODES_ON - 1);
    if (opt->ascii) t->info.utf8 = false;
    return t;
}

/* Answers still on their way would be typed into the shell: waits for the one that comes last. */
static void drain(Term *t)
{
    double until = clock_seconds() + 0.2;
    Event ev;
    while (!t->info.answered && clock_seconds() < until) term_wait(t, &ev, 0.05);
    tcflush(t->in, TCIFLUSH);
}

int term_stop(Term *t)
{
    if (t->screen) {
        drain(t);
        endwin();
        delscreen(t->screen);
        t->screen = NULL;
    }
    int asked = guard_signal();
    guard_stop();
    show_stderr(t);
    return asked;
}

void term_free(Term *t)
{
    if (!t) return;
    if (t->wake_fd >= 0) close(t->wake_fd);
    free(t->shown);
    free(t->hash);
    free(t);
}

const TermInfo *term_info(const Term *t)
{
    return &t->info;
}

/* --- input ---------------------------------------------------------------------------------------------- */

void term_wake(void *term)
{
    static const uint64_t one = 1;
    ssize_t sent = write(((Term *)term)->wake_fd, &one, sizeof one);
    (void)sent; /* full means that a wake-up is waiting already */
}

static void read_more(Term *t, bool *gone)
{
    size_t cap;
    char *to = input_room(&t->input, &cap);
    ssize_t n = read(t->in, to, cap);
    if (n > 0) input_took(&t->input, (size_t)n);
    t->held_since = clock_seconds();
    *gone = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

/* What already lies here: a signal, a new size, a finished sequence. */
static bool ready(Term *t, Event *ev)
{
    if (guard_signal()) {
        *ev = (Event){.kind = EV_END};
        return true;
    }
    if (guard_resized()) {
        take_size(t);
        resize(t);
        term_redraw(t);
        *ev = (Event){.kind = EV_RESIZE};
        return true;
    }
    bool late = t->held && clock_seconds() - t->held_since >= t->escape_wait;
    *ev = input_next(&t->input, &t->info, late);
    t->held = ev->kind == EV_NONE && input_pending(&t->input);
    return ev->kind != EV_NONE;
}

static bool woken(Term *t)
{
    uint64_t count;
    return read(t->wake_fd, &count, sizeof count) > 0;
}

bool term_wait(Term *t, Event *ev, double seconds)
{
    double until = clock_seconds() + (seconds < 0 ? 1e9 : seconds);
    for (bool looked = false;; looked = true) {
        if (ready(t, ev)) return true;
        double left = until - clock_seconds(), hold = t->escape_wait - (clock_seconds() - t->held_since);
        if (t->held && hold < left && hold > 0) left = hold;
        if (left <= 0 && looked) return false;
        if (left < 0) left = 0;
        struct pollfd fd[2] = {{.fd = t->in, .events = POLLIN}, {.fd = t->wake_fd, .events = POLLIN}};
        struct timespec ts = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        if (ppoll(fd, 2, &ts, NULL) <= 0) continue;
        bool gone = false;
        if (fd[0].revents) read_more(t, &gone);
        if (gone) *ev = (Event){.kind = EV_END};
        if (gone || ready(t, ev)) return true;
        if ((fd[1].revents & POLLIN) && woken(t)) {
            if (ready(t, ev)) return true;
            *ev = (Event){.kind = EV_WAKE};
            return true;
        }
    }
}

/* --- output --------------------------------------------------------------------------------------------- */

void term_write(Term *t, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = write(t->out, bytes, n);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd fd = {.fd = t->out, .events = POLLOUT};
            poll(&fd, 1, 1000);
        } else if (sent < 0 && errno != EINTR) {
            return; /* the terminal is gone: the next read says so */
        }
        if (sent > 0) bytes += sent, n -= (size_t)sent;
    }
}

void term_redraw(Term *t)
{
    t->anew = true;
    for (int i = 0; i < t->cols * t->rows; i++) t->shown[i] = (Cell){(char32_t)-1, 0};
}

static void draw_cell(Term *t, int x, int y, const Cell *cell)
{
    cchar_t out;
    short pair;
    attr_t a = attributes(t, cell->style, &pair);
    char32_t ch = t->info.utf8 ? cell->ch : glyph_ascii(cell->ch);
    wchar_t text[2] = {(wchar_t)ch, 0};
    setcchar(&out, text, a, pair, NULL);
    mvwadd_wch(stdscr, y, x, &out);
}

static bool blank(const Cell *cell)
{
    return cell->ch == ' ' && !(cell->style & (STYLE_REVERSE | STYLE_BAR));
}

/* Gives the changed cells of a row to ncurses. ncurses may send again what lies between two changes, and may
 * clear to an end of the row that is blank, so the span reaches over both. */
static Span draw_row(Term *t, const Canvas *c, int y)
{
    Span span = {t->cols, 0};
    const Cell *row = canvas_at(c, 0, y);
    Cell *shown = t->shown + y * t->cols;
    for (int x = 0; x < t->cols; x++) {
        if (shown[x].ch == row[x].ch && shown[x].style == row[x].style) continue;
        if (x < span.from) span.from = x;
        span.to = x + 1;
        if (row[x].ch) draw_cell(t, x, y, &row[x]);
        shown[x] = row[x];
    }
    if (!span.to) return (Span){0, 0};
    int left = 0, right = t->cols;
    while (left < t->cols && blank(&row[left])) left++;
    while (right > 0 && blank(&row[right - 1])) right--;
    if (right <= span.to) span.to = t->cols;
    if (left >= span.from) span.from = 0;
    return span;
}

static uint64_t row_hash(const Cell *row, int n)
{
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < n; i++) hash = (hash ^ row[i].ch) * 1099511628211u;
    return hash;
}

/* ncurses scrolls a part of the screen when changed lines now stand where others stood (idlok or not), and
 * pictures would move along. It does so only for lines it knows: let it forget those that seem to move. */
static void forbid_scrolling(Term *t, const Canvas *c)
{
    uint64_t *was = t->hash, *is = t->hash + t->rows;
    for (int y = 0; y < t->rows; y++) {
        was[y] = row_hash(t->shown + y * t->cols, t->cols);
        is[y] = row_hash(canvas_at(c, 0, y), t->cols);
    }
    for (int from = 0; from < t->rows; from++) {
        bool moved = false;
        for (int to = 0; to < t->rows && was[from] != is[from]; to++)
            moved |= to != from && is[to] == was[from];
        if (!moved) continue;
        wredrawln(stdscr, from, 1);
        for (int x = 0; x < t->cols; x++) t->shown[from * t->cols + x].ch = (char32_t)-1;
    }
}

void term_draw(Term *t, const Canvas *c, Span *span)
{
    bool anew = t->anew;
    if (anew) {
        erase();
        clearok(stdscr, TRUE);
    } else {
        forbid_scrolling(t, c);
    }
    for (int y = 0; y < t->rows; y++) {
        span[y] = draw_row(t, c, y);
        if (anew) span[y] = (Span){0, t->cols};
    }
    t->anew = false;
    refresh();
}

void term_suspend(Term *t)
{
    endwin();
    guard_suspend();
    raw();
    term_write(t, MODES_ON, sizeof MODES_ON - 1);
    term_redraw(t);
    take_size(t);
    resize(t);
}
