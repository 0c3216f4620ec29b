/* The app on a pseudo-terminal: whatever ends it, the terminal is given back; only listed sequences are sent;
 * pictures are right after a storm of sizes; nothing is sent while nothing happens. `test_ui_terminal demo
 * [flags]` just runs it. */
#include "ui/demo.h"
#include "ui/screen_model.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <cmocka.h>

#define COLS 100
#define ROWS 34

typedef struct {
    pid_t pid;
    int fd, slave;
    struct termios before;
    Model model;
    char *bytes; /* what came and was not understood yet */
    size_t n, cap, total;
    char *all; /* everything that came */
    bool sixel, mute;
} Pty;

static bool speaks_kitty; /* the terminal of the tests that follow draws kitty's pictures */

static void answer(Pty *p, const char *from, size_t n)
{
    static const char size[] = "\033P>|XTerm(379)\033\\\033[?2;0;800;544S\033[?2;0;1000;1000S";
    if (p->mute) return;
    if (memmem(from, n, "\033[c", 3)) {
        static const char kitty[] = "\033_Gi=31;OK\033\\";
        if (speaks_kitty) assert_true(write(p->fd, kitty, sizeof kitty - 1) > 0);
        const char *end = p->sixel ? "\033[?63;1;2;4c" : "\033[?64;1;2c";
        assert_true(write(p->fd, size, sizeof size - 1) > 0 && write(p->fd, end, strlen(end)) > 0);
    }
    for (const char *s = from; (s = memmem(s, n - (size_t)(s - from), "\033[5n", 4)); s += 4)
        assert_int_equal(write(p->fd, "\033[0n", 4), 4);
}

static bool readable(int fd, int ms)
{
    struct pollfd f = {.fd = fd, .events = POLLIN};
    return poll(&f, 1, ms) > 0 && (f.revents & POLLIN);
}

/* Takes what comes until it has been quiet for `quiet` ms; returns the bytes. */
static size_t pump(Pty *p, int quiet)
{
    size_t came = 0;
    while (readable(p->fd, quiet)) {
        char part[65536];
        ssize_t n = read(p->fd, part, sizeof part);
        if (n <= 0) break;
        came += (size_t)n;
        if (p->total + (size_t)n + 1 > p->cap) {
            p->cap = 2 * (p->total + (size_t)n + 1);
            p->all = realloc(p->all, p->cap);
        }
        memcpy(p->all + p->total, part, (size_t)n);
        size_t tail = p->total > 8 ? 3 : 0; /* a question may be cut between two reads */
        p->total += (size_t)n;
        p->all[p->total] = 0;
        answer(p, p->all + p->total - (size_t)n - tail, (size_t)n + tail);
        size_t used = model_take(&p->model, p->all + p->n, p->total - p->n);
        p->n += used;
    }
    return came;
}

static bool shows(const Pty *p, const char *text)
{
    return memmem(p->model.text, COLS * ROWS, text, strlen(text)) != NULL;
}

/* The picture at a cell as the terminal's model shows it: its red, or -1 where there is none. */
static int lit(const Pty *p, int x, int y)
{
    int32_t rgb = model_pixel(&p->model, x * 8 + 4, y * 16 + 8);
    return rgb < 0 ? -1 : rgb >> 16;
}

/* Waits (a loaded machine may be slow) until a condition of the screen holds; fails after half a minute. */
#define UNTIL(p, condition)                                                                                  \
    do {                                                                                                     \
        bool holds = false;                                                                                  \
        for (int tries = 0; !(holds = (condition)) && tries < 1500; tries++) pump(p, 20);                    \
        assert_true(holds);                                                                                  \
    } while (0)

static void start(Pty *p, const char *graphics, bool sixel, bool mute)
{
    struct winsize ws = {ROWS, COLS, COLS * 8, ROWS * 16};
    *p = (Pty){.sixel = sixel, .mute = mute};
    assert_int_equal(openpty(&p->fd, &p->slave, NULL, NULL, &ws), 0);
    tcgetattr(p->slave, &p->before);
    model_open(&p->model, COLS, ROWS, 8, 16);
    p->pid = fork();
    if (!p->pid) {
        char *argv[] = {"--graphics", (char *)(uintptr_t)graphics, "--idle"};
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        unsetenv("TMUX");
        unsetenv("NO_COLOR");
        unsetenv("COLORTERM");
        login_tty(p->slave);
        _exit(demo_main(3, argv));
    }
    UNTIL(p, shows(p, "seeds 0 to 59"));
    pump(p, 40);
}

static void type(Pty *p, const char *keys)
{
    assert_int_equal(write(p->fd, keys, strlen(keys)), strlen(keys));
}

static int finish(Pty *p)
{
    int status = 0;
    for (int i = 0; i < 200 && waitpid(p->pid, &status, WNOHANG) == 0; i++) pump(p, 20);
    pump(p, 50);
    struct termios after;
    tcgetattr(p->slave, &after);
    assert_int_equal(after.c_lflag, p->before.c_lflag);
    assert_int_equal(after.c_iflag, p->before.c_iflag);
    assert_int_equal(after.c_oflag, p->before.c_oflag);
    const char *on = NULL, *off = NULL, *shown = NULL, *hidden = NULL;
    for (const char *s = p->all; (s = strchr(s, 27)); s++) {
        if (!strncmp(s, "\033[?1049h", 8)) on = s;
        if (!strncmp(s, "\033[?1049l", 8)) off = s;
        if (!strncmp(s, "\033[?25h", 6)) shown = s;
        if (!strncmp(s, "\033[?25l", 6)) hidden = s;
    }
    assert_true(on && off > on && shown > hidden);
    close(p->fd);
    close(p->slave);
    model_close(&p->model);
    free(p->all);
    return status;
}

static void any_signal_gives_it_back(void **state)
{
    static const int signals[] = {SIGTERM, SIGSEGV, SIGINT, SIGHUP, SIGABRT, SIGQUIT, SIGBUS};
    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        Pty p;
        start(&p, "auto", true, false);
        if (i & 1) type(&p, "2ll"); /* in the middle of pictures */
        kill(p.pid, signals[i]);
        int status = finish(&p);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
    }
}

static void quits_cleanly_and_sends_only_listed_sequences(void **state)
{
    static const char *const modes[] = {"sixel", "kitty", "half", "half256", "ascii", "none"};
    static const struct {
        const char *keys, *shown, *gone; /* what the screen then shows, and what not any more */
    } steps[] = {{"ljj2", "seed 4711", NULL},
                 {"lj", "zero", NULL},
                 {"?", "Keys", NULL},
                 {"what a", "what a frame", NULL},
                 {"\033", "type to search", NULL},
                 {"\033", NULL, "Keys"},
                 {"3", "views/s", NULL},
                 {":so", ":so", NULL},
                 {"\t", ":source", NULL},
                 {"\033", NULL, ":source"},
                 {"2y", "Copied", NULL},
                 {"\033[200~a\033]0;evil\007\033[201~", "pasted a", NULL},
                 {"1", "seeds 0 to 59", NULL},
                 {"\033[<0;20;8M\033[<0;20;8m\014", "seeds 0 to 59", NULL}};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        Pty p;
        start(&p, modes[i], true, false);
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            type(&p, steps[k].keys);
            UNTIL(&p, !steps[k].shown || shows(&p, steps[k].shown));
            UNTIL(&p, !steps[k].gone || !shows(&p, steps[k].gone));
        }
        pump(&p, 100);
        assert_string_equal(p.model.first_unknown, "");
        assert_int_equal(p.model.kitty.wrong, 0);
        assert_int_equal(p.model.sync, 0);
        type(&p, "q");
        assert_int_equal(finish(&p), 0);
    }
}

static void switches_when_the_terminal_answers(void **state)
{
    Pty p;
    (void)state;
    start(&p, "auto", true, false);
    UNTIL(&p, p.model.sixels > 0);
    type(&p, "2");
    UNTIL(&p, shows(&p, "seed 4711") && lit(&p, 20, 10) >= 0);
    type(&p, "q");
    assert_int_equal(finish(&p), 0);
    start(&p, "auto", false, false);
    assert_int_equal(p.model.sixels, 0);
    type(&p, "2");
    UNTIL(&p, shows(&p, "seed 4711") && lit(&p, 20, 10) >= 0);
    UNTIL(&p, memmem(p.all, p.total, "-ti vt340", 9));
    type(&p, "q");
    assert_int_equal(finish(&p), 0);
}

/* One that draws kitty's pictures gets those, and is left without any. */
static void kitty_is_found(void **state)
{
    Pty p;
    (void)state;
    speaks_kitty = true;
    start(&p, "auto", true, false);
    UNTIL(&p, p.model.kitty.shown > 0);
    type(&p, "2");
    UNTIL(&p, shows(&p, "seed 4711") && lit(&p, 20, 10) >= 0 && pump(&p, 500) == 0);
    assert_int_equal(p.model.sixels + p.model.kitty.wrong, 0);
    assert_string_equal(p.model.first_unknown, "");
    type(&p, "q");
    UNTIL(&p, memmem(p.all, p.total, "a=d,d=A", 7));
    assert_int_equal(lit(&p, 20, 10), -1);
    assert_int_equal(finish(&p), 0);
    speaks_kitty = false;
}

/* A terminal that answers nothing at all still gets pictures, and acknowledgements are not waited for for
 * ever. */
static void mute_terminal(void **state)
{
    Pty p;
    (void)state;
    start(&p, "auto", false, true);
    type(&p, "2");
    UNTIL(&p, shows(&p, "seed 4711") && lit(&p, 20, 10) >= 0);
    type(&p, "q");
    assert_int_equal(finish(&p), 0);
}

/* Seconds of processor that the program has used. */
static double used(const Pty *p)
{
    clockid_t clock;
    struct timespec t;
    assert_int_equal(clock_getcpuclockid(p->pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &t), 0);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Nor does it turn over meanwhile, whether its graphics were asked for or found out. */
static void idle_sends_nothing(void **state)
{
    static const char *const graphics[] = {"auto", "half"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        Pty p;
        start(&p, graphics[i], true, false);
        UNTIL(&p, pump(&p, 700) == 0);
        double before = used(&p);
        assert_int_equal(pump(&p, 900), 0);
        assert_true(used(&p) - before < 0.2);
        type(&p, "q");
        assert_int_equal(finish(&p), 0);
    }
}

/* After a storm of sizes the screen is what it was before. */
static void storm_of_sizes(void **state)
{
    Pty p;
    (void)state;
    start(&p, "sixel", true, false);
    type(&p, "2");
    UNTIL(&p, shows(&p, "seed 4711") && lit(&p, 20, 10) >= 0 && pump(&p, 1000) == 0);
    size_t pixels = (size_t)COLS * 8 * ROWS * 16;
    int32_t *was = malloc(pixels * sizeof *was);
    memcpy(was, p.model.pixel, pixels * sizeof *was);
    for (int i = 0; i < 300; i++) {
        unsigned short rows = (unsigned short)(i % 20 == 7 ? 5 : 10 + i * 7 % 25),
                       cols = (unsigned short)(30 + i * 13 % 71);
        if (i == 299) rows = ROWS, cols = COLS;
        struct winsize ws = {rows, cols, (unsigned short)(cols * 8), (unsigned short)(rows * 16)};
        ioctl(p.fd, TIOCSWINSZ, &ws);
        kill(p.pid, SIGWINCH);
        if (i % 10 == 0) pump(&p, 2);
    }
    UNTIL(&p, !memcmp(was, p.model.pixel, pixels * sizeof *was));
    assert_string_equal(p.model.first_unknown, "");
    free(was);
    type(&p, "q");
    assert_int_equal(finish(&p), 0);
}

/* Popups cut pictures, and closing them brings the pictures back whole. */
static void popup_over_pictures(void **state)
{
    static const char *const modes[] = {"sixel", "kitty", "half"};
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        Pty p;
        start(&p, modes[m], true, false);
        type(&p, "2");
        UNTIL(&p, shows(&p, "seed 4711") && lit(&p, 20, 10) >= 0 && pump(&p, 1000) == 0);
        int whole = lit(&p, 20, 10);
        type(&p, "?");
        UNTIL(&p, shows(&p, "Keys") && lit(&p, 20, 10) == -1);
        type(&p, "\033");
        UNTIL(&p, lit(&p, 20, 10) == whole);
        type(&p, "q");
        assert_int_equal(finish(&p), 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_signal_gives_it_back),
        cmocka_unit_test(quits_cleanly_and_sends_only_listed_sequences),
        cmocka_unit_test(switches_when_the_terminal_answers),
        cmocka_unit_test(kitty_is_found),
        cmocka_unit_test(mute_terminal),
        cmocka_unit_test(idle_sends_nothing),
        cmocka_unit_test(storm_of_sizes),
        cmocka_unit_test(popup_over_pictures),
    };
    if (argc > 1 && !strcmp(argv[1], "demo")) return demo_main(argc - 2, argv + 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
