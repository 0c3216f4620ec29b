/* Starting a side, its lines, its size. */
#include "engine/bench_side.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 300.0 /* seconds for one answer */
#define GRACE    2.0   /* seconds to end by itself */

/* In the new process; only what is async-signal-safe. */
static void become(char *const argv[], int in, int out)
{
    int nowhere = open("/dev/null", O_WRONLY);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, 0);
    dup2(out, 1);
    if (nowhere >= 0) dup2(nowhere, 2);
    execvp(argv[0], argv);
    _Exit(127);
}

bool bench_side_open(BenchSide *s, char *const argv[], Err *err)
{
    int to[2], from[2];
    *s = (BenchSide){.in = -1, .out = -1};
    if (pipe2(to, O_CLOEXEC)) return err_set(err, ERR_IO, "no pipe to %s: %s", argv[0], strerror(errno));
    if (pipe2(from, O_CLOEXEC)) {
        close(to[0]);
        close(to[1]);
        return err_set(err, ERR_IO, "no pipe from %s: %s", argv[0], strerror(errno));
    }
    s->started = clock_seconds();
    s->pid = fork();
    if (s->pid == 0) become(argv, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    s->in = from[0];
    s->out = to[1];
    if (s->pid > 0) return true;
    s->pid = 0;
    bench_side_close(s);
    return err_set(err, ERR_IO, "%s cannot be started: %s", argv[0], strerror(errno));
}

/* Waits for a whole line; it lies in buffer, its end is NUL, *next is what follows it. */
static bool read_line(BenchSide *s, char **next)
{
    double until = clock_seconds() + PATIENCE;
    for (;;) {
        char *end = memchr(s->buffer, '\n', s->have);
        if (end) {
            *end = 0;
            *next = end + 1;
            return true;
        }
        struct pollfd fd = {.fd = s->in, .events = POLLIN};
        double left = until - clock_seconds();
        if (left <= 0 || s->have == sizeof s->buffer) return false;
        if (poll(&fd, 1, (int)(left * 1000) + 1) <= 0) continue;
        ssize_t n = read(s->in, s->buffer + s->have, sizeof s->buffer - s->have);
        if (n == 0 || (n < 0 && errno != EINTR)) return false;
        if (n > 0) s->have += (size_t)n;
    }
}

/* The next line as JSON, which the caller drops; NULL with err set where there is none or it tells of a failure. */
static Json *answer(BenchSide *s, const char *what, Err *err)
{
    char *next;
    if (!read_line(s, &next)) return err_set(err, ERR_IO, "%s ended or fell silent without an answer; it wants %s", what, s->wants), NULL;
    Json *j = json_parse(s->buffer, strlen(s->buffer), what, err);
    s->have -= (size_t)(next - s->buffer);
    memmove(s->buffer, next, s->have);
    const char *missing = j ? json_str(j, "missing", NULL) : NULL, *error = j ? json_str(j, "error", NULL) : NULL;
    if (missing) err_set(err, ERR_IO, "the peer %s is not here: %s is missing; install %s, or take --against none", what, missing, s->wants);
    if (error) err_set(err, ERR_IO, "%s: %s", what, error);
    if (!missing && !error) return j;
    json_drop(j);
    return NULL;
}

bool bench_side_hello(BenchSide *s, const char *what, const char *wants, Err *err)
{
    snprintf(s->wants, sizeof s->wants, "%s", wants);
    Json *j = answer(s, what, err);
    if (!j) return false;
    snprintf(s->name, sizeof s->name, "%s", json_str(j, "name", what));
    json_drop(j);
    return true;
}

bool bench_side_turn(double *seconds, BenchSide *s, int parts, Err *err)
{
    static const char turn[] = "turn\n";
    if (write(s->out, turn, sizeof turn - 1) != sizeof turn - 1) return err_set(err, ERR_IO, "%s has ended", s->name);
    Json *j = answer(s, s->name, err);
    if (!j) return false;
    const Json *list = json_get(j, "seconds");
    bool ok = list && json_is_array(list) && json_count(list) == (size_t)parts;
    for (int p = 0; ok && p < parts; p++)
        ok = json_value_num(json_at(list, (size_t)p), &seconds[p]) && isfinite(seconds[p]) && seconds[p] > 0;
    json_drop(j);
    return ok || err_set(err, ERR_FORMAT, "%s: its answer is not %d times above 0", s->name, parts);
}

double bench_side_memory(const BenchSide *s)
{
    char path[64], line[256];
    double kib = NAN;
    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "VmHWM:", 6)) kib = strtod(line + 6, NULL);
    if (f) fclose(f);
    return kib * 1024e-6;
}

void bench_side_close(BenchSide *s)
{
    if (s->out >= 0) close(s->out);
    double until = clock_seconds() + GRACE;
    while (s->pid > 0 && waitpid(s->pid, NULL, WNOHANG) == 0) {
        if (clock_seconds() > until) kill(s->pid, SIGKILL);
        usleep(2000);
    }
    if (s->in >= 0) close(s->in);
    s->pid = 0;
    s->in = s->out = -1;
}

/* --- the other end ----------------------------------------------------------------------------------------------- */

static bool say(int out, Json *j, Err *err)
{
    char *text = json_text(j);
    bool ok = text && dprintf(out, "%s\n", text) > 0;
    free(text);
    json_drop(j);
    return ok || err_set(err, ERR_IO, "nobody listens to this side of a bench any more");
}

static bool say_text(int out, const char *key, const char *text, Err *err)
{
    Json *j = json_make();
    json_put_str(j, key, text);
    return say(out, j, err);
}

static bool serve_turn(BenchWork *w, int parts, int out, Err *err)
{
    double seconds[BENCH_PARTS_MAX];
    Err cause = {0};
    if (!bench_work_turn(seconds, w, &cause)) return say_text(out, "error", cause.msg, err);
    Json *j = json_make(), *list = json_make_array();
    for (int p = 0; p < parts; p++) json_add_num(list, seconds[p]);
    json_put(j, "seconds", list);
    return say(out, j, err);
}

bool bench_serve(BenchWork *w, const BenchSpec *spec, const char *name, int in, int out, Err *err)
{
    char command[64];
    size_t have = 0;
    if (!w) return say_text(out, "error", err->msg, err);
    if (!say_text(out, "name", name, err)) return false;
    for (;;) {
        ssize_t n = read(in, command + have, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return true;
        if (command[have] != '\n' && ++have < sizeof command) continue;
        bool turn = have == 4 && !memcmp(command, "turn", 4);
        have = 0;
        if (turn && !serve_turn(w, bench_parts(spec), out, err)) return false;
        if (!turn && !say_text(out, "error", "the only command is \"turn\"", err)) return false;
    }
}
