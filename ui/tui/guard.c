/* Signals and terminal settings; everything in the handlers is async-signal-safe. */
#include "tui/guard.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

const char guard_reset[] =
    "\033\\\033[?2026l\033[?1002l\033[?1006l\033[?2004l\033[?1004l\033[m\033[?25h\033[?1049l\r";

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static const int polite[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
static const int notes[] = {SIGWINCH, SIGCONT};
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static struct {
    int fd, wake_fd;
    struct termios before, raw;
    atomic_int on, asked, resized; /* atomic: a handler runs on whichever thread the kernel picks */
    char *stack;
    stack_t old_stack;
    struct sigaction old[NSIG];
} guard;

static void give_back(void)
{
    if (!atomic_exchange(&guard.on, 0)) return;
    ssize_t sent = write(guard.fd, guard_reset, sizeof guard_reset - 1);
    (void)sent;
    tcsetattr(guard.fd, TCSANOW, &guard.before);
}

static void wake(void)
{
    static const unsigned long long one = 1;
    ssize_t sent = write(guard.wake_fd, &one, sizeof one);
    (void)sent;
}

static void die(int number)
{
    give_back();
    signal(number, SIG_DFL);
    raise(number);
}

static void on_polite(int number)
{
    int kept = errno;
    if (guard.asked) die(number);
    guard.asked = number;
    wake();
    errno = kept;
}

static void on_note(int number)
{
    int kept = errno;
    (void)number;
    guard.resized = 1;
    wake();
    errno = kept;
}

static void install(const int *list, int n, void (*handler)(int), int flags)
{
    struct sigaction sa = {.sa_flags = flags};
    sa.sa_handler = handler;
    sigfillset(&sa.sa_mask);
    for (int i = 0; i < n; i++) sigaction(list[i], &sa, &guard.old[list[i]]);
}

static void uninstall(const int *list, int n)
{
    for (int i = 0; i < n; i++) sigaction(list[i], &guard.old[list[i]], NULL);
}

/* A stack overflow is a SEGV too, so the handler gets a stack of its own. */
static bool own_stack(Err *err)
{
    size_t size = 64 << 10;
    stack_t stack = {.ss_size = size};
    guard.stack = malloc(size);
    if (!guard.stack) return err_nomem(err, "the signal stack");
    stack.ss_sp = guard.stack;
    sigaltstack(&stack, &guard.old_stack);
    return true;
}

/* Raw mode: no echo, no line editing, no signals from keys. */
static void go_raw(void)
{
    tcsetattr(guard.fd, TCSANOW, &guard.raw);
}

bool guard_start(int fd, int wake_fd, Err *err)
{
    memset(&guard, 0, sizeof guard);
    guard.fd = fd;
    guard.wake_fd = wake_fd;
    if (tcgetattr(fd, &guard.before) != 0)
        return err_set(err, ERR_IO, "this is not a terminal (%s)", strerror(errno));
    guard.raw = guard.before;
    cfmakeraw(&guard.raw);
    if (!own_stack(err)) return false;
    guard.on = 1;
    install(fatal, COUNT(fatal), die, SA_ONSTACK | (int)SA_RESETHAND | SA_NODEFER);
    install(polite, COUNT(polite), on_polite, SA_ONSTACK | SA_RESTART);
    install(notes, COUNT(notes), on_note, SA_RESTART);
    go_raw();
    return true;
}

void guard_stop(void)
{
    if (!guard.stack) return;
    give_back();
    uninstall(fatal, COUNT(fatal));
    uninstall(polite, COUNT(polite));
    uninstall(notes, COUNT(notes));
    sigaltstack(&guard.old_stack, NULL);
    free(guard.stack);
    guard.stack = NULL;
}

int guard_signal(void)
{
    return guard.asked;
}

bool guard_resized(void)
{
    return atomic_exchange(&guard.resized, 0);
}

void guard_suspend(void)
{
    struct sigaction stop = {.sa_handler = SIG_DFL}, kept;
    give_back();
    sigaction(SIGTSTP, &stop, &kept);
    raise(SIGTSTP); /* not SIGSTOP: where no shell could wake us again, this one does nothing */
    sigaction(SIGTSTP, &kept, NULL);
    guard.on = 1;
    go_raw();
}
