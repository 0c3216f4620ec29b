/* What goes to stdout and stderr, and signals. */
#include "cli/cli.h"
#include "base/clock.h"
#include "base/text.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048
#define REDRAW_SECONDS 0.1  /* on a terminal */
#define REPEAT_SECONDS 30.0 /* elsewhere */

int cli_fail(const Err *err)
{
    cli_progress(NULL, NULL);
    fprintf(stderr, "viewsmith: %s\n", err->msg[0] ? err->msg : "it could not be done");
    return err->code == ERR_USAGE ? 2 : err->code == ERR_CANCELLED ? 130 : 1;
}

int cli_result(const Args *a, Json *o)
{
    bool ok = true;
    cli_progress(NULL, NULL);
    if (args_flag(a, "json")) {
        char *text = json_text(o);
        ok = text && printf("%s\n", text) > 0;
        free(text);
    }
    json_drop(o);
    ok = fflush(stdout) == 0 && ok;
    if (!ok) fprintf(stderr, "viewsmith: the result could not be written to stdout\n");
    return ok ? 0 : 1;
}

static void print_safe(FILE *to, const char *fmt, va_list list)
{
    char line[LINE_MAX_BYTES], safe[LINE_MAX_BYTES * 3];
    vsnprintf(line, sizeof line, fmt, list);
    text_safe(safe, sizeof safe, line);
    fputs(safe, to);
}

void cli_say(const Args *a, const char *fmt, ...)
{
    if (args_flag(a, "json")) return;
    cli_progress(NULL, NULL);
    va_list list;
    va_start(list, fmt);
    print_safe(stdout, fmt, list);
    va_end(list);
    putchar('\n');
}

void cli_note(const Args *a, const char *fmt, ...)
{
    if (args_flag(a, "quiet")) return;
    cli_progress(NULL, NULL);
    va_list list;
    va_start(list, fmt);
    print_safe(stderr, fmt, list);
    va_end(list);
    fputc('\n', stderr);
}

/* The one piece of state of this file: whether a line stands on the terminal, and when it was drawn. */
static struct {
    bool shown;
    double at;
} progress = {false, -1e9};

void cli_progress(const Args *a, const char *fmt, ...)
{
    bool terminal = isatty(STDERR_FILENO);
    if (!fmt) {
        if (progress.shown && terminal) fputs("\r\033[K", stderr);
        progress.shown = false;
        return;
    }
    double now = clock_seconds();
    if (args_flag(a, "quiet") || now - progress.at < (terminal ? REDRAW_SECONDS : REPEAT_SECONDS)) return;
    va_list list;
    if (terminal) fputc('\r', stderr);
    va_start(list, fmt);
    print_safe(stderr, fmt, list);
    va_end(list);
    fputs(terminal ? "\033[K" : "\n", stderr);
    fflush(stderr);
    progress.shown = true;
    progress.at = now;
}

static volatile sig_atomic_t saving, interrupted;

static void on_signal(int number)
{
    (void)number;
    if (!saving || interrupted) _exit(130);
    interrupted = 1;
}

void cli_signals(void)
{
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void cli_save_on_interrupt(bool on)
{
    saving = on;
}

bool cli_interrupted(void)
{
    return interrupted;
}
