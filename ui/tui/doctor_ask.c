/* The terminal asked from the command line, without taking its screen. */
#include "base/clock.h"
#include "tui/doctor.h"
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE 0.3 /* seconds */

/* Takes what answers have come whole, keeps the rest. */
static void take_answers(TermInfo *info, char *bytes, size_t *n)
{
    size_t used = 0;
    while (used < *n) {
        VtToken t = vt_token(bytes + used, *n - used);
        if (t.kind == VT_MORE) break;
        probe_take(info, &t);
        used += t.size;
    }
    memmove(bytes, bytes + used, *n -= used);
}

static void listen(TermInfo *info)
{
    char bytes[4096];
    size_t n = 0;
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    for (double until = clock_seconds() + PATIENCE; !info->answered && clock_seconds() < until;) {
        if (poll(&in, 1, 20) <= 0) continue;
        ssize_t got = read(STDIN_FILENO, bytes + n, sizeof bytes - n);
        if (got <= 0) return;
        n += (size_t)got;
        take_answers(info, bytes, &n);
        if (n == sizeof bytes) n = 0;
    }
}

static void ask(TermInfo *info)
{
    struct termios before, raw;
    Buf out = {0};
    if (tcgetattr(STDIN_FILENO, &before)) return;
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    probe_questions(&out, info);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    if (!out.failed && write(STDOUT_FILENO, out.p, out.n) == (ssize_t)out.n) listen(info);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* what came too late is dropped */
    buf_free(&out);
}

int facts_of_terminal(Fact out[FACTS_MAX])
{
    TermInfo info = {.cols = 80, .rows = 24, .cell_w = 8, .cell_h = 16, .colors = 256};
    struct winsize ws = {0};
    setlocale(LC_CTYPE, "");
    probe_environment(&info);
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) &&
        ws.ws_col) {
        info.cols = ws.ws_col;
        info.rows = ws.ws_row;
        probe_cell(&info, ws.ws_xpixel / ws.ws_col, ws.ws_ypixel / ws.ws_row, CELL_WINDOW);
        ask(&info);
    }
    int mode = probe_mode(&info, getenv("VIEWSMITH_GRAPHICS"));
    return doctor_facts(out, &info, (PixelMode)(mode < 0 ? probe_mode(&info, NULL) : mode), NULL);
}
