/* Draining, answering, and telling text from pictures. */
#include "engine/bench_pty.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* --- the screen -------------------------------------------------------------------------------------------------- */

enum { TEXT, ESCAPE, CHARSET, CSI, STRING, STRING_ESCAPE };

static void reply(PtyScreen *s, const char *fmt, int a, int b)
{
    int n = snprintf(s->reply + s->replies, sizeof s->reply - s->replies, fmt, a, b);
    if (n > 0 && s->replies + (size_t)n < sizeof s->reply) s->replies += (size_t)n;
}

/* What ui/tui/probe.c asks. */
static void answer_csi(PtyScreen *s)
{
    const char *q = s->sequence;
    if (!strcmp(q, "c")) reply(s, s->sixel ? "\033[?62;4;22c" : "\033[?62;22c", 0, 0);
    else if (!strcmp(q, "5n")) reply(s, "\033[0n", 0, 0);
    else if (!strcmp(q, ">q")) reply(s, "\033P>|bench(1)\033\\", 0, 0);
    else if (!strcmp(q, "16t")) reply(s, "\033[6;%d;%dt", s->cell_h, s->cell_w);
    else if (!strcmp(q, "?2;1;0S")) reply(s, "\033[?2;0;%d;%dS", s->cols * s->cell_w, s->rows * s->cell_h);
    else if (!strcmp(q, "?2;4;0S")) reply(s, "\033[?2;0;%d;%dS", s->cols * s->cell_w, s->rows * s->cell_h);
}

/* Only the row matters: cursor moves that change it, of those terminfo's xterm entries have. */
static bool end_csi(PtyScreen *s, char final)
{
    int n = atoi(s->sequence);
    answer_csi(s);
    if (final == 'H' || final == 'f' || final == 'd') s->row = n > 0 ? n - 1 : 0;
    else if (final == 'A') s->row -= n > 0 ? n : 1;
    else if (final == 'B') s->row += n > 0 ? n : 1;
    if (!strcmp(s->sequence, "?2026h")) {
        s->in_frame = true;
        s->frame = (PtyFrame){0};
    }
    bool end = s->in_frame && !strcmp(s->sequence, "?2026l");
    if (end) s->in_frame = false;
    return end;
}

static void take_text(PtyScreen *s, char byte)
{
    if (byte == '\n') s->row++;
    if ((unsigned char)byte < ' ') return;
    if (s->in_pictures) s->frame.pictures = s->frame.pictures || byte != ' ';
    else if (s->row > 0) s->frame.text = true;
}

static void take_escape(PtyScreen *s, char byte)
{
    s->length = 0;
    s->state = byte == '[' ? CSI : byte && strchr("P]X^_", byte) ? STRING : TEXT;
    if (byte == 'P' && s->in_pictures) s->frame.pictures = true;
    if (byte == '7') s->in_pictures = true, s->kept_row = s->row;
    if (byte == '8') s->in_pictures = false, s->row = s->kept_row;
    if (byte == '(' || byte == ')') s->state = CHARSET;
}

static void end_string(PtyScreen *s)
{
    int w, h;
    s->sequence[s->length] = 0;
    const char *size = strstr(s->sequence, "q\"1;1;");
    if (size && sscanf(size + 6, "%d;%d", &w, &h) == 2 && (long)w * h > (long)s->frame.w * s->frame.h) s->frame.w = w, s->frame.h = h;
    if (!strcmp(s->sequence, "11;?")) reply(s, "\033]11;rgb:0000/0000/0000\033\\", 0, 0);
    s->state = TEXT;
}

bool pty_screen_take(PtyScreen *s, char byte)
{
    if (!s->in_frame && s->frame.bytes) s->frame = (PtyFrame){0};
    if (s->in_frame) s->frame.bytes++;
    switch (s->state) {
    case TEXT:
        if (byte == '\033') s->state = ESCAPE;
        else take_text(s, byte);
        return false;
    case ESCAPE: take_escape(s, byte); return false;
    case CHARSET: s->state = TEXT; return false; /* its letter */
    case CSI:
        if (s->length + 1 < sizeof s->sequence) s->sequence[s->length++] = byte;
        if (byte < '@' || byte > '~') return false;
        s->sequence[s->length] = 0;
        s->state = TEXT;
        return end_csi(s, byte);
    case STRING:
        if (byte == '\033') s->state = STRING_ESCAPE;
        else if (byte == '\a') end_string(s);
        else if (s->length + 1 < sizeof s->sequence) s->sequence[s->length++] = byte;
        return false;
    default: end_string(s); return false; /* ESC \ */
    }
}

/* --- the pseudo terminal ----------------------------------------------------------------------------------------- */

static void become(const char *name, char *const argv[], const char *state)
{
    setsid();
    int fd = open(name, O_RDWR);
    if (fd < 0) _Exit(127);
    ioctl(fd, TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++) dup2(fd, i);
    if (fd > 2) close(fd);
    setenv("TERM", "xterm-256color", 1);
    setenv("COLORTERM", "truecolor", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    unsetenv("TMUX");
    unsetenv("VIEWSMITH_GRAPHICS");
    if (state) setenv("XDG_STATE_HOME", state, 1);
    execvp(argv[0], argv);
    _Exit(127);
}

bool pty_open(Pty *p, const PtyOptions *o, char *const argv[], Err *err)
{
    char name[128];
    struct winsize size = {(unsigned short)o->rows, (unsigned short)o->cols, (unsigned short)(o->cols * o->cell_w),
                           (unsigned short)(o->rows * o->cell_h)};
    *p = (Pty){.options = *o, .screen = {.sixel = o->sixel, .cols = o->cols, .rows = o->rows, .cell_w = o->cell_w, .cell_h = o->cell_h},
                .down = {.rate = o->rate, .delay = o->delay}, .up = {.delay = o->delay}};
    p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    bool ok = p->fd >= 0 && !grantpt(p->fd) && !unlockpt(p->fd) && !ptsname_r(p->fd, name, sizeof name) &&
              !ioctl(p->fd, TIOCSWINSZ, &size);
    p->started = clock_seconds();
    p->pid = ok ? fork() : -1;
    if (p->pid == 0) become(name, argv, p->options.state);
    if (p->pid > 0) return true;
    err_set(err, ERR_IO, "no pseudo terminal could be had: %s", strerror(errno));
    if (p->fd >= 0) close(p->fd);
    *p = (Pty){.fd = -1};
    return false;
}

void pty_close(Pty *p)
{
    if (p->pid <= 0) return;
    double from = clock_seconds();
    kill(p->pid, SIGTERM);
    while (waitpid(p->pid, NULL, WNOHANG) == 0) {
        ssize_t n = read(p->fd, p->buffer, sizeof p->buffer); /* it may wait for room to write */
        (void)n;
        if (clock_seconds() - from > 5) kill(p->pid, SIGKILL);
        usleep(2000);
    }
    close(p->fd);
    line_clear(&p->down);
    line_clear(&p->up);
    *p = (Pty){.fd = -1};
}

static bool write_all(Pty *p, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = write(p->fd, bytes, n);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd fd = {.fd = p->fd, .events = POLLOUT};
            if (poll(&fd, 1, 1000) <= 0) return false;
        } else if (sent < 0 && errno != EINTR) {
            return false;
        }
        if (sent > 0) bytes += sent, n -= (size_t)sent;
    }
    return true;
}

/* What has come up the line goes to the program. */
static bool deliver_up(Pty *p)
{
    char bytes[1024];
    size_t n;
    while ((n = line_take(&p->up, bytes, sizeof bytes, clock_seconds())))
        if (!write_all(p, bytes, n)) return false;
    return true;
}

bool pty_send(Pty *p, const char *bytes, size_t n)
{
    line_put(&p->up, bytes, n, clock_seconds());
    return deliver_up(p);
}

/* Waits until something may have changed, at most `seconds`: the program wrote, or bytes have arrived. A terminal at
 * hand reads on only when it has drawn; a network takes all there is. */
static void wait_change(Pty *p, double seconds)
{
    bool more = !p->ended && (p->options.delay > 0 || !p->down.waiting);
    double due = fmin(line_due(&p->down), line_due(&p->up)) - clock_seconds(), left = fmax(fmin(seconds, due), 0);
    struct pollfd fd = {.fd = p->fd, .events = POLLIN};
    struct timespec ts = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
    char bytes[4096];
    if (ppoll(&fd, more, &ts, NULL) <= 0 || !more) return;
    ssize_t n = read(p->fd, bytes, sizeof bytes);
    if (n > 0) line_put(&p->down, bytes, (size_t)n, clock_seconds());
    else if (n == 0 || (errno != EAGAIN && errno != EINTR)) p->ended = true; /* EIO: nobody has the other end open */
}

static bool send_replies(Pty *p)
{
    bool ok = !p->screen.replies || pty_send(p, p->screen.reply, p->screen.replies);
    p->screen.replies = 0;
    return ok && deliver_up(p);
}

bool pty_frame(Pty *p, PtyFrame *frame, double *when, double seconds)
{
    double until = clock_seconds() + seconds;
    for (;;) {
        while (p->at < p->have) {
            if (!pty_screen_take(&p->screen, p->buffer[p->at++])) continue;
            *frame = p->screen.frame;
            *when = clock_seconds();
            return send_replies(p);
        }
        double left = until - clock_seconds();
        if (!send_replies(p) || left <= 0 || p->down.failed || p->up.failed) return false;
        p->at = 0;
        p->have = line_take(&p->down, p->buffer, sizeof p->buffer, clock_seconds());
        if (p->have) continue;
        if (p->ended && !p->down.waiting) return false;
        wait_change(p, left);
    }
}
