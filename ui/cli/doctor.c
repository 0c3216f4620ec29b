/* viewsmith doctor: what this machine offers, and what is missing. */
#include "cli/share.h"
#include "base/file.h"
#include "math/blas.h"
#include "math/isa.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const Option options[] = {OPTION_MODEL, OPTION_DATA, OPTION_RUNS, {0}};

typedef struct {
    const Args *args;
    Json *json;
    int missing;
} Report;

static void line(Report *r, const char *key, const char *value)
{
    cli_say(r->args, "%-10s %s", key, value);
    json_put_str(r->json, key, value);
}

static void trouble(Report *r, const char *key, const Err *err)
{
    char text[800];
    snprintf(text, sizeof text, "missing: %s", err->msg);
    line(r, key, text);
    r->missing++;
}

/* The value after "KEY : " in a file of /proc. */
static bool proc_value(char *out, size_t cap, const char *path, const char *key)
{
    char row[512];
    FILE *f = fopen(path, "r");
    bool found = false;
    while (f && !found && fgets(row, sizeof row, f)) {
        char *colon = strchr(row, ':');
        if (strncmp(row, key, strlen(key)) || !colon) continue;
        row[strcspn(row, "\n")] = 0;
        snprintf(out, cap, "%s", colon + 1 + strspn(colon + 1, " \t"));
        found = true;
    }
    if (f) fclose(f);
    return found;
}

static void machine(Report *r)
{
    char text[256] = "unknown", threads[64];
    proc_value(text, sizeof text, "/proc/cpuinfo", "model name");
    line(r, "cpu", text);
    line(r, "isa", isa_name(isa_current()));
    snprintf(threads, sizeof threads, "%d of %ld cores", pool_default_threads(), sysconf(_SC_NPROCESSORS_ONLN));
    line(r, "threads", threads);
    line(r, "blas", blas_core());
    if (proc_value(text, sizeof text, "/proc/meminfo", "MemAvailable")) line(r, "memory", text);
    line(r, "version", VIEWSMITH_VERSION);
}

static void files(Report *r)
{
    const Args *a = r->args;
    Workspace *w;
    Err err = {0};
    char path[4096], text[4300];
    if (share_open(&w, a, false, &err)) {
        snprintf(text, sizeof text, "%s@%s, %s", w->generator->slug, w->generator->digest, w->model);
        line(r, "model", text);
        workspace_close(w);
    } else {
        trouble(r, "model", &err);
    }
    err = (Err){0};
    if (file_shipped(path, sizeof path, "models/judge-fashion.safetensors", &err)) line(r, "judge", path);
    else trouble(r, "judge", &err);
    Dataset ds = {0};
    err = (Err){0};
    if (dataset_open(&ds, args_text(a, "data"), SPLIT_TEST, strncmp(args_text(a, "data"), "fashion", 7) ? 28 : 0, 0, &err)) {
        line(r, "data", ds.sentence);
        if (ds.subset) line(r, "advice", "the package dataset-fashion-mnist has all 70,000 pictures");
    } else {
        trouble(r, "data", &err);
    }
    dataset_close(&ds);
    if (runs_folder(path, sizeof path, args_text(a, "runs"), &err)) line(r, "runs", path);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : "not set";
}

static void terminal(Report *r)
{
    char text[512];
    struct winsize size = {0};
    bool tty = isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    if (tty) snprintf(text, sizeof text, "%s, %d x %d cells, %d x %d pixels", setting("TERM"), size.ws_col, size.ws_row, size.ws_xpixel,
                      size.ws_ypixel);
    else snprintf(text, sizeof text, "stdout is no terminal; TERM is %.200s", setting("TERM"));
    line(r, "terminal", text);
    line(r, "colour", setting("COLORTERM"));
    line(r, "locale", getenv("LC_ALL") ? setting("LC_ALL") : getenv("LC_CTYPE") ? setting("LC_CTYPE") : setting("LANG"));
    line(r, "graphics", setting("VIEWSMITH_GRAPHICS"));
    if (getenv("TMUX")) line(r, "tmux", "pictures need tmux 3.4 or later with sixel; else half blocks are used");
    if (getenv("SSH_CONNECTION")) line(r, "ssh", "yes: pictures are sent only as fast as the terminal draws them");
}

static int doctor_command(const Args *a)
{
    Report r = {.args = a, .json = json_make()};
    machine(&r);
    files(&r);
    terminal(&r);
    json_put_int(r.json, "missing", r.missing);
    return cli_result(a, r.json);
}

const Command command_doctor = {
    "", "Reports processor, kernels, threads, data, models and terminal facts, and names what is missing.", "  viewsmith doctor", options, 0, 0,
    doctor_command};
